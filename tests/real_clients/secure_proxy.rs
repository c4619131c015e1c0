//! Do real programs work with a proxy that speaks TLS, and through a hop?

use std::{fs, process::Command};

use super::{
    nginx::{self, Nginx},
    pair::{self, BOTH, Pair},
    program, run, scripts,
};
use crate::support::{Clir, certificates::Authority};

/// curl, whose proxy is spoken to in TLS.
fn curl(far: &Clir) -> Command {
    let roots = far.path("exits.pem");
    fs::write(&roots, &pair::exits().pem).unwrap();
    let origins = far.path("origins.pem");
    fs::write(&origins, &Authority::trusted().pem).unwrap();
    let mut command = program("curl");
    command.args(["-sS", "--fail", "--max-time", "60", "--proxy", &pair::url(far.address())]);
    command.arg("--proxy-cacert").arg(roots).arg("--cacert").arg(origins);
    command
}

#[test]
#[ignore = "needs curl and nginx: tests/run installs them"]
fn curl_speaks_tls_with_the_proxy() {
    let far = pair::far().start();
    let nginx = Nginx::start();
    let file = far.path("fetched");
    for url in
        [format!("http://localhost:{}/large.bin", nginx.plain), format!("https://localhost:{}/large.bin", nginx.tls)]
    {
        for tunnel in [&[][..], &["--proxytunnel"]] {
            run(curl(&far).args(tunnel).arg("--output").arg(&file).arg(&url));
            assert!(fs::read(&file).unwrap() == nginx::large(), "{url}");
        }
    }
    let url = format!("http://localhost:{}/text.txt", nginx.plain);
    let guessed = pair::url(far.address()).replace("near:", "near:x");
    let wrong = curl(&far).args(["--output", "/dev/null", "--proxy", &guessed]).arg(&url).output().unwrap();
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("407"), "{wrong:?}");
}

#[test]
#[ignore = "needs curl and nginx: tests/run installs them"]
fn curl_fetches_through_a_hop() {
    for speaks in BOTH {
        let pair = Pair::new(speaks);
        let nginx = Nginx::start();
        let file = pair.near.path("fetched");
        let roots = pair.near.path("origins.pem");
        fs::write(&roots, &Authority::trusted().pem).unwrap();
        for url in [
            format!("http://localhost:{}/large.bin", nginx.plain),
            format!("https://localhost:{}/large.bin", nginx.tls),
        ] {
            let mut command = program("curl");
            command.args(["-sS", "--fail", "--max-time", "60", "--proxy", &format!("http://{}", pair.near.address())]);
            run(command.arg("--cacert").arg(&roots).arg("--output").arg(&file).arg(&url));
            assert!(fs::read(&file).unwrap() == nginx::large(), "{speaks:?} {url}");
        }
    }
}

/// The same script as without a hop, with a number that the carrier inserts before the near side.
#[test]
#[ignore = "needs Python with requests, httpx, aiohttp and websockets, and nginx: tests/run installs them"]
fn python_libraries_work_through_a_hop() {
    for speaks in BOTH {
        let pair = Pair::with(speaks, |near| near.intercept(&Authority::trusted().pem), |far| far);
        let nginx = Nginx::start();
        let python =
            std::env::var("CLIR_PYTHON").expect("CLIR_PYTHON names the Python with the clients; tests/run makes it");
        let mut command = program(&python);
        command.arg("tests/clients/libraries.py");
        let said = scripts::script(command, &pair.near, &nginx);
        assert_eq!(said, "requests ok\nhttpx ok\naiohttp ok\nwebsockets ok\n", "{speaks:?}");
        let events = pair.near.wait_for_events(20);
        assert!(events.iter().all(|event| event["via"] == "exit" || event["verdict"] == "failed"), "{speaks:?}");
        assert!(!pair.far.events().iter().any(|event| event["method"] == "POST" && event["scheme"] == "https"));
    }
}
