//! What does a certificate say?

use std::path::Path;

use rustls::pki_types::CertificateDer;
use x509_parser::{
    asn1_rs::{FromDer as _, Oid, oid},
    certificate::X509Certificate,
    extensions::ParsedExtension,
    oid_registry::{OID_EC_P256, OID_NIST_EC_P384},
    public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

use super::error::AuthorityError;

/// `id-pe-tlsfeature` (RFC 7633 §6).
const OID_TLS_FEATURE: Oid<'static> = oid!(1.3.6.1.5.5.7.1.24);
/// The TLS extension that asks for a stapled answer (RFC 6066 §8).
const STATUS_REQUEST: u32 = 5;

/// What is worth knowing about an authority's certificate.
#[derive(Debug)]
pub struct Facts {
    /// The subject, in the order in which it stands.
    pub subject: String,
    /// The kind and size of its key.
    pub key_type: String,
    /// The subjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The first second of validity, counted from 1970.
    pub not_before: i64,
    /// The last second of validity.
    pub not_after: i64,
    /// Whether it names itself as its issuer, as roots do.
    pub self_issued: bool,
}

/// Reads an authority's certificate.
///
/// # Errors
/// [`AuthorityError::NotAuthority`] when it may not sign others (RFC 5280 §4.2.1.9, §4.2.1.3).
pub fn facts(certificate: &CertificateDer<'_>, path: &Path) -> Result<Facts, AuthorityError> {
    let parsed = parse(certificate).ok_or_else(|| AuthorityError::BadCertificate { path: path.to_owned() })?;
    if let Some(reason) = incapacity(&parsed) {
        return Err(AuthorityError::NotAuthority { path: path.to_owned(), reason });
    }
    Ok(Facts {
        subject: parsed.subject().to_string(),
        key_type: key_type(parsed.public_key()),
        public_key: parsed.public_key().raw.to_vec(),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        self_issued: parsed.subject().as_raw() == parsed.issuer().as_raw(),
    })
}

/// What an origin's certificate says that webpki does not read.
pub struct LeafFacts<'a> {
    /// The serial number, as it stands.
    pub serial: &'a [u8],
    /// The name of who issued it, DER.
    pub issuer: &'a [u8],
    /// Whether its key may sign handshakes: it says so, or says nothing (RFC 5280 §4.2.1.3).
    pub may_sign: bool,
    /// Whether it is only good with a stapled answer about its revocation (RFC 7633).
    pub must_staple: bool,
}

impl<'a> LeafFacts<'a> {
    /// Reads a certificate; `None` if it cannot be read.
    pub fn read(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        let parsed = parse(certificate)?;
        let tbs = parsed.tbs_certificate;
        let may_sign = match tbs.key_usage() {
            Ok(usage) => usage.is_none_or(|usage| usage.value.digital_signature()),
            Err(_) => false,
        };
        let features = tbs.extensions().iter().filter(|extension| extension.oid == OID_TLS_FEATURE);
        let must_staple = features.into_iter().any(|extension| demands_status(extension.value));
        Some(Self { serial: tbs.raw_serial(), issuer: tbs.issuer.as_raw(), may_sign, must_staple })
    }
}

/// Whether a certificate calls itself an authority and yet may not sign others. What is no authority at all is none of
/// the path, and may stand in a chain by mistake.
pub fn may_not_issue(certificate: &CertificateDer<'_>) -> bool {
    let Some(parsed) = parse(certificate) else { return false };
    let is_ca = matches!(parsed.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca);
    is_ca && incapacity(&parsed).is_some()
}

/// `TLSFeatures ::= SEQUENCE OF INTEGER`, with the number of the extension `status_request` among them.
fn demands_status(features: &[u8]) -> bool {
    Vec::<u32>::from_der(features).is_ok_and(|(_, numbers)| numbers.contains(&STATUS_REQUEST))
}

/// The subjectPublicKeyInfo of a certificate, if it can be read.
pub fn public_key(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    parse(certificate).map(|parsed| parsed.public_key().raw.to_vec())
}

/// Whether names and key identifiers lead from one certificate to the other (RFC 5280 §4.2.1.1).
pub fn is_issued_by(certificate: &CertificateDer<'_>, issuer: &CertificateDer<'_>) -> bool {
    let (Some(certificate), Some(issuer)) = (parse(certificate), parse(issuer)) else { return false };
    let wanted = issuer.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
        _ => None,
    });
    let named = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0),
        _ => None,
    });
    // An authority without an identifier is led to by its name alone.
    certificate.issuer().as_raw() == issuer.subject().as_raw() && (wanted.is_none() || wanted == named)
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Some(parsed),
        _ => None,
    }
}

fn incapacity(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let is_ca = matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca);
    if !is_ca {
        return Some("it is not a certificate authority (basicConstraints CA:TRUE is missing)");
    }
    match certificate.key_usage() {
        Ok(None) => None,
        Ok(Some(usage)) if usage.value.key_cert_sign() => None,
        _ => Some("its keyUsage does not allow it (keyCertSign is missing)"),
    }
}

fn key_type(key: &SubjectPublicKeyInfo<'_>) -> String {
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    match (key.parsed(), curve) {
        (Ok(PublicKey::EC(_)), Some(curve)) if curve == OID_EC_P256 => "P-256".into(),
        (Ok(PublicKey::EC(_)), Some(curve)) if curve == OID_NIST_EC_P384 => "P-384".into(),
        (Ok(PublicKey::RSA(rsa)), _) => format!("RSA {}", rsa.key_size()),
        _ => key.algorithm.algorithm.to_id_string(),
    }
}
