//! Is a value found inside a longer base64 text, whatever its alignment?

use super::*;

/// What a record has around its text: nothing that is text.
const BINARY: &[u8] = &[0x0a, 0x0c, 0xf3, 0x1a, 0x00, 0x91, 0x12];

fn record(before: usize, text: &str, behind: usize) -> Vec<u8> {
    [&BINARY[..before], text.as_bytes(), &BINARY[..behind]].concat()
}

#[test]
fn every_alignment_is_read_in_both_alphabets() {
    let values = [
        (Identifier::Msisdn, "447700900123"),
        (Identifier::Msisdn, "+44 7700 900123"),
        (Identifier::Imsi, IMSI),
        (Identifier::Imei, "49-015420-323751-8"),
        (Identifier::Iccid, ICCID),
        (Identifier::Account, "some.body@example.org"),
        (Identifier::Account, MAIL),
    ];
    for ((identifier, text), before, behind) in
        values.iter().flat_map(|value| (0..7).flat_map(move |before| (0..4).map(move |behind| (value, before, behind))))
    {
        let record = record(before, text, behind);
        for form in [STANDARD.encode(&record), STANDARD_NO_PAD.encode(&record), URL_SAFE_NO_PAD.encode(&record)] {
            for value in
                [form.clone(), format!("v1.{form}"), format!("p={form}; q=1"), percent(&form), format!("__{form}")]
            {
                let found = under_no_name(&value);
                assert_eq!(found.len(), 1, "{text} {before} {behind}: {value}: {found:?}");
                assert_eq!((found[0].identifier, found[0].confidence), (*identifier, Confidence::Certain), "{value}");
            }
        }
    }
}

#[test]
fn hexadecimal_digits_are_read_as_well() {
    for (text, before) in
        [NUMBER, "001-01-0123456789", "some.body@example.org"].iter().flat_map(|text| (0..4).map(move |n| (text, n)))
    {
        let form = hex(&record(before, text, 3));
        for value in [
            form.clone(),
            form.to_uppercase(),
            format!("0x{form}"),
            format!("a={form}; b"),
            STANDARD.encode(&form),
            format!("f{form}"),
        ] {
            let found = under_no_name(&value);
            assert_eq!(found.len(), 1, "{text} {before}: {value}: {found:?}");
        }
        let found = under_no_name(&form);
        assert!(found[0].span.len() <= text.len() * 2 || before == 0, "{form}: {:?}", found[0].span);
    }
}

#[test]
fn what_json_escapes_is_read() {
    let unicode: String = NUMBER.chars().map(|digit| format!("\\u{:04x}", u32::from(digit))).collect();
    let short: String = NUMBER.bytes().map(|digit| format!("\\x{digit:02X}")).collect();
    for escaped in [unicode, short, format!("\\u002B{NUMBER}"), "some.body\\u0040example.org".to_owned()] {
        let value = format!(r#"{{"a":1,"m":"{escaped}","b":2}}"#);
        for form in [value.clone(), percent(&value), STANDARD.encode(&value)] {
            assert_eq!(under_no_name(&form).len(), 1, "{form}");
        }
        let found = under_no_name(&value);
        assert!(found[0].span.start >= 12 && found[0].span.end <= value.len() - 8, "{value}: {:?}", found[0].span);
    }
}

#[test]
fn a_span_covers_the_letters_of_the_number() {
    for before in 1..4 {
        let form = STANDARD_NO_PAD.encode(record(before, NUMBER, 6));
        let found = under_no_name(&format!("a={form}"));
        let span = found[0].span.clone();
        let (first, last) = (before * 8 / 6, ((before + NUMBER.len()) * 8).div_ceil(6));
        assert_eq!((span.start, span.end), (2 + first, 2 + last), "{form}");
    }
}

#[test]
fn what_is_inside_is_decoded_as_well() {
    let inner = [hex(NUMBER.as_bytes()), STANDARD.encode(NUMBER), percent(NUMBER), hashes(NUMBER).remove(1)];
    for text in inner {
        for before in 1..4 {
            let form = STANDARD.encode(record(before, &text, 2));
            assert_eq!(under_no_name(&form).len(), 1, "{before} {text}: {form}");
        }
    }
}

#[test]
fn others_numbers_inside_are_not_found() {
    for other in ["447700900124", "1447700900123", "4477009001230", "body@example.org", "a00900123b"] {
        for before in 0..4 {
            let form = STANDARD.encode(record(before, other, 2));
            assert!(under_no_name(&form).is_empty(), "{before} {other}: {form}");
        }
    }
}

proptest! {
    #[test]
    fn any_record_gives_its_number_away(
        mut before in prop::collection::vec(any::<u8>(), 0..40),
        behind in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        before.push(0x0c);
        let form = URL_SAFE_NO_PAD.encode([&before, NUMBER.as_bytes(), &[0], &behind].concat());
        let found = under_no_name(&form);
        prop_assert!(!found.is_empty(), "{}", form);
        let mut masked = form.into_bytes();
        for finding in &found {
            masked[finding.span.clone()].fill(b'x');
        }
        prop_assert!(under_no_name(&String::from_utf8(masked).unwrap()).is_empty());
    }
}
