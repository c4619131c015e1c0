//! Why did a rule not match?
//!
//! The first condition that does not hold, in the order in which a rule is written. Which rule decides is not judged
//! here: that was done by the policy.

use crate::{
    detect::{Finding, Part},
    exchange::Direction,
    policy::{Condition, Destination, Query, Rule, is_structural},
};

/// Why this rule, tried on this finding in a field of this name, did not decide.
pub(super) fn not(rule: &Rule, query: &Query<'_>, finding: &Finding, name: &str) -> String {
    let unless = || rule.unless.as_ref().filter(|exempt| exempt.admits(query, true));
    if rule.direction != query.direction {
        let messages = if rule.direction == Direction::Response { "answers" } else { "requests" };
        return format!("it is for {messages}");
    }
    if let Some(reason) = condition(&rule.when, finding) {
        return reason;
    }
    if let Some(reason) = destination(&rule.to, query) {
        return reason;
    }
    if let Some(exempt) = unless() {
        return format!("exempt: {exempt}");
    }
    if finding.location.part != Part::Target && is_structural(&finding.location.name) && rule.action.edits() {
        return format!("{name} holds the message together and is never edited");
    }
    match finding.location.part {
        Part::Target => "it is about headers".into(),
        _ => format!("no pattern of it matches {name}"),
    }
}

fn condition(when: &Condition, finding: &Finding) -> Option<String> {
    let at_least = |what: &str, is: &str, least: &str| Some(format!("{what} {is} is below {least}"));
    if let Some(least) = when.severity.filter(|least| finding.severity < *least) {
        return at_least("severity", finding.severity.as_str(), least.as_str());
    }
    if let Some(least) = when.confidence.filter(|least| finding.confidence < *least) {
        return at_least("confidence", finding.confidence.as_str(), least.as_str());
    }
    not_among("identifier", finding.identifier, &when.identifiers)
        .or_else(|| not_among("origin", finding.origin, &when.origins))
        .or_else(|| not_among("part", finding.location.part, &when.parts))
}

fn not_among<T: PartialEq + ToString>(what: &str, is: T, wanted: &[T]) -> Option<String> {
    if wanted.is_empty() || wanted.contains(&is) {
        return None;
    }
    let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
    Some(format!("{what} {} is not {}", is.to_string(), wanted.join(" or ")))
}

fn destination(to: &Destination, query: &Query<'_>) -> Option<String> {
    let context = query.context;
    let host = &context.origin.host;
    let method = String::from_utf8_lossy(query.method);
    let methods: Vec<_> = to.methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    let listeners: Vec<_> = to.listeners.iter().map(ToString::to_string).collect();
    not_among("scheme", context.origin.scheme, &to.schemes)
        .or_else(|| not_among("method", method.to_ascii_uppercase(), &methods))
        .or_else(|| not_among("listener", context.listener.to_string(), &listeners))
        .or_else(|| {
            let clients = to.clients.as_ref().filter(|clients| !clients.contains(context.client.ip()))?;
            Some(format!("client {} is not in {clients}", context.client.ip()))
        })
        .or_else(|| {
            let hosts = to.hosts.as_ref().filter(|hosts| !hosts.matches(host))?;
            Some(format!("host {host} is not {hosts}"))
        })
        .or_else(|| partner(to, query))
        .or_else(|| {
            let paths = to.paths.as_ref().filter(|paths| !paths.matches(query.path()))?;
            Some(format!("the path is not {paths}"))
        })
}

fn partner(to: &Destination, query: &Query<'_>) -> Option<String> {
    let host = &query.context.origin.host;
    if to.partners.is_empty() || to.partners.iter().any(|partner| partner.covers(host, query.today)) {
        return None;
    }
    let expired = to.partners.iter().find(|partner| partner.hosts.matches(host));
    Some(match expired.and_then(|partner| Some((partner, partner.expires?))) {
        Some((partner, last)) => format!("partner {} has expired after {last}", partner.name),
        None => {
            let names: Vec<_> = to.partners.iter().map(|partner| &*partner.name).collect();
            format!("host {host} does not belong to partner {}", names.join(" or "))
        }
    })
}
