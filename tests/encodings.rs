//! Is every kind of number found in every encoding, and in encodings of encodings, and is nothing left when it is masked?

use std::sync::{Arc, LazyLock};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use clir::{
    detect::{Finding, Identifier, Part, Scanner, SignatureSet, Subject},
    exchange::{Direction, Fields},
};
use fastrand::Rng;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Arc::new(SignatureSet::builtin())));

type Encode = fn(&str) -> String;

/// Encodings of any text.
const OF_TEXT: &[(&str, Encode)] = &[
    ("percent", |text| text.bytes().map(|byte| format!("%{byte:02X}")).collect()),
    ("percent, lower case", |text| text.bytes().map(|byte| format!("%{byte:02x}")).collect()),
    ("percent where needed", |text| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    }),
    ("base64", |text| STANDARD.encode(text)),
    ("base64 without padding", |text| STANDARD_NO_PAD.encode(text)),
    ("base64url", |text| URL_SAFE.encode(text)),
    ("hexadecimal", |text| text.bytes().map(|byte| format!("{byte:02x}")).collect()),
    ("hexadecimal, upper case", |text| text.bytes().map(|byte| format!("{byte:02X}")).collect()),
    ("JSON", |text| serde_json::json!({ "v": text }).to_string()),
    ("JSON, nested", |text| serde_json::json!({ "a": [1, { "b": text }], "t": true }).to_string()),
    ("JSON, escaped", |text| {
        format!("\"{}\"", text.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>())
    }),
    ("HTML", |text| text.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("HTML, hexadecimal", |text| text.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect()),
    ("full width", |text| {
        let wide = |c: char| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xfee0).unwrap() } else { c };
        text.chars().map(wide).collect()
    }),
    ("JSON Web Token", |text| {
        let payload = STANDARD_NO_PAD.encode(serde_json::json!({ "iss": "a", "sub": text }).to_string());
        format!("eyJhbGciOiJub25lIn0.{payload}.c2ln")
    }),
];

/// Encodings of digits.
const OF_DIGITS: &[(&str, Encode)] = &[
    ("plain", |digits| digits.to_owned()),
    ("number in JSON", |digits| format!("{{\"a\":{{\"n\":{digits}}}}}")),
    ("key and value", |digits| format!("a=1;id={digits};b=2")),
    ("swapped", swapped),
    ("swapped and packed", |digits| STANDARD.encode(octets(&swapped(digits)))),
    ("packed", |digits| {
        let filled = if digits.len() % 2 == 1 { format!("{digits}f") } else { digits.to_owned() };
        STANDARD.encode(octets(&filled))
    }),
    ("reversed", |digits| digits.chars().rev().collect()),
    ("Arabic digits", |digits| {
        digits.bytes().map(|digit| char::from_u32(0x660 + u32::from(digit - b'0')).unwrap()).collect()
    }),
];

