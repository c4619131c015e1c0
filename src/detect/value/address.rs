//! Is this an IP address, and one from inside a network?

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use super::search::parts;

/// The first address in a value, alone, in a list, as `key=value`, with or without a port.
pub(in crate::detect) fn first(value: &[u8]) -> Option<(Range<usize>, IpAddr)> {
    parts(value, |byte| matches!(byte, b',' | b';' | b'=' | b'"' | b'[' | b']' | b' ' | b'\t' | b'|' | b'(' | b')'))
        .find_map(|span| parse(value.get(span.clone())?).map(|(len, address)| (span.start..span.start + len, address)))
}

/// Parses a part; the length leaves out a port.
fn parse(part: &[u8]) -> Option<(usize, IpAddr)> {
    if !(2..=45).contains(&part.len()) || !part.iter().any(|byte| matches!(byte, b'.' | b':')) {
        return None;
    }
    let text = std::str::from_utf8(part).ok()?;
    if let Ok(address) = text.parse() {
        return Some((text.len(), address));
    }
    let (host, port) = text.rsplit_once(':')?;
    let address = host.parse::<Ipv4Addr>().ok()?;
    port.bytes().all(|byte| byte.is_ascii_digit()).then_some((host.len(), IpAddr::V4(address)))
}

/// Private (RFC 1918), shared by a carrier's subscribers (RFC 6598), or unique local (RFC 4193).
pub(in crate::detect) fn is_inside(address: IpAddr) -> bool {
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
