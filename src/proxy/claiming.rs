//! What becomes of a request for a secret link?
//!
//! Its page shows a button, so that whoever merely looks at links (previews, prefetchers) claims nothing; the button admits
//! the address that the request came from. In cleartext a link is not opened but revoked: others may have read it.

use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use jiff::Timestamp;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{
    arriving::Arriving, attempts::WINDOW, body::Body, door::Door, own, refusal, refusals::Reason, session::Shared,
};
use crate::{
    claim::{self, Admitted, Claims, Link, Refused, Secret, place},
    exchange::{Origin, Scheme},
    portal::{ClaimPage, ClaimState},
};

/// Where links are, below clir's own address.
const PATH: &[u8] = b"/claim/";
/// What a form of ours sends, and more.
const LONGEST_FORM: usize = 1024;
/// For that to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections at once of those who are not admitted.
const LOBBY: usize = 128;

/// What links admit, and how they are opened, under one configuration.
#[derive(Debug)]
pub struct Claiming {
    claims: Claims,
    url: Origin,
    addresses: u32,
    listeners: HashSet<Arc<str>>,
    door: Option<Door>,
    /// Room for those who are not admitted.
    pub(super) lobby: Arc<Semaphore>,
}

/// What a request wants of a link.
#[derive(Debug)]
pub enum Visit {
    /// Its page, at the right place. What has not the form of a link is none that anybody has made.
    Page(Option<Secret>),
    /// The link was sent where everybody can read it.
    Seen(Arc<Link>),
}

impl Claiming {
    /// Links lead to `url`, whose listener shows `door`; they admit at most `addresses` at once, to these listeners.
    pub fn new(claims: Claims, url: Origin, addresses: u32, listeners: HashSet<Arc<str>>, door: Option<Door>) -> Self {
        Self { claims, url, addresses, listeners, door, lobby: Arc::new(Semaphore::new(LOBBY)) }
    }

    /// What admits this address to this listener.
    pub fn admits(&self, listener: &str, address: IpAddr) -> Option<Arc<Admitted>> {
        self.listeners.contains(listener).then(|| self.claims.admits(address)).flatten()
    }

    /// Whether links are of any use at this listener.
    pub fn serves(&self, listener: &str) -> bool {
        self.listeners.contains(listener)
    }

    /// Whether a tunnel to this authority would lead to where links are.
    pub fn leads_here(&self, authority: &[u8]) -> bool {
        self.door.is_some() && self.is_here(authority)
    }

    /// What is shown in such a tunnel.
    pub fn door(&self) -> Option<&Door> {
        self.door.as_ref()
    }

    fn is_here(&self, authority: &[u8]) -> bool {
        Origin::parse(Scheme::Https, authority).is_ok_and(|origin| origin == self.url)
    }

    /// What a request wants of a link, if anything: by its target, its `Host`, and whether it came inside TLS.
    pub fn visit(&self, target: &[u8], host: Option<&[u8]>, is_secure: bool) -> Option<Visit> {
        let (authority, path) = split(target);
        let rest = path.strip_prefix(PATH)?;
        let end = rest.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(rest.len());
        let secret = rest.get(..end).and_then(|text| std::str::from_utf8(text).ok()).and_then(Secret::parse);
        if is_secure && authority.or(host).is_some_and(|authority| self.is_here(authority)) {
            return Some(Visit::Page(secret));
        }
        // The path may as well be some site's. Inside TLS nobody has read it, whatever is meant by it.
        secret.filter(|_| !is_secure).and_then(|secret| self.claims.link(&secret.digest())).map(Visit::Seen)
    }

    /// Answers a visit.
    pub async fn answer(
        &self,
        shared: &Shared,
        client: IpAddr,
        visit: Visit,
        method: &Method,
        body: Arriving,
    ) -> Response<Body> {
        let secret = match visit {
            Visit::Page(secret) => secret,
            Visit::Seen(link) => return self.burn(shared, client, link).await,
        };
        if shared.links.are_over(client) && self.claims.admits(client).is_none() {
            shared.refusals.tell(client, Reason::TooManyAttempts);
            return too_many();
        }
        let Some(link) = self.find(secret).await else {
            shared.links.count(client);
            shared.refusals.tell(client, Reason::WrongClaim);
            return text(StatusCode::NOT_FOUND, "There is no such link, or its time is over, or it was revoked.\n");
        };
        let state = match *method {
            Method::GET | Method::HEAD => self.state(&link, client),
            Method::POST => match wanted(body).await {
                Some(wanted) => self.change(Arc::clone(&link), client, wanted).await,
                None => return text(StatusCode::BAD_REQUEST, "The form could not be read.\n"),
            },
            _ => return text(StatusCode::METHOD_NOT_ALLOWED, "A link is opened by GET, and used by POST.\n"),
        };
        page(&link, client, state)
    }

    async fn find(&self, secret: Option<Secret>) -> Option<Arc<Link>> {
        let digest = secret?.digest();
        let claims = self.claims.clone();
        spawn_blocking(move || claims.find(&digest)).await.ok()?
    }

    fn state(&self, link: &Link, client: IpAddr) -> ClaimState {
        let admitted = self.claims.admitted_by(link, client);
        admitted.map_or(ClaimState::Open, |admitted| ClaimState::Admitted(admitted.until))
    }

