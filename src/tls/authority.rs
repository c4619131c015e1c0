//! Which authority signs our leaves?
//!
//! One per installation, made at the first start: so no two installations share a key, and whoever trusts one trusts
//! no other. Signing leaves is [`super::leaf`]'s part, replacing the authority [`mod@super::rotate`]'s.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::SystemTime,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{
    error::{AuthorityError, date},
    inspect::{self, Facts},
    random, seconds,
    store::{Pair, Store},
};

/// One day, in seconds.
pub(super) const DAY: i64 = 24 * 60 * 60;

/// Ten years are the longest that clients accept without question.
const LIFETIME: i64 = 3650 * DAY;

/// How long before the authority's end each start warns of it, and each day of use.
const SOON: i64 = 30 * DAY;

/// The certificate authority of this installation. Cheap to clone.
#[derive(Clone)]
pub struct CertAuthority {
    issuer: Arc<Issuer<'static, KeyPair>>,
    certificate: CertificateDer<'static>,
    pem: Arc<str>,
    facts: Arc<Facts>,
    retired: Arc<[Vec<u8>]>,
    path: PathBuf,
    warned: Arc<AtomicI64>,
}

impl CertAuthority {
    /// Loads the authority from `dir`, or makes one if there is none. Of several processes that start at once one makes
    /// it, and the others load that.
    ///
    /// # Errors
    /// [`AuthorityError`]; nothing that exists is ever overwritten.
    pub fn load_or_create(dir: &Path, now: SystemTime) -> Result<Self, AuthorityError> {
        use AuthorityError::{CertificateMissing, KeyMissing, Mismatch, Missing};
        let authority = match Self::load(dir) {
            // Another process, or one that crashed, may be between two steps.
            Err(Missing { .. } | KeyMissing { .. } | CertificateMissing { .. } | Mismatch { .. }) => {
                Self::settle(dir, now)?
            }
            loaded => loaded?,
        };
        authority.check_time(seconds(now))?;
        Ok(authority)
    }

    /// Loads the authority from `dir` and writes nothing. Whether it is valid now is not asked.
    ///
    /// # Errors
    /// [`AuthorityError`] when a file is missing, unreadable, readable by others, or does not fit the other.
    pub fn load(dir: &Path) -> Result<Self, AuthorityError> {
        let store = Store::new(dir);
        let pair = store.read()?;
        let (certificate, key) = parse(&pair, &store)?;
        let facts = inspect::facts(&certificate, &store.certificate())?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|_| not_authority(&store, "its subject name has a form that cannot be copied into leaves"))?;
        let retired = store.retired().into_iter().filter_map(|pem| CertificateDer::from_pem_slice(&pem).ok());
        let authority = Self {
            retired: retired.filter_map(|old| inspect::public_key(&old)).collect(),
            pem: pem::encode_config(&pem::Pem::new("CERTIFICATE", certificate.to_vec()), LINES).into(),
            issuer: Arc::new(issuer),
            certificate,
            facts: Arc::new(facts),
            path: store.certificate(),
            warned: Arc::default(),
        };
        authority.check_signing(&store)?;
        Ok(authority)
    }

    /// Looks whether another authority stands in this one's place by now; it is given back if it is valid. Nothing is
    /// written.
    ///
    /// # Errors
    /// [`AuthorityError`] when what stands there cannot be used.
    pub fn successor(&self, now: SystemTime) -> Result<Option<Self>, AuthorityError> {
        let found = Self::load(self.path.parent().unwrap_or(Path::new("")))?;
        if found.certificate == self.certificate {
            return Ok(None);
        }
        found.check_time(seconds(now))?;
        Ok(Some(found))
    }

    /// The SHA-256 of the certificate, as `AB:CD:…`: what a person compares on phone and console.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.certificate);
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// The certificate for phones, as PEM. It never holds the key.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// The certificate for phones, as DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// The file that the certificate was loaded from.
    pub fn certificate_path(&self) -> &Path {
        &self.path
    }

    /// The subject as text, such as `O=clir, CN=clir CA 3F9A-1C22`.
    pub fn subject(&self) -> &str {
        &self.facts.subject
    }

    /// The kind of key, such as `P-256`.
    pub fn key_type(&self) -> &str {
        &self.facts.key_type
    }

    /// First and last second of validity, counted from 1970.
    pub fn validity(&self) -> (i64, i64) {
        (self.facts.not_before, self.facts.not_after)
    }

    /// The public keys (subjectPublicKeyInfo, DER) of this authority and of those that it replaced in its directory.
    pub(super) fn public_keys(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.facts.public_key).chain(self.retired.iter()).map(Vec::as_slice)
    }

    /// What leaves are signed with.
    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// What follows the leaf in a handshake. A root does not: clients have it or do not trust it (RFC 8446 §4.4.2), and
    /// sending it turns their "unknown issuer" into a confusing "self-signed". One below another authority does.
    pub(super) fn intermediates(&self) -> impl Iterator<Item = CertificateDer<'static>> {
        (!self.facts.self_issued).then(|| self.certificate.clone()).into_iter()
    }

    fn settle(dir: &Path, now: SystemTime) -> Result<Self, AuthorityError> {
        let store = Store::new(dir);
        let _lock = store.lock()?;
        store.recover(belong)?;
        match Self::load(dir) {
            Err(AuthorityError::Missing { .. }) => {
                store.stage(&make(now)?)?;
                store.commit()?;
                Self::load(dir)
            }
            loaded => loaded,
        }
    }

    fn check_time(&self, now: i64) -> Result<(), AuthorityError> {
        let (from, until) = self.validity();
        let path = self.path.clone();
        if now < from {
            return Err(AuthorityError::NotYetValid { path, from });
        }
        if now > until {
            return Err(AuthorityError::Expired { path, until });
        }
        self.warn_of_end(now);
        Ok(())
    }

    /// Warns once a day, as long as the authority is used, when its end is near.
    pub(super) fn warn_of_end(&self, now: i64) {
        let (_, until) = self.validity();
        let today = now.div_euclid(DAY);
        if until - now >= SOON || self.warned.swap(today, Ordering::Relaxed) == today {
            return;
        }
        let what = if now > until { "has expired, so that nothing can be opened" } else { "expires soon" };
        let until = date(until);
        tracing::warn!(
            %until,
            "the certificate authority {what}: `clir ca rotate --yes` makes a new one, which every phone then has to trust"
        );
    }

    /// Signs a certificate for nobody, to learn now rather than at the first request that leaves lead back here.
    fn check_signing(&self, store: &Store) -> Result<(), AuthorityError> {
        let mut params = CertificateParams::default();
        params.use_authority_key_identifier_extension = true;
        let signed = params.signed_by(self.issuer.key(), self.issuer()).map_err(make_error)?;
        if inspect::is_issued_by(signed.der(), &self.certificate) {
            return Ok(());
        }
        Err(not_authority(store, "its subject name or key identifier has a form that cannot be copied into leaves"))
    }
}

