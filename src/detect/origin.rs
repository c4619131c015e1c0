//! Who put a finding there, and how can we tell?
//!
//! Nothing but the channel and the place decides: what many requests show is `behaviour`'s question.

use super::{Subject, finding::InsertedBy};
use crate::exchange::Direction;

/// Who writes at the place where something was found, as far as the place tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Anyone who can add a field.
    Anyone,
    /// Whoever adds an extension to a ClientHello that no client is known to send.
    Stranger,
    /// The phone: targets, cookies, referers.
    Phone,
    /// Boxes on the way: `Via`, `Forwarded`.
    Proxy,
    /// Whoever writes a field whose name consists of words that only networks use.
    Trade,
    /// Whoever writes a field of this name, as is documented.
    Documented(InsertedBy),
}

/// Fields that the phone writes itself.
const OWN: &[&str] = &[
    "cookie",
    "referer",
    "user-agent",
    "authorization",
    "proxy-authorization",
    "from",
    "origin",
    "host",
    "accept-language",
];

/// Whether a field of this name is the phone's own in every request.
pub(super) fn is_own(name: &[u8]) -> bool {
    OWN.iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes()))
}

/// Who put it there, and a sentence that says why.
pub(super) fn origin(subject: &Subject<'_>, writer: Writer) -> (InsertedBy, &'static str) {
    match subject.direction {
        Direction::Request if writer == Writer::Phone => {
            (InsertedBy::Handset, "the phone itself writes this part of a request")
        }
        Direction::Request if !subject.cleartext => {
            (InsertedBy::Handset, "inside TLS nothing on the way can add a field")
        }
        Direction::Request => on_cleartext(writer),
        Direction::Response if subject.cleartext => {
            (InsertedBy::Unknown, "in a response, where the site writes, or a box on the way")
        }
        Direction::Response => (InsertedBy::Unknown, "in a response inside TLS, where only the site writes"),
    }
}

fn on_cleartext(writer: Writer) -> (InsertedBy, &'static str) {
    use InsertedBy::{Carrier, Handset, Unknown};
    match writer {
        Writer::Documented(Carrier) => (Carrier, "in cleartext, under a name that is documented as a gateway's"),
        Writer::Documented(Handset) => (Handset, "under a name that is documented as the phone's or an app's own"),
        Writer::Documented(Unknown) => (Unknown, "in cleartext, under a name that gateways and apps both write"),
        Writer::Trade => (Carrier, "in cleartext, under words that gateways use"),
        Writer::Proxy => (Carrier, "in cleartext, in a field that boxes on the way write and phones do not"),
        Writer::Phone => (Handset, "the phone itself writes this part of a request"),
        Writer::Stranger => {
            (Unknown, "in a ClientHello, as an extension that no client is known to send and a box on the way can add")
        }
        Writer::Anyone => (Unknown, "in cleartext, under a name that a gateway or an app could have chosen"),
    }
}