    async fn change(&self, link: Arc<Link>, client: IpAddr, wanted: Wanted) -> ClaimState {
        let (claims, most, id) = (self.claims.clone(), self.addresses, Arc::clone(&link.id));
        let changed = spawn_blocking(move || match wanted {
            Wanted::Admission => claims.claim(&link.digest, client, most).map(Some),
            Wanted::End => claims.leave(&link.digest, client).map(|()| None),
        });
        let where_from = claim::in_words(place(client));
        match changed.await.unwrap_or(Err(Refused::Broken)) {
            Ok(Some(admitted)) => {
                let until = Timestamp::from_second(admitted.until).unwrap_or_default();
                tracing::info!("admitted client={where_from} link={id} until={until}");
                ClaimState::Admitted(admitted.until)
            }
            Ok(None) => {
                tracing::info!("no longer admitted client={where_from} link={id}");
                ClaimState::Left
            }
            Err(Refused::Full) => {
                tracing::warn!("link {id}: `claim.addresses` many addresses are admitted already");
                ClaimState::Full
            }
            Err(Refused::UsedUp | Refused::Unknown) => ClaimState::UsedUp,
            Err(Refused::Broken) => ClaimState::Broken,
        }
    }

    /// The link has gone through networks where it could be read, so it is no secret any more.
    async fn burn(&self, shared: &Shared, client: IpAddr, link: Arc<Link>) -> Response<Body> {
        shared.refusals.tell(client, Reason::CleartextClaim);
        tracing::warn!(
            "link {} was opened without TLS, where others can read it: it is revoked; make another",
            link.id
        );
        let claims = self.claims.clone();
        // What went wrong is told there.
        let _ = spawn_blocking(move || claims.revoke(&link, "opened without TLS")).await;
        let words = "This link was opened without encryption, where others can read it: it is no longer valid.\n\
                     Ask for another, and open it as it is given: with https.\n";
        text(StatusCode::FORBIDDEN, words)
    }
}

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Admission,
    End,
}

async fn wanted(body: Arriving) -> Option<Wanted> {
    let form = timeout(PATIENCE, Limited::new(body, LONGEST_FORM).collect()).await.ok()?.ok()?.to_bytes();
    wanted_of(&form)
}

fn wanted_of(form: &[u8]) -> Option<Wanted> {
    let word = form_urlencoded::parse(form).find(|(key, _)| key == "do").map(|(_, word)| word);
    match word.as_deref() {
        Some("claim") | None => Some(Wanted::Admission),
        Some("end") => Some(Wanted::End),
        Some(_) => None,
    }
}

/// The authority of a target, if it has one, and the rest.
fn split(target: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(at) = memchr::memmem::find(target, b"://").filter(|_| !target.starts_with(b"/")) else {
        return (None, target);
    };
    let rest = target.get(at + 3..).unwrap_or_default();
    let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
    (rest.get(..end), rest.get(end..).unwrap_or_default())
}

fn page(link: &Link, client: IpAddr, state: ClaimState) -> Response<Body> {
    let page = ClaimPage {
        state,
        place: &claim::in_words(place(client)),
        address: client,
        user: link.user.as_deref(),
        lasts: Duration::from_secs(u64::try_from(link.lasts).unwrap_or(0)),
        now: Timestamp::now().as_second(),
    };
    own::response(page.answer())
}

fn too_many() -> Response<Body> {
    let mut answer = text(StatusCode::TOO_MANY_REQUESTS, "Too many links were wrong. Try again later.\n");
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(WINDOW.as_secs()));
    answer
}

/// A plain answer of few words.
pub fn text(status: StatusCode, words: &'static str) -> Response<Body> {
    refusal::of_bytes(status, "text/plain; charset=utf-8", Bytes::from_static(words.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{NewLink, Store};

    #[test]
    fn a_form_says_what_is_wanted() {
        assert_eq!(wanted_of(b"do=claim"), Some(Wanted::Admission));
        assert_eq!(wanted_of(b""), Some(Wanted::Admission));
        assert_eq!(wanted_of(b"x=1&do=end"), Some(Wanted::End));
        assert_eq!(wanted_of(b"do=else"), None);
    }

    #[test]
    fn a_link_is_opened_at_its_place_inside_tls_and_burnt_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let secret = Secret::new().unwrap();
        let new = NewLink { id: "a".into(), digest: secret.digest(), user: None, lasts: 60, uses: None, valid: 60 };
        Store::open(dir.path()).unwrap().add(&new, Timestamp::now().as_second()).unwrap();
        let url = Origin::parse(Scheme::Https, b"proxy.example:8443").unwrap();
        let claiming = Claiming::new(Claims::open(dir.path()).unwrap(), url, 9, HashSet::new(), None);
        let path = format!("/claim/{}", secret.expose());
        let other = format!("/claim/{}", Secret::new().unwrap().expose());
        let visit = |target: &str, host: &str, is_secure| match claiming.visit(
            target.as_bytes(),
            Some(host.as_bytes()),
            is_secure,
        ) {
            None => "none",
            Some(Visit::Page(Some(_))) => "page",
            Some(Visit::Page(None)) => "no link",
            Some(Visit::Seen(_)) => "seen",
        };
        assert_eq!(visit(&path, "PROXY.example:8443", true), "page");
        assert_eq!(visit(&format!("https://proxy.example:8443{path}?x"), "", true), "page");
        assert_eq!(visit(&other, "proxy.example:8443", true), "page");
        assert_eq!(visit("/claim/short", "proxy.example:8443", true), "no link");
        assert_eq!(visit(&path, "other.example:8443", true), "none");
        assert_eq!(visit(&path, "proxy.example", true), "none", "another port");
        assert_eq!(visit(&path, "proxy.example:8443", false), "seen");
        assert_eq!(visit(&format!("http://a.example{path}"), "a.example", false), "seen");
        assert_eq!(visit(&other, "a.example", false), "none", "some site's own path");
        assert_eq!(visit("/", "proxy.example:8443", true), "none");
    }
}
