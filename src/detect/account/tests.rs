//! Does the account agree with what is found, and say why of everything?

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::*;
use crate::{
    detect::{Confidence, Identifier, Identities, Identity, Scanner, SignatureSet},
    exchange::{Direction, Fields, Sensitive},
};

fn scanner() -> Scanner {
    Scanner::new(Arc::new(SignatureSet::builtin()))
}

fn subject<'a>(target: Option<&'a [u8]>, fields: &'a Fields) -> Subject<'a> {
    Subject { direction: Direction::Request, part: Part::Header, target, fields, cleartext: true }
}

/// What is said of a field of this name with this value.
fn told(name: &str, value: &str) -> (Verdict, String) {
    let fields: Fields = [(name.to_owned(), value.to_owned())].into_iter().collect();
    let account = scanner().account(&subject(None, &fields));
    let notes: Vec<_> = account.entries[0].notes.iter().map(ToString::to_string).collect();
    (account.entries[0].verdict, notes.join(" | "))
}

#[test]
fn the_account_names_what_is_found_and_nothing_else() {
    let scanner = scanner();
    let samples = [
        include_str!("../../../tests/data/detection/positives.jsonl"),
        include_str!("../../../tests/data/detection/negatives.jsonl"),
    ];
    for line in samples.into_iter().flat_map(str::lines) {
        let json: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pairs = json["headers"].as_array().unwrap().iter();
        let fields: Fields = pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
        let subject = subject(json["path"].as_str().map(str::as_bytes), &fields);
        let account = scanner.account(&subject);
        assert_eq!(account.findings, scanner.scan(&subject), "{line}");
        agrees(&account, &subject);
    }
}

/// Every part stands there once, with its own findings, and with a reason for each of them.
fn agrees(account: &Account, subject: &Subject<'_>) {
    let target = [(Part::Target, 0)].into_iter().filter(|_| subject.target.is_some());
    let parts: Vec<_> = target.chain((0..subject.fields.len()).map(|at| (subject.part, at))).collect();
    assert_eq!(account.entries.iter().map(|entry| (entry.part, entry.index)).collect::<Vec<_>>(), parts);
    let listed: Vec<_> = account.entries.iter().flat_map(|entry| entry.findings.clone()).collect();
    assert_eq!(listed, (0..account.findings.len()).collect::<Vec<_>>());
    for entry in &account.entries {
        let findings: Vec<_> = entry.findings.iter().map(|at| &account.findings[*at]).collect();
        assert!(
            findings.iter().all(|finding| (finding.location.part, finding.location.index) == (entry.part, entry.index))
        );
        let found: BTreeSet<_> = findings.iter().map(|finding| finding.identifier.as_str()).collect();
        assert_eq!(named(&entry.notes), found, "{entry:?}");
        for finding in findings {
            let says = |note: &Note| match note.reason {
                Reason::Fits { identifier, confidence, .. } => {
                    (identifier, confidence) == (finding.identifier, finding.confidence)
                }
                Reason::Own(identifier) => {
                    (identifier, Confidence::Certain) == (finding.identifier, finding.confidence)
                }
                _ => false,
            };
            assert!(entry.notes.iter().any(says), "{finding:?}: {entry:?}");
        }
        assert_eq!(entry.verdict == Verdict::Found, !found.is_empty());
        let is_pair = |note: &Note| !note.key.is_empty();
        assert!(entry.part == Part::Target || entry.notes.iter().any(|note| !is_pair(note)), "no verdict: {entry:?}");
    }
}

/// What the reasons say was found, without what gave way to something better.
fn named(notes: &[Note]) -> BTreeSet<&'static str> {
    let taken = notes.iter().filter_map(|note| match note.reason {
        Reason::Fits { identifier, .. } | Reason::Own(identifier) => Some(identifier.as_str()),
        _ => None,
    });
    let mut taken: Vec<_> = taken.collect();
    for note in notes {
        if let Reason::Covered { identifier, .. } = note.reason {
            taken.remove(
                taken.iter().position(|other| *other == identifier.as_str()).expect("what gives way was found"),
            );
        }
    }
    taken.into_iter().collect()
}

