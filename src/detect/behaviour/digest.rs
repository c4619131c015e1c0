//! How are values, hosts and clients compared without being kept?
//!
//! As 64-bit digests under the installation's key: SipHash-2-4 (Aumasson, Bernstein 2012), a keyed pseudo-random function
//! that takes tens of nanoseconds. Without the key they cannot be tried out against a list of numbers.

use std::hash::Hasher;

use siphasher::sip::SipHasher24;

use crate::{detect::fold::FoldedName, exchange::InstallationKey};

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
        match FoldedName::new(name) {
            Some(folded) => self.of(Kind::Name, folded.as_bytes()),
            None => self.long_name(name),
        }
    }

    /// The same, byte by byte.
    fn long_name(&self, name: &[u8]) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests are stored: those of other versions have to be the same.
    #[test]
    fn a_name_has_one_digest_however_it_is_made_and_spelt() {
        let digester = Digester::new(&InstallationKey::new([7; 32]));
        for name in ["", "x", "X-Acr", "X_Up_Calling-Line_ID", &"Long_Name-".repeat(6), &"Long_Name-".repeat(9)] {
            let plain = name.to_lowercase().replace('_', "-");
            assert_eq!(digester.name(name.as_bytes()), digester.long_name(name.as_bytes()), "{name}");
            assert_eq!(digester.name(name.as_bytes()), digester.of(Kind::Name, plain.as_bytes()), "{name}");
        }
    }
}
