//! Is every spelling known that somebody may have hashed?

use super::*;

pub(super) fn hashes(text: &str) -> Vec<String> {
    use sha2::Digest;
    let all = [md5::Md5::digest(text).to_vec(), sha1::Sha1::digest(text).to_vec(), sha2::Sha256::digest(text).to_vec()];
    all.iter()
        .flat_map(|hash| {
            let hex = hex(hash);
            let bases = [STANDARD.encode(hash), STANDARD_NO_PAD.encode(hash), URL_SAFE.encode(hash)];
            [hex.to_uppercase(), hex].into_iter().chain(bases).chain([URL_SAFE_NO_PAD.encode(hash)])
        })
        .collect()
}

#[test]
fn every_hash_of_every_spelling_is_found() {
    let all = [
        (Identifier::Msisdn, &[NUMBER, "+447700900123", "00447700900123", "07700900123", "7700900123", "00900123"][..]),
        (
            Identifier::Msisdn,
            &[
                "+44 7700 900123",
                "07700 900123",
                "07700-900123",
                "(07700) 900 123",
                "+44 (0)7700 900123",
                "44.7700.900123",
            ],
        ),
        (Identifier::Imsi, &[IMSI, "001-01-0123456789", "001 01 0123456789"]),
        (Identifier::Imei, &[IMEI, "49015420323751", "49-015420-323751-8", "490154-20-323751-8", "49 015420 323751 8"]),
        (Identifier::Iccid, &[ICCID, "8944 1000 0012 3456 782", "8944-1000-0012-3456-782"]),
        (
            Identifier::Account,
            &[MAIL, "some.body@example.org", "SOME.BODY@EXAMPLE.ORG", "Some.body@example.org", "somebody@example.org"],
        ),
    ];
    for (identifier, spellings) in all {
        for spelling in spellings.iter().flat_map(|spelling| [spelling.to_string(), format!("{spelling}\n")]) {
            every_form_is_found(identifier, &spelling);
        }
    }
}

fn every_form_is_found(identifier: Identifier, spelling: &str) {
    for hash in hashes(spelling) {
        for form in [hash.clone(), format!("v=1;h={hash}"), format!(r#"["{hash}"]"#), STANDARD.encode(&hash)] {
            let found = under_no_name(&form);
            assert_eq!(found.len(), 1, "{spelling}: {form}");
            assert_eq!((found[0].identifier, found[0].severity), (identifier, Severity::High), "{spelling}: {form}");
        }
    }
}

#[test]
fn advertisers_leave_out_what_does_not_count() {
    let scanner = own(&[(Identifier::Account, "Some.Body+Shop@Example.org")]);
    for spelling in
        ["some.body@example.org", "somebody@example.org", "some.body+shop@example.org", "Some.Body+Shop@example.org"]
    {
        let fields = Fields::from_iter([("x-zq", hashes(spelling).remove(1))]);
        assert_eq!(scan(&scanner, Direction::Request, Part::Header, None, &fields).len(), 1, "{spelling}");
    }
}

/// Numbers of every country, made at run time, as people there write them.
#[test]
fn numbers_of_other_countries_are_known_as_they_are_written() {
    let written = [
        ("12025550100", "(202) 555-0100"),
        ("12025550100", "+1-202-555-0100"),
        ("33639980000", "06 39 98 00 00"),
        ("61491570006", "0491 570 006"),
        ("61491570006", "+61 491 570 006"),
    ];
    for (plain, spelling) in written {
        let scanner = own(&[(Identifier::Msisdn, &format!("+{plain}"))]);
        let fields = Fields::from_iter([("x-zq", hashes(spelling).remove(9))]);
        assert_eq!(scan(&scanner, Direction::Request, Part::Header, None, &fields).len(), 1, "{spelling}");
    }
}
