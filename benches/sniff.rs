//! What does it cost to see what a connection speaks, and what a ClientHello asks for?

use std::{hint::black_box, sync::Arc};

use clir::sniff::{read_hello, sniff};
use criterion::{Criterion, criterion_group, criterion_main};
use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};

fn protocol(criterion: &mut Criterion) {
    let hello = hello();
    let cases: [(&str, &[u8]); 6] = [
        ("http1", b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        ("http1, a method of its own", b"PROPFIND /a HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        ("http2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("tls", &hello),
        ("unknown", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("too few", b"GE"),
    ];
    for (name, bytes) in cases {
        criterion.bench_function(&format!("protocol/{name}"), |bencher| bencher.iter(|| sniff(black_box(bytes))));
    }
}

fn client_hello(criterion: &mut Criterion) {
    let hello = hello();
    criterion.bench_function("hello/whole", |bencher| bencher.iter(|| read_hello(black_box(&hello))));
    let half = &hello[..hello.len() / 2];
    criterion.bench_function("hello/half", |bencher| bencher.iter(|| read_hello(black_box(half))));
}

/// As rustls sends it, with a hybrid key share: about as long as a browser's.
fn hello() -> Vec<u8> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("www.example.org").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

criterion_group!(benches, protocol, client_hello);
criterion_main!(benches);
