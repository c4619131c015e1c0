//! Who asks, from which page, and may that be?
//!
//! Without a token, only this machine is answered, and only under a name that nobody else can make lead here: a page
//! from elsewhere whose name was made to lead to 127.0.0.1 (DNS rebinding) says its own name in `Host`. Requests that
//! change something must come from our own page, in a form that no other page can send unasked.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::Authority};

use super::reply::Fault;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const OURS: HeaderName = HeaderName::from_static("x-clir");

/// Without a token: this machine, by a name of this machine.
pub fn is_local(peer: SocketAddr, uri: &Uri, fields: &HeaderMap) -> Result<(), Fault> {
    if !peer.ip().to_canonical().is_loopback() {
        return Err(Fault::forbidden("without `admin.token`, the live view is shown to this machine only"));
    }
    let is_named = host(uri, fields).is_some_and(|host| is_loopback(host.host()));
    is_named.then_some(()).ok_or_else(|| {
        let words = "this name is not one of this machine; open the live view as http://localhost or http://127.0.0.1 with \
                     its port, or set `admin.token`";
        Fault::forbidden(words)
    })
}

/// The host that is asked, once, in one way.
fn host(uri: &Uri, fields: &HeaderMap) -> Option<Authority> {
    let mut hosts = fields.get_all(header::HOST).iter();
    let host: Authority = hosts.next()?.to_str().ok()?.parse().ok()?;
    let agrees = uri.authority().is_none_or(|other| *other == host);
    (hosts.next().is_none() && agrees && !host.as_str().contains('@')).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Whether a request that changes something comes from our own page.
pub fn is_from_us(uri: &Uri, fields: &HeaderMap) -> Result<(), Fault> {
    let site = fields.get(SITE).map(HeaderValue::as_bytes);
    let is_own_site = match fields.get(header::ORIGIN).map(|origin| origin.to_str()) {
        // What is no browser says neither.
        None => matches!(site, None | Some(b"none" | b"same-origin")),
        Some(Ok("null")) => site == Some(b"same-origin"),
        Some(Ok(origin)) => is_origin_of(origin, host(uri, fields).as_ref()),
        Some(Err(_)) => false,
    };
    is_own_site
        .then_some(())
        .ok_or_else(|| Fault::forbidden("another page asked for this; only the live view itself may"))
}

fn is_origin_of(origin: &str, host: Option<&Authority>) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| host.is_some_and(|host| host.as_str().eq_ignore_ascii_case(authority)))
}

/// Whether it is in a form that a page of another site cannot send without being asked first (a "simple request").
pub fn is_deliberate(method: &Method, fields: &HeaderMap) -> Result<(), Fault> {
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let kind = fields.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_json = kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json");
    match (is_json, fields.get(OURS).map(HeaderValue::as_bytes)) {
        (true, Some(b"1")) => Ok(()),
        (false, _) => Err(Fault::forbidden("what changes something has `Content-Type: application/json`")),
        (true, _) => Err(Fault::forbidden("what changes something has `X-Clir: 1`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn local(peer: &str, uri: &str, host: &'static str) -> bool {
        is_local(peer.parse().unwrap(), &uri.parse().unwrap(), &fields(&[("host", host)])).is_ok()
    }

    #[test]
    fn only_names_of_this_machine_count() {
        for host in ["localhost:8081", "LOCALHOST", "127.0.0.1:8081", "127.9.9.9", "[::1]:8081", "[::ffff:127.0.0.1]:1"]
        {
            assert!(local("127.0.0.1:5", "/", host), "{host}");
        }
        for host in [
            "rebound.example:8081",
            "localhost.example",
            "127.0.0.1.example",
            "192.0.2.1",
            "a@127.0.0.1",
            "0.0.0.0",
            "",
        ] {
            assert!(!local("127.0.0.1:5", "/", host), "{host}");
        }
        assert!(!local("192.0.2.1:5", "/", "127.0.0.1"));
        assert!(!local("127.0.0.1:5", "http://rebound.example/", "127.0.0.1"));
        assert!(local("[::1]:5", "/", "[::1]"));
    }

    #[test]
    fn two_hosts_are_none() {
        let mut two = fields(&[("host", "127.0.0.1")]);
        two.append("host", "rebound.example".parse().unwrap());
        assert!(is_local("127.0.0.1:5".parse().unwrap(), &"/".parse().unwrap(), &two).is_err());
    }

    fn ours(list: &[(&'static str, &'static str)]) -> bool {
        let mut all = fields(list);
        all.insert("host", "127.0.0.1:8081".parse().unwrap());
        is_from_us(&"/".parse().unwrap(), &all).is_ok()
    }

    #[test]
    fn what_another_page_asks_for_is_told_by_its_origin() {
        assert!(ours(&[]));
        assert!(ours(&[("origin", "http://127.0.0.1:8081")]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        for foreign in ["http://other.example", "http://127.0.0.1:8080", "null", "http://127.0.0.1:8081.other.example"]
        {
            assert!(!ours(&[("origin", foreign)]), "{foreign}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert!(!ours(&[("sec-fetch-site", site)]), "{site}");
        }
    }

    #[test]
    fn what_changes_something_says_so() {
        let is = |list: &[_]| is_deliberate(&Method::POST, &fields(list)).is_ok();
        assert!(is(&[("content-type", "application/json; charset=utf-8"), ("x-clir", "1")]));
        assert!(!is(&[("content-type", "application/json")]));
        assert!(!is(&[("content-type", "text/plain"), ("x-clir", "1")]));
        assert!(!is(&[("x-clir", "1")]));
    }
}
