//! What does a stapled answer say about a certificate?
//!
//! An origin may send along what the authority's responder says of its certificate (RFC 6066 §8, RFC 6960). Nothing is
//! fetched here: asking a responder would tell it which site a phone visits. Signatures are [`signer`]'s part.

mod signer;

use der::{Decode as _, asn1::ObjectIdentifier};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_ocsp::{CertId, CertStatus, OcspGeneralizedTime, OcspResponse, OcspResponseStatus, SingleResponse};

use signer::Signed;
pub use signer::{Algorithms, Issuer};

/// No honest answer about one certificate is larger, delegated certificate included.
const MAX_BYTES: usize = 32 * 1024;
/// An answer speaks of one certificate, or of a few that were asked for together.
const MAX_ANSWERS: usize = 64;
/// How far a responder's clock may be ahead of ours, in seconds.
const SKEW: i64 = 5 * 60;
/// How long an answer counts that names no end of its own, and the longest that any counts, in seconds: ten days, which
/// public authorities may not exceed (CA/Browser Forum Baseline Requirements §4.9.10).
const LIFETIME: i64 = 10 * 24 * 60 * 60;

/// The reason `certificateHold` (RFC 5280 §5.3.1).
const ON_HOLD: u32 = 6;
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// What the authority says of the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It stands by it.
    Good,
    /// It has taken it back, at this second since 1970.
    Revoked(i64),
}

/// Reads an answer about the certificate with this serial number, at this second since 1970.
///
/// A revocation is final, so an answer that says so counts however old it is; unless it only suspends ("certificate
/// hold", RFC 5280 §5.3.1).
///
/// # Errors
/// Why the answer tells nothing, as half a sentence about "it".
pub fn read(
    answer: &[u8],
    serial: &[u8],
    issuer: &Issuer<'_>,
    now: i64,
    algorithms: Algorithms,
) -> Result<Standing, &'static str> {
    if answer.len() > MAX_BYTES {
        return Err("it is too large");
    }
    let response = OcspResponse::from_der(answer).map_err(|_| "it cannot be read")?;
    let bytes = match (response.response_status, response.response_bytes) {
        (OcspResponseStatus::Successful, Some(bytes)) if bytes.response_type == BASIC => bytes,
        (OcspResponseStatus::Successful, _) => return Err("it is of an unknown kind"),
        _ => return Err("the responder could not answer"),
    };
    let signed = Signed::read(bytes.response.as_bytes())?;
    signed.verify(issuer, now, algorithms)?;
    let data = signed.data();
    if data.response_extensions.iter().flatten().any(|extension| extension.critical) {
        return Err("it makes a demand that is not understood here");
    }
    let about = |single: &&SingleResponse| is_about(&single.cert_id, serial, issuer);
    let single = data.responses.iter().take(MAX_ANSWERS).find(about).ok_or("it is about another certificate")?;
    judge(single, now)
}

fn judge(single: &SingleResponse, now: i64) -> Result<Standing, &'static str> {
    if single.single_extensions.iter().flatten().any(|extension| extension.critical) {
        return Err("it makes a demand that is not understood here");
    }
    let is_current = is_current(single, now);
    match &single.cert_status {
        CertStatus::Revoked(info) => {
            if info.revocation_reason.is_some_and(|reason| reason as u32 == ON_HOLD) {
                is_current?;
            }
            Ok(Standing::Revoked(seconds(&info.revocation_time)))
        }
        CertStatus::Good(_) => is_current.map(|()| Standing::Good),
        CertStatus::Unknown(_) => Err("the responder does not know the certificate"),
    }
}

fn is_current(single: &SingleResponse, now: i64) -> Result<(), &'static str> {
    let from = seconds(&single.this_update);
    let longest = from.saturating_add(LIFETIME);
    let until = single.next_update.as_ref().map_or(longest, |next| seconds(next).min(longest));
    match now {
        _ if now < from.saturating_sub(SKEW) => Err("its time has not come"),
        _ if now > until => Err("it is out of date"),
        _ => Ok(()),
    }
}

fn is_about(id: &CertId, serial: &[u8], issuer: &Issuer<'_>) -> bool {
    let hash = |bytes: &[u8]| match id.hash_algorithm.oid {
        SHA1 => Sha1::digest(bytes).to_vec(),
        SHA256 => Sha256::digest(bytes).to_vec(),
        // What names its issuer in another way is about nobody that is known.
        _ => Vec::new(),
    };
    unsigned(id.serial_number.as_bytes()) == unsigned(serial)
        && id.issuer_name_hash.as_bytes() == hash(issuer.name)
        && id.issuer_key_hash.as_bytes() == hash(issuer.key_bits())
}

/// A number without the zeros that only keep it positive (X.690 §8.3).
fn unsigned(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

fn seconds(time: &OcspGeneralizedTime) -> i64 {
    i64::try_from(time.0.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::PublicKeyData as _;

    use super::*;

    proptest! {
        /// What nobody signed says nothing, and does no harm. (What is signed is tested over sockets.)
        #[test]
        fn noise_is_no_answer(noise in proptest::collection::vec(any::<u8>(), 0..200), status in 0u8..8) {
            let spki = rcgen::KeyPair::generate().unwrap().subject_public_key_info();
            let issuer = Issuer::new(&[0x30, 0], &spki).unwrap();
            let algorithms = crate::tls::provider().signature_verification_algorithms.all;
            let length = u8::try_from(noise.len() % 100).unwrap();
            let framed = [&[0x30, length + 9, 10, 1, status, 0xa0, length + 4, 0x30, length + 2, 6, 0], noise.as_slice()].concat();
            for answer in [&noise, &framed] {
                prop_assert!(read(answer, &[1], &issuer, 0, algorithms).is_err());
            }
        }
    }

    #[test]
    fn serial_numbers_are_numbers() {
        assert_eq!(unsigned(&[0, 0, 0x80, 0]), unsigned(&[0x80, 0]));
        assert_ne!(unsigned(&[1]), unsigned(&[1, 0]));
    }
}
