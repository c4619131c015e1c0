//! What is answered to which request?
//!
//! Every answer carries fields that are known in advance, and one that names them all in order: what is missing, merged,
//! respelt or new on the other end was changed on the way.

use std::borrow::Cow;

use http::StatusCode;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::{Seen, Site, bodies, head::Head, negotiate::wants_json, page, seen, site::Read, walk};
use crate::exchange::{Origin, Scheme, hex};

/// Who may do what: anything but tunnels.
const ALLOW: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE";

/// Bytes to answer with.
#[derive(Clone)]
pub struct Reply {
    /// The status line and the fields, the empty line included.
    pub head: Vec<u8>,
    /// The content; nothing for `HEAD`.
    pub body: Cow<'static, [u8]>,
    /// Whether the connection ends behind it.
    pub closes: bool,
}

/// What is answered, before it is known how it travels.
#[derive(Clone)]
pub(super) struct Content {
    /// The status code.
    pub status: u16,
    /// `Content-Type`.
    pub kind: &'static str,
    /// The bytes.
    pub body: Cow<'static, [u8]>,
    /// Further fields.
    pub fields: Vec<(&'static str, String)>,
}

impl Content {
    /// An ordinary answer.
    pub fn new(kind: &'static str, body: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { status: 200, kind, body: body.into(), fields: Vec::new() }
    }

    /// One more field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

/// Answers whatever came.
pub(super) fn reply(site: &Site, seen: &Seen) -> Reply {
    let head = Head::read(&seen.raw);
    let path = head.path();
    let content = match (seen.fault, path.as_str()) {
        (None, "/response.json") => of_response(site, seen),
        (None, "/test") => walk::page(site, seen),
        (None, "/twin.svg") => page::picture(&site.read(seen, true)),
        (None, path) => bodies::at(path).map_or_else(|| reflection(site, seen, &head), |it| marked(it, &head)),
        (Some(_), _) => reflection(site, seen, &head),
    };
    let content = Content { status: status(seen, &head), ..content };
    let content =
        if &*head.method == b"OPTIONS" || content.status == 405 { content.with("Allow", ALLOW) } else { content };
    travelling(content, seen, &head)
}

/// A page for people, JSON for machines.
fn reflection(site: &Site, seen: &Seen, head: &Head) -> Content {
    if is_json(head) {
        let read = site.read(seen, false);
        return with_cors(json(site, seen, &read, None), seen, head);
    }
    let read = site.read(seen, true);
    page::reflection(site, seen, &read)
}

/// Whether a machine asks.
fn is_json(head: &Head) -> bool {
    head.path().ends_with(".json") || wants_json(&head.fields)
}

fn json(site: &Site, seen: &Seen, read: &Read, response: Option<&[(String, String)]>) -> Content {
    Content::new("application/json", site.json(seen, read, response))
}

/// The head that carries it stands in it, its own length included.
fn of_response(site: &Site, seen: &Seen) -> Content {
    let read = site.read(seen, false);
    let mut content = json(site, seen, &read, Some(&[]));
    // The length changes the text and the text the length, by a digit at most each time.
    for _ in 0..4 {
        let fields = fields(&content, seen);
        let next = json(site, seen, &read, Some(&fields));
        let is_settled = next.body.len() == content.body.len();
        content = next;
        if is_settled {
            break;
        }
    }
    content
}

/// Boxes are asked to leave it alone, unless the visitor wants to see whether they would not.
fn marked(body: bodies::Marked, head: &Head) -> Content {
    let allows = head.parameter("transform").as_deref() == Some("allow");
    let content = Content::new(body.kind, body.bytes);
    let digest = hex(&seen::digest(body.bytes));
    let content = content.with("X-Reflect-Body-SHA256", digest);
    if allows { content.with("Cache-Control", "no-store") } else { content }
}

/// For the cleartext page of the same host, and for nobody else's: what stands in here is the visitor's own.
fn with_cors(content: Content, seen: &Seen, head: &Head) -> Content {
    let allowed = head.fields.first("origin").filter(|_| seen.connection.scheme() == Scheme::Https);
    match allowed.and_then(|origin| twin_of(origin, head)) {
        Some(origin) => content.with("Access-Control-Allow-Origin", origin),
        None => content,
    }
}

/// The origin, if it is in cleartext on the host that is asked.
fn twin_of(origin: &[u8], head: &Head) -> Option<String> {
    let twin = Origin::parse(Scheme::Http, origin.strip_prefix(b"http://")?).ok()?;
    (Some(&twin.host) == head.host().as_ref()).then(|| String::from_utf8_lossy(origin).into_owned())
}

fn status(seen: &Seen, head: &Head) -> u16 {
    match seen.fault {
        Some(fault) => fault.status(),
        None if &*head.method == b"CONNECT" => 405,
        None if !seen.body.is_complete => 413,
        None => 200,
    }
}

fn travelling(content: Content, seen: &Seen, head: &Head) -> Reply {
    let closes = closes(&content, seen);
    let reason = StatusCode::from_u16(content.status).ok().and_then(|status| status.canonical_reason());
    let mut bytes = format!("HTTP/1.1 {} {}\r\n", content.status, reason.unwrap_or_default());
    for (name, value) in fields(&content, seen) {
        bytes.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
    }
    bytes.push_str("\r\n");
    let body = if &*head.method == b"HEAD" { Cow::default() } else { content.body };
    Reply { head: bytes.into_bytes(), body, closes }
}

fn closes(content: &Content, seen: &Seen) -> bool {
    !seen.keeps_alive || !matches!(content.status, 200..=399)
}

/// The fields as they travel.
fn fields(content: &Content, seen: &Seen) -> Vec<(String, String)> {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&seen.time).unwrap_or_default();
    let mut fields = vec![("Date", date), ("Content-Type", content.kind.to_owned())];
    fields.push(("Content-Length", content.body.len().to_string()));
    if !content.fields.iter().any(|(name, _)| *name == "Cache-Control") {
        fields.push(("Cache-Control", "no-store, no-transform".to_owned()));
    }
    fields.extend(content.fields.iter().cloned());
    let known = [
        ("Vary", "Accept, Origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Reflect-Mark", "left as it was sent"),
        ("x-reflect-lower", "kept"),
        ("X-REFLECT-UPPER", "kept"),
        ("X-Reflect-Twice", "one"),
        ("X-Reflect-Twice", "two"),
        ("Connection", if closes(content, seen) { "close" } else { "keep-alive" }),
    ];
    fields.extend(known.map(|(name, value)| (name, value.to_owned())));
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).chain(["X-Reflect-Head"]).collect();
    let names = names.join(", ");
    fields.push(("X-Reflect-Head", names));
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
