//! What is told of real programs that do not trust us, and what do they do with odd handshakes?

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    thread,
};

use super::{nginx::Nginx, program};
use crate::support::{Clir, Setup, Wire, certificates::Authority};

fn stage() -> (Clir, Nginx) {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    fs::write(clir.path("certs/for-clients.pem"), clir.authority()).unwrap();
    fs::write(clir.path("certs/strangers.pem"), &Authority::trusted().pem).unwrap();
    (clir, Nginx::start())
}

fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// A door that leads through a tunnel: for programs that know no proxies.
fn door(proxy: SocketAddr, authority: String) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let origin = Wire::tunnel(proxy, &authority).into_inner();
            let (client_too, origin_too) = (client.try_clone().unwrap(), origin.try_clone().unwrap());
            thread::spawn(move || pour(client, origin));
            thread::spawn(move || pour(origin_too, client_too));
        }
    });
    port
}

fn pour(mut from: TcpStream, mut to: TcpStream) {
    // Either side may end as it likes.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// Waits for the next event of a tunnel that failed, and returns its error.
fn told(clir: &Clir, count: usize) -> String {
    let failed = |events: &[serde_json::Value]| {
        let mut errors = events.iter().filter_map(|event| event["error"].as_str().map(str::to_owned));
        errors.nth(count)
    };
    crate::support::eventually("an event that tells of it", || failed(&clir.events()))
}

#[test]
#[ignore = "needs curl, openssl, GnuTLS and nginx: tests/run installs them"]
fn programs_that_do_not_trust_us_are_named_as_such() {
    let (clir, nginx) = stage();
    let proxy = clir.address().to_string();
    let target = format!("localhost:{}", nginx.tls);
    let strangers = clir.path("certs/strangers.pem");
    let curl = output(
        program("curl").args(["-sS", "-p", "-x", &proxy, "--cacert"]).arg(&strangers).arg(format!("https://{target}/")),
    );
    assert_eq!(curl.status.code(), Some(60), "{curl:?}");
    let openssl = ["s_client", "-proxy", &proxy, "-connect", &target, "-verify_return_error", "-CAfile"];
    for version in ["-tls1_2", "-tls1_3"] {
        let said = output(program("openssl").args(openssl).arg(&strangers).args([version, "-servername", "localhost"]));
        assert!(!said.status.success(), "{said:?}");
    }
    let port = door(clir.address(), target).to_string();
    let gnutls = output(program("gnutls-cli").args(["-p", &port, "localhost", "--x509cafile"]).arg(&strangers));
    assert!(!gnutls.status.success(), "{gnutls:?}");
    for count in 0..4 {
        let words = told(&clir, count);
        let is_named = words.starts_with("the client does not accept our certificate: ")
            || words.starts_with("the client left without a word when it was shown our certificate");
        assert!(is_named, "{count}: {words}");
    }
}

#[test]
#[ignore = "needs openssl, GnuTLS and nginx: tests/run installs them"]
fn programs_with_odd_handshakes_get_through() {
    let (clir, nginx) = stage();
    let target = format!("localhost:{}", nginx.tls);
    let port = door(clir.address(), target.clone()).to_string();
    let authority = clir.path("certs/for-clients.pem");
    for priority in [
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP384R1",
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-SECP256R1",
        "NORMAL:-VERS-ALL:+VERS-TLS1.2",
        "NORMAL:%DUMBFW",
    ] {
        let mut gnutls = program("gnutls-cli");
        gnutls.args(["-p", &port, "--sni-hostname", "localhost", "--priority", priority, "--x509cafile"]);
        let said = output(gnutls.arg(&authority).arg("localhost"));
        assert!(String::from_utf8_lossy(&said.stdout).contains("Handshake was completed"), "{priority}: {said:?}");
    }
    let proxy = clir.address().to_string();
    for odd in
        [&["-groups", "P-384:X25519"][..], &["-noservername"], &["-no_ticket", "-tls1_2"], &["-max_send_frag", "512"]]
    {
        let fixed = ["s_client", "-proxy", &proxy, "-connect", &target, "-verify_return_error", "-CAfile"];
        let said = output(program("openssl").args(fixed).arg(&authority).args(odd));
        assert!(said.status.success(), "{odd:?}: {said:?}");
    }
    for weak in [
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES128-SHA"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
    ] {
        let fixed = ["s_client", "-proxy", &proxy, "-connect", &target, "-servername", "localhost"];
        let said = output(program("openssl").args(fixed).args(weak));
        assert!(!said.status.success(), "{weak:?}: {said:?}");
    }
}

/// OpenSSL as an origin that insists on its clients' certificates. Ends with the test.
struct Insisting(std::process::Child, u16);

impl Insisting {
    fn start(clir: &Clir, version: &str) -> Self {
        let (certificate, key) = Authority::trusted().pem_for(&["localhost"]);
        fs::write(clir.path("origin.pem"), certificate + &key).unwrap();
        let port = crate::support::origin::closed_port();
        let mut openssl = program("openssl");
        openssl.args(["s_server", "-www", "-Verify", "1", "-verify_return_error", version]);
        openssl.args(["-accept", &format!("127.0.0.1:{port}"), "-cert"]).arg(clir.path("origin.pem"));
        let child = openssl.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("openssl starts");
        crate::support::eventually("openssl to listen", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self(child, port)
    }
}

impl Drop for Insisting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs curl, openssl and nginx: tests/run installs them"]
fn an_origin_that_insists_on_a_certificate_is_named() {
    let (clir, _nginx) = stage();
    for version in ["-tls1_2", "-tls1_3"] {
        let origin = Insisting::start(&clir, version);
        let target = format!("https://localhost:{}/", origin.1);
        let mut curl = program("curl");
        curl.args(["-sS", "-p", "-x", &clir.address().to_string(), "--cacert"]).arg(clir.path("certs/for-clients.pem"));
        let said = output(curl.arg(target));
        let page = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(page.contains("the origin demands a certificate from its clients"), "{version}: {page} {said:?}");
        assert!(page.contains("`intercept.bypass`"), "{page}");
    }
}

/// RFC 9325 §3.5: a handshake within a handshake is what this library does not do at all.
#[test]
#[ignore = "needs openssl and nginx: tests/run installs them"]
fn a_second_handshake_is_refused() {
    use std::io::Write as _;
    let (clir, nginx) = stage();
    let (proxy, target) = (clir.address().to_string(), format!("localhost:{}", nginx.tls));
    let mut openssl = program("openssl");
    openssl.args(["s_client", "-proxy", &proxy, "-connect", &target, "-tls1_2", "-alpn", "http/1.1"]);
    let mut child =
        openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("openssl starts");
    let mut input = child.stdin.take().unwrap();
    // The command to renegotiate is a line of its own, and is read as such once the handshake is done.
    thread::sleep(std::time::Duration::from_secs(1));
    input.write_all(b"R\n").unwrap();
    thread::sleep(std::time::Duration::from_secs(1));
    drop(input);
    let said = child.wait_with_output().unwrap();
    let words = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(words.contains("RENEGOTIATING") && words.contains("no renegotiation"), "{words}");
}
