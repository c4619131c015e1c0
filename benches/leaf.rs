//! What does a certificate for a host cost, the first time and after that?

use std::{hint::black_box, time::SystemTime};

use clir::{
    exchange::Host,
    tls::{CertAuthority, LeafCache},
};
use criterion::{Criterion, criterion_group, criterion_main};

fn leaf(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    let cache = LeafCache::new(CertAuthority::load_or_create(dir.path(), now).unwrap(), 1024);
    let alpn: &[&'static [u8]] = &[b"h2", b"http/1.1"];

    let mut number = 0_u64;
    criterion.bench_function("leaf/mint", |bencher| {
        bencher.iter(|| {
            number += 1;
            let host = Host::parse(format!("h{number}.example").as_bytes()).unwrap();
            cache.server_config(black_box(&host), alpn, now).unwrap()
        });
    });

    let host = Host::parse(b"example.org").unwrap();
    cache.server_config(&host, alpn, now).unwrap();
    criterion.bench_function("leaf/cached", |bencher| {
        bencher.iter(|| cache.server_config(black_box(&host), alpn, now).unwrap());
    });
}

criterion_group!(benches, leaf);
criterion_main!(benches);
