//! Do recognisers take what is right, in every way it is written, and leave the rest?

use proptest::prelude::*;

use super::*;
use Identifier::{Iccid, Imei, Imsi, Msisdn};

fn named(identifier: Identifier, value: &str) -> Option<Fit> {
    find(identifier, value.as_bytes(), Effort::Named).map(|hit| hit.fit)
}

fn part(identifier: Identifier, value: &str) -> &str {
    let hit = find(identifier, value.as_bytes(), Effort::Named).unwrap_or_else(|| panic!("nothing in {value}"));
    &value[hit.span]
}

#[test]
fn numbers_are_found_however_they_are_written() {
    for value in [
        "447700900123",
        "+447700900123",
        "00447700900123",
        "+44 7700 900123",
        "+44-7700-900-123",
        "+44.7700.900123",
        "+44 (0)7700 900123",
        "\"447700900123\"",
        "<tel:+447700900123>",
        "\"A\" <sip:+447700900123@ims.example;user=phone>",
        "447700900123, 192.0.2.26",
        "GPRS,447700900123,10.1.2.3,wap.apn,unsecured",
        "id=447700900123;t=1",
        "{\"v\": \"447700900123\", \"t\": 3}",
        "msisdn-447700900123",
        "15555550100",
        "+1 (555) 555-0100",
        "(+44)7700900123",
        "\u{200b}447700900123",
    ] {
        assert!(named(Msisdn, value) <= Some(Fit::Formed) && named(Msisdn, value).is_some(), "{value}");
    }
}

