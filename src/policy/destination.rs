//! Which messages is a rule for?

use std::{fmt, sync::Arc};

use globset::{Candidate, GlobSet};
use jiff::civil::Date;

use super::{
    AddressSet, HostSet, Partner, Query,
    glob::{GlobFault, Pattern, compile_all},
    rule::Clauses,
};
use crate::exchange::{Host, Scheme};

/// The `to` or `unless` of a rule: everything that is given must hold, and any member of a list will do. An empty
/// destination is everywhere.
#[derive(Clone, Debug, Default)]
pub struct Destination {
    /// The origin's host.
    pub hosts: Option<HostSet>,
    /// The origin's host is one of these partners', and the partner has not expired.
    pub partners: Vec<Arc<Partner>>,
    /// The request's method, in whatever case.
    pub methods: Vec<Box<str>>,
    /// The target's path, without its query.
    pub paths: Option<PathSet>,
    /// The origin's scheme.
    pub schemes: Vec<Scheme>,
    /// The listener's label.
    pub listeners: Vec<Arc<str>>,
    /// The client's address.
    pub clients: Option<AddressSet>,
}

impl Destination {
    /// Whether it is everywhere.
    pub fn is_everywhere(&self) -> bool {
        let no_list =
            self.partners.is_empty() && self.methods.is_empty() && self.schemes.is_empty() && self.listeners.is_empty();
        no_list
            && self.hosts.as_ref().is_none_or(HostSet::is_everything)
            && self.paths.is_none()
            && self.clients.is_none()
    }

    /// Whether it speaks of this host in particular.
    pub fn names(&self, host: &Host, today: Date) -> bool {
        let hosts = self.hosts.as_ref().is_some_and(|hosts| !hosts.is_everything() && hosts.matches(host));
        hosts || self.partners.iter().any(|partner| partner.covers(host, today))
    }

    /// Whether the message goes there. Where the client only says to which host, its word suffices for what is to its
    /// disadvantage; `needs_proof` is for the rest. The address is known either way.
    pub fn admits(&self, query: &Query<'_>, needs_proof: bool) -> bool {
        let context = query.context;
        let named = context.led.is_none_or(|led| led.is_proven || !needs_proof).then_some(&context.origin.host);
        let address = context.led.map(|led| Host::Ip(led.destination.ip()));
        let is_for = |holds: &dyn Fn(&Host) -> bool| named.is_some_and(holds) || address.as_ref().is_some_and(holds);
        any_or(&self.schemes, |scheme| *scheme == context.origin.scheme)
            && any_or(&self.methods, |method| method.as_bytes().eq_ignore_ascii_case(query.method))
            && any_or(&self.listeners, |label| *label == context.listener)
            && self.clients.as_ref().is_none_or(|clients| clients.contains(context.client.ip()))
            && self.hosts.as_ref().is_none_or(|hosts| is_for(&|host| hosts.matches(host)))
            && any_or(&self.partners, |partner| is_for(&|host| partner.covers(host, query.today)))
            && self.paths.as_ref().is_none_or(|paths| paths.matches(query.path()))
    }
}

fn any_or<T>(list: &[T], holds: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(holds)
}

/// `host *.example and method GET or POST`
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partners: Vec<_> = self.partners.iter().map(|partner| &partner.name).collect();
        let mut clauses = Clauses::default();
        clauses.add("host", self.hosts.as_ref());
        clauses.add_any("partner", &partners);
        clauses.add_any("method", &self.methods);
        clauses.add("path", self.paths.as_ref());
        clauses.add_any("scheme", &self.schemes);
        clauses.add_any("listener", &self.listeners);
        clauses.add("client", self.clients.as_ref());
        clauses.fmt(f)
    }
}

/// Patterns over paths, compiled once.
#[derive(Clone)]
pub struct PathSet {
    patterns: Box<[Pattern]>,
    set: GlobSet,
}

impl PathSet {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// A [`GlobFault`] when they are too large together.
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, GlobFault> {
        Ok(Self { set: compile_all(&patterns)?, patterns: patterns.into() })
    }

    /// Whether a pattern matches the path.
    pub fn matches(&self, path: &[u8]) -> bool {
        self.set.is_match_candidate(&Candidate::from_bytes(path))
    }
}

/// The patterns alone.
impl fmt::Debug for PathSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.patterns).finish()
    }
}

impl fmt::Display for PathSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.patterns.iter().map(Pattern::as_str).collect();
        f.write_str(&texts.join(", "))
    }
}
