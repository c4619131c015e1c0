//! What does it cost to watch one request over time?

#[allow(dead_code, reason = "shared")]
mod common;

use std::hint::black_box;

use clir::{
    detect::{
        Part, Subject,
        behaviour::{Behaviour, Passage},
    },
    exchange::{Direction, Fields, InstallationKey, Vantage},
};
use common::browser;
use criterion::{Criterion, criterion_group, criterion_main};

const SHORT_COOKIE: &str = "_ga=GA1.2.1234567890.1700000000; theme=dark";

const TOKEN: &str = "3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70";

fn with(name: &'static str, value: &'static str) -> Fields {
    browser::BROWSER.iter().copied().chain([("Cookie", SHORT_COOKIE), (name, value)]).collect()
}

fn passage(client: &[u8]) -> Passage<'_> {
    Passage { client, host: "www.example.org", vantage: Some(Vantage::BeyondCarrier), now: 1_700_000_000 }
}

fn watch(criterion: &mut Criterion) {
    let behaviour = Behaviour::new(&InstallationKey::new([7; 32]));
    let cases = [
        ("ordinary/cleartext", with("DNT", "1"), true),
        ("ordinary/tls", with("DNT", "1"), false),
        ("a word/cleartext", with("X-Qzt", "on"), true),
        ("a token/cleartext", with("X-Qzt", TOKEN), true),
        ("a token/tls", with("X-Own", TOKEN), false),
    ];
    for (name, fields, cleartext) in &cases {
        let (direction, part, cleartext) = (Direction::Request, Part::Header, *cleartext);
        let subject = Subject { direction, part, target: Some(b"/"), fields, cleartext };
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| black_box(behaviour.request(black_box(passage(b"192.0.2.7")), black_box(&subject))));
        });
    }
}

/// A head of 64 KiB in which every field is another token under another name, from a client with a full memory.
fn hostile(criterion: &mut Criterion) {
    let behaviour = Behaviour::new(&InstallationKey::new([7; 32]));
    let token = |turn: u64| format!("{:016x}", turn.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(18);
    let head = |turn: u64| -> Fields {
        let field = |at: u64| (format!("x-n{}", turn * 200 + at), token(turn * 200 + at + 1));
        (0..200).map(field).collect()
    };
    let heads: Vec<Fields> = (0..32).map(head).collect();
    let mut turns = heads.iter().cycle();
    criterion.bench_function("hostile", |bencher| {
        bencher.iter(|| {
            let fields = turns.next().expect("a cycle has no end");
            let (direction, part) = (Direction::Request, Part::Header);
            let subject = Subject { direction, part, target: Some(b"/"), fields, cleartext: true };
            black_box(behaviour.request(black_box(passage(b"192.0.2.7")), &subject))
        });
    });
}

criterion_group!(benches, watch, hostile);
criterion_main!(benches);
