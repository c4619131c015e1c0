//! What came, what went on, and why?
//!
//! All of it from the event's line, as masked as that is, and the rules that are in force now.

mod draft;
mod sent;
mod spans;
mod why;

pub use draft::draft;

use serde::Serialize;

use super::{Standing, reply};
use crate::event::EventLine;

/// A field line, or the request line, whose name is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The field's name.
    pub name: String,
    /// What stood there.
    pub value: String,
    /// What was found in it.
    pub marks: Vec<Mark>,
    /// What was done to it.
    pub change: Option<&'static str>,
}

/// Where a finding stands in a value, in UTF-16 units, as scripts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// From, and up to, not included.
    pub span: (usize, usize),
    /// Which of the event's findings.
    pub finding: usize,
}

/// The whole account as JSON; the event stands in it as it was written.
pub fn json(line: &[u8], event: &EventLine, standing: &Standing) -> Vec<u8> {
    let received = sent::received(event);
    let sent = sent::sent(event, &received, standing);
    let why = why::all(event, standing, line);
    let mut out = b"{\"event\":".to_vec();
    out.extend_from_slice(line.trim_ascii_end());
    for (key, value) in [
        (&b",\"received\":"[..], reply::bytes(&received)),
        (b",\"sent\":", reply::bytes(&sent)),
        (b",\"findings\":", reply::bytes(&why)),
    ] {
        out.extend_from_slice(key);
        out.extend_from_slice(&value);
    }
    out.push(b'}');
    out
}

/// Field names are compared without case.
fn is_named(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
