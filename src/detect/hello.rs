//! What does an extension of a ClientHello tell of the subscriber?
//!
//! Only those are looked at that no client is known to send. A box on the way can insert one into the first packet of
//! every TLS connection, where it reaches each site in clear. That it is there is a finding by itself; what it holds says
//! how bad it is.

use bytes::Bytes;

use super::{
    Confidence, Found, Identifier, Part, Severity, Subject,
    origin::Writer,
    report::{Place, severity_of},
    value::{Effort, Fit, find},
};
use crate::exchange::{Direction, Field, Fields};

/// The name that stands in findings.
const NAME: &str = "hello-extension";
/// A hello built to be slow is looked at no further.
const MOST: usize = 16;
const LONGEST: usize = 512;
/// Packed digits are short: a card has twenty, in ten octets, and a header before them.
const LONGEST_PACKED: usize = 24;
/// No number that is worth a look is shorter.
const SHORTEST: usize = 8;
/// Where digits could be of several kinds, the one with the strictest check comes first.
const NUMBERS: [Identifier; 4] = [Identifier::Iccid, Identifier::Imsi, Identifier::Imei, Identifier::Msisdn];

/// The extensions as a list of fields, named by their number.
pub(super) fn fields(extensions: &[(u16, &[u8])]) -> Fields {
    let content = |content: &[u8]| Bytes::copy_from_slice(content.get(..LONGEST).unwrap_or(content));
    extensions.iter().take(MOST).map(|(kind, bytes)| (kind.to_string(), content(bytes))).collect()
}

/// What is looked at.
pub(super) fn subject(fields: &Fields) -> Subject<'_> {
    Subject { direction: Direction::Request, part: Part::Hello, target: None, fields, cleartext: true }
}

/// Each extension is a finding: a number where it holds one, a pseudonym where it holds anything else.
pub(super) fn detect(subject: &Subject<'_>, found: &mut Found) {
    for (index, field) in subject.fields.iter().enumerate() {
        let place = Place::field(subject, NAME, index, field).by(Writer::Stranger);
        match number(field) {
            Some((identifier, span)) => {
                found.put(&place, identifier, severity_of(identifier), Confidence::Likely, span);
            }
            None if field.value.is_empty() => {
                found.put(&place, Identifier::Network, Severity::Low, Confidence::Possible, 0..0);
            }
            None => {
                let identifier = Identifier::SubscriberId;
                let confidence = if looks_assigned(&field.value) { Confidence::Likely } else { Confidence::Possible };
                found.put(&place, identifier, severity_of(identifier), confidence, 0..field.value.len());
            }
        }
    }
}

/// A number that stands there in text, possibly encoded, or as packed digits.
fn number(field: &Field) -> Option<(Identifier, std::ops::Range<usize>)> {
    let mut start = 0;
    for run in field.value.split(|byte| !byte.is_ascii_graphic()) {
        let checked = NUMBERS.into_iter().filter(|_| run.len() >= SHORTEST).find_map(|identifier| {
            let hit = find(identifier, run, Effort::Hinted).filter(|hit| hit.fit == Fit::Checked)?;
            Some((identifier, start + hit.span.start..start + hit.span.end))
        });
        if checked.is_some() {
            return checked;
        }
        start += run.len() + 1;
    }
    packed(&field.value).map(|identifier| (identifier, 0..field.value.len()))
}

/// Two digits an octet, as networks write numbers (3GPP TS 29.002 §17.7.8), the first digit in either half.
fn packed(content: &[u8]) -> Option<Identifier> {
    if content.len() > LONGEST_PACKED || content.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    // A header of type and length, or none.
    [0, 1, 2, 4].into_iter().filter_map(|header| content.get(header..)).find_map(|octets| {
        let plain: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let swapped: String = octets.iter().map(|octet| format!("{:02x}", octet.rotate_left(4))).collect();
        [plain, swapped].iter().map(|digits| digits.trim_end_matches('f')).find_map(|digits| {
            let is_number = digits.len() >= SHORTEST && digits.bytes().all(|byte| byte.is_ascii_digit());
            let fits = |identifier: &Identifier| {
                find(*identifier, digits.as_bytes(), Effort::Clear).is_some_and(|hit| hit.fit == Fit::Checked)
            };
            NUMBERS.into_iter().filter(|_| is_number).find(fits)
        })
    })
}

/// Long enough to tell everybody apart, and not all of one octet, as padding is.
fn looks_assigned(content: &[u8]) -> bool {
    content.len() >= SHORTEST && content.iter().any(|octet| Some(octet) != content.first())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        detect::{Identities, Identity, Scanner, SignatureSet},
        exchange::Sensitive,
    };

    fn found(content: &[u8]) -> (Identifier, Confidence, std::ops::Range<usize>) {
        let findings = Scanner::new(SignatureSet::builtin().into()).hello(&[(17_516, content)]);
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!((finding.location.part, &*finding.location.name), (Part::Hello, b"17516".as_slice()));
        assert_eq!(finding.value, content[finding.span.clone()]);
        (finding.identifier, finding.confidence, finding.span.clone())
    }

    #[test]
    fn a_number_is_told_by_its_value() {
        assert_eq!(found(b"447700900123"), (Identifier::Msisdn, Confidence::Likely, 0..12));
        assert_eq!(found(b"\0\x0c447700900123"), (Identifier::Msisdn, Confidence::Likely, 2..14));
        assert_eq!(found(b"001010123456789").0, Identifier::Imsi);
        assert_eq!(found(b"NDQ3NzAwOTAwMTIz").0, Identifier::Msisdn, "in base64");
    }

    #[test]
    fn packed_digits_are_read() {
        assert_eq!(found(&[0x44, 0x77, 0x00, 0x90, 0x01, 0x23]).0, Identifier::Msisdn);
        assert_eq!(found(&[0x44, 0x77, 0x00, 0x09, 0x10, 0x32]).0, Identifier::Msisdn, "digits swapped");
        assert_eq!(found(&[1, 6, 0x44, 0x77, 0x00, 0x90, 0x01, 0x23]).0, Identifier::Msisdn, "behind a header");
    }

    #[test]
    fn anything_else_is_a_pseudonym_and_nothing_is_no_more_than_a_sign() {
        assert_eq!(found(b"\x8a\x12\x9f\x03\x77\xc1\x55\x20\xee\x01").0, Identifier::SubscriberId);
        assert_eq!(found(b"\x01").1, Confidence::Possible);
        assert_eq!(found(b"\0\0\0\0\0\0\0\0\0\0").1, Confidence::Possible, "padding");
        assert_eq!(found(b""), (Identifier::Network, Confidence::Possible, 0..0));
        assert!(Scanner::new(SignatureSet::builtin().into()).hello(&[]).is_empty());
    }

    #[test]
    fn the_users_own_number_is_certain() {
        let number = Sensitive::new("+44 7700 900123".to_owned());
        let identity = Identity::new("mine".into(), Identifier::Msisdn, &number).unwrap();
        let scanner =
            Scanner::new(SignatureSet::builtin().into()).with_identities(Arc::new(Identities::new(vec![identity])));
        let findings = scanner.hello(&[(17_516, b"447700900123")]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].confidence, Confidence::Certain);
    }

    #[test]
    fn a_crowd_is_bounded() {
        let content = vec![b'7'; 60_000];
        let crowd: Vec<_> = (0..2000).map(|kind| (kind, content.as_slice())).collect();
        assert_eq!(Scanner::new(SignatureSet::builtin().into()).hello(&crowd).len(), MOST);
    }
}
