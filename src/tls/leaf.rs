//! Which certificate does a host get?
//!
//! One that strict clients accept: the host as its only subject alternative name and nowhere else, a key of its own,
//! a short life within the authority's, backdated for clocks that are slow (RFC 5280 §4.2; CA/Browser Forum Baseline
//! Requirements §6.3.2 and §7.1).

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType, string::Ia5String,
};
use rustls::sign::CertifiedKey;

use super::{
    CertAuthority, LeafError,
    authority::{DAY, moment, serial},
    leaf_key::LeafKey,
    seconds,
};
use crate::exchange::Host;

/// How long before its making a leaf is valid already.
const BACKDATED: i64 = DAY;

/// How long after its making a leaf is valid. Together 46 days, one less than clients will allow from 2029 on.
const LIFETIME: i64 = 45 * DAY;

/// A certificate for one host, with its key.
pub struct Leaf {
    /// What rustls presents.
    pub key: Arc<CertifiedKey>,
    fresh_from: i64,
    fresh_until: i64,
}

impl Leaf {
    /// Makes a leaf for a host whose name [`subject`] has normalised.
    pub fn mint(authority: &CertAuthority, host: &Host, now: SystemTime) -> Result<Self, LeafError> {
        let now = seconds(now);
        let (from, until) = validity(authority, now)?;
        let key = LeafKey::generate()?;
        let params = params(host, from, until)?;
        let certificate = params.signed_by(&key, authority.issuer()).map_err(mint_error)?;
        let chain = std::iter::once(certificate.der().clone()).chain(authority.intermediates()).collect();
        Ok(Self {
            key: Arc::new(CertifiedKey::new(chain, Arc::new(key))),
            // A clock that is set back must not be told to wait for the certificate.
            fresh_from: from,
            fresh_until: now + (until - now) / 3 * 2,
        })
    }

    /// Whether the leaf may still be handed out: valid, and for a good while to come.
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        (self.fresh_from..=self.fresh_until).contains(&seconds(now))
    }
}

/// The host as a certificate names it: without the root's dot.
///
/// # Errors
/// [`LeafError::InvalidName`] for what no dNSName can hold (RFC 1034 §3.1). Underscores, which the rules for host names
/// forbid, are in use and pass.
pub fn subject(host: &Host) -> Result<Host, LeafError> {
    let Host::Name(name) = host else { return Ok(host.clone()) };
    let stripped = name.strip_suffix('.').unwrap_or(name);
    if stripped.len() > 253 {
        return Err(LeafError::InvalidName("the name is longer than 253 bytes"));
    }
    for label in stripped.split('.') {
        check_label(label)?;
    }
    Ok(if stripped.len() == name.len() { host.clone() } else { Host::Name(stripped.into()) })
}

fn check_label(label: &str) -> Result<(), LeafError> {
    if label.is_empty() {
        return Err(LeafError::InvalidName("a label of the name is empty"));
    }
    if label.len() > 63 {
        return Err(LeafError::InvalidName("a label of the name is longer than 63 bytes"));
    }
    if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Err(LeafError::InvalidName("the name holds a character other than letters, digits, `-` and `_`"));
    }
    Ok(())
}

fn validity(authority: &CertAuthority, now: i64) -> Result<(i64, i64), LeafError> {
    let (from, until) = authority.validity();
    if !(from..until).contains(&now) {
        return Err(LeafError::AuthorityNotValid);
    }
    Ok((from.max(now - BACKDATED), until.min(now + LIFETIME)))
}

fn params(host: &Host, from: i64, until: i64) -> Result<CertificateParams, LeafError> {
    let mut params = CertificateParams::default();
    params.not_before = moment(from).map_err(mint_error)?;
    params.not_after = moment(until).map_err(mint_error)?;
    params.serial_number = Some(serial().map_err(mint_error)?);
    params.subject_alt_names = vec![alternative_name(host)?];
    // No common name: clients stopped reading it, it would be limited to 64 bytes, and with no subject at all the
    // alternative name is critical (RFC 5280 §4.2.1.6).
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

pub(super) fn alternative_name(host: &Host) -> Result<SanType, LeafError> {
    match host {
        Host::Ip(address) => Ok(SanType::IpAddress(IpAddr::clone(address))),
        Host::Name(name) => {
            Ok(SanType::DnsName(Ia5String::try_from(&**name).map_err(|_| LeafError::InvalidName("it is not ASCII"))?))
        }
    }
}

pub(super) fn mint_error(error: impl std::fmt::Display) -> LeafError {
    LeafError::Mint(error.to_string())
}
