//! What has to happen to this message?
//!
//! The only door from plumbing to judgement: scan the *unmodified* head, decide, edit. Total and pure: no socket, no
//! clock, no error. What comes out says what was found, what the rules decided, and what is to be sent on.

mod edit;
mod redact;

use std::sync::Arc;

use jiff::civil::Date;

use crate::{
    detect::{
        Finding, Part, Scanner, Subject,
        behaviour::{self, Observer},
    },
    event::Applied,
    exchange::{Context, Direction, Fields, Host, InstallationKey, RequestHead, ResponseHead, Scheme},
    policy::{
        Action, Client, Clients, Connectivity, Decision, InterceptMode, Mode, Policy, Query, Route, Routing, Undecided,
        trust::TrustTimes,
    },
};
use edit::{Edits, Place};
use redact::Redaction;

/// What was judged of one message, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Judgement<T> {
    /// What identifies someone in it.
    pub findings: Vec<Finding>,
    /// Which rule had its say on what.
    pub decisions: Vec<Decision>,
    /// What was done, or in observe mode would have been done.
    pub actions: Vec<Applied>,
    /// What is to be sent on.
    pub outcome: Outcome<T>,
}

/// What is to be sent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The message as it came.
    Unchanged,
    /// This in its place.
    Edited(T),
    /// Nothing: the client is told so.
    Blocked(Block),
}

/// A rule that refuses a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The status to answer with.
    pub status: u16,
    /// The rule's name.
    pub rule: Arc<str>,
    /// The rule's reason, for people.
    pub reason: Option<String>,
}

/// Judges messages by one set of signatures and one policy.
#[derive(Clone, Debug)]
pub struct Interceptor {
    scanner: Scanner,
    policy: Arc<Policy>,
    routing: Arc<Routing>,
    key: InstallationKey,
    observer: Option<Arc<dyn Observer>>,
    connectivity: Arc<Connectivity>,
    clients: Arc<Clients>,
}

impl Interceptor {
    /// Puts detection and policy together; `key` is what pseudonyms and hashes are made with.
    pub fn new(scanner: Scanner, policy: Arc<Policy>, routing: Arc<Routing>, key: InstallationKey) -> Self {
        let (connectivity, clients) = (Arc::default(), Arc::default());
        Self { scanner, policy, routing, key, observer: None, connectivity, clients }
    }

    /// Knowing who asks whether the network is online, and which clients have ways of their own.
    #[must_use]
    pub fn knowing(self, connectivity: Arc<Connectivity>, clients: Arc<Clients>) -> Self {
        Self { connectivity, clients, ..self }
    }

