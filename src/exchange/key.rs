//! How can equal values be seen to be equal without being shown?
//!
//! One secret key per installation, and HMAC-SHA-256 (RFC 2104) under it with a label for each use, so that a digest
//! in the log says nothing about a pseudonym on the wire. Where the key is kept is not decided here.

use std::{fmt, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Sensitive;

/// The secret of this installation. Clones share it.
#[derive(Clone)]
pub struct InstallationKey(Arc<Secret>);

struct Secret {
    bytes: Sensitive<[u8; 32]>,
    /// HMAC that has taken the key in: half of the work of a short digest.
    keyed: Hmac<Sha256>,
}

impl InstallationKey {
    /// Takes 32 bytes from a good source of randomness.
    pub fn new(bytes: [u8; 32]) -> Self {
        let bytes = Sensitive::new(bytes);
        let Ok(keyed) = Hmac::new_from_slice(bytes.expose()) else {
            unreachable!("HMAC takes keys of any length");
        };
        Self(Arc::new(Secret { bytes, keyed }))
    }

    /// The bytes, for the one place that stores them.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.bytes.expose()
    }

    /// A digest of the parts under this key; `label` keeps different uses apart. Parts are length-prefixed, so that
    /// their borders count.
    pub fn digest(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.keyed.clone();
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// Nothing of it is shown.
impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InstallationKey").field(&self.0.bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_and_borders_count() {
        let key = InstallationKey::new([7; 32]);
        let digest = key.digest("log", &[b"ab", b"c"]);
        assert_eq!(digest, key.digest("log", &[b"ab", b"c"]));
        assert_ne!(digest, key.digest("log", &[b"a", b"bc"]));
        assert_ne!(digest, key.digest("wire", &[b"ab", b"c"]));
        assert_ne!(digest, InstallationKey::new([8; 32]).digest("log", &[b"ab", b"c"]));
    }
}
