//! What does scanning one request cost?

use std::{hint::black_box, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use clir::{
    detect::{Identifier, Identities, Identity, Part, Scanner, SignatureSet, Subject},
    exchange::{Direction, Fields, Sensitive},
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
];

/// About 600 bytes of what analytics leave behind.
const COOKIE: &str = "_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000001; _fbp=fb.1.1700000000123.1234567890; \
    sid=5fa86fafe83e0b32f0f861ed5fa86fafe83e0b32; uid=6952339322284285401; OptanonConsent=isGABCMP=false&datestamp=Wed&version=6.17.0; \
    __cfduid=d9c6a4017e0404727f9b21e24332be5381468705106; s_vi=[CS]v1|2F8A1B2C0515A3D4-40000109C0003E2D[CE]; \
    ajs_anonymous_id=%22b6d5bbf3-6d16-930b-6c58-48faae67b99a%22; session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl; \
    theme=dark; lang=en-GB; consent=1; last=1700000000; cart=9f8e7d6c5b4a3210; ab=variant-7; tz=Europe%2FLondon; v=2";

fn browser() -> Fields {
    let mut fields: Fields = BROWSER.iter().copied().collect();
    fields.push("Cookie", COOKIE);
    fields
}

fn enriched() -> Fields {
    let mut fields = browser();
    fields.push("x-up-calling-line-id", "447700900123");
    fields.push("X-Acme-Subscriber-Id", "b6d5bbf36d16930b6c5848faae67b99a");
    fields
}

/// Heads of 64 KiB, each built to keep one part busy.
fn hostile() -> Vec<(&'static str, Fields)> {
    let many = |name: &str, value: &str, count: usize| -> Fields {
        (0..count).map(|_| (name.to_owned(), value.to_owned())).collect()
    };
    vec![
        ("pairs", many("cookie", &"tel=;".repeat(12_000), 1)),
        ("keyed pairs", many("cookie", &"msisdn=44770090012x;".repeat(3_200), 1)),
        ("commas", many("x-msisdn", &"1,".repeat(32_000), 1)),
        ("encoded", many("x-msisdn", &"MzQzNDM3MzczMDMwMzkzMDMwMzEzMjM5".repeat(9), 200)),
        ("nested", nested()),
        ("positions", many("x-acme-cgi", &"mcc234-15.1234;51.507:".repeat(11), 250)),
        ("accounts", many("x-acme-email", &"a@b.c1,".repeat(70), 120)),
        ("names", many("x-msimsisdimsiimeiiccicallingcallinglinsubscribesubscribertokesub", "1234567890123", 200)),
    ]
}

/// Values of which every part can be decoded in several ways, and what comes of it as well, under names of all kinds.
fn nested() -> Fields {
    let names = ["x-msisdn", "x-acme-imsi", "x-acme-imei", "x-acme-subscriber-id", "x-acme-nai", "x-acme-cgi"];
    let wrap = |text: String| format!("{};{}", STANDARD_NO_PAD.encode(&text), "%32".repeat(8));
    let value = wrap(wrap(wrap("32313332.MTIzNDU2N;\\u0032".repeat(9))));
    let value = value.get(..1024).unwrap_or(&value);
    (0..63).map(|at| (names[at % names.len()].to_owned(), value.to_owned())).collect()
}

/// Heads of 64 KiB that keep the search for the user's own numbers busy.
fn hostile_to_identities() -> Vec<(&'static str, Fields)> {
    let many = |value: &str, count: usize| -> Fields { (0..count).map(|_| ("x-zq", value.to_owned())).collect() };
    vec![
        ("digits", many(&"1 2-3.".repeat(10_000), 1)),
        ("groups", many(&"4477 0090 0124 ".repeat(4_000), 1)),
        ("escapes", many(&"%2525%33".repeat(7_000), 1)),
        ("tokens", many(&"NDQ3NzAwOTAwMTI0/".repeat(3_500), 1)),
        ("nested", many("TkRRM056QXdPVEF3TVRJMC1ORFEzTnpBd09UQXdNVEkw", 1_400)),
        ("addresses", many(&"a@b".repeat(20_000), 1)),
    ]
}

/// The user's own numbers, and an address.
fn own(count: usize) -> Arc<Identities> {
    let register = |kind, value: String| Identity::new("own".into(), kind, &Sensitive::new(value)).unwrap();
    let numbers = (0..count).map(|at| register(Identifier::Msisdn, format!("+447700{:06}", 900_999 - at % 1000)));
    let address = register(Identifier::Account, "me@example.org".to_owned());
    Arc::new(Identities::new(numbers.chain([address]).collect()))
}

fn scan(criterion: &mut Criterion) {
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin()));
    measure(criterion, &scanner, "", &hostile());
    for count in [1, 1000] {
        let scanner = scanner.clone().with_identities(own(count));
        measure(criterion, &scanner, &format!("identities/{count}/"), &hostile_to_identities());
    }
}

fn measure(criterion: &mut Criterion, scanner: &Scanner, group: &str, hostile: &[(&str, Fields)]) {
    let mut measure = |name: &str, fields: &Fields| {
        let subject = Subject {
            direction: Direction::Request,
            part: Part::Header,
            target: Some(b"/products/1234567890/images/large.jpg?v=1700000000123&w=640"),
            fields,
            cleartext: true,
        };
        criterion
            .bench_function(&format!("{group}{name}"), |bencher| bencher.iter(|| scanner.scan(black_box(&subject))));
    };
    measure("browser", &browser());
    measure("enriched", &enriched());
    for (name, fields) in hostile {
        measure(&format!("hostile/{name}"), fields);
    }
}

criterion_group!(benches, scan);
criterion_main!(benches);
