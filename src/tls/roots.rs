//! Which authorities vouch for origins?

use std::path::{Path, PathBuf};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, TrustAnchor, pem::PemObject as _},
};

use super::TrustError;

/// Where trusted roots come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootSource {
    /// The system's store, or the file that `SSL_CERT_FILE` names.
    System,
    /// Mozilla's list, as it was when clir was built.
    Bundled,
    /// A PEM file.
    File(PathBuf),
}

/// Collects the roots of all sources.
///
/// # Errors
/// A file that cannot be used, or nothing found at all. Single certificates of the system's store that cannot be read
/// are common and only logged.
pub fn gather(sources: &[RootSource]) -> Result<RootCertStore, TrustError> {
    let mut store = RootCertStore::empty();
    let mut detail = None;
    for source in sources {
        match source {
            RootSource::System => detail = detail.or(add_system(&mut store)),
            RootSource::Bundled => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            RootSource::File(path) => add_file(&mut store, path)?,
        }
    }
    if store.is_empty() {
        return Err(TrustError::NoRoots { detail });
    }
    Ok(store)
}

/// The key of an authority as webpki keeps it: the content of subjectPublicKeyInfo without its outer header.
pub fn is_key_of(anchor: &TrustAnchor<'_>, public_key: &[u8]) -> bool {
    let content = anchor.subject_public_key_info.as_ref();
    // Two to five bytes of tag and length stand before the content (X.690 §8.1).
    public_key.len() > content.len() && public_key.len() - content.len() <= 5 && public_key.ends_with(content)
}

fn add_system(store: &mut RootCertStore) -> Option<String> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a part of the system's trusted roots cannot be read");
    }
    let (added, ignored) = store.add_parsable_certificates(found.certs);
    tracing::debug!(added, ignored, "the system's trusted roots are loaded");
    found.errors.first().map(ToString::to_string)
}

fn add_file(store: &mut RootCertStore, path: &Path) -> Result<(), TrustError> {
    let bytes = std::fs::read(path).map_err(|source| TrustError::Io { path: path.to_owned(), source })?;
    let mut number = 0;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        number += 1;
        let bad = |reason: String| TrustError::Bad { path: path.to_owned(), number, reason };
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        store.add(certificate).map_err(|error| bad(super::describe(&error)))?;
    }
    if number == 0 {
        return Err(TrustError::Empty { path: path.to_owned() });
    }
    Ok(())
}