#[test]
fn names_and_values_are_accounted_for() {
    use Verdict::{Considered, Found, Quiet};
    for (name, value, verdict, reasons) in [
        ("Accept", "*/*", Quiet, "ordinary"),
        ("X-Theme", "dark", Quiet, "no telling word | 4 bytes of text"),
        ("x-up-calling-line-id", "447700900123", Found, "documented for msisdn as up-calling-line-id"),
        (
            "x-up-calling-line-id",
            "447700900123",
            Found,
            "E.164, mobile range of country code 44), certain: documented name",
        ),
        ("x-up-calling-line-id", "unknown", Considered, "a value that says nothing"),
        (
            "X-Acme-Msisdn",
            "NDQ3NzAwOTAwMTIz",
            Found,
            "strong word \"msisdn\", for msisdn | msisdn (E.164, mobile range",
        ),
        ("X-Acme-Msisdn", "NDQ3NzAwOTAwMTIz", Found, "country code 44; decoded: base64), likely: name and value agree"),
        ("X-Acme-Msisdn", "MzQzNDM3MzczMDMwMzkzMDMwMzEzMjMz", Found, "decoded: base64 → hex of ASCII"),
        (
            "X-Acme-Msisdn",
            "e5a1fb55305247d6f35bd790d2a91dda",
            Found,
            "opaque token, 32 hex digits: looks like MD5), likely",
        ),
        ("X-Acme-Imsi", "001010123456789", Found, "15 digits of an assigned network, mobile country code 001"),
        ("X-Phone-Id", "1700000000", Considered, "a clock of the years 2001–2033 (seconds)"),
        (
            "X-Order-Phone",
            "447700900123",
            Considered,
            "\"phone\" would tell, but beside \"order\" it means something else",
        ),
        ("X-Caller", "07700900123", Considered, "weak word \"caller\", for msisdn | 11 digits: under such a word only"),
        ("X-Carrier-Number", "447700900123", Found, "word \"number\" thanks to \"carrier\", for msisdn"),
        ("X-Foo", "1700000000123", Considered, "no telling word | digits, but a clock of the years 2001–2033"),
        ("X-Zik", "447700900123", Found, "no telling word | msisdn (E.164, mobile range of country code 44), possible"),
        ("telenor-lac", "5550", Found, "\"telenor\", a network's, with \"lac\", for location | location"),
        ("X-Telenor-Qwrtz", "447700900123", Found, "\"telenor\", a network's | msisdn"),
        ("X-Clip-Sha256", "5d41402abc4b2a76b9719d911017c592", Found, "everyday \"clip\" and \"sha256\", for msisdn or"),
        ("X-Foo", "+447700900123", Found, "possible: the name tells nothing, but nothing but a phone number"),
        ("X-Forwarded-For", "10.1.2.3", Found, "client-ip (IP address), possible: any proxy may tell an inner address"),
    ] {
        let (came, told) = told(name, value);
        assert!(came == verdict && told.contains(reasons), "{name}: {value}: {came:?} {told}");
        assert!(value.len() < 6 || !told.contains(value), "{told}");
    }
}

#[test]
fn pairs_are_accounted_for_by_their_keys() {
    let fields: Fields =
        [("Cookie", "msisdn=447700900123; _ga=GA1.2.1234567890.1700000000; a=1")].into_iter().collect();
    let account = scanner().account(&subject(Some(b"/p?phone=1700000000&x=1"), &fields));
    let keys = |at: usize| {
        let notes = account.entries[at].notes.iter().filter(|note| note.is_telling());
        notes.map(|note| String::from_utf8_lossy(&note.key).into_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(keys(0), BTreeSet::from(["phone".to_owned()]));
    assert_eq!(keys(1), BTreeSet::from(["msisdn".to_owned()]));
    assert_eq!((account.entries[0].verdict, account.entries[1].verdict), (Verdict::Considered, Verdict::Found));
}

#[test]
fn ones_own_are_accounted_for() {
    let written = Sensitive::new("+447700900123".to_owned());
    let identity = Identity::new("mine".into(), Identifier::Msisdn, &written).unwrap();
    let scanner = scanner().with_identities(Arc::new(Identities::new(vec![identity])));
    let fields: Fields = [("X-Foo", "a 447700900123")].into_iter().collect();
    let subject = subject(None, &fields);
    let account = scanner.account(&subject);
    agrees(&account, &subject);
    let notes: Vec<_> = account.entries[0].notes.iter().map(ToString::to_string).collect();
    assert!(notes.contains(&"msisdn (one of your own, as registered), certain".to_owned()), "{notes:?}");
}
