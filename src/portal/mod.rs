//! What does clir itself show to a phone or a browser?
//!
//! Pages and files for setting a phone up, made out of what is passed in: no socket, no clock, no randomness of its own. Which
//! requests are for the portal, and how the answer travels, is `proxy`'s question.

mod claim;
mod pac;
mod page;
mod profile;
pub mod qr;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

pub use claim::{ClaimPage, ClaimState};

use crate::exchange::{Scheme, Vantage};

/// The name under which the portal answers on every clir. `.test` is reserved (RFC 6761 §6.2): no site can have it.
pub const NAME: &str = "clir.test";

/// What there is to hand out, the same for every visit.
#[derive(Clone, Debug)]
pub struct Portal {
    /// The authority's certificate in PEM.
    pub pem: String,
    /// The same in DER.
    pub der: Vec<u8>,
    /// SHA-256 of the certificate, as devices show it.
    pub fingerprint: String,
    /// The authority's name, as devices show it.
    pub subject: String,
    /// Whether TLS is opened, and for whom.
    pub interception: Interception,
}

/// Whether TLS is opened, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interception {
    /// For nobody.
    Never,
    /// For those who have shown that they trust the authority.
    Auto,
    /// For everybody.
    Always,
}

/// Whether a client trusts the authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It has not shown it.
    #[default]
    Unknown,
    /// It has shown it.
    Trusted,
    /// It had, and rejects the authority now.
    Withdrawn,
}

/// How a visitor came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through clir as its proxy, or as its gateway.
    Through,
    /// To clir's own address, as to any site.
    Direct,
}

/// One request for the portal.
#[derive(Clone, Debug)]
pub struct Visit<'a> {
    /// `GET`, `HEAD` or something that is not served.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// In cleartext or inside TLS.
    pub scheme: Scheme,
    /// How it came.
    pub way: Way,
    /// From where.
    pub client: IpAddr,
    /// The address of clir's that the visitor reached: what a phone is to be pointed at.
    pub proxy: SocketAddr,
    /// Whether that address takes a proxy's requests. A gateway's listener does not.
    pub is_proxy: bool,
    /// Where clir stands.
    pub vantage: Vantage,
    /// `User-Agent`, or nothing. Decides only which instructions stand first.
    pub agent: &'a str,
    /// Whether its client trusts the authority, as far as is known.
    pub trust: Standing,
    /// Hosts that pass unread for its client, since an app on it accepts only their own certificates.
    pub pinned: Vec<String>,
    /// Random bytes for what must be fresh.
    pub entropy: [u8; 32],
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The content.
    pub body: Vec<u8>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further fields.
    pub fields: Vec<(&'static str, String)>,
}

/// Scripts, frames, foreign sources: nothing but our own styles and pictures.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https://clir.test data:; \
                              form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers a request.
pub fn answer(portal: &Portal, visit: &Visit<'_>) -> Answer {
    if !matches!(visit.method, "GET" | "HEAD") {
        let mut answer = Answer::text(405, "Only GET is served here.\n");
        answer.fields.push(("allow", "GET, HEAD".into()));
        return answer;
    }
    let (path, query) = visit.target.split_once('?').unwrap_or((visit.target, ""));
    match path {
        "/" => Answer::new("text/html; charset=utf-8", page::index(portal, visit))
            .with("content-security-policy", CONTENT_POLICY),
        "/ca.pem" => Answer::new("application/x-pem-file", portal.pem.clone()).saved_as("clir-ca.pem"),
        // Android takes it for a certificate by this type, and by the ending once it is saved.
        "/ca.crt" => Answer::new("application/x-x509-ca-cert", portal.der.clone()).saved_as("clir-ca.crt"),
        "/ca.der" => Answer::new("application/pkix-cert", portal.der.clone()).saved_as("clir-ca.der"),
        "/clir.mobileconfig" => of_profile(profile::authority(portal, visit.entropy), "clir.mobileconfig"),
        "/wifi.mobileconfig" => wifi(visit, query),
        "/proxy.pac" => {
            Answer::new("application/x-ns-proxy-autoconfig", pac::script(visit.proxy, pac::Failure::of(query)))
        }
        "/qr.svg" => picture(qr::svg(&address(visit))),
        "/trusted.svg" => picture(page::trusted_picture()),
        _ => Answer::text(404, "There is no such page here. The portal begins at /.\n"),
    }
}

/// Where the portal is for somebody who has not set anything up yet.
fn address(visit: &Visit<'_>) -> String {
    format!("http://{}/", visit.proxy)
}

fn wifi(visit: &Visit<'_>, query: &str) -> Answer {
    let name = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "ssid").map(|(_, name)| name);
    match name.filter(|name| (1..=32).contains(&name.len())) {
        Some(name) => of_profile(profile::wifi(&name, visit.proxy, visit.entropy), "clir-wifi.mobileconfig"),
        None => Answer::text(400, "Give the network's name, of 1 to 32 bytes: /wifi.mobileconfig?ssid=NAME\n"),
    }
}

fn of_profile(profile: Result<Vec<u8>, plist::Error>, name: &str) -> Answer {
    match profile {
        Ok(bytes) => Answer::new("application/x-apple-aspen-config", bytes).saved_as(name),
        Err(error) => Answer::text(500, &format!("The profile could not be written: {error}.\n")),
    }
}

fn picture(svg: String) -> Answer {
    Answer::new("image/svg+xml", svg)
}

impl Answer {
    fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), content_type, fields: Vec::new() }
    }

    fn text(status: u16, text: &str) -> Self {
        Self { status, ..Self::new("text/plain; charset=utf-8", text) }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// `inline`, since iOS opens a profile only then; the name is for those who save it.
    fn saved_as(self, name: &str) -> Self {
        let kind = if name.ends_with("mobileconfig") { "inline" } else { "attachment" };
        self.with("content-disposition", format!("{kind}; filename=\"{name}\""))
    }
}
