//! When are two field names the same?
//!
//! Case does not count (RFC 9110 §5.1), nor does `_` for `-`: CGI and some gateways write it so.

/// The longest name that any signature may have. StarOS gateways allow 31 characters.
pub(super) const LONGEST_NAME: usize = 64;

/// A name in lower case with `-` for `_`, on the stack.
pub(super) struct FoldedName {
    bytes: [u8; LONGEST_NAME],
    len: usize,
}

impl FoldedName {
    /// Folds a name; nothing if it is too long to be in any list.
    pub fn new(name: &[u8]) -> Option<Self> {
        let mut bytes = [0; LONGEST_NAME];
        for (slot, &byte) in bytes.get_mut(..name.len())?.iter_mut().zip(name) {
            *slot = if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
        }
        Some(Self { bytes, len: name.len() })
    }

    /// The folded name.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}
