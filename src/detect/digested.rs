//! How is a map asked whose keys are digests?

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map under digests.
pub(super) type ByDigest<T> = HashMap<u64, T, BuildHasherDefault<Digested>>;

/// What is a digest already need not be hashed again. The low bits of all keys in one map may be alike, where others
/// were told apart by them: those from the middle take their place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Digested(u64);

impl Hasher for Digested {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.0 = self.0.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest.rotate_right(32);
    }
}
