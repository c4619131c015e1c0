//! Who may still be told, and until when?

use std::sync::Arc;

use jiff::civil::Date;

use super::HostSet;
use crate::exchange::Host;

/// One of the "trusted partners" that rules may exempt.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The name that rules use.
    pub name: Arc<str>,
    /// Its hosts.
    pub hosts: HostSet,
    /// The last day on which it is a partner; nothing means until further notice.
    pub expires: Option<Date>,
    /// Why it is one.
    pub reason: Option<String>,
}

impl Partner {
    /// Whether its time is over.
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires.is_some_and(|last| last < today)
    }

    /// Whether the host belongs to it, today.
    pub fn covers(&self, host: &Host, today: Date) -> bool {
        !self.is_expired(today) && self.hosts.matches(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_still_counts() {
        let hosts = HostSet::parse(&["*.pay.example"]).unwrap();
        let expires = Some("2027-01-31".parse().unwrap());
        let partner = Partner { name: "billing".into(), hosts, expires, reason: None };
        let host = Host::parse(b"www.pay.example").unwrap();
        assert!(partner.covers(&host, "2027-01-31".parse().unwrap()));
        assert!(!partner.covers(&host, "2027-02-01".parse().unwrap()));
        assert!(!partner.covers(&Host::parse(b"example.org").unwrap(), "2026-01-01".parse().unwrap()));
    }
}
