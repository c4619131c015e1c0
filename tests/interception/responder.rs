//! What does an authority's responder say of a certificate?
//!
//! Answers of OCSP (RFC 6960), sound or with whatever is wrong with them.

use std::time::{Duration, SystemTime};

use der::{DecodeOwned, Encode as _, asn1::OctetString};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SigningKey as _};
use rustls::pki_types::CertificateDer;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspResponse, ResponderId, ResponseData, RevokedInfo,
    SingleResponse, Version,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::site::{Leaf, Signer};

pub const DAY: i64 = 24 * 60 * 60;

/// `ecdsa-with-SHA256`, as an AlgorithmIdentifier.
const ECDSA_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const SHA1: &[u8] = &[0x30, 7, 6, 5, 0x2b, 14, 3, 2, 26];
const SHA256: &[u8] = &[0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];

/// An answer in the making. Times are seconds from now.
pub struct Answer<'a> {
    pub issuer: &'a Signer,
    pub serial: Vec<u8>,
    pub status: CertStatus,
    pub from: i64,
    pub until: Option<i64>,
    pub with_sha256: bool,
}

impl<'a> Answer<'a> {
    /// A good answer about this certificate.
    pub fn good(issuer: &'a Signer, leaf: &Leaf) -> Self {
        let (_, parsed) = X509Certificate::from_der(&leaf.chain[0]).unwrap();
        let serial = parsed.raw_serial().to_vec();
        Self { issuer, serial, status: CertStatus::good(), from: -DAY, until: Some(DAY), with_sha256: false }
    }

    /// The same, taken back.
    pub fn revoked(issuer: &'a Signer, leaf: &Leaf) -> Self {
        Self { status: revoked(None), ..Self::good(issuer, leaf) }
    }

    /// Signed by the issuer itself.
    pub fn signed(&self) -> Vec<u8> {
        self.signed_by(self.issuer.issuer.key(), None)
    }

    /// Signed by anybody, with a certificate or without.
    pub fn signed_by(&self, key: &KeyPair, certificate: Option<&CertificateDer<'_>>) -> Vec<u8> {
        let data = self.data();
        let signature = key.sign(&data.to_der().unwrap()).unwrap();
        let basic = BasicOcspResponse {
            tbs_response_data: data,
            signature_algorithm: parsed(ECDSA_SHA256),
            signature: der::asn1::BitString::from_bytes(&signature).unwrap(),
            certs: certificate.map(|certificate| vec![parsed(certificate)]),
        };
        OcspResponse::successful(basic).unwrap().to_der().unwrap()
    }

    fn data(&self) -> ResponseData {
        let (_, issuer) = X509Certificate::from_der(&self.issuer.der).unwrap();
        let hash = |bytes: &[u8]| match self.with_sha256 {
            true => OctetString::new(Sha256::digest(bytes).to_vec()).unwrap(),
            false => OctetString::new(Sha1::digest(bytes).to_vec()).unwrap(),
        };
        let key = &issuer.public_key().subject_public_key.data;
        let serial = [&[2, u8::try_from(self.serial.len()).unwrap()][..], &self.serial].concat();
        let cert_id = CertId {
            hash_algorithm: parsed(if self.with_sha256 { SHA256 } else { SHA1 }),
            issuer_name_hash: hash(issuer.subject().as_raw()),
            issuer_key_hash: hash(key),
            serial_number: parsed(&serial),
        };
        let single = SingleResponse {
            cert_id,
            cert_status: self.status,
            this_update: time(self.from),
            next_update: self.until.map(time),
            single_extensions: None,
        };
        ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByKey(OctetString::new(Sha1::digest(key).to_vec()).unwrap()),
            produced_at: time(self.from),
            responses: vec![single],
            response_extensions: None,
        }
    }
}

/// Taken back on 2026-01-02, for the reason with this number.
pub fn revoked(reason: Option<u8>) -> CertStatus {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_312_000);
    CertStatus::revoked(RevokedInfo {
        revocation_time: at.try_into().unwrap(),
        revocation_reason: reason.map(|number| parsed(&[10, 1, number])),
    })
}

/// A responder's own certificate and key.
pub fn responder(by: &Signer, change: impl FnOnce(&mut CertificateParams)) -> (CertificateDer<'static>, KeyPair) {
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    params.use_authority_key_identifier_extension = true;
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, &by.issuer).unwrap().der().clone(), key)
}

fn time(offset: i64) -> OcspGeneralizedTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let seconds = now.checked_add_signed(offset).unwrap();
    (SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).try_into().unwrap()
}

fn parsed<T: DecodeOwned>(bytes: &[u8]) -> T {
    T::from_der(bytes).unwrap()
}
