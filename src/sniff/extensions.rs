//! Is this extension of a ClientHello one that clients are known to send?
//!
//! The table is `extensions.tsv`: IANA's registry, and the few that widespread clients send without having registered
//! them. What stands in neither was put there by somebody else, or by a client that nobody knows.

use std::sync::LazyLock;

static KNOWN: LazyLock<Vec<(u16, &str)>> = LazyLock::new(|| {
    let lines = include_str!("extensions.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut types: Vec<_> = lines.filter_map(read).collect();
    types.sort_unstable();
    types
});

fn read(line: &'static str) -> Option<(u16, &'static str)> {
    let mut columns = line.split('\t');
    Some((columns.next()?.parse().ok()?, columns.next()?))
}

/// Whether an extension of this type says nothing of whoever sends it.
pub(super) fn is_known(kind: u16) -> bool {
    is_grease(kind) || name(kind).is_some()
}

/// What an extension of this type is called in the table.
pub fn name(kind: u16) -> Option<&'static str> {
    let at = KNOWN.binary_search_by_key(&kind, |(known, _)| *known).ok()?;
    KNOWN.get(at).map(|(_, name)| *name)
}

/// Values that clients send so that servers learn to ignore what they do not know (RFC 8701 §2).
pub fn is_grease(value: u16) -> bool {
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
        assert!(KNOWN.windows(2).all(|pair| pair[0].0 < pair[1].0), "each type once");
    }

    #[test]
    fn what_browsers_send_is_known_and_what_was_inserted_is_not() {
        for kind in [0, 16, 43, 51, 17_513, 17_613, 65_037, 65_281, 0x0a0a, 0xfafa] {
            assert!(is_known(kind), "{kind}");
        }
        assert_eq!((name(43), name(17_516), name(0x0a0a)), (Some("supported_versions"), None, None));
        for kind in [17_516, 63, 1234, 0x0a1a, 0x1a0a, 65_280, 65_535] {
            assert!(!is_known(kind), "{kind}");
        }
    }
}
