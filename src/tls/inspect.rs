//! What does a certificate say?

use std::path::Path;

use rustls::pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate,
    extensions::ParsedExtension,
    oid_registry::{OID_EC_P256, OID_NIST_EC_P384},
    prelude::FromDer as _,
    public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

use super::error::AuthorityError;

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
