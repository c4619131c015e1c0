//! Does the scanner find what it should, stay silent where it should, and keep its promises on any input?

use std::sync::{Arc, LazyLock};

use clir::{
    detect::{Finding, Identifier, Part, Scanner, Severity, SignatureSet, Subject},
    exchange::{Direction, Fields},
};
use proptest::prelude::*;
use serde_json::Value;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Arc::new(SignatureSet::builtin())));

fn scan(target: &[u8], fields: &Fields) -> Vec<Finding> {
    let subject =
        Subject { direction: Direction::Request, part: Part::Header, target: Some(target), fields, cleartext: true };
    SCANNER.scan(&subject)
}

struct Sample {
    id: String,
    target: String,
    fields: Fields,
    leaks: Vec<(String, String)>,
}

fn samples(text: &str) -> Vec<Sample> {
    text.lines().map(sample).collect()
}

fn sample(line: &str) -> Sample {
    let json: Value = serde_json::from_str(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let headers = json["headers"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1])));
    let leaks = json["leaks"].as_array().unwrap().iter().map(|leak| (text(&leak["header"]), text(&leak["kind"])));
    Sample { id: text(&json["id"]), target: text(&json["path"]), fields: headers.collect(), leaks: leaks.collect() }
}

fn is_at(finding: &Finding, header: &str) -> bool {
    match header {
        ":path" => finding.location.part == Part::Target,
        name => finding.location.part == Part::Header && finding.location.name == name.as_bytes(),
    }
}

#[test]
fn every_leak_is_found_under_its_name() {
    let samples = samples(include_str!("data/detection/positives.jsonl"));
    assert!(samples.len() >= 200);
    for sample in samples {
        assert!(!sample.leaks.is_empty(), "{}", sample.id);
        let found = scan(sample.target.as_bytes(), &sample.fields);
        for (header, kind) in &sample.leaks {
            let hit = |finding: &Finding| is_at(finding, header) && finding.identifier.as_str() == kind;
            assert!(found.iter().any(hit), "{}: {kind} in {header}, found {found:?}", sample.id);
        }
    }
}

#[test]
fn ordinary_requests_raise_no_alarm() {
    let samples = samples(include_str!("data/detection/negatives.jsonl"));
    assert!(samples.len() >= 200);
    for sample in samples {
        let found = scan(sample.target.as_bytes(), &sample.fields);
        let alarms: Vec<_> = found.iter().filter(|finding| finding.severity > Severity::Low).collect();
        assert!(alarms.is_empty(), "{}: {alarms:?}", sample.id);
    }
}

#[test]
fn a_cookie_is_found_by_its_field_and_the_bytes_of_the_number() {
    let fields: Fields = [("Host", "example.org"), ("Cookie", "a=1; msisdn=447700900123; _ga=GA1.2.447700900124.1")]
        .into_iter()
        .collect();
    let found = scan(b"/", &fields);
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&finding.location.name[..], finding.location.index), (&b"Cookie"[..], 1));
    assert_eq!((finding.span.clone(), &finding.value[..]), (12..24, &b"447700900123"[..]));
}

#[test]
fn a_target_has_no_name_and_index_zero() {
    for target in ["/a/b?x=1700000000000&msisdn=447700900123", "/msisdn/447700900123/x", "/a;msisdn=447700900123"] {
        let found = scan(target.as_bytes(), &Fields::new());
        let [finding] = found.as_slice() else { panic!("{target}: {found:?}") };
        assert_eq!((finding.location.part, finding.location.index), (Part::Target, 0));
        assert!(finding.location.name.is_empty());
        assert_eq!(&target[finding.span.clone()], "447700900123");
    }
}

#[test]
fn who_put_it_there_follows_the_channel() {
    use clir::detect::InsertedBy::{Carrier, Handset, Unknown};
    for (name, direction, cleartext, origin, reason) in [
        ("x-msisdn", Direction::Request, true, Carrier, "documented as a gateway's"),
        ("x-acme-msisdn", Direction::Request, true, Carrier, "words that gateways use"),
        ("via", Direction::Request, true, Carrier, "boxes on the way"),
        ("imei", Direction::Request, true, Unknown, "gateways and apps both"),
        ("x-my-mobile", Direction::Request, true, Unknown, "could have chosen"),
        ("x-iccid", Direction::Request, true, Handset, "documented as the phone's"),
        ("user-agent", Direction::Request, true, Handset, "phone itself"),
        ("x-msisdn", Direction::Request, false, Handset, "inside TLS"),
        ("x-msisdn", Direction::Response, true, Unknown, "in a response"),
        ("x-msisdn", Direction::Response, false, Unknown, "in a response inside TLS"),
    ] {
        let value = match name {
            "imei" => "490154203237518",
            "x-iccid" => "8944100000123456782",
            "via" => "1.1 gw.example (msisdn/447700900123)",
            "user-agent" => "Phone/1.0 (IMEI/490154203237518)",
            _ => "447700900123",
        };
        let fields: Fields = [(name, value)].into_iter().collect();
        let subject = Subject { direction, part: Part::Trailer, target: None, fields: &fields, cleartext };
        let found = SCANNER.scan(&subject);
        assert_eq!((found[0].origin, found[0].location.part), (origin, Part::Trailer), "{name}");
        assert!(found[0].origin_reason.contains(reason), "{name}: {}", found[0].origin_reason);
    }
    let found = scan(b"/?msisdn=447700900123", &Fields::new());
    assert_eq!((found[0].origin, found[0].origin_reason), (Handset, "the phone itself writes this part of a request"));
}

