//! What is an exit told when a tunnel is asked for?
//!
//! Where to, who asks, and the id under which this event can be found in our log. The id is a word between two clirs: the
//! exit keeps it to itself, and believes it from users that it knows only.

use std::{fmt, net::IpAddr};

use base64ct::{Base64, Encoding as _};
use http::{HeaderValue, Method, Request, Uri};
use ulid::Ulid;
use zeroize::Zeroizing;

use super::super::fault::{Fault, Stage};
use crate::exchange::{Fields, Host, Sensitive};

/// The field that carries the id.
pub const EXCHANGE_ID: &str = "clir-exchange-id";
/// So many clirs may stand one behind another. More is a circle.
const MOST_HOPS: u8 = 8;

/// Where a request was sent from, if it was a clir that sent it: the id there, and how many clirs it has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hopped {
    /// The event's id at the clir before this one.
    pub id: Ulid,
    /// How many clirs have sent it on.
    pub hops: u8,
}

impl Hopped {
    /// Reads `ID` or `ID; hops=2`. What is neither is nothing.
    pub fn of(fields: &Fields) -> Option<Self> {
        let value = std::str::from_utf8(fields.first(EXCHANGE_ID)?).ok()?;
        let (id, hops) = value.split_once(';').unwrap_or((value, "hops=1"));
        let hops = hops.trim().strip_prefix("hops=")?.parse().ok()?;
        Some(Self { id: Ulid::from_string(id.trim()).ok()?, hops })
    }

    /// The next word to say: under our id, one hop further.
    ///
    /// # Errors
    /// A [`Fault`] when it has gone round in a circle.
    pub fn on(before: Option<Self>, id: Ulid) -> Result<Self, Fault> {
        let hops = before.map_or(0, |before| before.hops).saturating_add(1);
        if hops > MOST_HOPS {
            return Err(Fault::origin(Stage::Hop, "the request has passed too many clirs: their exits form a circle"));
        }
        Ok(Self { id, hops })
    }
}

impl fmt::Display for Hopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hops {
            1 => self.id.fmt(f),
            hops => write!(f, "{}; hops={hops}", self.id),
        }
    }
}

/// One tunnel that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// To this host.
    pub host: &'a Host,
    /// And this port.
    pub port: u16,
    /// For this event.
    pub hopped: Hopped,
}

impl Asked<'_> {
    /// As in CONNECT: with brackets around IPv6, and always with the port.
    pub fn authority(&self) -> String {
        match self.host {
            Host::Ip(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            host => format!("{host}:{}", self.port),
        }
    }
}

/// A user's name and password as the exit wants to hear them, if it wants any.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Option<Sensitive<String>>);

impl Words {
    /// Basic credentials (RFC 7617 §2); none where there is no name.
    pub fn new(user: &str, secret: &str) -> Self {
        if user.is_empty() && secret.is_empty() {
            return Self(None);
        }
        let pair = Zeroizing::new(format!("{user}:{secret}"));
        let token = Zeroizing::new(Base64::encode_string(pair.as_bytes()));
        Self(Some(Sensitive::new(format!("Basic {}", token.as_str()))))
    }

    /// The head of a CONNECT.
    pub fn http1(&self, asked: &Asked<'_>) -> Sensitive<Vec<u8>> {
        let authority = asked.authority();
        let mut head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        head.push_str(&format!("Clir-Exchange-Id: {}\r\n", asked.hopped));
        self.close(head)
    }

    /// The head of a request that the exit answers itself, if it lets us in (RFC 9110 §7.6.2).
    pub fn check_http1(&self, exit: &str) -> Sensitive<Vec<u8>> {
        self.close(format!("OPTIONS http://{exit} HTTP/1.1\r\nHost: {exit}\r\nMax-Forwards: 0\r\n"))
    }

    fn close(&self, head: String) -> Sensitive<Vec<u8>> {
        let mut bytes = Vec::with_capacity(head.len() + 1024);
        bytes.extend_from_slice(head.as_bytes());
        if let Some(words) = &self.0 {
            bytes.extend_from_slice(b"Proxy-Authorization: ");
            bytes.extend_from_slice(words.expose().as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        Sensitive::new(bytes)
    }

    /// The same CONNECT for HTTP/2 (RFC 9113 §8.5).
    pub fn http2(&self, asked: &Asked<'_>) -> Result<Request<()>, http::Error> {
        let uri = Uri::builder().authority(asked.authority()).build()?;
        let request = Request::builder().method(Method::CONNECT).uri(uri);
        self.told(request.header(EXCHANGE_ID, asked.hopped.to_string()))
    }

    /// The same check for HTTP/2.
    pub fn check_http2(&self, exit: &str) -> Result<Request<()>, http::Error> {
        let uri = Uri::builder().scheme("http").authority(exit).path_and_query("/").build()?;
        self.told(Request::builder().method(Method::OPTIONS).uri(uri).header("max-forwards", "0"))
    }

    fn told(&self, request: http::request::Builder) -> Result<Request<()>, http::Error> {
        let Some(words) = &self.0 else { return request.body(()) };
        let mut value = HeaderValue::from_str(words.expose())?;
        // Never put into a table that lives as long as the connection (RFC 7541 §7.1.3).
        value.set_sensitive(true);
        request.header(http::header::PROXY_AUTHORIZATION, value).body(())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "•••" } else { "none" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hopped(value: &str) -> Option<Hopped> {
        let mut fields = Fields::new();
        fields.push("Clir-Exchange-Id", value.to_owned());
        Hopped::of(&fields)
    }

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = Ulid::from_parts(1, 2);
        let first = Hopped::on(None, id).unwrap();
        assert_eq!(hopped(&first.to_string()), Some(first));
        let second = Hopped::on(Some(first), id).unwrap();
        assert_eq!((hopped(&second.to_string()), second.hops), (Some(second), 2));
        for other in ["", "x", "01J", "; hops=1", &format!("{id}; hops=256"), &format!("{id}; x=1")] {
            assert_eq!(hopped(other), None, "{other}");
        }
    }

    #[test]
    fn a_circle_comes_to_an_end() {
        let mut last = None;
        let rounds = (0..100).take_while(|_| match Hopped::on(last, Ulid::nil()) {
            Ok(next) => last.replace(next).is_none_or(|_| true),
            Err(_) => false,
        });
        assert_eq!(rounds.count(), usize::from(MOST_HOPS));
    }

    #[test]
    fn heads_hold_what_is_needed_and_prints_do_not() {
        let words = Words::new("user", "secret");
        let host = Host::parse(b"[2001:db8::1]").unwrap();
        let asked = Asked { host: &host, port: 443, hopped: Hopped::on(None, Ulid::nil()).unwrap() };
        let head = String::from_utf8(words.http1(&asked).expose().clone()).unwrap();
        assert!(head.starts_with("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"), "{head}");
        assert!(head.ends_with("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n"), "{head}");
        let request = words.http2(&asked).unwrap();
        assert_eq!(request.uri().to_string(), "[2001:db8::1]:443");
        assert!(request.headers()["proxy-authorization"].is_sensitive());
        assert_eq!(format!("{words:?} {:?}", Words::new("", "")), "••• none");
    }
}
