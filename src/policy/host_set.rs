//! Is this host one of those?

use std::{collections::HashSet, fmt, net::IpAddr};

use globset::{Candidate, GlobSet};

use super::glob::{GlobFault, Pattern, compile_all};
use crate::exchange::Host;

/// Patterns over host names, compiled once. The empty set contains nothing.
#[derive(Clone, Default)]
pub struct HostSet {
    patterns: Box<[Pattern]>,
    everything: bool,
    names: GlobSet,
    addresses: HashSet<IpAddr>,
}

impl HostSet {
    /// Compiles the patterns. An address among them is compared as an address, however it is written.
    ///
    /// # Errors
    /// A [`GlobFault`] when they are too large together.
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, GlobFault> {
        let addresses = patterns.iter().filter_map(address).map(|ip| ip.to_canonical()).collect();
        let names = compile_all(patterns.iter().filter(|pattern| address(pattern).is_none()))?;
        let everything = patterns.iter().any(Pattern::is_everything);
        Ok(Self { patterns: patterns.into(), everything, names, addresses })
    }

    /// Parses and compiles in one step.
    ///
    /// # Errors
    /// A [`GlobFault`] for the first pattern that is none.
    pub fn parse(patterns: &[&str]) -> Result<Self, GlobFault> {
        Self::new(patterns.iter().map(|text| Pattern::host(text)).collect::<Result<_, _>>()?)
    }

    /// Whether a pattern matches the host.
    pub fn matches(&self, host: &Host) -> bool {
        if self.everything {
            return true;
        }
        match host {
            Host::Name(name) => self.matches_lower_case(name),
            Host::Ip(address) => self.matches_address(address.to_canonical()),
        }
    }

    /// Whether a pattern matches a name that was not parsed as a [`Host`], such as the one in a ClientHello.
    pub fn matches_name(&self, name: &str) -> bool {
        self.everything || (!self.is_empty() && self.matches_lower_case(&name.to_ascii_lowercase()))
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether every host is in it.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// The patterns that are no addresses.
    pub(super) fn names(&self) -> impl Iterator<Item = &Pattern> {
        self.patterns.iter().filter(|pattern| address(pattern).is_none())
    }

    /// The addresses among the patterns.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().copied()
    }

    /// A name with the root's dot behind it is the same name to the resolver, so it must be the same to a rule.
    pub(super) fn without_root(name: &str) -> &str {
        name.strip_suffix('.').unwrap_or(name)
    }

    fn matches_lower_case(&self, name: &str) -> bool {
        let name = Self::without_root(name);
        !self.names.is_empty() && self.names.is_match_candidate(&Candidate::from_bytes(name))
    }

    fn matches_address(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address) || (!self.names.is_empty() && self.names.is_match(address.to_string()))
    }
}

fn address(pattern: &Pattern) -> Option<IpAddr> {
    pattern.as_str().parse().ok()
}

/// The patterns alone; the matcher compiled from them is pages long.
impl fmt::Debug for HostSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.patterns).finish()
    }
}

/// The patterns, separated by commas.
impl fmt::Display for HostSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.patterns.iter().map(Pattern::as_str).collect();
        f.write_str(&texts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str) -> bool {
        HostSet::parse(&[pattern]).unwrap().matches(&Host::parse(host.as_bytes()).unwrap())
    }

    #[test]
    fn a_wildcard_covers_any_number_of_labels_and_no_foreign_one() {
        assert!(matches("*.pay.example", "a.pay.example"));
        assert!(matches("*.pay.example", "a.b.pay.example"));
        assert!(!matches("*.pay.example", "pay.example"));
        assert!(!matches("*.pay.example", "evilpay.example"));
        assert!(!matches("*.pay.example", "pay.example.evil.example"));
        assert!(matches("{www,m}.example.org", "m.example.org"));
    }

    #[test]
    fn case_and_the_final_dot_do_not_count() {
        assert!(matches("*.PAY.example", "A.pay.EXAMPLE"));
        assert!(matches("pay.example", "pay.example."));
        assert!(HostSet::parse(&["pay.example"]).unwrap().matches_name("Pay.Example"));
    }

    #[test]
    fn addresses_are_compared_as_addresses() {
        assert!(matches("[2001:DB8:0::1]", "[2001:db8::1]"));
        assert!(matches("2001:db8::1", "[2001:db8:0:0::1]"));
        assert!(matches("192.0.2.1", "[::ffff:192.0.2.1]"));
        assert!(matches("192.0.2.*", "192.0.2.77"));
        assert!(!matches("192.0.2.1", "192.0.2.10"));
        assert!(matches("*", "192.0.2.10"));
    }

    #[test]
    fn the_empty_set_contains_nothing() {
        assert!(!HostSet::default().matches(&Host::parse(b"example.org").unwrap()));
        assert!(!HostSet::default().matches_name("example.org"));
    }
}
