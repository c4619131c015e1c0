//! Which clients have shown that they trust our authority, and what of theirs does not?
//!
//! ```text
//! not trusted → a request inside TLS that only a trusting client completes → trusted → its tunnels are opened
//! a certificate is rejected: 3 times for a host, without success           → that host passes, for a while
//!                            3 unrelated sites in a row, by one program    → that program passes, but where it succeeded
//!                            sites among them where it had succeeded       → the client passes: it trusts no longer
//! ```
//! A client ([`Who`]) has programs of different minds: browsers that use what the user has installed, apps that bring their
//! own. They are told apart by the fingerprint of their hello (JA4), so that an app that refuses everybody else's
//! certificates costs a handful of failures once, and never the browser. Nothing here blocks or waits: times are passed
//! in, in milliseconds since 1970, and what is to be stored is asked for.

mod acquaintance;
mod program;
mod row;
mod shown;
mod table;
mod who;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

pub use acquaintance::Acquaintance;
pub use shown::{Passed, Standing, State};
pub use table::{Forget, Kept, TrustTable, authority as authority_of};
pub use who::{InvalidWho, Who};

use crate::exchange::Host;

/// How long what was learnt holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustTimes {
    /// Trust that nothing confirms.
    pub trusted: Duration,
    /// That a host, or a program, rejects our certificate.
    pub pinned: Duration,
}

impl Default for TrustTimes {
    fn default() -> Self {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        Self { trusted: days(30), pinned: days(7) }
    }
}

/// Circumstances of a look at what is known.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// How long things hold.
    pub times: TrustTimes,
    /// The authority in force, by a digest of its certificate: trust is in one authority.
    pub authority: u64,
    /// Now, in milliseconds since 1970.
    pub now: i64,
}

impl Look {
    /// Whether something that began then, and holds so long, holds now. A clock that was wrong is not believed for long.
    fn holds(&self, since: i64, length: Duration) -> bool {
        u128::from(self.now.abs_diff(since)) < length.as_millis()
    }
}

/// A connection of a client, as far as trust is concerned.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The client.
    pub who: Who,
    /// The host that it wants to speak with, in lower case.
    pub host: Arc<str>,
    /// When it began, in milliseconds since 1970.
    pub began: i64,
    /// Its program, by what is the program's own in the JA4 fingerprint of its hello.
    pub program: Arc<str>,
}

/// So many digits in a row may be a number that names somebody: such a name is kept with its last two only.
const TELLING_DIGITS: usize = 6;

impl Contact {
    /// A client's connection to a host, by a program whose hello has this JA4 fingerprint. Its first part tells of names and
    /// protocols, in which connections of one program differ.
    pub fn new(who: Who, host: &Host, ja4: &str, began: i64) -> Self {
        let program = ja4.split_once('_').map_or(ja4, |(_, rest)| rest);
        let host = match host {
            Host::Ip(address) => address.to_canonical().to_string(),
            Host::Name(name) => masked(&name.to_ascii_lowercase()),
        };
        Self { who, host: host.into(), began, program: program.into() }
    }
}

fn masked(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let length = from.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(length);
        written.push_str(before);
        match length < TELLING_DIGITS {
            true => written.push_str(digits),
            false => written.extend(["•••", digits.get(length - 2..).unwrap_or_default()]),
        }
        rest = after;
    }
    written + rest
}

/// What becomes of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is opened.
    Open,
    /// It passes unread.
    Pass(Reason),
}

/// Why a tunnel passes unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The client has not shown that it trusts the authority, or does so no longer.
    NotTrusted,
    /// The client's connections to this host reject the certificate.
    Pinned,
    /// The program rejects the certificate wherever it goes.
    Program,
}

impl Reason {
    /// The word in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotTrusted => "not-trusted",
            Self::Pinned => "pinned",
            Self::Program => "program-distrusts",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotTrusted => "the client has not shown that it trusts the certificate authority",
            Self::Pinned => "an app on this client accepts only the host's own certificate",
            Self::Program => {
                "a program on this client does not use the certificate authority that the user has installed"
            }
        }
    }
}

/// How a certificate was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// In so many words.
    Objection,
    /// Without a word: so ends everything that is under way when a phone leaves its network. It counts if it was begun after
    /// the last failure.
    Silence,
}

/// What follows from a certificate that was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// Nothing yet: it is tried again.
    Nothing,
    /// The host passes from now on.
    Pinned,
    /// What this program does passes from now on.
    Program,
    /// The client passes from now on: it trusts no longer, or is another one.
    Withdrawn,
}

impl Consequence {
    /// What happens from now on, as half a sentence; nothing if nothing changes.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Pinned => Some("the host passes unread for this client from now on"),
            Self::Program => Some("what this program of the client does passes unread from now on"),
            Self::Withdrawn => Some("the client trusts our authority no longer and passes unread from now on"),
        }
    }
}