#[test]
fn numbers_are_found_however_they_are_encoded() {
    for (value, how) in [
        ("%2B447700900123", "percent"),
        ("NDQ3NzAwOTAwMTIz", "base64"),
        ("KzQ0NzcwMDkwMDEyMw", "base64 without padding"),
        ("NDQ3NzAwOTAwMTIz%3D%3D", "base64 inside percent"),
        ("343437373030393030313233", "hexadecimal"),
        ("MzQzNDM3MzczMDMwMzkzMDMwMzEzMjMz", "hexadecimal inside base64"),
        ("eyJtc2lzZG4iOiAiNDQ3NzAwOTAwMTIzIn0=", "JSON inside base64"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiI0NDc3MDA5MDAxMjMifQ.c2ln", "JSON Web Token"),
        ("447700091032", "swapped"),
        ("321009007744", "reversed"),
    ] {
        assert!(named(Msisdn, value).is_some_and(|fit| fit <= Fit::Formed), "{how}");
    }
    assert_eq!(named(Imsi, &swapped("001010123456789f")), Some(Fit::Checked));
}

fn swapped(digits: &str) -> String {
    digits.as_bytes().chunks(2).flat_map(|pair| pair.iter().rev()).map(|&byte| char::from(byte)).collect()
}

#[test]
fn the_span_covers_the_number_and_no_more() {
    assert_eq!(part(Msisdn, "447700900123, 192.0.2.26"), "447700900123");
    assert_eq!(part(Msisdn, "\"A\" <sip:+447700900123@ims.example>"), "+447700900123");
    assert_eq!(part(Msisdn, "(02) 34567890"), "(02) 34567890");
    assert_eq!(part(Msisdn, "a=1;id=NDQ3NzAwOTAwMTIz;b=2"), "NDQ3NzAwOTAwMTIz");
    assert_eq!(part(Imsi, "0001010123456789@nai.epc.mnc01.mcc001.3gppnetwork.org"), "0001010123456789");
}

#[test]
fn national_numbers_are_odd_and_words_are_nothing() {
    for value in ["07700900123", "7700900123", "5550100"] {
        assert_eq!(named(Msisdn, value), Some(Fit::Odd), "{value}");
    }
    for value in ["", "0", "000000000000", "111111111111", "123456789", "unknown", "192.0.2.26", "12.5", "1", "n/a"] {
        assert_eq!(named(Msisdn, value), None, "{value}");
    }
}

#[test]
fn check_digits_and_countries_count() {
    assert_eq!(named(Imei, "490154203237518"), Some(Fit::Checked));
    assert_eq!(named(Imei, "49-015420-323751-8"), Some(Fit::Checked));
    assert_eq!(named(Imei, "49015420-323751-81"), Some(Fit::Formed));
    assert_eq!(named(Imei, "490154203237519"), Some(Fit::Odd));
    assert_eq!(named(Imei, "49015420323751"), Some(Fit::Formed));
    assert_eq!(named(Imei, "urn:gsma:imei:49015420-323751-0"), Some(Fit::Formed));
    assert_eq!(named(Imei, "urn:gsma:imei:49015420-323751-0;svn=42"), Some(Fit::Formed));
    assert_eq!(named(Imei, "imeisv-4901542032375142"), Some(Fit::Formed));
    assert_eq!(named(Imei, "A0000012345678"), Some(Fit::Formed));
    assert_eq!(named(Imei, "meid:a0000012345678"), Some(Fit::Formed));
    assert_eq!(named(Imei, "268435456000123456"), Some(Fit::Formed));
    assert_eq!(named(Imei, "5fa86fafe83e0b"), None);
    assert_eq!(named(Imei, "49015420323"), None);
    assert_eq!(named(Imsi, "001010123456789"), Some(Fit::Checked));
    assert_eq!(named(Imsi, "00101012345678"), Some(Fit::Formed));
    assert_eq!(named(Imsi, "imsi-001010123456789"), Some(Fit::Checked));
    assert_eq!(named(Imsi, "001550123456789"), Some(Fit::Formed));
    assert_eq!(named(Imsi, "199010123456789"), Some(Fit::Odd));
    assert_eq!(named(Iccid, "8988300000000000013"), Some(Fit::Checked));
    assert_eq!(named(Iccid, "8988300000000000013F"), Some(Fit::Checked));
    assert_eq!(named(Iccid, "8988 3000 0000 0000 013"), Some(Fit::Checked));
    assert_eq!(named(Iccid, &swapped("8988300000000000013f")), Some(Fit::Checked));
    assert_eq!(named(Iccid, "8988300000000000014"), Some(Fit::Odd));
    assert_eq!(named(Iccid, "4488300000000000013"), None);
}

#[test]
fn a_hint_is_no_licence_to_turn_digits_round() {
    assert_eq!(named(Msisdn, "321009007744"), Some(Fit::Checked));
    assert_eq!(find(Msisdn, b"321009007744", Effort::Hinted).map(|hit| hit.fit), Some(Fit::Odd));
}

#[test]
fn without_any_name_only_forms_of_a_number_count() {
    for value in ["+447700900123", "%2B447700900123", "NDQ3NzAwOTAwMTIz", "343437373030393030313233"] {
        assert!(unnamed_number(value.as_bytes()).is_some(), "{value}");
    }
    for value in ["447700900123", "1700000000000", "MTcwMDAwMDAwMDAwMA==", "447700900123%20", "+1700000000000", "+20"] {
        assert_eq!(unnamed_number(value.as_bytes()), None, "{value}");
    }
}

#[test]
fn opaque_values_are_told_from_words() {
    for value in
        ["e5a1fb55305247d6f35bd790d2a91dda", "sttKLG+KHUeLsiW15CIhMQEhcvedPSDpn3ilyfIUC4Y=", "aknc89ndakkk2r87"]
    {
        assert!(is_cipher(value.as_bytes(), 8), "{value}");
    }
    for value in
        ["unknown", "not available", "UDP,security=0", "192.0.2.1", "xxxxxxxxxxxx", "********1234", "Nokia phone 3"]
    {
        assert!(!is_cipher(value.as_bytes(), 8), "{value}");
    }
}

#[test]
fn inner_addresses_are_told_from_public_ones() {
    let inside = |text: &str| first_inside(text.as_bytes()).is_some();
    for text in [
        "10.1.2.3",
        "IP=10.103.132.128",
        "10.2.3.4:1034",
        "100.64.0.1",
        "fd00::1",
        "::ffff:192.168.0.1",
        "203, 10.0.0.1",
        "203.0.113.7, 10.0.0.1",
        "[fd00::1]:8080",
        "[::ffff:10.1.2.3]:443",
        "fd00::1%25wlan0",
        "ip:10.1.2.3",
        "UE-IP:172.16.0.9:5060",
        "10.1.2.3/32",
        "{\"ip\":\"100.127.255.254\"}",
    ] {
        assert!(inside(text), "{text}");
    }
    for text in ["192.0.2.1", "100.128.0.1", "2001:db8::1", "10.1.2", "1.2.3.4.5", "12:30"] {
        assert!(!inside(text), "{text}");
    }
}

#[test]
fn the_tables_are_read_whole() {
    let rows = include_str!("numbering.tsv").lines().filter(|line| !line.starts_with('#'));
    for row in rows {
        let columns: Vec<_> = row.split('\t').collect();
        assert_eq!(columns.len(), 5, "{row}");
        assert!(msisdn::starts_with_country(columns[0].as_bytes()), "{row}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_fine_and_spans_lie_inside(value in proptest::collection::vec(any::<u8>(), 0..600)) {
        for &identifier in Identifier::ALL {
            for effort in [Effort::Named, Effort::Hinted] {
                if let Some(hit) = find(identifier, &value, effort) {
                    prop_assert!(hit.span.start < hit.span.end && hit.span.end <= value.len());
                }
            }
            whole(identifier, &value, true);
        }
        if let Some((span, _)) = first_address(&value) {
            prop_assert!(value.get(span).is_some());
        }
        unnamed_number(&value);
    }

    #[test]
    fn numbers_survive_every_nesting_up_to_three(order in proptest::collection::vec(0..3usize, 0..=3), last in 0..1000u32) {
        let mut value = format!("+447700900{last:03}");
        for how in order {
            value = match how {
                0 => value.bytes().map(|byte| format!("%{byte:02X}")).collect(),
                1 => value.bytes().map(|byte| format!("{byte:02x}")).collect(),
                _ => base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &value),
            };
        }
        prop_assert_eq!(named(Msisdn, &value), Some(Fit::Checked), "{}", value);
    }
}
