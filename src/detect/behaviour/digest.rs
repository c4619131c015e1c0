//! How are values, hosts and clients compared without being kept?
//!
//! As 64-bit digests under the installation's key: SipHash-2-4 (Aumasson, Bernstein 2012), a keyed pseudo-random function
//! that takes tens of nanoseconds. Without the key they cannot be tried out against a list of numbers.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::exchange::InstallationKey;

/// Makes digests for one installation.
#[derive(Clone)]
pub(super) struct Digester {
    key: [u8; 16],
    /// Whether names of hosts may be kept beside their digests, in memory.
    pub tells_hosts: bool,
}

/// What a digest is of: the same bytes as something else have another digest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Client = 1,
    Name,
    Value,
    Host,
    Application,
}

impl Digester {
    pub fn new(key: &InstallationKey) -> Self {
        let derived = key.digest("behaviour", &[]);
        let mut key = [0; 16];
        key.iter_mut().zip(derived).for_each(|(to, from)| *to = from);
        Self { key, tells_hosts: false }
    }

    /// The digest of these bytes.
    pub fn of(&self, kind: Kind, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write_u8(kind as u8);
        hasher.write(bytes);
        hasher.finish()
    }

    /// The digest of a field's name; case and the separator chosen do not count.
    pub fn name(&self, name: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write_u8(Kind::Name as u8);
        for &byte in name {
            hasher.write_u8(if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() });
        }
        hasher.finish()
    }
}

impl std::fmt::Debug for Digester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digester")
    }
}
