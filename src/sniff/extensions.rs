//! Is this extension of a ClientHello one that clients are known to send?
//!
//! The table is `extensions.tsv`: IANA's registry, and the few that widespread clients send without having registered
//! them. What stands in neither was put there by somebody else, or by a client that nobody knows.

use std::sync::LazyLock;

static KNOWN: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let lines = include_str!("extensions.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut types: Vec<u16> = lines.filter_map(|line| line.split('\t').next()?.parse().ok()).collect();
    types.sort_unstable();
    types
});

/// Whether an extension of this type says nothing of whoever sends it.
pub(super) fn is_known(kind: u16) -> bool {
    is_grease(kind) || KNOWN.binary_search(&kind).is_ok()
}

/// Values that clients send so that servers learn to ignore what they do not know (RFC 8701 §2).
pub(super) fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let lines = include_str!("extensions.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(KNOWN.len(), lines);
        assert!(KNOWN.windows(2).all(|pair| pair[0] < pair[1]), "each type once");
    }

    #[test]
    fn what_browsers_send_is_known_and_what_was_inserted_is_not() {
        for kind in [0, 16, 43, 51, 17_513, 17_613, 65_037, 65_281, 0x0a0a, 0xfafa] {
            assert!(is_known(kind), "{kind}");
        }
        for kind in [17_516, 63, 1234, 0x0a1a, 0x1a0a, 65_280, 65_535] {
            assert!(!is_known(kind), "{kind}");
        }
    }
}
