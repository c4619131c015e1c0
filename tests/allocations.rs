//! How much memory does scanning ask for?
//!
//! Nothing where nothing is found. Counted for the thread that scans, after the tables have been read once.

#[path = "../benches/common/browser.rs"]
mod browser;
#[path = "../benches/common/samples.rs"]
mod samples;

use std::sync::{Arc, LazyLock};

use allocation_counter::{AllocationInfo, measure};
use clir::{
    detect::{Identifier, Identities, Identity, Part, Scanner, SignatureSet, Subject},
    exchange::{Direction, Fields, Sensitive},
};
use samples::samples;

const FILES: [&str; 2] =
    [include_str!("data/detection/negatives.jsonl"), include_str!("data/detection/positives.jsonl")];

static PLAIN: LazyLock<Scanner> = LazyLock::new(|| warm(Scanner::new(Arc::new(SignatureSet::builtin()))));

/// On the watch for a number, a SIM card, a device and an address that stand nowhere in the samples.
static WATCHFUL: LazyLock<Scanner> = LazyLock::new(|| {
    let own = [
        (Identifier::Msisdn, "+44 7700 900998"),
        (Identifier::Imsi, "001019876543210"),
        (Identifier::Imei, "490154203237518"),
        (Identifier::Iccid, "8944100000123456782"),
        (Identifier::Account, "nobody.at.all@example.net"),
    ];
    let register = |(kind, value): (Identifier, &str)| {
        Identity::new("own".into(), kind, &Sensitive::new(value.to_owned())).unwrap()
    };
    warm(PLAIN.clone().with_identities(Arc::new(Identities::new(own.map(register).into()))))
});

/// Tables are built when they are first asked for.
fn warm(scanner: Scanner) -> Scanner {
    for (target, fields) in FILES.iter().flat_map(|text| samples(text)) {
        scan(&scanner, &target, &fields);
    }
    scanner
}

/// How many findings there are, and what it took to find them.
fn scan(scanner: &Scanner, target: &str, fields: &Fields) -> (usize, AllocationInfo) {
    // What each thread remembers has a room of its own, which is made when something is first to be remembered.
    let first: Fields = [("X-Zq", "1")].into_iter().collect();
    let (direction, part) = (Direction::Request, Part::Header);
    scanner.scan(&Subject { direction, part, target: None, fields: &first, cleartext: true });
    let target = Some(target.as_bytes());
    let subject = Subject { direction: Direction::Request, part: Part::Header, target, fields, cleartext: true };
    let mut found = Vec::new();
    let info = measure(|| found = scanner.scan(&subject));
    (found.len(), info)
}

#[test]
fn the_counter_counts() {
    let info = measure(|| drop(std::hint::black_box(vec![0_u8; 4096])));
    assert_eq!((info.count_total, info.bytes_total), (1, 4096));
}

#[test]
fn nothing_found_takes_no_memory() {
    for (kind, scanner) in [("plain", &*PLAIN), ("watchful", &*WATCHFUL)] {
        let mut silent = 0;
        for (target, fields) in FILES.iter().flat_map(|text| samples(text)) {
            let (found, info) = scan(scanner, &target, &fields);
            if found == 0 {
                assert_eq!(info.count_total, 0, "{kind}: {target} {fields:?}");
                silent += 1;
            }
        }
        assert!(silent >= 200, "{silent} requests without a finding");
    }
}

#[test]
fn what_a_browser_sends_takes_no_memory() {
    let mut fields: Fields = browser::BROWSER.iter().copied().collect();
    fields.push("Cookie", browser::COOKIE);
    for scanner in [&*PLAIN, &*WATCHFUL] {
        let (found, info) = scan(scanner, "/products/1234567890/images/large.jpg?v=1700000000123&w=640", &fields);
        assert_eq!((found, info.count_total), (0, 0));
    }
}

/// As many fields as the proxy takes in, under names that tell and values that are longer than what is decoded unasked.
#[test]
fn many_fields_take_no_memory() {
    let names = ["X-Acme-Imei", "X-Acme-Msisdn", "X-Trace", "From", "Forwarded", "Via", "X-Acme-Cgi", "Cookie"];
    let value =
        |at: usize| if at.is_multiple_of(2) { "no number, only words in it" } else { "robot@search.example.org, bot" };
    for count in [33, 200] {
        let fields: Fields = (0..count).map(|at| (names[at % names.len()], value(at / 8))).collect();
        for scanner in [&*PLAIN, &*WATCHFUL] {
            // No sample has an address of a robot's: its table is built here.
            scan(scanner, "/", &fields);
            let (found, info) = scan(scanner, "/", &fields);
            assert_eq!((found, info.count_total), (0, 0), "{count} fields");
        }
    }
}

/// What is decoded on the way stays on the stack.
#[test]
fn what_is_encoded_takes_no_memory() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = (0..30).map(|at| format!("\"claim_{at}\":\"value {at}\"")).collect::<Vec<_>>().join(",");
    let token = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let jwt = format!("{}.{}.c2lnbmF0dXJl", token(r#"{"alg":"none"}"#), token(&format!("{{{claims}}}")));
    let escaped = claims.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let fields: Fields = [
        ("Authorization", format!("Bearer {jwt}")),
        ("X-Zq", token(&jwt)),
        ("Cookie", format!("state={escaped}; a=b")),
    ]
    .into_iter()
    .collect();
    for scanner in [&*PLAIN, &*WATCHFUL] {
        let (found, info) = scan(scanner, "/", &fields);
        assert_eq!((found, info.count_total), (0, 0));
    }
}

/// The list of findings, its order, and the bytes of a target, which nobody shares.
#[test]
fn a_finding_takes_little() {
    let mut telling = 0;
    for (target, fields) in samples(FILES[1]) {
        for scanner in [&*PLAIN, &*WATCHFUL] {
            let (found, info) = scan(scanner, &target, &fields);
            let most = 4 + 4 * found as u64;
            assert!(info.count_total <= most, "{} for {found}: {target} {fields:?}", info.count_total);
            assert!(info.bytes_total <= 8192, "{} bytes: {target} {fields:?}", info.bytes_total);
            telling += found;
        }
    }
    assert!(telling >= 400, "{telling} findings");
}
