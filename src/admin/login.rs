//! Who has the token?
//!
//! It is shown as a Bearer token (RFC 6750), or once in a form, for a cookie that ends with this process. Both are
//! compared in constant time, and whoever shows a wrong one ten times in a minute is not asked any more for that minute.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::reply::Fault;
use crate::exchange::{Sensitive, hex};

/// The cookie's name.
const COOKIE: &str = "clir_admin";
/// So many wrong tokens in so long.
const ATTEMPTS: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Of so many addresses; beyond, the oldest is forgotten.
const ADDRESSES: usize = 1024;

/// The token, and what stands for it in browsers.
#[derive(Debug)]
pub struct Login {
    token: Sensitive<String>,
    cookie: Sensitive<String>,
    failures: Mutex<HashMap<IpAddr, (u32, Instant)>>,
}

impl Login {
    /// With this token; `random` makes the cookie.
    pub fn new(token: Sensitive<String>, random: [u8; 32]) -> Self {
        let cookie = hex(&random);
        Self { token, cookie: Sensitive::new(cookie), failures: Mutex::default() }
    }

    /// Whether these fields show it.
    ///
    /// # Errors
    /// They do not: 401, or 429 after too many attempts.
    pub fn admits(&self, peer: IpAddr, fields: &HeaderMap) -> Result<(), Fault> {
        if cookies(fields).any(|cookie| is_same(cookie, self.cookie.expose())) {
            return Ok(());
        }
        let bearer = fields.get(header::AUTHORIZATION).and_then(|field| field.to_str().ok()).and_then(bearer);
        match bearer {
            Some(token) => self.shown(peer, token),
            None => Err(Fault(StatusCode::UNAUTHORIZED, "show `admin.token`, as a Bearer token or at /login".into())),
        }
    }

    /// Whether this is the token.
    ///
    /// # Errors
    /// It is not: 401, or 429 after too many attempts.
    pub fn shown(&self, peer: IpAddr, token: &str) -> Result<(), Fault> {
        let peer = network(peer);
        let now = Instant::now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = failures.get(&peer).filter(|(_, since)| now.duration_since(*since) < WINDOW).copied();
        if recent.is_some_and(|(count, _)| count >= ATTEMPTS) {
            return Err(Fault(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens; wait a minute".into()));
        }
        if is_same(token, self.token.expose()) {
            failures.remove(&peer);
            return Ok(());
        }
        if failures.len() >= ADDRESSES && !failures.contains_key(&peer) {
            let oldest = failures.iter().min_by_key(|(_, (_, since))| *since).map(|(address, _)| *address);
            oldest.map(|address| failures.remove(&address));
        }
        let (count, since) = recent.unwrap_or((0, now));
        failures.insert(peer, (count + 1, since));
        tracing::warn!(client = %peer, "live view: a wrong token");
        Err(Fault(StatusCode::UNAUTHORIZED, "this is not the token".into()))
    }

    /// The field that makes a browser keep it.
    pub fn cookie(&self) -> String {
        format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie.expose())
    }
}

/// Whoever has one address of a network of IPv6 has them all.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (!0 << 64))),
        address => address,
    }
}

fn bearer(field: &str) -> Option<&str> {
    let (scheme, token) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookies(fields: &HeaderMap) -> impl Iterator<Item = &str> {
    let all = fields.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    all.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Of digests, so that time tells nothing of where two differ, nor of how long the right one is.
fn is_same(shown: &str, right: &str) -> bool {
    let digests = [shown, right].map(|text| Sha256::digest(text.as_bytes()));
    let [one, other] = digests;
    one.iter().zip(other.iter()).fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login::new(Sensitive::new("correct horse".into()), [7; 32])
    }

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn with(name: &'static str, value: &str) -> HeaderMap {
        [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn token_and_cookie_admit() {
        let login = login();
        assert_eq!(login.admits(PEER, &with("authorization", "bearer correct horse")), Ok(()));
        let cookie = login.cookie();
        let cookie = cookie.split(';').next().unwrap();
        assert_eq!(login.admits(PEER, &with("cookie", &format!("a=b; {cookie}"))), Ok(()));
        for wrong in ["clir_admin=", "clir_admin=00", "clir_admin=correct horse", &cookie[..20]] {
            assert!(login.admits(PEER, &with("cookie", wrong)).is_err(), "{wrong}");
        }
        assert!(login.admits(PEER, &HeaderMap::new()).is_err());
        assert!(!format!("{login:?}").contains("horse"));
    }

    #[test]
    fn who_guesses_is_not_asked_any_more() {
        let login = login();
        for _ in 0..ATTEMPTS {
            assert_eq!(login.shown(PEER, "wrong").unwrap_err().0, StatusCode::UNAUTHORIZED);
        }
        assert_eq!(login.shown(PEER, "correct horse").unwrap_err().0, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(login.shown("192.0.2.1".parse().unwrap(), "correct horse"), Ok(()));
    }

    #[test]
    fn guesses_from_everywhere_fill_no_memory() {
        let login = login();
        for low in 0..3000_u16 {
            let [a, b] = low.to_be_bytes();
            let _ = login.shown(IpAddr::from([198, 51, a, b]), "wrong");
        }
        assert!(login.failures.lock().unwrap().len() <= ADDRESSES);
    }
}
