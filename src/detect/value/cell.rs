//! Does a value name a cell, or the area that a cell belongs to?
//!
//! 3GPP TS 23.003 §4, §19.4 and §19.6: country, network, then area, cell or both. As octets they stand in User Location
//! Information: TS 29.274 §8.21 (flags), TS 29.060 §7.7.51 and TS 29.061 §16.4.7.2 (a type).

use super::networks::{Network, exactly, has_country, network};

/// What follows a geographic location type: the lengths of its parts, each of which begins with a network.
const BY_TYPE: &[(u8, &[usize])] = &[
    (0, &[7]),
    (1, &[7]),
    (2, &[7]),
    (128, &[5]),
    (129, &[7]),
    (130, &[5, 7]),
    (131, &[6]),
    (132, &[5, 6]),
    (133, &[6]),
    (134, &[5, 6]),
    (135, &[8]),
    (136, &[6]),
    (137, &[6, 8]),
];

/// What follows the flags of GTPv2, the lowest bit first: CGI, SAI, RAI, TAI, ECGI, LAI, macro eNodeB, extended one.
const BY_FLAG: [usize; 8] = [7, 7, 7, 5, 7, 5, 6, 6];

/// Areas and cells alone: LAI and TAI, RAI and TAI of 5G, CGI, SAI and ECGI, NCGI.
const BARE: std::ops::RangeInclusive<usize> = 5..=8;

/// Whether these octets are User Location Information, with or without the head of its element, or one cell or area.
pub(super) fn is_binary(octets: &[u8]) -> bool {
    let octets = without_head(octets);
    let Some((&kind, parts)) = octets.split_first() else { return false };
    let typed = BY_TYPE.iter().filter(|(other, _)| *other == kind).any(|(_, lengths)| are_parts(parts, lengths.iter()));
    let flagged = || {
        let set = BY_FLAG.iter().enumerate().filter(|(bit, _)| kind >> bit & 1 == 1).map(|(_, len)| len);
        kind != 0 && are_parts(parts, set)
    };
    let bare = || BARE.contains(&octets.len()) && packed(octets) == Some(Network::Assigned);
    typed || flagged() || bare()
}

/// Without type and length as RADIUS (22), GTPv2 (86) and GTPv1 (152) write them.
fn without_head(octets: &[u8]) -> &[u8] {
    match octets {
        [22, len, rest @ ..] if usize::from(*len) == rest.len() + 2 => rest,
        [86, 0, len, _, rest @ ..] | [152, 0, len, rest @ ..] if usize::from(*len) == rest.len() => rest,
        _ => octets,
    }
}

fn are_parts<'a>(octets: &[u8], mut lengths: impl Iterator<Item = &'a usize>) -> bool {
    let rest = lengths.try_fold(octets, |octets, &len| {
        let (part, rest) = octets.split_at_checked(len)?;
        packed(part).map(|_| rest)
    });
    rest.is_some_and(<[u8]>::is_empty)
}

/// The network at the front, as packed digits: MCC 2 and 1, MNC 3 and MCC 3, MNC 2 and 1. Where there is no third digit
/// stands a filler, and some write a zero.
fn packed(octets: &[u8]) -> Option<Network> {
    let [first, second, third, ..] = octets else { return None };
    let digit = |nibble: u8| (nibble < 10).then_some(b'0' + nibble);
    let country = [digit(first & 15)?, digit(first >> 4)?, digit(second & 15)?];
    let short = [digit(third & 15)?, digit(third >> 4)?];
    let Some(last) = digit(second >> 4) else {
        return exactly(&country, &short).filter(|_| second >> 4 == 15);
    };
    let long = exactly(&country, &[short[0], short[1], last])?;
    let short = exactly(&country, &short).filter(|_| last == b'0')?;
    Some(if long == Network::Assigned { long } else { short })
}

/// Words in front of the parts.
const KEYS: &[(&str, Key)] = &[
    ("mcc", Key::Country),
    ("mnc", Key::Network),
    ("lac", Key::Area),
    ("tac", Key::Area),
    ("rac", Key::Area),
    ("cellid", Key::Cell),
    ("cell", Key::Cell),
    ("cid", Key::Cell),
    ("eci", Key::Cell),
    ("nci", Key::Cell),
    ("ci", Key::Cell),
    ("sac", Key::Cell),
    ("eutracellid", Key::Cell),
    ("nrcellid", Key::Cell),
    ("enb", Key::Cell),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Country,
    Network,
    Area,
    Cell,
}

/// No cell has more parts.
const PARTS: usize = 8;

/// Whether this text names a cell: country, network and more, or at least an area and a cell that are said to be these.
pub(super) fn is_text(value: &[u8]) -> bool {
    if let Some(named) = after_mark(value) {
        return joined(named);
    }
    let dotted = value.contains(&b'.');
    if dotted && !value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return false;
    }
    let mut parts: [(Option<Key>, &[u8]); PARTS] = [(None, b""); PARTS];
    let mut filled = 0;
    for part in keyed(value) {
        let Some(slot) = parts.get_mut(filled) else { return false };
        *slot = part;
        filled += 1;
    }
    let parts = parts.get(..filled).unwrap_or_default();
    let has = |key| parts.iter().any(|(other, _)| *other == Some(key));
    has(Key::Area) && has(Key::Cell) || is_sequence(parts, dotted) || matches!(parts, [(_, only)] if joined(only))
}

/// `3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=…` (RFC 7315 §5.4): what stands behind the mark.
fn after_mark(value: &[u8]) -> Option<&[u8]> {
    let mark = b"-3gpp=";
    let start = value.windows(mark.len()).position(|part| part.eq_ignore_ascii_case(mark))? + mark.len();
    let rest = value.get(start..)?;
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(rest.len());
    rest.get(..end)
}

