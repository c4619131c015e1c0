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
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        // All of them, without a branch: that is many at a time.
        bytes.iter_mut().for_each(|byte| *byte = folded(*byte));
        Some(Self { bytes, len: name.len() })
    }

    /// The folded name.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn folded(byte: u8) -> u8 {
    let small = byte | u8::from(byte.is_ascii_uppercase()) << 5;
    if small == b'_' { b'-' } else { small }
}
