//! Is every form found in wider signs, in base32, as packed digits and in names, and nothing that is another's?

use super::*;

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

fn percent_bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

fn full_width(text: &str) -> String {
    let wide = |sign: char| if sign.is_ascii_graphic() { char::from_u32(sign as u32 + 0xfee0).unwrap() } else { sign };
    text.chars().map(wide).collect()
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") }
}

/// RFC 4648 §6 or §7, with padding.
fn base32(bytes: &[u8], letters: &[u8; 32]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let letter = |five: &[u8]| {
        let five = format!("{:0<5}", std::str::from_utf8(five).unwrap());
        char::from(letters[usize::from_str_radix(&five, 2).unwrap()])
    };
    let text: String = bits.as_bytes().chunks(5).map(letter).collect();
    let padding = "=".repeat(text.len().next_multiple_of(8) - text.len());
    text + &padding
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const EXTENDED: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// The encodings of one spelling whose signs are wider, or that are letters and few digits.
pub(super) fn encodings(text: &str) -> Vec<String> {
    let wide = full_width(text);
    let mut list = vec![
        text.bytes().map(|byte| format!("{}%00", escaped(byte))).collect(),
        text.bytes().map(|byte| format!("%00%{byte:02x}")).collect(),
        text.bytes().map(|byte| format!("%u{:04x}", u32::from(byte))).collect(),
        wide.chars().map(|sign| format!("\\u{:04x}", u32::from(sign))).collect(),
        percent_bytes(wide.as_bytes()),
        STANDARD.encode(&wide),
        hex(wide.as_bytes()),
        base32(text.as_bytes(), LETTERS),
        base32(text.as_bytes(), LETTERS).trim_end_matches('=').to_lowercase(),
        base32(text.as_bytes(), EXTENDED),
        base32(STANDARD.encode(text).as_bytes(), LETTERS),
        STANDARD.encode(base32(text.as_bytes(), LETTERS)),
        wide,
    ];
    for little in [true, false] {
        let bytes = utf16(text, little);
        let marked = [utf16("\u{feff}", little), bytes.clone()].concat();
        list.extend([percent_bytes(&bytes), STANDARD.encode(&bytes), hex(&bytes).to_uppercase(), hex(&marked)]);
        list.extend([STANDARD.encode(&marked), STANDARD_NO_PAD.encode(hex(&bytes)), base32(&bytes, LETTERS)]);
    }
    list
}

fn octets(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// Digits two by two: straight, with a filler behind or a zero in front, and swapped.
fn packed(digits: &str) -> Vec<Vec<u8>> {
    let even = digits.len().is_multiple_of(2);
    let filled = if even { digits.to_owned() } else { format!("{digits}f") };
    let led = if even { format!("0{digits}f") } else { format!("0{digits}") };
    let swapped: String = filled.as_bytes().chunks(2).flat_map(|pair| [pair[1] as char, pair[0] as char]).collect();
    [filled, led, swapped].iter().map(|digits| octets(digits)).collect()
}

#[test]
fn packed_digits_are_found_in_base64_wherever_in_a_record_they_stand() {
    let numbers =
        [(Identifier::Msisdn, NUMBER), (Identifier::Imsi, IMSI), (Identifier::Imei, IMEI), (Identifier::Iccid, ICCID)];
    for (identifier, number) in numbers {
        for octets in packed(number) {
            for (before, behind) in
                [(&b""[..], &b""[..]), (b"\x86\x07\x91", b""), (b"\xfe", b"\x00\xff"), (b"ab", b"c")]
            {
                let record = [before, &octets, behind].concat();
                let plain = STANDARD.encode(&record);
                let forms = [
                    plain.clone(),
                    format!("a=b; c={plain}"),
                    URL_SAFE_NO_PAD.encode(&record),
                    STANDARD.encode(&plain),
                ];
                for form in forms {
                    let found = under_no_name(&form);
                    assert!(found.iter().any(|finding| finding.identifier == identifier), "{octets:02x?}: {form}");
                }
            }
        }
    }
    assert_eq!(under_no_name("x/RHcAkAEj/y")[0].value, "RHcAkAEj");
}

#[test]
fn others_packed_digits_are_not() {
    for other in ["447700900124", "144770090012", "4477009001", "001010123456788", "0090012300900124"] {
        for octets in packed(other) {
            let form = STANDARD.encode([b"\x86\x07", &octets[..], b"\x01"].concat());
            assert!(under_no_name(&form).is_empty(), "{other}: {form}");
        }
    }
}

#[test]
fn the_span_covers_what_is_wide() {
    let spans = [
        ("a ４４７７００９００１２３ b", "４４７７００９００１２３"),
        ("q=%004%004%007%007%000%000%009%000%000%001%002%003&v", "4%004%007%007%000%000%009%000%000%001%002%003"),
        ("q=GQ2DONZQGA4TAMBRGIZQ====&v", "GQ2DONZQGA4TAMBRGIZQ"),
        ("q=gq2donzqga4tambrgizq&v", "gq2donzqga4tambrgizq"),
    ];
    for (value, covered) in spans {
        let found = under_no_name(value);
        assert_eq!(found.len(), 1, "{value}");
        assert!(found[0].value.ends_with(covered.as_bytes()), "{value}: {:?}", found[0].value);
        assert!(found[0].value.len() <= covered.len() + 3, "{value}: {:?}", found[0].value);
    }
}

/// What is found of these fields.
fn fields_of(pairs: &[(&str, &str)]) -> Vec<Finding> {
    let fields: Fields = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    scan(&SCANNER, Direction::Request, Part::Header, None, &fields)
}

#[test]
fn a_number_in_a_name_is_found_there() {
    let hash = hashes(NUMBER).remove(0);
    for (name, covered) in [
        ("X-447700900123", NUMBER),
        ("x-user-447700900123", NUMBER),
        ("07700900123-Id", "07700900123"),
        ("X-44-7700-900123-B", "44-7700-900123"),
        (IMSI, IMSI),
        ("X-343437373030393030313233", "343437373030393030313233"),
        (&hash, &hash),
    ] {
        let found = fields_of(&[("Accept", "*/*"), (name, "1")]);
        assert_eq!(found.len(), 1, "{name}");
        let Finding { location, span, value, .. } = &found[0];
        assert_eq!((&location.name[..], location.index, location.in_name), (name.as_bytes(), 1, true));
        assert_eq!(&name.as_bytes()[span.clone()], &value[..]);
        assert!(value.ends_with(covered.as_bytes()), "{name}: {value:?}");
    }
    let both = fields_of(&[("X-447700900123", NUMBER)]);
    assert_eq!(both.iter().map(|finding| finding.location.in_name).collect::<Vec<_>>(), [true, false]);
    for name in ["X-447700900124", "X-4477009001230", "X-1", "sec-ch-ua-platform-version", "X-Build-20221122"] {
        assert!(fields_of(&[(name, "1")]).is_empty(), "{name}");
    }
}

proptest! {
    #[test]
    fn any_name_is_read_without_panic(name in prop::collection::vec(any::<u8>(), 0..80), value in any::<Vec<u8>>()) {
        let fields = Fields::from_iter([(name, value)]);
        scan(&SCANNER, Direction::Request, Part::Trailer, None, &fields);
    }

    #[test]
    fn any_record_of_packed_digits_gives_its_number_away(
        before in prop::collection::vec(any::<u8>(), 0..40),
        behind in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        // What stands before may join the number, which is another one then.
        let form = URL_SAFE_NO_PAD.encode([&before[..], b"\xff", &octets(NUMBER), b"\xff", &behind].concat());
        let found = under_no_name(&form);
        prop_assert!(!found.is_empty(), "{}", form);
        let mut masked = form.into_bytes();
        for finding in &found {
            masked[finding.span.clone()].fill(b'x');
        }
        prop_assert!(under_no_name(&String::from_utf8(masked).unwrap()).is_empty());
    }
}