#[test]
fn responses_are_read_for_what_they_set() {
    let fields: Fields = [
        ("Set-Cookie", "msisdn=447700900123; Path=/; HttpOnly"),
        ("Cookie", "msisdn=447700900123"),
        ("Location", "http://portal.example/?t=1700000000123&msisdn=447700900123"),
        ("Referer", "http://portal.example/?msisdn=447700900123"),
    ]
    .into_iter()
    .collect();
    let subject =
        Subject { direction: Direction::Response, part: Part::Header, target: None, fields: &fields, cleartext: true };
    let found = SCANNER.scan(&subject);
    assert_eq!(found.iter().map(|finding| finding.location.index).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn ciphertext_under_a_telling_name_is_high_and_words_are_nothing() {
    let find = |value: &'static str| scan(b"/", &[("x-msisdn", value)].into_iter().collect());
    let found = find("e5a1fb55305247d6f35bd790d2a91dda");
    assert_eq!((found[0].identifier, found[0].severity), (Identifier::Msisdn, Severity::High));
    for value in ["", "unknown", "null", "-", "0", "anonymous", "\"\"", "(null)", "************"] {
        assert_eq!(find(value), [], "{value}");
    }
}

#[test]
fn a_word_of_everyday_wants_a_whole_number_and_no_date() {
    let find = |name: &'static str, value: &'static str| scan(b"/", &[(name, value)].into_iter().collect());
    assert_eq!(find("X-Caller", "447700900123")[0].identifier, Identifier::Msisdn);
    for value in ["201511151230", "277245252", "07700900123", "e5a1fb55305247d6f35bd790d2a91dda"] {
        assert_eq!(find("X-Caller", value), [], "{value}");
    }
}

fn any_fields() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let name = prop_oneof![
        Just(b"x-msisdn".to_vec()),
        Just(b"Cookie".to_vec()),
        Just(b"Referer".to_vec()),
        Just(b"User-Agent".to_vec()),
        Just(b"X-Network-Info".to_vec()),
        Just(b"x-acme-imsi".to_vec()),
        Just(b"Forwarded".to_vec()),
        Just(b"From".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..80),
    ];
    let value = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "[ -~]{0,200}".prop_map(String::into_bytes),
        "((msisdn|phone|imei|ser|x)[=:/ ])?(\\+|00|%2B)?447700900[0-9]{3}[;,& f]?".prop_map(String::into_bytes),
    ];
    proptest::collection::vec((name, value), 0..12)
}

proptest! {
    #[test]
    fn spans_lie_inside_and_values_are_their_bytes(
        pairs in any_fields(), target in proptest::collection::vec(any::<u8>(), 0..200), cleartext: bool, response: bool,
    ) {
        let fields: Fields = pairs.into_iter().collect();
        let direction = if response { Direction::Response } else { Direction::Request };
        let subject = Subject { direction, part: Part::Header, target: Some(&target), fields: &fields, cleartext };
        for finding in SCANNER.scan(&subject) {
            let text = match finding.location.part {
                Part::Target => &target[..],
                _ => &fields.get(finding.location.index).unwrap().value[..],
            };
            prop_assert!(finding.span.start < finding.span.end);
            prop_assert_eq!(text.get(finding.span.clone()), Some(&finding.value[..]));
        }
    }

    #[test]
    fn order_does_not_matter(pairs in any_fields()) {
        let forward: Fields = pairs.iter().cloned().collect();
        let backward: Fields = pairs.iter().rev().cloned().collect();
        let last = pairs.len().wrapping_sub(1);
        let told = |fields: &Fields, mirrored: bool| {
            let place = |index: usize| if mirrored { last - index } else { index };
            let mut told: Vec<_> = scan(b"", fields)
                .into_iter()
                .map(|f| (place(f.location.index), f.span.start, f.span.end, f.identifier, f.severity, f.confidence))
                .collect();
            told.sort();
            told
        };
        prop_assert_eq!(told(&forward, false), told(&backward, true));
    }
}

#[test]
fn one_value_is_one_thing() {
    for (name, value, kind) in [
        ("X-Acme-Subno", "447700900123", Identifier::Msisdn),
        ("X-WSB-Identity", "447700900123", Identifier::SubscriberId),
        ("P-Asserted-Identity", "<tel:+447700900123>", Identifier::Msisdn),
        ("P-Preferred-Identity", "\"A\" <sip:+447700900123@ims.example>", Identifier::Msisdn),
        ("x-acme-nai", "447700900123@carrier.example", Identifier::Account),
    ] {
        let found = scan(b"/", &[(name, value)].into_iter().collect());
        assert_eq!(found.iter().map(|finding| finding.identifier).collect::<Vec<_>>(), [kind], "{name}: {found:?}");
    }
}

#[test]
fn a_name_that_tells_is_likely_right_about_what_is_encrypted_or_national() {
    for value in ["8f14e45fceea167a5a36dedd4bea2543", "Zk3v9+Qm/1xyT0aB77Lq==", "07700900123"] {
        let found = scan(b"/", &[("X-Acme-MSISDN", value)].into_iter().collect());
        assert_eq!(found.len(), 1, "{value}");
        assert_eq!(found[0].confidence, clir::detect::Confidence::Likely, "{value}");
    }
}
