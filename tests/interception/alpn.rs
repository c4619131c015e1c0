//! What becomes of clients that speak something else than HTTP inside TLS?

use std::{
    io::Read as _,
    net::{Ipv4Addr, TcpListener},
    thread,
};

use crate::support::{
    Clir, Setup, Wire,
    certificates::{Authority, Flaw},
    tls::{self, TlsOrigin},
};

fn clir() -> Clir {
    Setup::new().intercept(&Authority::trusted().pem).start()
}

fn origin(alpn: &[&str]) -> TlsOrigin {
    TlsOrigin::with(Authority::trusted().server(&["localhost"], Flaw::Nothing, alpn), Ipv4Addr::LOCALHOST.into())
}

/// Asserts that this offer reaches the origin itself, which chooses `agreed`.
fn assert_passes(clir: &Clir, offered: &[&str], agreed: &str) {
    let origin = origin(&[agreed]);
    let tunnel = Wire::tunnel(clir.address(), &format!("localhost:{}", origin.port())).into_inner();
    let client = tls::connect(tunnel, "localhost", &Authority::trusted().pem, offered);
    let mut client = client.unwrap_or_else(|error| panic!("{offered:?}: {error}"));
    assert_eq!(client.alpn().as_deref(), Some(agreed));
    client.send("anything");
    assert_eq!(origin.accept().exactly(8), b"anything");
}

#[test]
fn an_unknown_protocol_alone_is_refused_and_the_origin_hears_nothing() {
    let clir = clir();
    for offered in [&["foo/1"][..], &["spdy/3.1", "h2c"], &["\u{a}\u{a}"]] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let heard = thread::spawn(move || {
            let mut heard = Vec::new();
            listener.accept().unwrap().0.read_to_end(&mut heard).map(|_| heard)
        });
        let tunnel = Wire::tunnel(clir.address(), &authority).into_inner();
        let error = tls::connect(tunnel, "127.0.0.1", &clir.authority(), offered).err().expect("refused");
        assert!(error.to_string().contains("NoApplicationProtocol"), "{offered:?}: {error}");
        assert_eq!(heard.join().unwrap().unwrap(), b"", "{offered:?}");
        let event = clir.wait_for_event(|event| authority.ends_with(&format!(":{}", event["port"])));
        assert_eq!(event["verdict"], "refused", "{event}");
        assert_eq!(event["tunnel"]["reason"], "unknown-protocol");
        assert!(event["error"].as_str().unwrap().contains("application protocols"), "{event}");
    }
}

#[test]
fn a_known_protocol_passes_unread() {
    let clir = clir();
    assert_passes(&clir, &["xmpp-client"], "xmpp-client");
    assert_passes(&clir, &["apns-security-v3", "apns-pack-v1"], "apns-pack-v1");
    assert_passes(&clir, &["foo/1", "imap"], "imap");
    let event = clir.wait_for_event(|event| event["tunnel"]["alpn"] == serde_json::json!(["xmpp-client"]));
    assert_eq!(event["verdict"], "tunnelled", "{event}");
    assert_eq!(event["tunnel"]["reason"], "foreign-protocol");
}

#[test]
fn an_unknown_protocol_beside_http_is_no_obstacle() {
    let (clir, origin) = (clir(), TlsOrigin::new());
    let client = clir.tls(&format!("localhost:{}", origin.port()), "localhost", &["foo/1", "http/1.1"]);
    assert_eq!(client.alpn().as_deref(), Some("http/1.1"));
}

#[test]
fn where_nothing_is_opened_every_protocol_passes() {
    assert_passes(&Setup::new().start(), &["foo/1"], "foo/1");
    let bypassing =
        Setup::new().intercept(&Authority::trusted().pem).set("intercept.bypass", r#"["localhost"]"#).start();
    assert_passes(&bypassing, &["foo/1"], "foo/1");
}
