//! Which certificate does a server show that nobody has given one?
//!
//! One of its own making, in memory, signed by nobody else: a browser warns of it, and a person compares the fingerprint.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::{pki_types::PrivatePkcs8KeyDer, sign::CertifiedKey};

use super::{
    LeafError, Shown,
    authority::{DAY, moment, serial},
    leaf::{self, mint_error, subject},
    provider, seconds,
};
use crate::exchange::Host;

/// Half a year; two thirds of it gone, another is made.
const LIFETIME: i64 = 180 * DAY;
/// For clocks that are slow.
const BACKDATED: i64 = DAY;

impl Shown {
    /// Makes a certificate for these names and addresses.
    pub(super) fn self_made(hosts: &[Host], alpn: &[&[u8]], now: SystemTime) -> Result<Self, LeafError> {
        let key = KeyPair::generate().map_err(mint_error)?;
        let now = seconds(now);
        let certificate = params(hosts, now)?.self_signed(&key).map_err(mint_error)?;
        let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let signer = provider().key_provider.load_private_key(private).map_err(mint_error)?;
        let certified = CertifiedKey::new(vec![certificate.der().clone()], signer);
        let mut shown = Self::of(Arc::new(certified), alpn).map_err(mint_error)?;
        // A clock that is set back must not be told to wait for the certificate.
        shown.fresh = Some(now - BACKDATED..=now + LIFETIME / 3 * 2);
        Ok(shown)
    }
}

fn params(hosts: &[Host], now: i64) -> Result<CertificateParams, LeafError> {
    let mut params = CertificateParams::default();
    params.not_before = moment(now - BACKDATED).map_err(mint_error)?;
    params.not_after = moment(now + LIFETIME).map_err(mint_error)?;
    params.serial_number = Some(serial().map_err(mint_error)?);
    params.subject_alt_names = hosts.iter().map(alternative_name).collect::<Result<_, _>>()?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "clir reflect, made by itself");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// An IPv4 address is one, however it is written.
fn alternative_name(host: &Host) -> Result<SanType, LeafError> {
    match host {
        Host::Ip(address) => Ok(SanType::IpAddress(IpAddr::to_canonical(address))),
        name => leaf::alternative_name(&subject(name)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_what_it_is_for_and_can_be_told_by_its_fingerprint() {
        let hosts =
            ["reflector.example", "192.0.2.1", "[2001:db8::1]"].map(|host| Host::parse(host.as_bytes()).unwrap());
        let shown = Shown::self_made(&hosts, &[b"http/1.1"], SystemTime::now()).unwrap();
        assert_eq!(shown.server_config().alpn_protocols, [b"http/1.1"]);
        assert_eq!(shown.fingerprint().split(':').count(), 32);
        let other = Shown::self_made(&hosts, &[b"http/1.1"], SystemTime::now()).unwrap();
        assert_ne!(shown.fingerprint(), other.fingerprint());
        let odd = Host::Name("a..b".into());
        assert!(matches!(Shown::self_made(&[odd], &[], SystemTime::now()), Err(LeafError::InvalidName(_))));
    }
}
