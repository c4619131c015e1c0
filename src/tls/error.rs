//! What can be wrong with certificates, and what is the cure?

use std::{
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

/// Why there is no certificate authority to sign with.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file or directory cannot be read or written.
    #[error("cannot {action} {}{}", path.display(), hint(source))]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Neither certificate nor key exist.
    #[error("there is no certificate authority in {} yet: the first start of `clir run` makes one", dir.display())]
    Missing {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The certificate has lost its key.
    #[error(
        "{} is there, but its private key {} is not: put the key back, or move the certificate away so that a new \
         authority is made, which every phone then has to trust anew",
        certificate.display(), key.display()
    )]
    KeyMissing {
        /// What is there.
        certificate: PathBuf,
        /// What is not.
        key: PathBuf,
    },
    /// The key has lost its certificate.
    #[error(
        "{} is there, but its certificate {} is not: put the certificate back, or move the key away so that a new \
         authority is made, which every phone then has to trust anew",
        key.display(), certificate.display()
    )]
    CertificateMissing {
        /// What is there.
        key: PathBuf,
        /// What is not.
        certificate: PathBuf,
    },
    /// Others may read the key, and whoever has it can impersonate any site to the phones.
    #[error("others may read {0} (mode {mode:04o}): run `chmod 600 {0}`, or `clir ca rotate` if somebody may have", path.display())]
    KeyExposed {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key's file holds no key.
    #[error("{} holds no private key that can be used (PKCS#8 in PEM is expected): restore it from a backup", path.display())]
    BadKey {
        /// The key's file.
        path: PathBuf,
    },
    /// The certificate's file holds no certificate.
    #[error("{} holds no certificate in PEM form: restore it from a backup", path.display())]
    BadCertificate {
        /// The certificate's file.
        path: PathBuf,
    },
    /// The two files are of different authorities.
    #[error("{} does not belong to {}: put back the key and the certificate that were made together", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate may not sign others, or not in a way that clients can follow.
    #[error("{} cannot sign certificates for sites: {reason}", path.display())]
    NotAuthority {
        /// The certificate's file.
        path: PathBuf,
        /// What it lacks.
        reason: &'static str,
    },
    /// The clock is before the certificate's time.
    #[error("{} is valid only from {}: is the clock right?", path.display(), date(*from))]
    NotYetValid {
        /// The certificate's file.
        path: PathBuf,
        /// Seconds since 1970.
        from: i64,
    },
    /// The clock is after the certificate's time.
    #[error(
        "{} has expired on {}: `clir ca rotate --yes` makes a new authority, which every phone then has to trust",
        path.display(), date(*until)
    )]
    Expired {
        /// The certificate's file.
        path: PathBuf,
        /// Seconds since 1970.
        until: i64,
    },
    /// The machine gives no randomness, or the library refuses to sign.
    #[error("no certificate authority could be made: {0}")]
    Make(String),
}

impl AuthorityError {
    /// Adds what was tried, and on which file, to the system's answer.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// Why there is no leaf certificate for a host.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// No certificate can be made for such a name (RFC 5280 §4.2.1.6, RFC 1034 §3.1).
    #[error("no certificate can name this host: {0}")]
    InvalidName(&'static str),
    /// The authority's own time is over, or has not come: `clir ca show` tells.
    #[error("the certificate authority is not valid now: see `clir ca show`")]
    AuthorityNotValid,
    /// The machine gives no randomness, or the library refuses to sign.
    #[error("the certificate could not be made: {0}")]
    Mint(String),
}

/// Why it is not known whom to trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file with roots cannot be read.
    #[error("cannot read {}, which `tls.upstream_roots` names", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A file with roots holds none.
    #[error("{}, which `tls.upstream_roots` names, holds no certificate in PEM form", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file with roots holds something else between the markers.
    #[error("certificate {number} in {}, which `tls.upstream_roots` names, cannot be read: {reason}", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        number: usize,
        /// What the parser says.
        reason: String,
    },
    /// Nothing at all to trust, so every origin would be refused.
    #[error(
        "no trusted root certificate was found{}: install the system's package `ca-certificates`, or set \
         `tls.upstream_roots = [\"bundled\"]`", .detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default()
    )]
    NoRoots {
        /// The first thing that went wrong on the way.
        detail: Option<String>,
    },
    /// The library refuses the roots; a fault of ours.
    #[error("the trusted roots cannot be used: {0}")]
    Unusable(String),
}

/// The day of a time in seconds since 1970, as people write it.
pub(super) fn date(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        Err(_) => format!("second {seconds} of 1970"),
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            " (`tls.ca_dir` names a directory that clir may read and write)"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => " (`tls.ca_dir` names a directory)",
        _ => "",
    }
}
