//! Is every form found in every place, and nothing that is another's?

mod hashed;
mod inlay;
mod wide;

use std::sync::LazyLock;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use proptest::prelude::*;

use hashed::hashes;

use super::*;
use crate::{
    detect::{InsertedBy, Part, Scanner, Severity},
    exchange::{Direction, Fields},
};

const NUMBER: &str = "447700900123";
const IMSI: &str = "001010123456789";
const IMEI: &str = "490154203237518";
const ICCID: &str = "8944100000123456782";
const MAIL: &str = "Some.Body@example.org";

fn own(list: &[(Identifier, &str)]) -> Scanner {
    let register = |(kind, value): &(Identifier, &str)| {
        Identity::new("mine".into(), *kind, &Sensitive::new((*value).to_owned())).unwrap()
    };
    let identities = Arc::new(Identities::new(list.iter().map(register).collect()));
    Scanner::new(Arc::new(SignatureSet::builtin())).with_identities(identities)
}

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    own(&[
        (Identifier::Msisdn, "+44 7700 900123"),
        (Identifier::Imsi, IMSI),
        (Identifier::Imei, "49-015420-323751-8"),
        (Identifier::Iccid, ICCID),
        (Identifier::Account, MAIL),
    ])
});

fn scan(scanner: &Scanner, direction: Direction, part: Part, target: Option<&[u8]>, fields: &Fields) -> Vec<Finding> {
    let subject = Subject { direction, part, target, fields, cleartext: true };
    let mut found = scanner.scan(&subject);
    for finding in &found {
        let field = || fields.get(finding.location.index).unwrap();
        let text = match finding.location.part {
            Part::Target => target.unwrap(),
            _ if finding.location.in_name => &field().name[..],
            _ => &field().value[..],
        };
        assert_eq!(&text[finding.span.clone()], &finding.value[..]);
    }
    found.retain(|finding| finding.detector == "identity");
    found
}

/// What is found under a name that says nothing.
fn under_no_name(value: &str) -> Vec<Finding> {
    let fields = Fields::from_iter([("x-zq", value.to_owned())]);
    scan(&SCANNER, Direction::Request, Part::Header, None, &fields)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn jwt(number: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"none"}"#), part(&format!(r#"{{"sub":"1","tel":"{number}"}}"#)))
}

