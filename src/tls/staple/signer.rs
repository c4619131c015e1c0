//! Did the authority sign this answer?
//!
//! Either with the key that signed the certificate in question, or through a responder whom that key has certified for
//! nothing else (RFC 6960 §4.2.2.2). The bytes that are verified are those that came, never a rewriting of them.

use std::time::Duration;

use der::{AnyRef, Decode as _, Encode as _, Header, Reader as _, SliceReader, asn1::BitStringRef};
use rustls::pki_types::{CertificateDer, Der, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};
use x509_ocsp::{BasicOcspResponse, ResponseData};

/// The algorithms that are strong enough.
pub type Algorithms = &'static [&'static dyn SignatureVerificationAlgorithm];

/// The purpose `id-kp-OCSPSigning`, 1.3.6.1.5.5.7.3.9, as the content of an object identifier.
const OCSP_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 9];
/// How many of the certificates in an answer are looked at.
const MAX_CERTIFICATES: usize = 4;

/// Who issued the certificate in question.
pub struct Issuer<'a> {
    /// Its name, DER.
    pub name: &'a [u8],
    key: Key<'a>,
    spki: &'a [u8],
}

impl<'a> Issuer<'a> {
    /// From its name and its subjectPublicKeyInfo, both DER; `None` if these cannot be read.
    pub fn new(name: &'a [u8], spki: &'a [u8]) -> Option<Self> {
        Some(Self { name, key: Key::read(spki)?, spki })
    }

    /// The bits of its public key, of which answers hold a digest.
    pub fn key_bits(&self) -> &'a [u8] {
        self.key.bits
    }

    /// The issuer as the only one who is trusted.
    fn anchor(&self) -> Option<TrustAnchor<'a>> {
        let content = |der| AnyRef::from_der(der).ok().map(|any| Der::from_slice(any.value()));
        Some(TrustAnchor {
            subject: content(self.name)?,
            subject_public_key_info: content(self.spki)?,
            name_constraints: None,
        })
    }
}

/// A public key and what kind it is.
struct Key<'a> {
    algorithm: &'a [u8],
    bits: &'a [u8],
}

impl<'a> Key<'a> {
    fn read(spki: &'a [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(spki).ok()?;
        let read = reader.sequence(|inside| {
            let algorithm = AnyRef::decode(inside)?.value();
            let bits = BitStringRef::decode(inside)?;
            Ok(Self { algorithm, bits: bits.raw_bytes() })
        });
        read.ok()
    }

    fn verifies(&self, message: &[u8], kind: &[u8], signature: &[u8], algorithms: Algorithms) -> bool {
        let fitting = algorithms.iter().filter(|algorithm| {
            algorithm.signature_alg_id().as_ref() == kind && algorithm.public_key_alg_id().as_ref() == self.algorithm
        });
        let mut verdicts = fitting.map(|algorithm| algorithm.verify_signature(self.bits, message, signature));
        verdicts.any(|verdict| verdict.is_ok())
    }
}

/// An answer and its signature.
pub struct Signed<'a> {
    message: &'a [u8],
    kind: Vec<u8>,
    response: BasicOcspResponse,
}

impl<'a> Signed<'a> {
    /// Reads an answer. Nothing is believed yet.
    pub fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let unreadable = "it cannot be read";
        let response = BasicOcspResponse::from_der(bytes).map_err(|_| unreadable)?;
        let message = first_element(bytes).ok_or(unreadable)?;
        let kind = response.signature_algorithm.to_der().map_err(|_| unreadable)?;
        let kind = AnyRef::from_der(&kind).map_err(|_| unreadable)?.value().to_vec();
        Ok(Self { message, kind, response })
    }

    /// What is said; to be believed after [`Signed::verify`].
    pub fn data(&self) -> &ResponseData {
        &self.response.tbs_response_data
    }

    /// Whether the issuer said it, or somebody on its behalf.
    pub fn verify(&self, issuer: &Issuer<'_>, now: i64, algorithms: Algorithms) -> Result<(), &'static str> {
        if self.is_signed_with(&issuer.key, algorithms) {
            return Ok(());
        }
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.try_into().unwrap_or_default()));
        let certificates = self.response.certs.iter().flatten().take(MAX_CERTIFICATES);
        let mut certificates = certificates.filter_map(|certificate| certificate.to_der().ok());
        match certificates.any(|der| self.is_signed_by(&der.into(), issuer, now, algorithms)) {
            true => Ok(()),
            false => Err("it is not signed by the authority of the certificate"),
        }
    }

    fn is_signed_by(
        &self,
        responder: &CertificateDer<'_>,
        issuer: &Issuer<'_>,
        now: UnixTime,
        algorithms: Algorithms,
    ) -> bool {
        let (Ok(certificate), Some(anchor)) = (EndEntityCert::try_from(responder), issuer.anchor()) else {
            return false;
        };
        let usage = KeyUsage::required(OCSP_SIGNING);
        let anchors = [anchor];
        let is_certified = certificate.verify_for_usage(algorithms, &anchors, &[], now, usage, None, None).is_ok();
        let spki = certificate.subject_public_key_info();
        is_certified && Key::read(&spki).is_some_and(|key| self.is_signed_with(&key, algorithms))
    }

    fn is_signed_with(&self, key: &Key<'_>, algorithms: Algorithms) -> bool {
        key.verifies(self.message, &self.kind, self.response.signature.raw_bytes(), algorithms)
    }
}

/// The first element of a sequence, with its header, as it came.
fn first_element(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(bytes).ok()?;
    Header::decode(&mut reader).ok()?;
    reader.tlv_bytes().ok()
}
