//! Is a client told when the origin is not who it says it is?
//!
//! R2: the proxy never makes a connection look better to the client than it is.

use std::{fs, sync::Arc};

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::support::{
    Clir, Setup, Wire,
    certificates::{self, Authority, Flaw},
    clir::files_below,
    h2::H2Origin,
    origin, tls,
    tls::TlsOrigin,
};

fn clir() -> Clir {
    Setup::new().intercept(&Authority::trusted().pem).start()
}

/// Asserts that nothing of a request gets through to this origin, and that the client can tell.
fn assert_refused(clir: &Clir, origin: &TlsOrigin, what: &str) {
    let authority = format!("localhost:{}", origin.port());
    let mut client = clir.connect();
    client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let head = client.head();
    if head.status() == 200 {
        if let Ok(mut inside) = tls::connect(client.into_inner(), "localhost", &clir.authority(), &["http/1.1"]) {
            inside.send_anyway(format!("GET / HTTP/1.1\r\nHost: {authority}\r\nCookie: secret=1\r\n\r\n"));
            let answer = String::from_utf8_lossy(&inside.whatever_comes_or_page()).into_owned();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 502 "), "{what}: {answer}");
        }
    } else {
        assert!([502, 525, 526].contains(&head.status()), "{what}: {head:?}");
    }
    // TLS 1.3 has a server done before the client has judged: what counts is that no request arrives.
    if let Some(mut site) = origin.accepted() {
        let request = site.try_head();
        assert!(request.is_err(), "{what}: a request arrives: {request:?}");
    }
    let event = clir.wait_for_event(|event| {
        event["host"] == "localhost" && event["port"] == origin.port() && event["error"].is_string()
    });
    assert_eq!(event["verdict"], "failed", "{event}");
}

#[test]
fn flawed_certificates_are_refused() {
    let clir = clir();
    for flaw in [
        Flaw::Expired,
        Flaw::NotYetValid,
        Flaw::WrongName,
        Flaw::SelfSigned,
        Flaw::UnknownAuthority,
        Flaw::WrongPurpose,
    ] {
        assert_refused(&clir, &TlsOrigin::flawed(flaw), &format!("{flaw:?}"));
    }
}

#[test]
fn clir_does_not_trust_its_own_authority() {
    let clir = clir();
    let key = files_below(&clir.path("certs")).into_iter().filter_map(|file| fs::read_to_string(file).ok());
    let key = key
        .filter(|text| text.contains("PRIVATE KEY"))
        .find_map(|text| KeyPair::from_pem(&text).ok())
        .expect("its key");
    let issuer = Issuer::from_ca_cert_pem(&clir.authority(), key).unwrap();
    let own = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let config = ServerConfig::builder_with_provider(certificates::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    assert_refused(&clir, &TlsOrigin::with(Arc::new(config), [127, 0, 0, 1].into()), "signed by clir itself");
}

#[test]
fn an_origin_that_speaks_no_tls_is_refused() {
    let clir = clir();
    let origin = crate::support::Origin::new();
    let authority = origin.authority();
    let mut client = clir.connect();
    client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let head = client.head();
    if head.status() != 200 {
        assert_eq!(head.status(), 502);
        return;
    }
    let inside = std::thread::spawn(move || {
        let mut site = origin.accept();
        site.send_anyway("HTTP/1.1 400 This is no TLS\r\n\r\n");
        site.whatever_comes();
    });
    if let Ok(mut client) = tls::connect(client.into_inner(), "127.0.0.1", &clir.authority(), &["http/1.1"]) {
        client.send_anyway(format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        let answer = String::from_utf8_lossy(&client.whatever_comes_or_page()).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 502 "), "{answer}");
    }
    inside.join().unwrap();
}

/// What the origin does not offer the client does not get (RFC 7301).
#[test]
fn alpn_is_mirrored() {
    let clir = clir();
    let old = TlsOrigin::new();
    let client = clir.tls(&format!("localhost:{}", old.port()), "localhost", &["h2", "http/1.1"]);
    assert_eq!(client.alpn().as_deref(), Some("http/1.1"));
    let new = H2Origin::new();
    let client = clir.tls(&format!("localhost:{}", new.address.port()), "localhost", &["h2", "http/1.1"]);
    assert_eq!(client.alpn().as_deref(), Some("h2"));
}

#[test]
fn a_client_without_alpn_gets_http_1_1() {
    let clir = clir();
    let config = Authority::trusted().server(&["localhost"], Flaw::Nothing, &["h2", "http/1.1"]);
    let origin = TlsOrigin::with(config, [127, 0, 0, 1].into());
    let authority = format!("localhost:{}", origin.port());
    for alpn in [&[][..], &["http/1.1"]] {
        let mut client = clir.tls(&authority, "localhost", alpn);
        client.send(format!("GET / HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"));
        let mut site = origin.accept();
        assert_eq!(site.head(), &format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(client.response().text(), "ok");
    }
}

#[test]
fn an_address_is_asked_for_without_sni() {
    let clir = clir();
    let origin = TlsOrigin::new();
    let mut client = clir.tls(&origin.authority(), "127.0.0.1", &["http/1.1"]);
    client.send(format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", origin.authority()));
    let mut site = origin.accept();
    assert_eq!(site.sni(), None);
    assert_eq!(site.head().start_line(), "GET / HTTP/1.1");
    site.send(origin::ok("by address"));
    assert_eq!(client.response().text(), "by address");
}

#[test]
fn a_certificate_is_judged_anew_for_each_name() {
    let clir = clir();
    // Good for the name, not for the address.
    let origin = TlsOrigin::with(
        Authority::trusted().server(&["localhost"], Flaw::Nothing, &["http/1.1"]),
        [127, 0, 0, 1].into(),
    );
    clir.tls(&format!("localhost:{}", origin.port()), "localhost", &["http/1.1"]);
    let mut client = clir.connect();
    client.send(format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", origin.authority()));
    let head = client.head();
    if head.status() != 200 {
        assert_eq!(head.status(), 502);
        return;
    }
    let Ok(mut inside) = tls::connect(client.into_inner(), "127.0.0.1", &clir.authority(), &["http/1.1"]) else {
        return;
    };
    inside.send_anyway(format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", origin.authority()));
    let answer = String::from_utf8_lossy(&inside.whatever_comes_or_page()).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 502 "), "{answer}");
}

impl Wire<tls::ClientStream> {
    /// What the other side says until it ends, or a whole answer.
    fn whatever_comes_or_page(&mut self) -> Vec<u8> {
        match self.try_head() {
            Ok(head) => head.0,
            Err(_) => Vec::new(),
        }
    }
}
