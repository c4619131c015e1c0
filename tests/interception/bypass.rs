//! Does what is not to be opened stay closed?

use crate::support::{
    Clir, Setup, Wire,
    certificates::{self, Authority},
    origin, tls,
    tls::{ServerStream, TlsOrigin},
};

/// Asserts that the client sees the origin's own certificate, and speaks with it end to end.
fn assert_closed(clir: &Clir, origin: &TlsOrigin, host: &str) {
    let tunnel = Wire::tunnel(clir.address(), &format!("{host}:{}", origin.port())).into_inner();
    let mut client =
        tls::connect(tunnel, host, &Authority::trusted().pem, &["http/1.1"]).expect("the origin's own certificate");
    let mut site: Wire<ServerStream> = origin.accept();
    client.send("anything\x00at all");
    assert_eq!(site.exactly(15), b"anything\x00at all");
    site.send(origin::ok("end to end"));
    assert_eq!(client.response().text(), "end to end");
    site.close();
    drop(client);
}

#[test]
fn never_opens_nothing() {
    let clir = Setup::new().start();
    let origin = TlsOrigin::new();
    assert_closed(&clir, &origin, "localhost");
    let event = clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(event["verdict"], "tunnelled", "{event}");
    assert_eq!(event["tunnel"]["sni"], "localhost");
    assert_eq!(event["tunnel"]["alpn"], serde_json::json!(["http/1.1"]));
    assert_eq!(event["tunnel"]["reason"], "never");
    assert!(event["request_bytes"].as_u64().unwrap() > 100);
    assert!(event["response_bytes"].as_u64().unwrap() > 100);
}

#[test]
fn a_bypassed_host_is_not_opened() {
    let clir = Setup::new()
        .intercept(&Authority::trusted().pem)
        .set("intercept.bypass", r#"["*.bank.example", "localhost"]"#)
        .start();
    let origin = TlsOrigin::new();
    assert_closed(&clir, &origin, "localhost");
    let event = clir.wait_for_event(|event| event["method"] == "CONNECT");
    assert_eq!(event["verdict"], "tunnelled", "{event}");
    assert_eq!(event["tunnel"]["reason"], "bypass");
    // Another name for the same place is another host.
    let client = clir.tls(&origin.authority(), "127.0.0.1", &["http/1.1"]);
    assert_ne!(client.certificates(), certificates::parse(&Authority::trusted().pem));
}

/// A bypassed tunnel passes whatever comes, whatever is wrong with the certificate: the client judges for itself.
#[test]
fn a_closed_tunnel_leaves_the_judgement_to_the_client() {
    let clir = Setup::new().start();
    let origin = TlsOrigin::flawed(certificates::Flaw::SelfSigned);
    let tunnel = Wire::tunnel(clir.address(), &format!("localhost:{}", origin.port())).into_inner();
    let Err(error) = tls::connect(tunnel, "localhost", &Authority::trusted().pem, &["http/1.1"]) else {
        panic!("the client has to see the origin's own certificate")
    };
    assert!(error.to_string().contains("certificate"), "{error}");
}
