//! What does an event tell of a ClientHello, and does the origin receive it as it was?

use std::{thread, time::Duration};

use serde_json::Value;

use super::speak::*;
use crate::support::{Clir, MASKED, NUMBER, Origin};

/// The hello of JA4's specification: its cipher suites, extensions and signature algorithms, and more extensions.
fn hello(inserted: &[(u16, &[u8])]) -> Vec<u8> {
    const CIPHERS: [u16; 16] = [
        0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d,
        0x002f, 0x0035,
    ];
    const EXTENSIONS: [u16; 16] =
        [0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0x0d, 5, 0x23, 0x12, 0x2b, 0xff01, 0x0b, 0x0a, 0x15];
    let content = |kind: u16| -> Vec<u8> {
        match kind {
            0 => b"\0\x0e\0\0\x0bexample.org".to_vec(),
            0x05 => vec![1, 0, 0, 0, 0],
            0x0a => vec![0, 2, 0, 29],
            0x0b => vec![1, 0],
            0x0d => vec![0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1],
            0x10 => b"\0\x0c\x02h2\x08http/1.1".to_vec(),
            0x1b => vec![2, 0, 2],
            0x2b => vec![4, 3, 4, 3, 3],
            0x2d => vec![1, 1],
            0x33 => [&[0, 36, 0, 29, 0, 32][..], &[9; 32]].concat(),
            0xff01 => vec![0],
            0x4469 => b"\0\x03\x02h2".to_vec(),
            _ => Vec::new(),
        }
    };
    let extension = |kind: u16, content: &[u8]| {
        [&kind.to_be_bytes()[..], &u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
    };
    let mut extensions: Vec<u8> = EXTENSIONS.iter().flat_map(|&kind| extension(kind, &content(kind))).collect();
    extensions.extend(inserted.iter().flat_map(|(kind, content)| extension(*kind, content)));
    let two = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let mut body = [&[3, 3][..], &[7; 32], &[0], &two(CIPHERS.len() * 2)].concat();
    body.extend(CIPHERS.iter().flat_map(|cipher| cipher.to_be_bytes()));
    body.extend([&[1, 0][..], &two(extensions.len()), &extensions].concat());
    let message = [&[1, 0][..], &two(body.len()), &body].concat();
    [&[22, 3, 1][..], &two(message.len()), &message].concat()
}

/// Sends these pieces through a tunnel; the origin must receive them all. What the event says.
fn passed(clir: &Clir, pieces: &[&[u8]]) -> Value {
    let origin = Origin::new();
    let mut client = tunnel(clir, origin.address);
    for piece in pieces {
        client.send(piece);
        thread::sleep(Duration::from_millis(20));
    }
    let all = pieces.concat();
    let mut site = origin.accept();
    assert_eq!(site.exactly(all.len()), all);
    drop((site, client));
    clir.wait_for_event(|event| event["port"] == origin.port())
}

#[test]
fn the_published_fingerprint_comes_out_however_the_hello_arrives() {
    let clir = socks().start();
    let bytes = hello(&[]);
    let bytewise: Vec<&[u8]> = bytes[..12].chunks(1).chain([&bytes[12..]]).collect();
    for pieces in [vec![&bytes[..]], bytes.chunks(61).collect(), bytewise] {
        let event = passed(&clir, &pieces);
        assert_eq!(event["tunnel"]["ja4"], "t13d1516h2_8daaf6152771_e5627efa2ab1");
        assert_eq!(event["tunnel"]["sni"], "example.org");
        assert_eq!(event["tunnel"]["alpn"], serde_json::json!(["h2", "http/1.1"]));
        assert_eq!(event["findings"], serde_json::json!([]));
        assert_eq!((&event["verdict"], &event["host"]), (&"tunnelled".into(), &"example.org".into()));
    }
}

#[test]
fn an_inserted_extension_is_a_finding_and_its_value_is_masked() {
    let clir = socks().start();
    let event = passed(&clir, &[&hello(&[(17_516, NUMBER.as_bytes())])]);
    let finding = &event["findings"][0];
    assert_eq!((&finding["identifier"], &finding["severity"]), (&"msisdn".into(), &"critical".into()));
    assert_eq!(finding["location"], serde_json::json!({"part": "hello", "name": "17516", "index": 0}));
    assert_eq!(event["tunnel"]["extensions"], serde_json::json!([{"type": 17_516, "value": MASKED}]));
    let event = passed(&clir, &[&hello(&[(0x5a5a, b""), (4242, b"\x8a\x12\x9f\x03\x77\xc1\x55\x20\xee\x01")])]);
    assert_eq!(event["findings"][0]["identifier"], "subscriber-id");
    assert_eq!(event["findings"].as_array().unwrap().len(), 1, "GREASE is none");
    clir.assert_never_wrote(NUMBER);
}

/// Where TLS is opened the same is told.
#[test]
fn opened_tls_tells_the_same() {
    let clir = socks().set("intercept.mode", r#""always""#).start();
    let origin = Origin::new();
    let mut client = tunnel(&clir, origin.address);
    client.send(hello(&[(17_516, NUMBER.as_bytes())]));
    origin.accept().reset();
    let event = clir.wait_for_event(|event| event["port"] == origin.port());
    assert_eq!(event["tunnel"]["ja4"].as_str().map(|ja4| &ja4[..11]), Some("t13d1517h2_"), "{event}");
    assert_eq!(event["findings"][0]["identifier"], "msisdn");
    assert_eq!(event["tunnel"]["extensions"][0]["value"], MASKED);
}
