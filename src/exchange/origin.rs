//! Where is a request meant to go?
//!
//! Scheme, host and port, parsed once and strictly (RFC 9110 §4.2, §7.2): no userinfo, no zone, no port that is not a
//! decimal number from 1 to 65535. Resolution to addresses happens elsewhere.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use memchr::{memchr, memrchr};

/// How the origin is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Cleartext.
    Http,
    /// Inside TLS.
    Https,
}

impl Scheme {
    /// The scheme's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URI of this scheme means when it names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A host: a name in lower case, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// A registered name, lower-cased, as it stood otherwise.
    Name(Arc<str>),
    /// An IP literal.
    Ip(IpAddr),
}

impl Host {
    /// Parses what stands before the port in an authority: a name, an IPv4 address or a bracketed IPv6 address.
    ///
    /// # Errors
    /// [`InvalidAuthority`] when it is empty, too long, has a zone, or holds a byte no host has.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidAuthority> {
        let text = std::str::from_utf8(text).map_err(|_| InvalidAuthority::Host)?;
        if let Some(literal) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address: Ipv6Addr = literal.parse().map_err(|_| InvalidAuthority::Host)?;
            return Ok(Self::Ip(IpAddr::V6(address)));
        }
        if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
            return Ok(Self::Ip(IpAddr::V4(address)));
        }
        if !is_name(text.as_bytes()) {
            return Err(InvalidAuthority::Host);
        }
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        Ok(Self::Name(if is_lower { text.into() } else { text.to_ascii_lowercase().into() }))
    }

    /// The name, unless this is an address.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Ip(_) => None,
        }
    }
}

/// As in an event: a name, or an address without brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && text.len() <= 255 && text.iter().all(|byte| is_name_byte(*byte))
}

/// Unreserved and sub-delims of RFC 3986 §3.2.2; percent-encoding has no place in a name that DNS resolves.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Scheme, host and port of a request's destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Its name or address.
    pub host: Host,
    /// Its port.
    pub port: u16,
}

impl Origin {
    /// Parses `host[:port]`; a missing port is the scheme's own.
    ///
    /// # Errors
    /// [`InvalidAuthority`] that tells which part is at fault.
    pub fn parse(scheme: Scheme, authority: &[u8]) -> Result<Self, InvalidAuthority> {
        if authority.contains(&b'@') {
            return Err(InvalidAuthority::Userinfo);
        }
        let (host, port) = split_port(authority)?;
        Ok(Self { scheme, host: Host::parse(host)?, port: port.unwrap_or(scheme.default_port()) })
    }

    /// Whether [`Origin::parse`] takes this authority. A name is not copied to know it.
    pub fn is_authority(authority: &[u8]) -> bool {
        split_port(authority).is_ok_and(|(host, _)| is_name(host) || Self::parse(Scheme::Http, authority).is_ok())
    }

    /// Whether an authority means this origin: its name may have the root's dot at its end, or lack it.
    pub fn is_named_by(&self, scheme: Scheme, authority: &[u8]) -> bool {
        let Ok((host, port)) = split_port(authority) else { return false };
        if port.unwrap_or(scheme.default_port()) != self.port {
            return false;
        }
        match &self.host {
            // The very name, as most say it.
            Host::Name(name) if is_name(host) && host.eq_ignore_ascii_case(name.as_bytes()) => true,
            Host::Name(name) => matches!(Host::parse(host), Ok(Host::Name(named)) if is_same_name(&named, name)),
            address => Host::parse(host).is_ok_and(|named| named == *address),
        }
    }

    /// Parses `host:port` as it stands in `CONNECT`, where the port is required (RFC 9110 §9.3.6).
    ///
    /// # Errors
    /// [`InvalidAuthority`] that tells which part is at fault.
    pub fn parse_connect(authority: &[u8]) -> Result<Self, InvalidAuthority> {
        match split_port(authority)? {
            (_, None) => Err(InvalidAuthority::Port),
            _ => Self::parse(Scheme::Https, authority),
        }
    }

    /// `host[:port]` as it belongs into `Host` and `:authority`: brackets around IPv6, no port where it is the default.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            return self.bracketed();
        }
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// `host:port`, as `CONNECT` has it.
    pub fn with_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        match &self.host {
            Host::Ip(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.to_string(),
        }
    }
}

