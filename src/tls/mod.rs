//! Who do we claim to be, and whom do we trust?
//!
//! Towards clients: [`CertAuthority`] and the [`LeafCache`] that signs a certificate per host with it. Towards origins:
//! [`Trust`]. No socket is touched here; time is passed in. Files are read and written only below the directory that
//! holds the authority, and where PEM files with roots are named.

mod alpn;
mod authority;
mod cache;
mod describe;
mod error;
mod files;
mod inspect;
mod installation;
mod leaf;
mod leaf_key;
mod roots;
mod rotate;
mod self_made;
mod sessions;
mod showing;
mod shown;
mod staple;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod trust;
mod verifier;

use std::{
    sync::{Arc, LazyLock},
    time::{SystemTime, UNIX_EPOCH},
};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

pub use authority::CertAuthority;
pub use cache::LeafCache;
pub use describe::{describe, describe_client, describe_io, is_departure, is_dismissal, is_objection};
pub use error::{AuthorityError, LeafError, TrustError};
pub use installation::installation_key;
pub use roots::{RootSource, gather};
pub use rotate::{Rotated, rotate};
pub use sessions::{Opening, Visitor};
pub use showing::Showing;
pub use shown::{Shown, ShownError};
pub use trust::Trust;

/// The one source of cryptography: aws-lc-rs, named wherever it is needed, so that nothing depends on what a process
/// installed as its default. Its key exchange starts with X25519MLKEM768.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
    PROVIDER.clone()
}

/// Bytes that nobody can guess.
///
/// # Errors
/// The system gives none; nothing secret can be made then.
pub fn random<const N: usize>() -> Result<[u8; N], rustls::Error> {
    let mut bytes = [0; N];
    provider().secure_random.fill(&mut bytes)?;
    Ok(bytes)
}

/// Whole seconds since 1970, the resolution of certificates.
fn seconds(time: SystemTime) -> i64 {
    let seconds = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => seconds(after),
        Err(before) => -seconds(before.duration()),
    }
}