/// The encodings of one spelling.
fn encodings(text: &str) -> Vec<String> {
    let mut list = vec![
        text.to_owned(),
        percent(text),
        STANDARD.encode(text),
        STANDARD_NO_PAD.encode(text),
        URL_SAFE.encode(text),
        URL_SAFE_NO_PAD.encode(text),
        hex(text.as_bytes()),
        hex(text.as_bytes()).to_uppercase(),
        format!(r#"{{"a":"b","c":{{"d":["{text}"]}}}}"#),
        jwt(text),
    ];
    let twice = list.iter().flat_map(|text| [STANDARD.encode(text), percent(text)]).collect::<Vec<_>>();
    list.push(STANDARD.encode(STANDARD.encode(hex(text.as_bytes()))));
    list.push(hex(STANDARD.encode(percent(text)).as_bytes()));
    list.push(percent(&STANDARD.encode(format!(r#"{{"t":"{}"}}"#, hex(text.as_bytes())))));
    list.extend(twice);
    list.extend(wide::encodings(text));
    list
}

fn spellings() -> Vec<(Identifier, &'static str)> {
    use Identifier::{Account, Iccid, Imei, Imsi, Msisdn};
    let numbers = [
        NUMBER,
        "+447700900123",
        "00447700900123",
        "01144770090012 3",
        "07700900123",
        "7700900123",
        "4407700900123",
        "+44 (0)7700 900123",
        "+44 (0) 7700 900123",
        "+44 7700 900 123",
        "(07700) 900123",
        "07700-900-123",
        "44.7700.900.123",
        "tel:+44-7700-900123",
        "<sip:+447700900123@ims.example;user=phone>",
        "321009007744",
        "447700091032",
        "91447700091032",
    ];
    let subscriptions =
        [IMSI, "0001010123456789@nai.epc.mnc001.mcc001.3gppnetwork.org", "0123456789", "987654321010100"];
    let filled = ["00010121436587 f9", "0809101010325476 98"].map(|text| text.replace(' ', ""));
    let filled = filled.map(|text| &*Box::leak(text.into_boxed_str()));
    let devices =
        [IMEI, "49015420323751", "490154203237510", "4901542032375121", "49-015420-323751-8", "815732302451094"];
    let cards =
        [ICCID, "894410000012345678", "8944100000123456782F", "8944 1000 0012 3456 782", "984401000021436587f2"];
    let mails = [
        MAIL,
        "some.body@example.org",
        "SOME.BODY@EXAMPLE.ORG",
        "mailto:some.body@example.org",
        "gro.elpmaxe@ydob.emos",
    ];
    let all = numbers.map(|text| (Msisdn, text)).into_iter().chain(subscriptions.map(|text| (Imsi, text)));
    let all = all.chain(filled.map(|text| (Imsi, text))).chain(devices.map(|text| (Imei, text)));
    all.chain(cards.map(|text| (Iccid, text))).chain(mails.map(|text| (Account, text))).collect()
}

#[test]
fn every_spelling_is_found_in_every_encoding() {
    let mut missed = Vec::new();
    for (identifier, spelling) in spellings() {
        for form in encodings(spelling) {
            let found = under_no_name(&form);
            let sound = |finding: &Finding| {
                (finding.identifier, finding.confidence) == (identifier, Confidence::Certain)
                    && finding.severity == Severity::Critical
                    && finding.signature.is_none()
            };
            if !found.iter().any(sound) {
                missed.push(format!("{spelling}: {form}: {found:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn every_place_is_looked_at() {
    for form in [NUMBER.to_owned(), STANDARD.encode(NUMBER), hashes(NUMBER).remove(0)] {
        for name in ["x-zq", "Cookie", "Referer", "User-Agent", "Via", "Authorization", "Host", "Accept"] {
            let fields = Fields::from_iter([("A", "b".to_owned()), (name, format!("q={form}; b"))]);
            for part in [Part::Header, Part::Trailer] {
                let found = scan(&SCANNER, Direction::Request, part, None, &fields);
                assert_eq!(found.len(), 1, "{name} {form}");
                assert_eq!((found[0].location.part, found[0].location.index), (part, 1));
            }
        }
        let fields = Fields::from_iter([("Set-Cookie", format!("q={form}; path=/"))]);
        assert_eq!(scan(&SCANNER, Direction::Response, Part::Header, None, &fields).len(), 1);
        for target in [format!("/a/{form}/b"), format!("/?q={form}&b"), format!("{form}.example:443")] {
            let found = scan(&SCANNER, Direction::Request, Part::Header, Some(target.as_bytes()), &Fields::new());
            assert_eq!((found.len(), found[0].origin), (1, InsertedBy::Handset), "{target}");
        }
    }
}

#[test]
fn the_span_covers_the_number_and_little_else() {
    let spans = [
        ("a=1; p=%7B%22t%22%3A%22%2B447700900123%22%7D; b=2", "447700900123"),
        ("u=%34%34%37%37%30%30%39%30%30%31%32%33&v=1", "%34%34%37%37%30%30%39%30%30%31%32%33"),
        ("x +44 7700 900123, y", "+44 7700 900123"),
        ("a=NDQ3NzAwOTAwMTIz==; b", "NDQ3NzAwOTAwMTIz"),
        ("q=%2B44%207700%20900123;", "%2B44%207700%20900123"),
    ];
    for (value, covered) in spans {
        let found = under_no_name(value);
        assert_eq!(found.len(), 1, "{value}");
        assert!(found[0].value.ends_with(covered.as_bytes()), "{value}: {:?}", found[0].value);
        assert!(found[0].value.len() <= covered.len() + 3, "{value}: {:?}", found[0].value);
    }
}

#[test]
fn few_digits_count_only_on_their_own() {
    for value in ["00900123", "a=00900123; b", "u=700900123&v", "\"00900123\""] {
        assert_eq!(under_no_name(value).len(), 1, "{value}");
    }
    for value in ["a00900123", "1.00900123", "00900123-4", "123 00900123 9.1", "5-00900123"] {
        let found = under_no_name(value);
        assert!(found.is_empty() || value.starts_with("123 "), "{value}");
    }
}

#[test]
fn what_is_anothers_is_not_found() {
    let others = [
        "447700900124",
        "+447700900122",
        "4477009001230",
        "1447700900123",
        "17447700900123001",
        "1700000000123",
        "44770090012",
        "20260122",
        "001010123456788",
        "490154203237526",
        "8944100000123456781",
        "body@example.org",
        "xsome.body@example.org",
        "some.body@example.organic",
        "NDQ3NzAwOTAwMTI0",
        "343437373030393030313234",
        "44,7700,900123",
        "44;7700 900124",
        "0x4477009001234",
        "GA1.2.1234567890.1700000000",
    ];
    for value in others {
        assert!(under_no_name(value).is_empty(), "{value}: {:?}", under_no_name(value));
        for hash in hashes(value).iter().filter(|_| value.len() < 20) {
            assert!(under_no_name(hash).is_empty(), "{value}: {hash}");
        }
    }
}

#[test]
fn a_documented_name_keeps_its_signature_and_lends_its_origin() {
    let values = [("x-up-calling-line-id", NUMBER.to_owned()), ("x-msisdn-hash", hashes(NUMBER).remove(1))];
    let fields = Fields::from_iter(values);
    let subject =
        Subject { direction: Direction::Request, part: Part::Header, target: None, fields: &fields, cleartext: true };
    let found = SCANNER.scan(&subject);
    assert_eq!(found[0].confidence, Confidence::Certain);
    assert_eq!(found[0].origin, InsertedBy::Carrier);
    assert_eq!(found.iter().filter(|finding| finding.location.index == 1).count(), 1);
    assert_eq!(found[1].confidence, Confidence::Certain);
}

#[test]
fn a_thousand_are_as_good_as_one() {
    let numbers: Vec<String> = (0..1000).map(|at| format!("+447700900{at:03}")).collect();
    let list: Vec<_> = numbers.iter().map(|number| (Identifier::Msisdn, number.as_str())).collect();
    let scanner = own(&list);
    let find = |value: &str| {
        let fields = Fields::from_iter([("x-zq", value.to_owned())]);
        scan(&scanner, Direction::Request, Part::Header, None, &fields).len()
    };
    for number in &numbers {
        assert_eq!(find(&STANDARD.encode(number)), 1);
        assert_eq!(find(&hashes(&number[1..])[1]), 1);
    }
    assert_eq!(find("447700901000"), 0);
}

#[test]
fn what_does_not_fit_its_kind_is_refused() {
    let refused = [
        (Identifier::Msisdn, "07700 900123", Misfit::NoCountry),
        (Identifier::Msisdn, "7700900123x", Misfit::NoNumber),
        (Identifier::Msisdn, "+9990000000", Misfit::NoCountry),
        (Identifier::Imei, "490154203237519", Misfit::NoImei),
        (Identifier::Imsi, "00101012345", Misfit::NoImsi),
        (Identifier::Iccid, IMEI, Misfit::NoIccid),
        (Identifier::Account, "me", Misfit::NoAccount),
        (Identifier::Account, "me@@example.org", Misfit::NoAccount),
        (Identifier::Device, "1", Misfit::NoNumber),
    ];
    for (identifier, value, why) in refused {
        let result = Identity::new("mine".into(), identifier, &Sensitive::new(value.to_owned()));
        assert_eq!(result.unwrap_err(), why, "{value}");
    }
    for value in [
        "+44 7700 900123",
        "00447700900123",
        "447700900123",
        "tel:+447700900123",
        "+1 202 555 0100",
        "+44 (0)7700 900123",
    ] {
        Identity::new("mine".into(), Identifier::Msisdn, &Sensitive::new(value.to_owned())).unwrap();
    }
}

#[test]
fn nothing_that_is_printed_holds_a_value() {
    let identity = Identity::new("mine".into(), Identifier::Msisdn, &Sensitive::new(format!("+{NUMBER}"))).unwrap();
    let printed = format!("{identity:?} {:?} {:?}", Identities::new(vec![identity.clone()]), *SCANNER);
    assert!(printed.contains("mine"));
    for secret in ["7700900123", "0123456789", "154203237", "example.org"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_read_without_panic(value in prop::collection::vec(any::<u8>(), 0..300), target in any::<Vec<u8>>()) {
        let fields = Fields::from_iter([("x-zq", value)]);
        scan(&SCANNER, Direction::Request, Part::Header, Some(&target), &fields);
    }

    /// Whatever stands around it and however it is written: no digit of it is left once the spans are masked.
    #[test]
    fn a_masked_span_leaves_no_digit(
        before in "[a-z=;:/ %+._-]{0,12}[=;: ]",
        picked in any::<prop::sample::Index>(),
        behind in "([;&,\"][a-z=%f@.-]{0,12})?",
        signs in prop::collection::vec(prop::sample::select(vec!["", "", " ", "-", "."]), 12),
    ) {
        let spaced: String = NUMBER.chars().zip(signs).flat_map(|(digit, sign)| [digit.to_string(), sign.to_owned()]).collect();
        let forms = encodings(spaced.trim_end_matches([' ', '-', '.']));
        let value = format!("{before}{}{behind}", picked.get(&forms));
        let found = under_no_name(&value);
        prop_assert!(!found.is_empty(), "{}", value);
        let mut masked = value.into_bytes();
        for finding in &found {
            masked[finding.span.clone()].fill(b'x');
        }
        let text = String::from_utf8_lossy(&masked).into_owned();
        prop_assert!(under_no_name(&text).is_empty(), "{}", text);
    }

    #[test]
    fn other_numbers_stay_silent(number in "4[0-9]{11}") {
        prop_assume!(number != NUMBER && !number.ends_with("00900123"));
        prop_assert!(under_no_name(&number).is_empty());
        prop_assert!(under_no_name(&STANDARD.encode(&number)).is_empty());
        prop_assert!(under_no_name(&hashes(&number)[3]).is_empty());
    }
}