/// The key stays out of every log.
impl fmt::Debug for CertAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertAuthority").field("subject", &self.facts.subject).finish_non_exhaustive()
    }
}

const LINES: pem::EncodeConfig = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);

/// A new authority as its two files (RFC 5280 §4.2.1.9, §4.2.1.3): it may sign leaves and lists of revoked leaves, but no
/// other authority.
pub(super) fn make(now: SystemTime) -> Result<Pair, AuthorityError> {
    let key = KeyPair::generate().map_err(make_error)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(&key);
    params.serial_number = Some(serial().map_err(make_error)?);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let from = seconds(now) - DAY;
    params.not_before = moment(from).map_err(make_error)?;
    params.not_after = moment(from + LIFETIME).map_err(make_error)?;
    let certificate = params.self_signed(&key).map_err(make_error)?;
    Ok(Pair { certificate: certificate.pem().into_bytes(), key: Zeroizing::new(key.serialize_pem().into_bytes()) })
}

/// A random positive serial number of 128 bits; its length is always the same (RFC 5280 §4.1.2.2).
pub(super) fn serial() -> Result<SerialNumber, rustls::Error> {
    let mut bytes: [u8; 16] = random()?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from(bytes.to_vec()))
}

/// A time in certificates, from seconds since 1970.
pub(super) fn moment(seconds: i64) -> Result<OffsetDateTime, time::error::ComponentRange> {
    OffsetDateTime::from_unix_timestamp(seconds)
}

/// A name that differs between installations, so that a phone that trusts two of them can tell them apart.
fn subject(key: &KeyPair) -> DistinguishedName {
    let digest = Sha256::digest(key.subject_public_key_info());
    let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "clir");
    name.push(DnType::CommonName, format!("clir CA {a:02X}{b:02X}-{c:02X}{d:02X}"));
    name
}

/// Whether key and certificate were made together.
pub(super) fn belong(pair: &Pair) -> bool {
    parse(pair, &Store::new(Path::new(""))).is_ok()
}

/// Key and certificate, known to belong together.
fn parse(pair: &Pair, store: &Store) -> Result<(CertificateDer<'static>, KeyPair), AuthorityError> {
    let key = PrivateKeyDer::from_pem_slice(&pair.key).ok().and_then(|der| KeyPair::try_from(&der).ok());
    let key = key.ok_or_else(|| AuthorityError::BadKey { path: store.key() })?;
    let bad = || AuthorityError::BadCertificate { path: store.certificate() };
    let certificate = CertificateDer::from_pem_slice(&pair.certificate).map_err(|_| bad())?;
    let public = inspect::public_key(&certificate).ok_or_else(bad)?;
    if public != key.subject_public_key_info() {
        return Err(AuthorityError::Mismatch { certificate: store.certificate(), key: store.key() });
    }
    Ok((certificate, key))
}

fn not_authority(store: &Store, reason: &'static str) -> AuthorityError {
    AuthorityError::NotAuthority { path: store.certificate(), reason }
}

fn make_error(error: impl fmt::Display) -> AuthorityError {
    AuthorityError::Make(error.to_string())
}
