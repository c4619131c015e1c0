//! What happened, told so that it can be kept?
//!
//! An [`Event`] is the account of one exchange or tunnel. It holds the head as it was received; what is written of it
//! is redacted on the way out, so nothing downstream can forget to. [`EventLine`] is what can be read back.

mod credential;
mod fate;
mod json;
mod line;
mod needle;
pub mod provenance;
mod redact;
mod remask;
mod render;
mod search;
mod text;
mod words;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use ulid::Ulid;

pub use fate::Fate;
pub use line::{ActionLine, EventLine, EvidenceLine, ExtensionLine, FindingLine, LocationLine, TunnelLine};
pub use redact::{Redactor, Values};
pub use render::render_finding;
pub use text::{Guarded, escaped, guarded, printable, unescape};
pub use words::spoken;

use crate::{
    detect::Finding,
    exchange::{Context, RequestHead},
    policy::Via,
};

/// How an exchange or tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request, edited or not, went to the origin and an answer came back.
    Forwarded,
    /// The client was sent to the site in TLS.
    Redirected,
    /// It was for clir itself, which answered.
    Answered,
    /// A rule refused it.
    Blocked,
    /// Access, limits or grammar refused it.
    Refused,
    /// It was let through but did not come to a good end; `error` says why.
    Failed,
    /// A tunnel whose bytes passed unread.
    Tunnelled,
    /// A tunnel that was opened; each request inside has an event of its own.
    Intercepted,
}

impl Verdict {
    /// The word that stands in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Redirected => "redirected",
            Self::Answered => "answered",
            Self::Blocked => "blocked",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Tunnelled => "tunnelled",
            Self::Intercepted => "intercepted",
        }
    }
}

/// What a rule did, or in observe mode would have done, to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The action's word, see [`crate::policy::Action::as_str`].
    pub action: &'static str,
    /// The field's name as spelt, or `:path` for the target.
    pub header: String,
    /// True when the policy only observes, so that nothing was changed.
    pub observed: bool,
}

/// What is known of a tunnel's inside without opening it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// The name that the client asked for in its ClientHello.
    pub sni: Option<String>,
    /// The application protocols that the client offered.
    pub alpn: Vec<String>,
    /// The fingerprint of its ClientHello (JA4).
    pub ja4: Option<String>,
    /// The extensions of the hello that no client is known to send: type and content.
    pub extensions: Vec<(u16, Bytes)>,
    /// Why the tunnel went the way it went, such as `bypass` or `not-tls`.
    pub reason: Option<&'static str>,
}

/// How the connection to an origin was made, where there is more than one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Which way it went.
    pub via: Via,
    /// The id under which the exit knows it: that of the event which it was opened for.
    pub id: Option<Ulid>,
}

/// The account of one exchange or tunnel.
#[derive(Clone, Debug)]
pub struct Event {
    /// Unique, and sorted by time.
    pub id: Ulid,
    /// When the head had arrived.
    pub time: Timestamp,
    /// Who, through which listener, to whom.
    pub context: Context,
    /// The head as it was received.
    pub head: Arc<RequestHead>,
    /// What was found: in the head, in trailers, in the response.
    pub findings: Vec<Finding>,
    /// What the rules did about it.
    pub actions: Vec<Applied>,
    /// How it ended.
    pub verdict: Verdict,
    /// The status that the client was sent.
    pub status: Option<u16>,
    /// Bytes of the request's body, or from the client through the tunnel.
    pub request_bytes: u64,
    /// Bytes of the response's body, or to the client through the tunnel.
    pub response_bytes: u64,
    /// From the head's arrival to the end of the exchange.
    pub duration: Duration,
    /// What went wrong, in words that hold no value of any field.
    pub error: Option<String>,
    /// For `CONNECT` only.
    pub tunnel: Option<Tunnel>,
    /// Where a name was said that does not have the address: `host` or `sni`, with `-unresolved` where it has none at
    /// all.
    pub mismatch: Option<&'static str>,
    /// What else there is to say of it.
    pub notes: Notes,
    /// Which way it went; nothing where there is one way only, or where it went nowhere.
    pub passage: Option<Passage>,
    /// The id under which the clir before this one sent it on.
    pub hop: Option<Ulid>,
}

impl Event {
    /// An exchange of which only the head is known. Until somebody says how it ended, it has failed.
    pub fn begun(id: Ulid, time: Timestamp, context: Context, head: Arc<RequestHead>) -> Self {
        Self {
            id,
            time,
            context,
            head,
            findings: Vec::new(),
            actions: Vec::new(),
            verdict: Verdict::Failed,
            status: None,
            request_bytes: 0,
            response_bytes: 0,
            duration: Duration::ZERO,
            error: None,
            tunnel: None,
            mismatch: None,
            notes: Notes::default(),
            passage: None,
            hop: None,
        }
    }
}

/// What is said of an exchange where there is something to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Whether a cleartext request went to its origin inside TLS, where that is asked for.
    pub upgraded: Option<Upgraded>,
    /// It asked whether the network is online, so no rule touched it.
    pub connectivity: bool,
}

/// Whether a cleartext request went to its origin inside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgraded {
    /// It did.
    Yes,
    /// The client was sent there itself.
    Led,
    /// It went in cleartext, for this reason.
    No(&'static str),
}
