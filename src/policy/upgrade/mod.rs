//! May this cleartext request go to its origin inside TLS, and does the origin offer the same there?
//!
//! Judged from the request, and then from the answer that came inside TLS. Cleartext is never asked first: what is to be
//! kept from whoever stands on the way would have been shown.

use std::{net::IpAddr, time::Duration};

use super::{AddressClass, AddressSet, HostSet};
use crate::exchange::{Host, Origin, RequestHead, ResponseHead, Scheme};

/// Endings of names that mean something in one network only (RFC 6762, RFC 8375, RFC 6761), and what routers use.
const LOCAL_ENDINGS: [&str; 10] =
    ["local", "localhost", "internal", "home.arpa", "lan", "home", "localdomain", "intranet", "corp", "onion"];

/// Errors that a site that is the same in both ways gives in both: who is asked for a password or to come back later is
/// asked so by the site.
const OWN_ERRORS: [u16; 4] = [401, 412, 416, 429];

/// Whether, and for whom, cleartext becomes TLS.
#[derive(Clone, Debug)]
pub struct Upgrading {
    /// Whether at all.
    pub enabled: bool,
    /// Hosts that are left as they are.
    pub never: HostSet,
    /// How long an origin that is not known yet has to connect and shake hands, and again to answer.
    pub probe: Duration,
}

impl Default for Upgrading {
    fn default() -> Self {
        Self { enabled: false, never: HostSet::default(), probe: Duration::from_secs(3) }
    }
}

/// What decides about a request before anybody is asked.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The site as the request names it.
    pub site: &'a Origin,
    /// The host that is really gone to.
    pub dialled: &'a Host,
    /// The port that is really gone to.
    pub port: u16,
    /// Whether another protocol is asked for.
    pub switches: bool,
    /// Whether it asks whether the network is online.
    pub is_check: bool,
}

impl Upgrading {
    /// Why the request stays in cleartext, if it does.
    pub fn declines(&self, wish: &Wish<'_>) -> Option<&'static str> {
        let is_local = |host: &Host| match host {
            Host::Name(name) => is_local_name(name),
            Host::Ip(address) => is_inside(*address),
        };
        let reasons = [
            (wish.is_check, "connectivity"),
            (self.never.matches(&wish.site.host), "never"),
            (wish.switches, "protocol-switch"),
            (wish.site.port != 80 || wish.port != 80, "port"),
            (wish.site.host.name().is_none(), "address"),
            (is_local(&wish.site.host) || is_local(wish.dialled), "private"),
        ];
        reasons.iter().find(|(holds, _)| *holds).map(|(_, reason)| *reason)
    }
}

fn is_local_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let ends = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'));
    !name.contains('.') || LOCAL_ENDINGS.iter().any(|ending| ends(ending))
}

/// Whether an address is of somebody's own network or of the carrier's (RFC 6598), where nobody has a certificate.
pub fn is_inside(address: IpAddr) -> bool {
    use AddressClass::{LinkLocal, Loopback, Private};
    let shared = matches!(address.to_canonical(), IpAddr::V4(v4) if matches!(v4.octets(), [100, 64..=127, ..]));
    shared || AddressSet::new(vec![Loopback, LinkLocal, Private], Vec::new()).contains(address)
}

/// What an answer inside TLS says about the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is there.
    There,
    /// It is to be visited in cleartext: passing that on would go round in circles.
    SentBack,
    /// Perhaps something else is there: only cleartext could tell.
    Doubtful,
}

/// What the answer to a request for a site says.
pub fn heard(site: &Host, answer: &ResponseHead) -> Heard {
    match answer.status {
        300..=399 if answer.fields.first("location").is_some_and(|location| leads_back(site, location)) => {
            Heard::SentBack
        }
        ..400 => Heard::There,
        status if OWN_ERRORS.contains(&status) => Heard::There,
        _ => Heard::Doubtful,
    }
}

/// What two answers to one request say together: whether cleartext offers what is not there inside TLS.
pub fn offers_more(site: &Host, cleartext: &ResponseHead) -> bool {
    let to_https =
        cleartext.fields.first("location").is_some_and(|location| is_same_site(site, location, Scheme::Https));
    cleartext.status < 400 && !(cleartext.status >= 300 && to_https)
}

