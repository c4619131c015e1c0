//! What does it cost to watch one request over time?

use std::hint::black_box;

use clir::{
    detect::{
        Part, Subject,
        behaviour::{Behaviour, Passage},
    },
    exchange::{Direction, Fields, InstallationKey, Vantage},
};
use criterion::{Criterion, criterion_group, criterion_main};

const BROWSER: &[(&str, &str)] = &[
    ("Host", "www.example.org"),
    ("Connection", "keep-alive"),
    ("sec-ch-ua", "\"Chromium\";v=\"116\", \"Not)A;Brand\";v=\"24\", \"Google Chrome\";v=\"116\""),
    ("sec-ch-ua-mobile", "?1"),
    (
        "User-Agent",
        "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Mobile Safari/537.36",
    ),
    ("sec-ch-ua-platform", "\"Android\""),
    ("Accept", "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Mode", "no-cors"),
    ("Sec-Fetch-Dest", "image"),
    ("Referer", "https://www.example.org/products/item?ref=home&campaign=1700000000123"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Accept-Language", "en-GB,en;q=0.9"),
    ("Cookie", "_ga=GA1.2.1234567890.1700000000; theme=dark"),
];

const TOKEN: &str = "3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70";

fn with(name: &'static str, value: &'static str) -> Fields {
    BROWSER.iter().copied().chain([(name, value)]).collect()
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

criterion_group!(benches, watch);
criterion_main!(benches);