fn swapped(digits: &str) -> String {
    let filled = if digits.len() % 2 == 1 { format!("{digits}f") } else { digits.to_owned() };
    filled.as_bytes().chunks(2).flat_map(|pair| [char::from(pair[1]), char::from(pair[0])]).collect()
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

type Make = fn(&mut Rng) -> String;

/// A kind, and names under which it is looked for: a documented one, one whose word is strong, one whose word is firm.
const KINDS: &[(Identifier, Make, &[&str])] = &[
    (Identifier::Msisdn, msisdn, &["X-MSISDN", "X-Acme-Subscriber-Number", "X-Acme-Phone"]),
    (Identifier::Imsi, imsi, &["X-IMSI", "X-Acme-Imsi"]),
    (Identifier::Imei, imei, &["X-Up-3GPP-IMEI", "X-Acme-Imei", "X-Acme-PEI"]),
    (Identifier::Iccid, iccid, &["X-Acme-Iccid"]),
];

fn rows(table: &'static str) -> Vec<Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect()
}

fn digits(random: &mut Rng, count: usize) -> String {
    (0..count).map(|_| random.digit(10)).collect()
}

/// A mobile number of any country, with its code.
fn msisdn(random: &mut Rng) -> String {
    let rows: Vec<_> =
        rows(include_str!("../src/detect/value/numbering.tsv")).into_iter().filter(|row| row[4] != "-").collect();
    loop {
        let row = random.choice(&rows).unwrap();
        let prefix = random.choice(row[4].split(',').collect::<Vec<_>>()).unwrap();
        let len: usize = random.choice(row[3].split(',').collect::<Vec<_>>()).unwrap().parse().unwrap();
        let rest = digits(random, len - prefix.len());
        // Shorter ones are islands'.
        if row[0].len() + len >= 10 {
            return format!("{}{prefix}{rest}", row[0]);
        }
    }
}

fn imsi(random: &mut Rng) -> String {
    let rows = rows(include_str!("../src/detect/value/networks.tsv"));
    loop {
        let row = random.choice(&rows).unwrap();
        let network =
            random.choice(row[1].split([' ', '-']).chain(row[2].split([' ', '-'])).collect::<Vec<_>>()).unwrap();
        if !network.is_empty() {
            return format!("{}{network}{}", row[0], digits(random, 12 - network.len()));
        }
    }
}

fn imei(random: &mut Rng) -> String {
    with_check_digit(format!("35{}", digits(random, 12)))
}

fn iccid(random: &mut Rng) -> String {
    with_check_digit(format!("8944{}", digits(random, 14)))
}

/// Luhn's.
fn with_check_digit(digits: String) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 })
        .map(|weighed| weighed / 10 + weighed % 10)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn scan(name: &str, value: &str) -> Vec<Finding> {
    let fields: Fields = [(name.to_owned(), value.to_owned())].into_iter().collect();
    let (direction, part) = (Direction::Request, Part::Header);
    SCANNER.scan(&Subject { direction, part, target: None, fields: &fields, cleartext: true })
}

/// Whether the number is found as such, and whether masking what was found leaves nothing of it.
fn check(kind: Identifier, name: &str, value: &str) -> Result<(), &'static str> {
    let found = scan(name, value);
    let hit =
        found.iter().find(|finding| finding.identifier == kind && finding.severity == clir::detect::Severity::Critical);
    let hit = hit.ok_or("not found")?;
    let mut masked = value.as_bytes().to_vec();
    masked[hit.span.clone()].fill(b'*');
    let left = scan(name, &String::from_utf8(masked).map_err(|_| "cut inside a sign")?);
    if left.is_empty() { Ok(()) } else { Err("something is left") }
}

/// Runs each value under each name, and tells which encodings failed how often.
fn run(kinds: &[(Identifier, Make, &[&str])], nestings: &[Vec<(&str, Encode)>], seed: u64) -> Vec<String> {
    let mut random = Rng::with_seed(seed);
    let mut faults = Vec::new();
    for (kind, make, names) in kinds {
        for nesting in nestings {
            let number = make(&mut random);
            let value = nesting.iter().fold(number.clone(), |value, (_, encode)| encode(&value));
            // Longer values are not decoded whole; and under an everyday word eight signs of base64 are no number.
            if value.len() > 1024 {
                continue;
            }
            let packed = value.len() < 40 && nesting[0].0.contains("packed");
            for name in names.iter().filter(|name| !(packed && name.ends_with("Phone"))) {
                if let Err(fault) = check(*kind, name, &value) {
                    let how: Vec<_> = nesting.iter().map(|(how, _)| *how).collect();
                    faults.push(format!("{kind} {fault} under {name}: {}: {value}", how.join(" in ")));
                }
            }
        }
    }
    faults
}

fn none(faults: &[String]) {
    let shown: Vec<_> = faults.iter().take(40).map(String::as_str).collect();
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), shown.join("\n"));
}

#[test]
fn every_kind_is_found_in_every_encoding_and_every_pair_of_them() {
    let mut nestings = Vec::new();
    for digits in OF_DIGITS {
        nestings.push(vec![*digits]);
        for text in OF_TEXT {
            nestings.push(vec![*digits, *text]);
            nestings.extend(OF_TEXT.iter().map(|outer| vec![*digits, *text, *outer]));
        }
    }
    let faults = run(KINDS, &nestings, 7);
    none(&faults);
}

#[test]
fn three_encodings_of_text_are_undone() {
    let mut random = Rng::with_seed(11);
    let mut pick = || *random.choice(OF_TEXT).unwrap();
    let nestings: Vec<_> = (0..400).map(|_| vec![OF_DIGITS[0], pick(), pick(), pick()]).collect();
    let faults = run(KINDS, &nestings, 13);
    none(&faults);
}
