//! What does a client say in SOCKS 5, and what is it told?
//!
//! The messages of RFC 1928, and of RFC 1929 for a name with a password: bytes in, meaning out, no socket. Each may come
//! in any pieces; what cannot become a message is told as soon as that is clear. The crates that speak SOCKS connect and
//! relay by themselves as well, and those that only parse are under a licence that ours is not compatible with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use zeroize::Zeroizing;

use crate::exchange::Host;

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
/// No message of a client is longer: a login with the longest name and password.
pub const LONGEST: usize = 513;

/// What the bytes so far amount to: a message and its length, nothing yet, or nothing ever.
pub type Parsed<T> = Result<Option<(T, usize)>, Malformed>;

/// Bytes that are no message of SOCKS 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not SOCKS 5: {0}")]
pub struct Malformed(&'static str);

/// How a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    None,
    /// By a name and a password (RFC 1929).
    Password,
}

impl Method {
    fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Password => 2,
        }
    }
}

/// The ways that a client offers to prove who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting(Vec<u8>);

impl Greeting {
    /// Whether this is one of them.
    pub fn offers(&self, method: Method) -> bool {
        self.0.contains(&method.code())
    }
}

/// A name and a password, wiped when dropped. Deliberately without `Debug`.
pub struct Login {
    /// The name.
    pub name: Zeroizing<Vec<u8>>,
    /// The password.
    pub password: Zeroizing<Vec<u8>>,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// A connection.
    Connect,
    /// To be connected to.
    Bind,
    /// A relay of datagrams.
    UdpAssociate,
    /// Something that is not defined.
    Other,
}

/// A request, with where it wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub command: Command,
    /// The host; nothing where the name is none that could be looked up.
    pub host: Option<Host>,
    /// The port.
    pub port: u16,
}

/// What a client is told (RFC 1928 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the RFC's own words")]
pub enum Reply {
    Succeeded = 0,
    GeneralFailure = 1,
    NotAllowed = 2,
    NetworkUnreachable = 3,
    HostUnreachable = 4,
    ConnectionRefused = 5,
    TtlExpired = 6,
    CommandNotSupported = 7,
    AddressTypeNotSupported = 8,
}

impl Reply {
    /// The whole answer. Where our own end of the connection is, is nobody's business.
    pub fn bytes(self) -> [u8; 10] {
        [VERSION, self as u8, 0, 1, 0, 0, 0, 0, 0, 0]
    }
}

/// The answer to a greeting; nothing is the refusal of all that was offered.
pub fn choice(method: Option<Method>) -> [u8; 2] {
    [VERSION, method.map_or(0xff, Method::code)]
}

/// The answer to a login.
pub fn verdict(is_right: bool) -> [u8; 2] {
    [LOGIN_VERSION, u8::from(!is_right)]
}

/// Reads a greeting.
///
/// # Errors
/// It is no SOCKS, or SOCKS 4.
pub fn greeting(bytes: &[u8]) -> Parsed<Greeting> {
    match bytes {
        [] | [VERSION] => Ok(None),
        [VERSION, 0, ..] => Err(Malformed("no method is offered")),
        [VERSION, count, rest @ ..] => {
            let count = usize::from(*count);
            Ok(rest.get(..count).map(|methods| (Greeting(methods.to_vec()), 2 + count)))
        }
        [4, ..] => Err(Malformed("this is SOCKS 4")),
        _ => Err(Malformed("the first byte is another")),
    }
}

/// Reads a login.
///
/// # Errors
/// It is of another version.
pub fn login(bytes: &[u8]) -> Parsed<Login> {
    match bytes {
        [] => Ok(None),
        [LOGIN_VERSION, rest @ ..] => {
            let Some((name, rest)) = counted(rest) else { return Ok(None) };
            let Some((password, _)) = counted(rest) else { return Ok(None) };
            let length = 3 + name.len() + password.len();
            let wiped = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
            Ok(Some((Login { name: wiped(name), password: wiped(password) }, length)))
        }
        _ => Err(Malformed("the login is of another version")),
    }
}

/// Reads a request.
///
/// # Errors
/// It is of another version, or its address of a kind that is not defined: [`Reply::AddressTypeNotSupported`].
pub fn request(bytes: &[u8]) -> Parsed<Request> {
    match bytes {
        [] | [VERSION] | [VERSION, _] | [VERSION, _, _] => Ok(None),
        [VERSION, command, _, kind, rest @ ..] => {
            let Some((host, behind)) = address(*kind, rest)? else { return Ok(None) };
            let Some(port) = behind.first_chunk::<2>() else { return Ok(None) };
            let command = match command {
                1 => Command::Connect,
                2 => Command::Bind,
                3 => Command::UdpAssociate,
                _ => Command::Other,
            };
            let length = bytes.len() - behind.len() + 2;
            Ok(Some((Request { command, host, port: u16::from_be_bytes(*port) }, length)))
        }
        _ => Err(Malformed("the request is of another version")),
    }
}

