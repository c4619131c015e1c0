//! Who ended a handshake, and why: can the client and whoever reads the log tell?

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConnection, RootCertStore, ServerConfig, SupportedProtocolVersion,
    pki_types::{PrivatePkcs8KeyDer, ServerName},
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};

use super::site::{Leaf, Signer, Site};
use crate::support::{
    Clir, Setup, Wire, certificates,
    tls::{self, TlsOrigin},
};

/// How a site is set up that wants to see its clients' certificates.
fn demanding(root: &Signer, version: &'static SupportedProtocolVersion, is_optional: bool) -> Arc<ServerConfig> {
    let Leaf { chain, key, .. } = root.leaf(|_| ());
    let mut roots = RootCertStore::empty();
    roots.add(root.der.clone()).unwrap();
    let mut clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), certificates::provider());
    if is_optional {
        clients = clients.allow_unauthenticated();
    }
    let config = ServerConfig::builder_with_provider(certificates::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into());
    Arc::new(config.unwrap())
}

#[test]
fn an_origin_that_demands_a_certificate_is_named() {
    let root = Signer::root();
    let clir = root.clir();
    for version in [&TLS12, &TLS13] {
        Site::new(demanding(&root, version, false)).assert_refused(
            &clir,
            "the origin demands a certificate from its clients, and clir has none: `intercept.bypass` lets the host pass",
        );
        Site::new(demanding(&root, version, true)).assert_works(&clir, "one that would only like to see it");
    }
}

/// Where a verdict is waited for, the first words may come instead.
#[test]
fn a_greeting_is_not_lost_where_a_certificate_was_asked_for() {
    let root = Signer::root();
    let clir = root.clir();
    for version in [&TLS12, &TLS13] {
        let origin = TlsOrigin::with(demanding(&root, version, true), [127, 0, 0, 1].into());
        let target = format!("localhost:{}", origin.port());
        let site = std::thread::spawn(move || {
            let mut site = origin.accept();
            site.send("220 at your service\r\n");
            site
        });
        let mut client = clir.tls(&target, "localhost", &[]);
        assert_eq!(client.exactly(21), b"220 at your service\r\n", "{version:?}");
        drop(site.join().unwrap());
    }
}

/// The error of the event that tells of this tunnel's end.
fn told(clir: &Clir, port: u16) -> String {
    let event = clir.wait_for_event(|event| event["port"] == port && event["error"].is_string());
    assert_eq!(event["verdict"], "failed", "{event}");
    event["error"].as_str().unwrap().to_owned()
}

const LEFT: &str = "the client left without a word when it was shown our certificate: it may not trust our authority";

#[test]
fn a_client_that_objects_to_our_certificate_is_told_apart() {
    let root = Signer::root();
    let clir = root.clir();
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let site = root.leaf(|_| ()).serve();
        let tunnel = Wire::tunnel(clir.address(), &format!("localhost:{}", site.port)).into_inner();
        let mut roots = RootCertStore::empty();
        roots.add(root.der.clone()).unwrap();
        let config = rustls::ClientConfig::builder_with_provider(certificates::provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        shake_hands(tunnel, config.into()).expect_err("it does not trust clir");
        let words = told(&clir, site.port);
        assert!(
            words.starts_with("the client does not accept our certificate: it does not trust our authority"),
            "{words}"
        );
        assert!(words.ends_with("(alert UnknownCA)"), "{words}");
    }
}

fn shake_hands(mut stream: TcpStream, config: Arc<rustls::ClientConfig>) -> std::io::Result<()> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(config, name).unwrap();
    while client.is_handshaking() {
        client.complete_io(&mut stream)?;
    }
    Ok(())
}

/// Sends a hello, reads the first of the answer, and hands the stream over.
fn half_a_handshake(clir: &Clir, port: u16) -> TcpStream {
    let mut stream = Wire::tunnel(clir.address(), &format!("localhost:{port}")).into_inner();
    let config = tls::client_config(&clir.authority(), &["http/1.1"]);
    let mut client = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
    client.write_tls(&mut stream).unwrap();
    stream.read_exact(&mut [0; 5]).expect("an answer");
    stream
}

#[test]
fn a_client_that_leaves_is_told_apart() {
    let root = Signer::root();
    let clir = root.clir();
    let site = root.leaf(|_| ()).serve();
    drop(half_a_handshake(&clir, site.port));
    assert_eq!(told(&clir, site.port), LEFT);
    let site = root.leaf(|_| ()).serve();
    Wire::over(half_a_handshake(&clir, site.port)).reset();
    assert_eq!(told(&clir, site.port), LEFT);
}

#[test]
fn what_has_nothing_to_do_with_the_certificate_is_told_apart() {
    let root = Signer::root();
    let clir = Setup::new().intercept(&root.pem).set("timeouts.handshake", r#""1s""#).start();
    let site = root.leaf(|_| ()).serve();
    let mut client = half_a_handshake(&clir, site.port);
    // A fatal alert "user canceled", in the clear.
    client.write_all(&[21, 3, 3, 0, 2, 2, 90]).unwrap();
    let words = told(&clir, site.port);
    assert!(words.starts_with("the TLS handshake with the client failed: "), "{words}");
    let site = root.leaf(|_| ()).serve();
    let client = half_a_handshake(&clir, site.port);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(told(&clir, site.port), "the client did not finish the TLS handshake in time");
    drop(client);
}