/// A name with the root's dot at its end is the same name, and TLS names it without (RFC 6066 §3).
fn is_same_name(one: &str, other: &str) -> bool {
    one.trim_end_matches('.') == other.trim_end_matches('.')
}

/// `scheme://host[:port]`
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

/// Splits a trailing `:port` off; a colon inside brackets is the address's own. A lone trailing colon names no port.
fn split_port(authority: &[u8]) -> Result<(&[u8], Option<u16>), InvalidAuthority> {
    let after_bracket = memrchr(b']', authority).map_or(0, |at| at + 1);
    let Some(colon) = memchr(b':', authority.get(after_bracket..).unwrap_or_default()) else {
        return Ok((authority, None));
    };
    let (host, port) = authority.split_at(after_bracket + colon);
    let port = port.get(1..).unwrap_or_default();
    if port.is_empty() {
        return Ok((host, None));
    }
    let digits = port.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(port).ok().filter(|_| digits).and_then(|text| text.parse::<u16>().ok());
    match number {
        Some(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(InvalidAuthority::Port),
    }
}

/// What is wrong with an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuthority {
    /// The host is empty, too long, or holds a byte that no host has.
    #[error("the host is neither a name nor an IP address")]
    Host,
    /// The port is not a number from 1 to 65535, or is missing where it is required.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// There is a user name in front, which must not be passed on (RFC 9110 §4.2.4).
    #[error("a user name or password stands before the host")]
    Userinfo,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(authority: &str) -> Result<Origin, InvalidAuthority> {
        Origin::parse(Scheme::Http, authority.as_bytes())
    }

    #[test]
    fn names_and_addresses_round_trip() {
        for authority in ["example.org", "example.org:8080", "192.0.2.1", "[2001:db8::1]", "[2001:db8::1]:8080"] {
            assert_eq!(http(authority).unwrap().authority(), authority);
        }
        assert_eq!(http("EXAMPLE.org:80").unwrap().authority(), "example.org");
        assert_eq!(http("example.org:").unwrap().port, 80);
    }

    #[test]
    fn ports_are_decimal_numbers_or_errors() {
        for authority in ["a:0", "a:65536", "a:+80", "a:0x50", "a:80 ", "a:8 0", "[::1]:x", "a:80:80"] {
            assert_eq!(http(authority), Err(InvalidAuthority::Port), "{authority}");
        }
    }

    #[test]
    fn userinfo_zones_and_odd_bytes_are_refused() {
        assert_eq!(http("me@example.org"), Err(InvalidAuthority::Userinfo));
        for authority in ["", ":80", "[fe80::1%25eth0]", "a b", "a/b", "[::1", "::1]x", "ex\u{e4}mple.org", "a%41"] {
            assert!(http(authority).is_err(), "{authority}");
        }
    }

    #[test]
    fn what_is_an_authority_is_told_without_parsing() {
        for authority in
            ["a", "A.example", "a:80", "a:", "a:0", "me@a", "192.0.2.1", "[::1]:8", "[::1", "", ":8", "a b", "1.2.3"]
        {
            assert_eq!(Origin::is_authority(authority.as_bytes()), http(authority).is_ok(), "{authority}");
        }
    }

    #[test]
    fn an_origin_is_named_by_what_parses_to_it() {
        let names = [
            "a.example",
            "A.Example:80",
            "a.example.",
            "a.example:81",
            "b.example",
            "a.example@b",
            "192.0.2.1",
            "[::1]",
        ];
        for origin in names.map(http).into_iter().flatten() {
            for authority in names {
                let trimmed = |host: &Host| host.to_string().trim_end_matches('.').to_owned();
                let means = |named: Origin| named.port == origin.port && trimmed(&named.host) == trimmed(&origin.host);
                let is_named = origin.is_named_by(Scheme::Http, authority.as_bytes());
                assert_eq!(is_named, http(authority).is_ok_and(means), "{origin} {authority}");
            }
        }
    }

    #[test]
    fn connect_wants_a_port() {
        assert_eq!(Origin::parse_connect(b"example.org"), Err(InvalidAuthority::Port));
        assert_eq!(Origin::parse_connect(b"example.org:443").unwrap().authority(), "example.org");
    }
}
