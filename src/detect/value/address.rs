//! Is this an IP address, and one from inside a network?

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use super::numbers::parts;

/// The first address in a value, alone, in a list, as `key=value`, with or without a port.
pub(in crate::detect) fn first(value: &[u8]) -> Option<(Range<usize>, IpAddr)> {
    all(value).next()
}

/// The first address in a value that is one from inside a network, wherever in a list it stands.
pub(in crate::detect) fn first_inside(value: &[u8]) -> Option<Range<usize>> {
    all(value).find(|(_, address)| is_inside(*address)).map(|(span, _)| span)
}

/// The first that is one from inside a network; if none is, the first.
pub(in crate::detect) fn inside_or_first(value: &[u8]) -> Option<Range<usize>> {
    let mut first = None;
    for (span, address) in all(value) {
        if is_inside(address) {
            return Some(span);
        }
        first = first.or(Some(span));
    }
    first
}

fn all(value: &[u8]) -> impl Iterator<Item = (Range<usize>, IpAddr)> {
    // Ciphertext is asked for an address as well: most of it has none of these.
    let value = memchr::memchr2(b'.', b':', value).map_or(&b""[..], |_| value);
    parts(value, is_border).filter_map(|span| {
        let (part, address) = parse(value.get(span.clone())?)?;
        Some((span.start + part.start..span.start + part.end, address))
    })
}

/// How many parts of a token are asked whether they are an address: what hides one behind more is a token all the same.
const FRONT: usize = 4;

/// Whether a token is an address, or begins with something and one.
pub(super) fn begins(token: &[u8]) -> bool {
    let mut parts = parts(token, is_border).take(FRONT);
    memchr::memchr2(b'.', b':', token).is_some() && parts.any(|span| token.get(span).and_then(parse).is_some())
}

fn is_border(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'%' | b'&' | b'\'' | b'(' | b')' | b',' | b'/' | b';' | b'<' | b'=' | b'>')
        || matches!(byte, b'[' | b']' | b'{' | b'|' | b'}')
}

/// Parses a part; what is spanned leaves out a label and a port.
fn parse(part: &[u8]) -> Option<(Range<usize>, IpAddr)> {
    if !(2..=52).contains(&part.len()) {
        return None;
    }
    let count = |sign: u8| part.iter().filter(|&&byte| byte == sign).count();
    let (dots, colons) = (count(b'.'), count(b':'));
    // Three dots make an address, or two colons; nearly everything else that is written has neither.
    if dots < 3 && colons < 2 {
        return None;
    }
    let text = std::str::from_utf8(part).ok()?;
    if part.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
        && let Ok(address) = if colons < 2 { text.parse().map(IpAddr::V4) } else { text.parse().map(IpAddr::V6) }
    {
        return Some((0..text.len(), address));
    }
    if dots < 3 {
        return None;
    }
    // `10.1.2.3:80` and `ip:10.1.2.3`.
    let (front, back) = text.rsplit_once(':')?;
    if back.bytes().all(|byte| byte.is_ascii_digit()) {
        let start = front.rfind(':').map_or(0, |colon| colon + 1);
        return Some((start..front.len(), IpAddr::V4(front.get(start..)?.parse().ok()?)));
    }
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let address: Ipv4Addr = back.parse().ok().filter(|_| is_word(front))?;
    Some((front.len() + 1..text.len(), IpAddr::V4(address)))
}

/// Private (RFC 1918), shared by a carrier's subscribers (RFC 6598), or unique local (RFC 4193).
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_inside_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| is_unique_local(address), is_inside_v4),
    }
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private() || (first == 100 && second & 0xc0 == 64)
}

fn is_unique_local(address: Ipv6Addr) -> bool {
    address.segments().first().is_some_and(|segment| segment & 0xfe00 == 0xfc00)
}
