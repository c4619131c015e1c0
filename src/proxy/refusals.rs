//! How is it told who was refused, so that a firewall can be told by it?
//!
//! One line for each refusal, of one form that programs like fail2ban read, at most so many for each address and in all:
//! a flood of refusals must not fill the disk. No line holds anything that a client has said.

use std::{
    fmt,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use super::attempts::{Attempts, WINDOW};

/// Lines for each address, in each window: more than what gets one banned.
const EACH: u32 = 20;
/// Lines in all, in each window.
const ALL: u32 = 3000;

/// Why somebody was refused. The words stand in `config/fail2ban/clir.conf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The address is not admitted.
    NotAdmitted,
    /// It has too many connections.
    TooManyConnections,
    /// It did not say who it is, as every client does at first.
    NoCredentials,
    /// What it said is wrong.
    WrongCredentials,
    /// There is no such link.
    WrongClaim,
    /// A link was opened where everybody can read it.
    CleartextClaim,
    /// It was wrong too often.
    TooManyAttempts,
}

impl Reason {
    /// The word in the line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAdmitted => "not-admitted",
            Self::TooManyConnections => "too-many-connections",
            Self::NoCredentials => "no-credentials",
            Self::WrongCredentials => "wrong-credentials",
            Self::WrongClaim => "wrong-claim",
            Self::CleartextClaim => "cleartext-claim",
            Self::TooManyAttempts => "too-many-attempts",
        }
    }
}

/// Tells refusals.
#[derive(Debug)]
pub struct Refusals {
    told: Attempts,
    /// That were not told since the last that was.
    kept_back: AtomicU64,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { told: Attempts::new(EACH, ALL), kept_back: AtomicU64::new(0) }
    }
}

impl Refusals {
    /// Tells one.
    pub fn tell(&self, client: IpAddr, reason: Reason) {
        if !self.told.count(client) {
            self.kept_back.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let kept_back = self.kept_back.swap(0, Ordering::Relaxed);
        if kept_back > 0 {
            let minutes = WINDOW.as_secs() / 60;
            tracing::warn!(
                "{kept_back} refusals were not written down: at most {EACH} are, of one address in {minutes} minutes"
            );
        }
        let line = Line { client, reason };
        match reason {
            // It is what a client is expected to do, so it is nothing to be warned of.
            Reason::NoCredentials => tracing::info!("{line}"),
            _ => tracing::warn!("{line}"),
        }
    }
}

/// The whole of what is told.
struct Line {
    client: IpAddr,
    reason: Reason,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused client={} reason={}", self.client.to_canonical(), self.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_one_form() {
        let line = Line { client: "::ffff:198.51.100.7".parse().unwrap(), reason: Reason::NotAdmitted };
        assert_eq!(line.to_string(), "refused client=198.51.100.7 reason=not-admitted");
    }

    #[test]
    fn a_flood_is_told_in_part() {
        let refusals = Refusals::default();
        (0..EACH + 5).for_each(|_| refusals.tell("198.51.100.7".parse().unwrap(), Reason::NotAdmitted));
        assert_eq!(refusals.kept_back.load(Ordering::Relaxed), 5);
        refusals.tell("198.51.100.8".parse().unwrap(), Reason::NotAdmitted);
        assert_eq!(refusals.kept_back.load(Ordering::Relaxed), 0);
    }
}
