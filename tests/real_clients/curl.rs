//! Do curl and wget work, in cleartext and inside TLS?

use std::{fs, process::Command};

use super::{nginx::Nginx, program, run};
use crate::support::{Clir, NUMBER, Origin, Setup, carrier::Carrier, certificates::Authority, origin};

fn curl(clir: &Clir, proxy: std::net::SocketAddr) -> Command {
    fs::write(clir.path("certs/for-clients.pem"), clir.authority()).unwrap();
    let mut command = program("curl");
    command.args([
        "--silent",
        "--show-error",
        "--fail",
        "--max-time",
        "60",
        "--proxy",
        &format!("http://{proxy}"),
        "--cacert",
    ]);
    command.arg(clir.path("certs/for-clients.pem"));
    command
}

fn stage() -> (Clir, Carrier, Nginx) {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let carrier = Carrier::leaking(clir.address());
    (clir, carrier, Nginx::start())
}

/// What the site receives through box and clir is what it receives from curl itself.
#[test]
#[ignore = "needs curl: tests/run installs it"]
fn the_site_sees_curl_as_it_is() {
    let clir = Setup::new().start();
    let carrier = Carrier::leaking(clir.address());
    let served = Origin::new().serve(|_, body| origin::ok(body));
    let arguments =
        ["-H", "x-lower: 1", "-H", "X-UPPER: 2", "-H", "X-Empty;", "-A", "agent", "-b", "a=1; b=2", "--compressed"];
    for data in [
        &[][..],
        &["--data-binary", "some data"],
        &["-T", "Cargo.toml"],
        &["-H", "Transfer-Encoding: chunked", "-d", "x"],
    ] {
        let direct = run(program("curl").args(["-sS"]).args(arguments).args(data).arg(served.url("/a?b")));
        let through = run(curl(&clir, carrier.address).args(arguments).args(data).arg(served.url("/a?b")));
        assert_eq!(direct, through);
        let heads = served.heads();
        assert_eq!(heads[heads.len() - 1], heads[heads.len() - 2], "{data:?}");
    }
    let events = clir.wait_for_events(4);
    assert!(events.iter().all(|event| event["findings"][0]["identifier"] == "msisdn"), "{events:?}");
    clir.assert_never_wrote(NUMBER);
}

#[test]
#[ignore = "needs curl and nginx: tests/run installs them"]
fn curl_fetches_inside_tls_with_both_versions() {
    let (clir, carrier, nginx) = stage();
    for (version, expected) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let file = clir.path("fetched");
        let said = run(curl(&clir, carrier.address)
            .args([version, "--write-out", "%{http_version} %{num_connects}", "--output"])
            .arg(&file)
            .arg(format!("https://localhost:{}/large.bin", nginx.tls)));
        assert_eq!(said, format!("{expected} 1"));
        assert!(fs::read(&file).unwrap() == fs::read(nginx.files.join("large.bin")).unwrap());
    }
    let inside: Vec<_> =
        clir.events().into_iter().filter(|event| event["scheme"] == "https" && event["method"] == "GET").collect();
    assert!(
        inside.iter().all(|event| event["findings"] == serde_json::json!([])),
        "no carrier reaches inside: {inside:?}"
    );
    let tunnel = clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(tunnel["findings"][0]["identifier"], "msisdn", "but the head of CONNECT it does: {tunnel}");
    clir.assert_never_wrote(NUMBER);
}

#[test]
#[ignore = "needs curl and nginx: tests/run installs them"]
fn curl_fetches_cleartext_through_a_tunnel() {
    let (clir, carrier, nginx) = stage();
    let page =
        run(curl(&clir, carrier.address).args(["--proxytunnel"]).arg(format!("http://localhost:{}/", nginx.plain)));
    assert_eq!(page, "<!doctype html><title>nginx</title>");
    clir.wait_for_event(|event| event["method"] == "GET" && event["scheme"] == "http");
}

#[test]
#[ignore = "needs curl: tests/run installs it"]
fn curl_uploads_with_continue() {
    let clir = Setup::new().start();
    let file = clir.path("upload");
    fs::write(&file, super::nginx::large()).unwrap();
    let served = Origin::new().serve(|_, body| origin::ok(body.len().to_string()));
    let mut command = curl(&clir, clir.address());
    let said = run(command
        .args(["--expect100-timeout", "0.2", "-H", "Expect: 100-continue", "-T"])
        .arg(&file)
        .arg(served.url("/")));
    assert_eq!(said, "5000000");
}

#[test]
#[ignore = "needs curl: tests/run installs it"]
fn curl_is_told_of_a_bad_certificate() {
    let clir = Setup::new().intercept(&Authority::new("others").pem).start();
    let nginx = Nginx::start();
    let output = curl(&clir, clir.address()).arg(format!("https://localhost:{}/", nginx.tls)).output().unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[test]
#[ignore = "needs wget and nginx: tests/run installs them"]
fn wget_fetches_both_ways() {
    let (clir, carrier, nginx) = stage();
    fs::write(clir.path("certs/for-clients.pem"), clir.authority()).unwrap();
    for url in
        [format!("http://localhost:{}/large.bin", nginx.plain), format!("https://localhost:{}/large.bin", nginx.tls)]
    {
        let file = clir.path("fetched");
        let proxy = format!("http://{}", carrier.address);
        let mut command = program("wget");
        command.env("http_proxy", &proxy).env("https_proxy", &proxy).args([
            "--quiet",
            "--tries=1",
            "--timeout=60",
            "--output-document",
        ]);
        run(command.arg(&file).arg("--ca-certificate").arg(clir.path("certs/for-clients.pem")).arg(url));
        assert!(fs::read(&file).unwrap() == fs::read(nginx.files.join("large.bin")).unwrap());
    }
    clir.wait_for_events(3);
    clir.assert_never_wrote(NUMBER);
}