/// Parts that hold a number, each with the word that stands before it.
fn keyed(value: &[u8]) -> impl Iterator<Item = (Option<Key>, &[u8])> {
    let mut key = None;
    value.split(|byte| !byte.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).filter_map(move |part| {
        let letters = part.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = part.split_at_checked(letters)?;
        if let Some((_, known)) = KEYS.iter().find(|(other, _)| word.eq_ignore_ascii_case(other.as_bytes())) {
            key = Some(*known);
            return (!rest.is_empty() && is_hex(rest)).then(|| (key.take(), rest));
        }
        (is_hex(part) && (part.len() == 4 || part.iter().any(u8::is_ascii_digit))).then(|| (key.take(), part))
    })
}

fn is_hex(part: &[u8]) -> bool {
    part.iter().all(u8::is_ascii_hexdigit)
}

/// Country, network, area, cell, or both of the first in one.
fn is_sequence(parts: &[(Option<Key>, &[u8])], strict: bool) -> bool {
    let [(key, first), (_, second), ..] = parts else { return false };
    let rest: usize = parts.iter().skip(1).map(|(_, part)| part.len()).sum();
    if rest < 6 || !(2..=5).contains(&parts.len()) {
        return false;
    }
    let decimal = first.iter().all(u8::is_ascii_digit);
    let told = *key == Some(Key::Country);
    match first.len() {
        3 if told => has_country(first),
        3 => exactly(first, second).is_some_and(|found| found == Network::Assigned || !strict && parts.len() > 3),
        5 | 6 => decimal && network(first) == Some(Network::Assigned),
        _ => false,
    }
}

/// All in one: country and network in digits, the rest in digits or hexadecimal.
fn joined(part: &[u8]) -> bool {
    let digits = part.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let formed = (12..=16).contains(&part.len()) && digits >= 5 && is_hex(part) && !is_date(part);
    formed && network(part) == Some(Network::Assigned)
}

/// `20211203055113` begins with a Greek network and is an hour in December all the same.
fn is_date(part: &[u8]) -> bool {
    let (first, last): (&[u8], &[u8]) = (b"01", b"12");
    let has_month = part.get(4..6).is_some_and(|month| (first..=last).contains(&month));
    matches!(part.len(), 12 | 14) && part.starts_with(b"20") && part.iter().all(u8::is_ascii_digit) && has_month
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: [u8; 3] = [0x00, 0xf1, 0x10];

    #[test]
    fn octets_are_checked_by_type_length_and_network() {
        for octets in [
            [&[0][..], &HERE, &[1, 2, 3, 4]].concat(),
            [&[1][..], &HERE, &[1, 2, 3, 4]].concat(),
            [&[128][..], &HERE, &[1, 2]].concat(),
            [&[129][..], &HERE, &[1, 2, 3, 4]].concat(),
            [&[130][..], &HERE, &[1, 2], &HERE, &[1, 2, 3, 4]].concat(),
            [&[135][..], &HERE, &[1, 2, 3, 4, 5]].concat(),
            [&[137][..], &HERE, &[1, 2, 3], &HERE, &[1, 2, 3, 4, 5]].concat(),
            [&[0x18][..], &HERE, &[1, 2], &HERE, &[1, 2, 3, 4]].concat(),
            [&[22, 10, 129][..], &HERE, &[1, 2, 3, 4]].concat(),
            [&[86, 0, 13, 0, 0x18][..], &HERE, &[1, 2], &HERE, &[1, 2, 3, 4]].concat(),
            [&[152, 0, 8, 0][..], &HERE, &[1, 2, 3, 4]].concat(),
            [&HERE[..], &[1, 2, 3, 4]].concat(),
            [&HERE[..], &[1, 2]].concat(),
        ] {
            assert!(is_binary(&octets), "{octets:02x?}");
            assert!(!is_binary(&octets[..octets.len() - 1]) || octets.len() < 9, "{octets:02x?} cut");
        }
        for octets in
            [&b""[..], b"\x82", b"\x81\xff\xff\xff\x01\x02\x03\x04", b"\x81\x99\xf9\x10\x01\x02\x03", &[0; 40]]
        {
            assert!(!is_binary(octets), "{octets:02x?}");
        }
    }

    #[test]
    fn text_is_a_cell_if_its_network_is_known_or_its_parts_are_named() {
        for value in [
            "234-15-1A2B-3C4D",
            "234-15-BEEF-CAFE",
            "234:15:1234:5678",
            "234.15.1234.5678",
            "MCC=234;MNC=15;LAC=1234;CI=5678",
            "mcc=234&mnc=1&lac=12&ci=5678",
            "{\"mcc\":234,\"mnc\":15,\"tac\":4660,\"eci\":26385930}",
            "{\"plmnId\":{\"mcc\":\"001\",\"mnc\":\"01\"},\"nrCellId\":\"000000010\"}",
            "23415-1234-5678",
            "234151A2B3C4D",
            "LAC:1234,CI:5678",
            "lac1234-ci5678",
            "3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=001010A1B2C3D4E5",
        ] {
            assert!(is_text(value.as_bytes()), "{value}");
        }
        for value in [
            "",
            "1",
            "234",
            "1/cgi-bin",
            "199-15-1A2B-3C4D",
            "2023-11-15",
            "234.0.5845.163",
            "1234:5678",
            "gzip, br",
            "310-555-0123",
            "192.0.2.1",
            "234-15",
            "20100-12-31",
            "20211203055113",
            "1700000000000",
        ] {
            assert!(!is_text(value.as_bytes()), "{value}");
        }
    }
}
