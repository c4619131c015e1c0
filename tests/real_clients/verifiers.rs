//! Do strict verifiers accept our certificates?

use std::{fs, process::Stdio};

use super::{nginx::Nginx, program, run};
use crate::support::{Clir, Setup, certificates::Authority};

fn stage() -> (Clir, Nginx) {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    fs::write(clir.path("certs/for-clients.pem"), clir.authority()).unwrap();
    (clir, Nginx::start())
}

/// Shakes hands as OpenSSL at its strictest, and returns what it said.
fn openssl(clir: &Clir, target: &str, verify: &[&str]) -> String {
    let mut command = program("openssl");
    command.args(["s_client", "-proxy", &clir.address().to_string(), "-connect", target, "-showcerts", "-x509_strict"]);
    command.args(["-verify_return_error", "-verify", "5", "-CAfile"]).arg(clir.path("certs/for-clients.pem"));
    run(command.args(verify).stdin(Stdio::null()))
}

#[test]
#[ignore = "needs openssl and nginx: tests/run installs them"]
fn openssl_at_its_strictest_accepts_the_chain() {
    let (clir, nginx) = stage();
    let said = openssl(
        &clir,
        &format!("localhost:{}", nginx.tls),
        &["-servername", "localhost", "-verify_hostname", "localhost"],
    );
    assert!(said.contains("Verify return code: 0 (ok)") || said.contains("Verification: OK"), "{said}");
    let said = openssl(&clir, &format!("127.0.0.1:{}", nginx.tls), &["-noservername", "-verify_ip", "127.0.0.1"]);
    assert!(said.contains("Verify return code: 0 (ok)") || said.contains("Verification: OK"), "{said}");
    let said = openssl(&clir, &format!("localhost:{}", nginx.tls), &["-tls1_2", "-servername", "localhost"]);
    assert!(said.contains("TLSv1.2"), "{said}");
}

#[test]
#[ignore = "needs openssl, GnuTLS and nginx: tests/run installs them"]
fn gnutls_accepts_the_chain() {
    let (clir, nginx) = stage();
    let said = openssl(&clir, &format!("localhost:{}", nginx.tls), &["-servername", "localhost"]);
    let start = said.find("-----BEGIN").unwrap();
    let end = said.rfind("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----\n".len();
    fs::write(clir.path("chain.pem"), &said[start..end]).unwrap();
    let mut command = program("certtool");
    command.args([
        "--verify",
        "--verify-hostname",
        "localhost",
        "--verify-purpose",
        "1.3.6.1.5.5.7.3.1",
        "--verify-profile",
        "high",
    ]);
    command
        .arg("--load-ca-certificate")
        .arg(clir.path("certs/for-clients.pem"))
        .arg("--infile")
        .arg(clir.path("chain.pem"));
    assert!(run(&mut command).contains("Chain verification output: Verified."));
}

#[test]
#[ignore = "needs openssl, NSS's tools and nginx: tests/run installs them"]
fn nss_accepts_the_chain() {
    let (clir, nginx) = stage();
    let said = openssl(&clir, &format!("localhost:{}", nginx.tls), &["-servername", "localhost"]);
    let (start, end) = (said.find("-----BEGIN").unwrap(), said.find("-----END CERTIFICATE-----").unwrap());
    fs::write(clir.path("leaf.pem"), &said[start..end + "-----END CERTIFICATE-----\n".len()]).unwrap();
    let store = format!("sql:{}", clir.path("nss").display());
    fs::create_dir(clir.path("nss")).unwrap();
    let certutil = |arguments: &[&str], file: Option<&str>| {
        let mut command = program("certutil");
        command.args(["-d", &store]).args(arguments);
        if let Some(file) = file {
            command.arg("-i").arg(clir.path(file));
        }
        run(&mut command)
    };
    certutil(&["-N", "--empty-password"], None);
    certutil(&["-A", "-n", "authority", "-t", "C,,"], Some("certs/for-clients.pem"));
    certutil(&["-A", "-n", "leaf", "-t", ",,"], Some("leaf.pem"));
    // `V` is the purpose of a server; signatures are checked as well.
    assert!(certutil(&["-V", "-n", "leaf", "-u", "V", "-e"], None).contains("certificate is valid"));
}
