//! Is the first message of TLS shown as it came, whatever was put into it?

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{ClientConnection, pki_types::ServerName};
use serde_json::Value;

use super::{get, inside, json, reflector};
use crate::support::{
    NUMBER, Wire,
    certificates::Authority,
    eventually,
    hello::{IN_THE_HELLO, INSERTED, inserting, with_extensions},
    tls,
};

const GREASE: u16 = 0x3a3a;

fn types(hello: &Value) -> Vec<u64> {
    hello["extensions"].as_array().unwrap().iter().map(|it| it["type"].as_u64().unwrap()).collect()
}

#[test]
fn what_was_agreed_and_offered_is_told() {
    let clir = reflector(&[]);
    let mut wire = inside(&clir);
    assert_eq!(wire.alpn().as_deref(), Some("http/1.1"));
    wire.send("GET /headers.json HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let seen = json(&wire.response());
    let tls = &seen["tls"];
    assert_eq!(
        (&tls["version"], &tls["alpn"], &tls["sni"]),
        (&"TLS 1.3".into(), &"http/1.1".into(), &"localhost".into())
    );
    assert_eq!(tls["offered_alpn"], serde_json::json!(["h2", "http/1.1"]));
    assert!(tls["ja4"].as_str().unwrap().starts_with("t13d"), "{tls}");
    assert!(tls["ciphers"][0]["name"].as_str().unwrap().starts_with("TLS_AES_"), "{tls}");
    assert!(types(tls).contains(&43) && tls["extensions"].as_array().unwrap().iter().all(|it| it["known"] == true));
    assert_eq!(STANDARD.decode(tls["hello"].as_str().unwrap()).unwrap()[..2], [22, 3]);
    assert_eq!((seen["verdict"]["kind"].as_str(), seen["findings"].as_array().unwrap().len()), (Some("sealed"), 0));
}

/// The client computes over what it sent, so what was put in must be out again before the server computes.
#[test]
fn what_a_box_put_in_is_told_and_breaks_nothing() {
    let clir = reflector(&[]);
    let stream = Wire::connect(inserting(clir.addresses[1], IN_THE_HELLO)).into_inner();
    let mut wire =
        tls::connect(stream, "localhost", &Authority::trusted().pem, &["http/1.1"]).expect("TLS all the same");
    wire.send("GET /headers.json HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let seen = json(&wire.response());
    assert_eq!(seen["findings"][0]["identifier"], "msisdn", "{seen}");
    assert_eq!(seen["findings"][0]["location"]["part"], "hello");
    let last = seen["tls"]["extensions"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["type"].as_u64(), last["known"].as_bool()), (Some(17_516), Some(false)));
    let page = wire.response().text();
    assert!(page.contains("Something on the way writes your phone number into your encrypted connections"), "{page}");
    clir.assert_never_wrote(NUMBER);
}

/// The same, where nothing comes of the connection: it is asked for afterwards, by the nonce in its name.
#[test]
fn a_hello_alone_is_remembered_by_its_name() {
    const NONCE: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    let clir = reflector(&[]);
    let config = tls::client_config(&Authority::trusted().pem, &["http/1.1"]);
    let name = ServerName::try_from(format!("{NONCE}.probe.example")).unwrap();
    let mut hello = Vec::new();
    ClientConnection::new(config, name).unwrap().write_tls(&mut hello).unwrap();
    let mut wire = Wire::connect(clir.addresses[1]);
    wire.send(with_extensions(&hello, &[(GREASE, b""), (INSERTED, NUMBER.as_bytes()), (0x1234, b"x")]));
    let target = format!("/headers.json?nonce={NONCE}");
    let hellos = eventually("the hello", || {
        let hellos = json(&get(&clir, &target, ""))["hellos"].clone();
        (!hellos.as_array().unwrap().is_empty()).then_some(hellos)
    });
    assert!(types(&hellos[0]).ends_with(&[u64::from(GREASE), u64::from(INSERTED), 0x1234]), "{hellos}");
    let known: Vec<_> =
        hellos[0]["extensions"].as_array().unwrap().iter().rev().take(3).map(|it| it["known"].clone()).collect();
    assert_eq!(known, [false, false, true]);
    assert_eq!(hellos[0]["findings"][0]["identifier"], "msisdn");
}

#[test]
fn cleartext_where_tls_is_spoken_is_told_so_and_the_other_way_round_ends() {
    let clir = reflector(&[]);
    let mut wire = Wire::connect(clir.addresses[1]);
    wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let refused = wire.response();
    assert!(refused.status() == 400 && refused.text().contains("speaks HTTPS"));
    let mut wire = clir.connect();
    wire.send([22, 3, 1, 0, 5, 1, 0, 0, 1, 0]);
    assert_eq!(wire.whatever_comes(), b"");
}
