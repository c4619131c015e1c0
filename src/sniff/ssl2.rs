//! Is this a hello in the form of SSL 2?
//!
//! Programs that still begin so offer SSL 3 and TLS in it as well (RFC 5246, appendix E.2). It has no magic number, so
//! everything that its head says has to fit.

use super::Sniffed;

/// The fatal alert `protocol_version`, in the clear.
pub const PROTOCOL_VERSION: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];

/// Length of what stands before the lists: record length, type, version, and the three lengths of the lists.
const HEAD: usize = 11;
/// What of that the record's length does not count.
const UNCOUNTED: u16 = 2;

/// Decides on bytes whose first one has its highest bit set.
pub(super) fn sniff(bytes: &[u8]) -> Sniffed {
    let is_possible = match bytes {
        [_] | [_, _] | [_, _, 1] => true,
        [_, _, 1, major, rest @ ..] => matches!((major, rest.first()), (0, None | Some(2)) | (3, None | Some(0..=4))),
        _ => false,
    };
    match bytes.first_chunk() {
        _ if !is_possible => Sniffed::Unknown,
        None => Sniffed::NeedMore,
        Some(head) if is_consistent(*head) => Sniffed::Ssl2,
        Some(_) => Sniffed::Unknown,
    }
}

fn is_consistent([high, low, _, _, _, ciphers @ .., s1, s0, c1, c0]: [u8; HEAD]) -> bool {
    let length = u16::from_be_bytes([high & 0x7f, low]);
    let ciphers = u16::from_be_bytes(ciphers);
    let (session, challenge) = (u16::from_be_bytes([s1, s0]), u16::from_be_bytes([c1, c0]));
    let lists = [ciphers, session, challenge].into_iter().try_fold(0_u16, u16::checked_add);
    let head = u16::try_from(HEAD).unwrap_or(u16::MAX) - UNCOUNTED;
    ciphers > 0
        && ciphers.is_multiple_of(3)
        && matches!(session, 0 | 16 | 32)
        && (16..=32).contains(&challenge)
        && lists.and_then(|lists| lists.checked_add(head)) == Some(length)
}
