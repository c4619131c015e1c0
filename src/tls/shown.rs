//! Which certificate does a listener show that has been given one?
//!
//! The files are read at the start and at every reload, and what does not fit together is told then, not at the first
//! handshake.

use std::{
    fmt, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::Ticketer,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::NoServerSessionStorage,
    sign::CertifiedKey,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{cache::Always, provider, seconds};

/// A certificate with its key, ready for handshakes.
#[derive(Clone)]
pub struct Shown {
    config: Arc<ServerConfig>,
    fingerprint: Arc<str>,
    /// Until when one of our own making is shown, and from when on; any time for another.
    pub(super) fresh: Option<RangeInclusive<i64>>,
}

/// Why a certificate and a key cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShownError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// There is no certificate in the file.
    #[error("{} holds no certificate in PEM form", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no key in the file.
    #[error("{} holds no private key in PEM form", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The two were not made together, or cannot be used.
    #[error("certificate and key do not fit: {reason}")]
    Mismatch {
        /// What is wrong.
        reason: String,
    },
    /// The time of the certificate is over, or has not come.
    #[error("the certificate in {} is not valid now", path.display())]
    NotValid {
        /// The file.
        path: PathBuf,
    },
}

impl Shown {
    /// Reads a chain, the listener's own certificate first, and its key. `alpn` are the protocols to agree on, best first.
    ///
    /// # Errors
    /// [`ShownError`] that names the file and what is wrong with it.
    pub fn load(certificate: &Path, key: &Path, alpn: &[&[u8]], now: SystemTime) -> Result<Self, ShownError> {
        let chain = chain(certificate)?;
        if chain.first().is_some_and(|leaf| !is_valid(leaf, seconds(now))) {
            return Err(ShownError::NotValid { path: certificate.to_owned() });
        }
        let certified = CertifiedKey::from_der(chain, private_key(key)?, &provider()).map_err(mismatch)?;
        Self::of(Arc::new(certified), alpn).map_err(mismatch)
    }

    /// Shows this one.
    pub(super) fn of(certified: Arc<CertifiedKey>, alpn: &[&[u8]]) -> Result<Self, rustls::Error> {
        let fingerprint = certified.cert.first().map(fingerprint).unwrap_or_default().into();
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(Always(certified)));
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        config.ticketer = Ticketer::new()?;
        // Tickets carry the state to the client; nothing is kept here for those who never come back.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        // 0-RTT can be replayed (RFC 8446 §8).
        config.max_early_data_size = 0;
        Ok(Self { config: Arc::new(config), fingerprint, fresh: None })
    }

    /// What to accept a handshake with.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Whether it is to be shown still, and no other in its place.
    pub(super) fn is_fresh(&self, now: SystemTime) -> bool {
        self.fresh.as_ref().is_none_or(|fresh| fresh.contains(&seconds(now)))
    }

    /// The SHA-256 of the certificate, as `AB:CD:…`: what a person compares.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

fn fingerprint(certificate: &CertificateDer<'static>) -> String {
    let digest = Sha256::digest(certificate);
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, ShownError> {
    let none = || ShownError::NoCertificate { path: path.to_owned() };
    let certificates = CertificateDer::pem_slice_iter(&read(path)?).collect::<Result<Vec<_>, _>>();
    certificates.ok().filter(|chain| !chain.is_empty()).ok_or_else(none)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ShownError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|_| ShownError::NoKey { path: path.to_owned() })
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ShownError> {
    let bytes = std::fs::read(path).map_err(|source| ShownError::Io { path: path.to_owned(), source })?;
    Ok(Zeroizing::new(bytes))
}

/// What cannot be read as a certificate is left to the handshake's own judgement.
fn is_valid(leaf: &CertificateDer<'_>, now: i64) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(leaf) else { return true };
    let validity = parsed.validity();
    (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now)
}

fn mismatch(error: rustls::Error) -> ShownError {
    ShownError::Mismatch { reason: super::describe(&error) }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn load(certificate: &str, key: &str) -> Result<Shown, String> {
        let dir = tempfile::tempdir().unwrap();
        let (at, beside) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
        std::fs::write(&at, certificate).unwrap();
        std::fs::write(&beside, key).unwrap();
        Shown::load(&at, &beside, &[b"h2"], SystemTime::now()).map_err(|error| error.to_string())
    }

    fn made(until: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec!["exit.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let (certificate, key) = made(2090);
        assert_eq!(load(&certificate, &key).unwrap().server_config().alpn_protocols, [b"h2"]);
        assert!(load(&certificate, &made(2090).1).unwrap_err().contains("do not fit"));
        assert!(load(&key, &key).unwrap_err().contains("cert.pem holds no certificate"));
        assert!(load(&certificate, &certificate).unwrap_err().contains("key.pem holds no private key"));
        let (expired, key) = made(2021);
        assert!(load(&expired, &key).unwrap_err().contains("not valid now"));
        let error = Shown::load("/nowhere".as_ref(), "/nowhere".as_ref(), &[], SystemTime::now()).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere cannot be read"));
    }
}