    /// With somebody who watches what passes: what many requests show is then found as well.
    #[must_use]
    pub fn observed_by(self, observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, ..self }
    }

    /// The policy that is in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The hosts that are asked whether the network is online.
    pub fn connectivity(&self) -> &Connectivity {
        &self.connectivity
    }

    /// The clients that have names.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Whether a tunnel is opened; `sni` is the name that the client asked for inside, `site` the host that it leads to
    /// for sure.
    pub fn route(&self, context: &Context, site: &Host, sni: Option<&str>) -> Route {
        if self.connectivity.is_dedicated(site) {
            return Route::PassThrough("connectivity");
        }
        let client = context.known.client.as_ref().and_then(|name| self.clients.named(name));
        self.routing.route_for(client.map(|client| -> &Client { client }), &context.origin.host, sni)
    }

    /// Whether something hinges on a proof that a message goes to the host that its client only names.
    pub fn hinges_on(&self, host: &Host, today: Date) -> bool {
        self.connectivity.knows(host) || self.policy.hinges_on(host, today)
    }

    /// Whether a request with this head asks whether the network is online: then no rule touches it.
    pub fn is_check(&self, context: &Context, head: &RequestHead) -> bool {
        self.spares(&head.method, context, &head.target)
    }

    fn spares(&self, method: &[u8], context: &Context, target: &[u8]) -> bool {
        match method {
            b"CONNECT" => self.connectivity.is_dedicated(&context.proven_host()),
            _ => self.connectivity.is_check(&context.proven_host(), target),
        }
    }

    /// How long it holds that a client trusts our authority, or that something of it does not.
    pub fn trust_times(&self) -> TrustTimes {
        self.routing.trust
    }

    /// Whether it pays to look for a client's network card: somebody is known by one, or trust is to be, where clients are on
    /// a network of our own.
    pub fn wants_cards(&self, are_near: bool) -> bool {
        let is_auto = |client: &Arc<Client>| client.intercept == Some(InterceptMode::Auto);
        let asks_for_trust = || self.routing.mode == InterceptMode::Auto || self.clients.iter().any(is_auto);
        self.clients.want_macs() || (are_near && asks_for_trust())
    }

    /// What becomes of a connection that does not say in time what is spoken.
    pub fn undecided(&self) -> Undecided {
        self.routing.undecided
    }

    /// What the extensions of a ClientHello tell that no client is known to send: type and content of each.
    pub fn hello(&self, extensions: &[(u16, &[u8])]) -> Vec<Finding> {
        self.scanner.hello(extensions)
    }

    /// Judges a request's head.
    pub fn request(&self, context: &Context, head: &RequestHead, today: Date) -> Judgement<RequestHead> {
        let query = Query { direction: Direction::Request, context, method: &head.method, target: &head.target, today };
        let (judgement, edits) = self.judge(&query, Part::Header, Some(&head.target), &head.fields);
        judgement.with(edits.map(|edits| RequestHead {
            method: head.method.clone(),
            target: edits.target.unwrap_or_else(|| head.target.clone()),
            version: head.version,
            fields: edits.fields,
        }))
    }

    /// Judges the head of the answer to `request`.
    pub fn response(
        &self,
        context: &Context,
        request: &RequestHead,
        head: &ResponseHead,
        today: Date,
    ) -> Judgement<Fields> {
        let query = query(Direction::Response, context, request, today);
        let (judgement, edits) = self.judge(&query, Part::Header, None, &head.fields);
        judgement.with(edits.map(|edits| edits.fields))
    }

    /// Judges a trailer section. It is too late to refuse the message: what a rule would block is taken out instead.
    pub fn trailers(
        &self,
        direction: Direction,
        context: &Context,
        request: &RequestHead,
        trailers: &Fields,
        today: Date,
    ) -> Judgement<Fields> {
        let query = query(direction, context, request, today);
        let (judgement, edits) = self.judge(&query, Part::Trailer, None, trailers);
        judgement.with(edits.map(|edits| edits.fields))
    }

    /// Scan, decide, edit: in this order, and the scan sees what was received.
    fn judge(
        &self,
        query: &Query<'_>,
        part: Part,
        target: Option<&bytes::Bytes>,
        fields: &Fields,
    ) -> (Judgement<()>, Option<Edits>) {
        let cleartext = query.context.origin.scheme == Scheme::Http || query.method == b"CONNECT";
        let target_bytes = target.map(AsRef::as_ref);
        let subject = Subject { direction: query.direction, part, target: target_bytes, fields, cleartext };
        let mut findings = self.scanner.scan(&subject);
        self.observe(query.context, &subject, &mut findings);
        let decisions = self.policy.decide(query, part, fields, &findings);
        let spared = self.policy.mode() == Mode::Observe || self.spares(query.method, query.context, query.target);
        let actions = self.applied(&decisions, &findings, fields, spared);
        if spared {
            return (Judgement { findings, decisions, actions, outcome: Outcome::Unchanged }, None);
        }
        let (outcome, edits) = self.carry_out(query, part, target, fields, &findings, &decisions);
        (Judgement { findings, decisions, actions, outcome }, edits)
    }

    fn observe(&self, context: &Context, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        match (&self.observer, subject.direction, subject.part) {
            (Some(observer), Direction::Request, Part::Header) => {
                behaviour::join(findings, observer.request(context, subject));
            }
            (Some(observer), Direction::Response, Part::Header) => observer.response(context, subject.fields),
            _ => {}
        }
    }

    fn carry_out(
        &self,
        query: &Query<'_>,
        part: Part,
        target: Option<&bytes::Bytes>,
        fields: &Fields,
        findings: &[Finding],
        decisions: &[Decision],
    ) -> (Outcome<()>, Option<Edits>) {
        if part == Part::Header
            && let Some(block) = self.block(decisions)
        {
            return (Outcome::Blocked(block), None);
        }
        let redaction = Redaction { key: &self.key, host: &query.context.proven_host() };
        let mut edits = edit::Editor::new(fields, target);
        for decision in decisions {
            let Some(rule) = self.policy.rules().get(decision.rule) else { continue };
            edits.apply(&rule.action, &Place::of(decision.matched, findings), &redaction);
            // A decision on the whole field is one on its name, where something stands there.
            for place in Place::names(decision.matched, part, findings) {
                edits.apply(&rule.action, &place, &redaction);
            }
        }
        (Outcome::Unchanged, edits.finish())
    }

    fn block(&self, decisions: &[Decision]) -> Option<Block> {
        decisions.iter().filter_map(|decision| self.policy.rules().get(decision.rule)).find_map(|rule| {
            let Action::Block(status) = rule.action else { return None };
            Some(Block { status, rule: Arc::clone(&rule.name), reason: rule.reason.clone() })
        })
    }

    /// One line for each rule and place, however many findings it had its say on there.
    fn applied(&self, decisions: &[Decision], findings: &[Finding], fields: &Fields, observed: bool) -> Vec<Applied> {
        let mut seen = Vec::new();
        let mut applied = Vec::new();
        for decision in decisions {
            let Some(rule) = self.policy.rules().get(decision.rule) else { continue };
            let place = Place::of(decision.matched, findings);
            if seen.contains(&(decision.rule, place.field())) {
                continue;
            }
            seen.push((decision.rule, place.field()));
            let header = place.field().and_then(|index| fields.get(index));
            let header = header.map_or_else(|| String::from(":path"), |field| field.name_str().into_owned());
            applied.push(Applied { rule: Arc::clone(&rule.name), action: rule.action.as_str(), header, observed });
        }
        applied
    }
}

fn query<'a>(direction: Direction, context: &'a Context, request: &'a RequestHead, today: Date) -> Query<'a> {
    Query { direction, context, method: &request.method, target: &request.target, today }
}

impl Judgement<()> {
    fn with<T>(self, edited: Option<T>) -> Judgement<T> {
        let outcome = match (self.outcome, edited) {
            (Outcome::Blocked(block), _) => Outcome::Blocked(block),
            (_, Some(edited)) => Outcome::Edited(edited),
            (_, None) => Outcome::Unchanged,
        };
        Judgement { findings: self.findings, decisions: self.decisions, actions: self.actions, outcome }
    }
}

#[cfg(test)]
mod tests;