/// Whether a redirection could bring the client back to this page: to a site in cleartext, or to the page itself, as is
/// done to see whether a cookie comes back.
pub fn may_circle(site: &Host, page: &[u8], answer: &ResponseHead) -> bool {
    let Some(location) = answer.fields.first("location").filter(|_| matches!(answer.status, 300..=399)) else {
        return false;
    };
    let is_itself = location.strip_prefix(format!("https://{site}").as_bytes()).unwrap_or(location) == page;
    is_itself || origin_of(location, Scheme::Http).is_some()
}

/// A redirection to cleartext of the same site, be it another host of it: `www` and none often send back and forth.
fn leads_back(site: &Host, location: &[u8]) -> bool {
    is_same_site(site, location, Scheme::Http)
}

fn is_same_site(site: &Host, location: &[u8], scheme: Scheme) -> bool {
    let Some(there) = origin_of(location, scheme) else { return false };
    let (Some(one), Some(other)) = (site.name(), there.host.name()) else { return there.host == *site };
    there.port == scheme.default_port() && registrable(one) == registrable(other)
}

fn registrable(name: &str) -> &str {
    let name = name.strip_suffix('.').unwrap_or(name);
    psl::domain_str(name).unwrap_or(name)
}

/// The origin of an absolute URL with this scheme.
fn origin_of(url: &[u8], scheme: Scheme) -> Option<Origin> {
    let prefix = format!("{scheme}://");
    let (start, rest) = url.split_at_checked(prefix.len())?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')).unwrap_or(rest.len());
    let is_of_scheme = start.eq_ignore_ascii_case(prefix.as_bytes());
    Origin::parse(scheme, rest.get(..end)?).ok().filter(|_| is_of_scheme)
}

/// Whether a client that believes to be in cleartext would lose something of this answer: browsers take no `Secure`
/// cookie there (RFC 6265bis §5.7), and heed no `Strict-Transport-Security` (RFC 6797 §8.1); and a site that is visited
/// in TLS may mistrust requests that say they come from a page in cleartext.
pub fn wants_tls_itself(request: &RequestHead, answer: &ResponseHead) -> bool {
    let is_secure = |attribute: &[u8]| attribute.trim_ascii().eq_ignore_ascii_case(b"secure");
    let secure_cookie = answer
        .fields
        .iter()
        .filter(|field| field.is("set-cookie"))
        .any(|field| field.value.split(|byte| *byte == b';').skip(1).any(is_secure));
    let from_cleartext = |name| request.fields.first(name).is_some_and(|page| origin_of(page, Scheme::Http).is_some());
    let mistrusted =
        answer.status == 403 && !is_safe(&request.method) && (from_cleartext("origin") || from_cleartext("referer"));
    secure_cookie
        || mistrusted
        || answer.fields.first("strict-transport-security").is_some_and(|value| is_in_force(value))
}

/// `max-age=0` takes it back (RFC 6797 §6.1.1).
fn is_in_force(value: &[u8]) -> bool {
    let directives = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let mut ages = directives.filter_map(|directive| {
        let (name, age) = directive.split_at_checked("max-age=".len())?;
        name.eq_ignore_ascii_case(b"max-age=").then_some(age)
    });
    ages.next().is_some_and(|age| age.iter().any(|digit| matches!(digit, b'1'..=b'9')))
}

/// Whether a client says that it would rather be sent to TLS (Upgrade Insecure Requests §3.2.1), as browsers do when they
/// open a page.
pub fn can_be_led(request: &RequestHead) -> bool {
    let asks = request.fields.first("upgrade-insecure-requests").is_some_and(|value| value.trim_ascii() == b"1");
    asks && (request.method == "GET" || request.method == "HEAD")
}

/// Methods that change nothing (RFC 9110 §9.2.1): what was asked can be asked again.
pub fn is_safe(method: &[u8]) -> bool {
    [&b"GET"[..], b"HEAD", b"OPTIONS"].contains(&method)
}

#[cfg(test)]
mod tests;
