//! Which certificates does a measurement need?
//!
//! Made anew for each run, in a directory that goes with it; nobody else trusts them.

use std::{
    error::Error,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SanType,
};

use crate::load::client::DOMAIN;

/// Where the files are.
pub struct Papers {
    dir: PathBuf,
    origins: Arc<Authority>,
}

/// One that signs.
pub type Authority = CertifiedIssuer<'static, KeyPair>;

impl Papers {
    /// Makes the origin's authority and certificate, the proxies' authorities, and the certificates that are given to
    /// proxies which do not mint.
    pub fn write(dir: &Path) -> Result<Self, Box<dyn Error>> {
        let origins = Authority::self_signed(authority("Origins"), KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
        let proxies = Authority::self_signed(authority("Proxies"), KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
        let rsa = Authority::self_signed(authority("Proxies, RSA"), KeyPair::generate_for(&PKCS_RSA_SHA256)?)?;
        let papers = Self { dir: dir.to_owned(), origins: Arc::new(origins) };
        for (name, issuer) in [("origin-ca", &*papers.origins), ("ca", &proxies), ("rsa-ca", &rsa)] {
            papers.keep(name, &issuer.pem(), &issuer.key().serialize_pem())?;
        }
        papers.leaf("wildcard", &format!("*.{DOMAIN}"), &proxies)?;
        papers.leaf("unused", "unused.example", &proxies)?;
        Ok(papers)
    }

    /// The certificate of this name.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.pem"))
    }

    /// Its key.
    pub fn key(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.key"))
    }

    /// Whom the origin's certificates are from.
    pub fn origins(&self) -> Arc<Authority> {
        Arc::clone(&self.origins)
    }

    /// Both in one file.
    pub fn both(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}-both.pem"))
    }

    fn leaf(&self, name: &str, host: &str, issuer: &Authority) -> Result<(), Box<dyn Error>> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = leaf(host)?.signed_by(&key, issuer)?;
        self.keep(name, &certificate.pem(), &key.serialize_pem())
    }

    fn keep(&self, name: &str, certificate: &str, key: &str) -> Result<(), Box<dyn Error>> {
        fs::write(self.certificate(name), certificate)?;
        fs::write(self.key(name), key)?;
        fs::write(self.both(name), format!("{certificate}{key}"))?;
        // A proxy that gives up root must be able to read them as well.
        for path in [self.certificate(name), self.key(name), self.both(name)] {
            fs::set_permissions(path, Permissions::from_mode(0o644))?;
        }
        Ok(())
    }
}

fn authority(title: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.distinguished_name.push(DnType::CommonName, title);
    params
}

/// A certificate for this host, and for our address.
pub fn leaf(host: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
    params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
    params.distinguished_name.push(DnType::CommonName, host);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