/// An address and what stands behind it.
#[expect(clippy::type_complexity, reason = "read in one place, and taken apart there at once")]
fn address(kind: u8, bytes: &[u8]) -> Result<Option<(Option<Host>, &[u8])>, Malformed> {
    match kind {
        1 => Ok(bytes.split_first_chunk::<4>().map(|(ip, rest)| (Some(Host::Ip(Ipv4Addr::from(*ip).into())), rest))),
        4 => Ok(bytes.split_first_chunk::<16>().map(|(ip, rest)| (Some(Host::Ip(Ipv6Addr::from(*ip).into())), rest))),
        3 => Ok(counted(bytes).map(|(name, rest)| (host(name), rest))),
        _ => Err(Malformed("the address is of a kind that is not defined")),
    }
}

/// A name; some clients write an address as one.
fn host(name: &[u8]) -> Option<Host> {
    let address = std::str::from_utf8(name).ok().and_then(|text| text.parse::<IpAddr>().ok());
    address.map(Host::Ip).or_else(|| Host::parse(name).ok())
}

/// What stands behind its length in one byte, and the rest.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(bytes: &[u8]) -> (Command, String, u16) {
        let (request, length) = request(bytes).unwrap().unwrap();
        assert_eq!(length, bytes.len());
        (request.command, request.host.map_or_else(String::new, |host| host.to_string()), request.port)
    }

    #[test]
    fn addresses_of_all_kinds_are_read() {
        assert_eq!(asked(&[5, 1, 0, 1, 192, 0, 2, 1, 1, 187]), (Command::Connect, "192.0.2.1".into(), 443));
        let name = [&[5, 1, 0, 3, 11][..], b"Example.org", &[0, 80]].concat();
        assert_eq!(asked(&name), (Command::Connect, "example.org".into(), 80));
        let v6 = [&[5, 3, 0, 4][..], &Ipv6Addr::LOCALHOST.octets(), &[0, 0]].concat();
        assert_eq!(asked(&v6), (Command::UdpAssociate, "::1".into(), 0));
        let literal = [&[5, 2, 0, 3, 11][..], b"2001:db8::1", &[0, 25]].concat();
        assert_eq!(asked(&literal), (Command::Bind, "2001:db8::1".into(), 25));
        let odd = [&[5, 9, 0, 3, 3][..], b"a b", &[0, 80]].concat();
        assert_eq!(asked(&odd), (Command::Other, String::new(), 80));
    }

    #[test]
    fn any_beginning_needs_more() {
        let whole = [&[5, 1, 0, 3, 11][..], b"example.org", &[0, 80]].concat();
        assert!((0..whole.len()).all(|end| request(&whole[..end]) == Ok(None)));
        let pair = [&[1, 5][..], b"phone", &[6], b"secret"].concat();
        assert!((0..pair.len()).all(|end| matches!(login(&pair[..end]), Ok(None))));
        let (read, length) = login(&pair).unwrap().unwrap();
        assert_eq!((&read.name[..], &read.password[..], length), (&b"phone"[..], &b"secret"[..], pair.len()));
        assert_eq!(greeting(&[5, 2, 0]), Ok(None));
        let (offer, length) = greeting(&[5, 2, 0, 2, 5]).unwrap().unwrap();
        assert!(offer.offers(Method::None) && offer.offers(Method::Password) && length == 4);
    }

    #[test]
    fn what_is_no_socks_5_is_told_at_once() {
        for bytes in [&b"GET / HTTP/1.1"[..], &[4, 1, 0, 80], &[5, 0], &[22, 3, 1]] {
            assert!(greeting(bytes).is_err(), "{bytes:?}");
        }
        assert!(request(&[5, 1, 0, 2]).is_err());
        assert!(request(&[4]).is_err());
        assert!(login(&[5]).is_err());
    }

    proptest! {
        /// Nothing panics, and no message is longer than it may be.
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            for length in [
                greeting(&bytes).map(|read| read.map(|(_, length)| length)),
                login(&bytes).map(|read| read.map(|(_, length)| length)),
                request(&bytes).map(|read| read.map(|(_, length)| length)),
            ].into_iter().flatten().flatten() {
                prop_assert!(length <= LONGEST && length <= bytes.len());
            }
        }
    }
}
