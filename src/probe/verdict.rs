//! What follows from all trials, and what does not?

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Settings,
    forms::{Difference, Report, Trial, Verdict},
};
use crate::detect::Severity;

/// Puts it together.
pub(super) fn report(settings: &Settings, started: Timestamp, ended: Timestamp, trials: Vec<Trial>) -> Report {
    Report {
        kind: "clir-probe",
        v: 1,
        clir: env!("CARGO_PKG_VERSION"),
        started: started.to_string(),
        ended: ended.to_string(),
        offset_ms: median(&trials),
        verdict: verdict(&trials),
        coverage: coverage(settings, &trials),
        trials,
    }
}

fn median(trials: &[Trial]) -> Option<i64> {
    let mut offsets: Vec<_> = trials.iter().filter_map(|trial| trial.offset_ms).collect();
    offsets.sort_unstable();
    offsets.get(offsets.len() / 2).copied()
}

/// Whether this tells somebody who the user is: something that was put there, medium or worse.
pub(super) fn identifies(difference: &Difference) -> bool {
    let severity = |value: &serde_json::Value| value.get("severity")?.as_str()?.parse::<Severity>().ok();
    difference.findings.iter().filter_map(severity).any(|severity| severity >= Severity::Medium)
}

/// Whether something that was sent as bait did not arrive as it was.
fn is_bait(trial: &Trial, difference: &Difference) -> bool {
    let is_touched = matches!(difference.kind, "removed" | "changed") && difference.side == "request";
    is_touched && trial.canaries.iter().any(|name| name.eq_ignore_ascii_case(&difference.name))
}

fn verdict(trials: &[Trial]) -> Verdict {
    let all = || trials.iter().flat_map(|trial| trial.differences.iter().map(move |one| (trial, one)));
    let tested = trials.iter().any(|trial| trial.error.is_none());
    let direct = |(trial, _): &(&Trial, &Difference)| trial.via.is_none();
    let identifying: Vec<_> = all().filter(|(_, one)| identifies(one)).collect();
    let bait: BTreeSet<_> =
        all().filter(direct).filter(|(trial, one)| is_bait(trial, one)).map(|(_, one)| one.name.as_str()).collect();
    let differs: BTreeSet<_> = all().filter(direct).map(|(_, one)| (one.kind, one.side, one.name.as_str())).collect();
    let through = all().any(|(trial, _)| trial.via.is_some());
    let mut sentences = Vec::new();
    if !tested {
        sentences.push("Nothing could be tried.".to_owned());
    }
    let named: BTreeSet<_> = identifying.iter().map(|(_, one)| (one.name.as_str(), one.side, what(one))).collect();
    sentences.extend(named.iter().map(|(name, side, what)| match *side {
        "hello" => format!("On the way the extension {name} was written into ClientHellos: it tells {what}."),
        "response" => format!("On the way {name} was written into answers: it tells {what}."),
        _ => format!("On the way {name} was written into requests: it tells {what}."),
    }));
    if !bait.is_empty() {
        sentences.push(format!(
            "Fields that were sent as bait were taken away or overwritten ({}): something on the way manages such fields, even if it \
             adds none for this reflector.",
            list(&bait)
        ));
    }
    if tested && named.is_empty() && bait.is_empty() {
        sentences.push(match differs.len() {
            0 => "Nothing was added, taken away or changed.".to_owned(),
            1 => format!("One thing is not as it was sent ({}); nothing of it is known to identify.", kinds(&differs)),
            count => format!(
                "{count} things are not as they were sent ({}); nothing of it is known to identify.",
                kinds(&differs)
            ),
        });
    }
    sentences.extend(beside_each_other(trials));
    if through {
        sentences.push("What the proxy does to requests is listed with it.".to_owned());
    }
    Verdict {
        identifies: !identifying.is_empty(),
        engine: !bait.is_empty(),
        differs: all().next().is_some(),
        tested,
        statement: sentences.join(" "),
    }
}

/// Where there are several interfaces: what the one shows and the other does not.
fn beside_each_other(trials: &[Trial]) -> Option<String> {
    let tried: Vec<_> = trials.iter().filter(|trial| trial.error.is_none() && trial.via.is_none()).collect();
    let all: BTreeSet<_> = tried.iter().filter_map(|trial| trial.interface.as_deref()).collect();
    let differing = tried.iter().filter(|trial| !trial.differences.is_empty());
    let differing: BTreeSet<_> = differing.filter_map(|trial| trial.interface.as_deref()).collect();
    let clean: BTreeSet<_> = all.difference(&differing).copied().collect();
    let has_both = !clean.is_empty() && !differing.is_empty();
    let (clean, differing) = (list(&clean), list(&differing));
    has_both.then(|| format!("Through {clean} nothing was added, taken away or changed; through {differing} it was."))
}

fn what(difference: &Difference) -> &str {
    let worst = difference
        .findings
        .iter()
        .max_by_key(|finding| finding.get("severity").and_then(|word| word.as_str()?.parse::<Severity>().ok()));
    worst.and_then(|finding| finding.get("identifier")?.as_str()).unwrap_or("something")
}

fn kinds(differences: &BTreeSet<(&'static str, &'static str, &str)>) -> String {
    let kinds: BTreeSet<_> = differences.iter().map(|(kind, side, _)| format!("{kind} in the {side}")).collect();
    let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
    kinds.join(", ").replace("in the hello", "in the ClientHello")
}

fn list(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

/// What was looked at, and what was not.
fn coverage(settings: &Settings, trials: &[Trial]) -> Vec<String> {
    let mut told = Vec::new();
    let way = |trial: &Trial| {
        let family = match trial.address.as_bytes() {
            [] => "",
            [b'[', ..] => " over IPv6",
            _ => " over IPv4",
        };
        let on = trial.interface.as_ref().map_or_else(String::new, |name| format!(" through {name}"));
        let via = trial.via.as_ref().map_or_else(String::new, |proxy| format!(" by the proxy {proxy}"));
        format!("{}{family}{on}{via}", trial.reflector)
    };
    let tried: BTreeSet<_> = trials.iter().filter(|trial| trial.error.is_none()).map(way).collect();
    if !tried.is_empty() {
        let count = trials.iter().filter(|trial| trial.error.is_none()).count();
        told.push(format!(
            "Tried: {}; requests: {count}.",
            tried.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        ));
    }
    let failed = trials.iter().filter_map(|trial| Some(format!("{}: {}", way(trial), trial.error.as_ref()?)));
    told.extend(failed.collect::<BTreeSet<_>>().into_iter().map(|line| format!("Not tried, or not wholly: {line}.")));
    if trials.iter().any(|trial| trial.tls && trial.error.is_none()) {
        told.push(
            "Inside TLS nobody on the way can write into requests; only the ClientHello before it can be changed."
                .into(),
        );
    }
    told.push(match settings.named_hosts.as_slice() {
        [] => "Only the reflector's own name was asked for: rules that are bound to the names of chosen sites do not show \
               (--named-host)."
            .into(),
        hosts => format!("Named hosts: {}. Rules that are bound to other names do not show.", hosts.join(", ")),
    });
    if settings.interfaces.is_empty() {
        told.push(
            "It went over the network that this machine uses now. If that is Wi-Fi or a fixed line, no mobile carrier was on the \
             way (--interface)."
                .into(),
        );
    }
    told.push("Another day, another reflector, another subscription may show something else.".into());
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(interface: &str, differences: Vec<Difference>) -> Trial {
        Trial {
            name: "GET, first request".into(),
            reflector: "http://reflector.example:80".into(),
            address: "203.0.113.2:80".into(),
            interface: Some(interface.into()),
            via: None,
            tls: false,
            at: String::new(),
            sent: Vec::new(),
            arrived: Some(Vec::new()),
            source: None,
            error: None,
            differences,
            offset_ms: None,
            canaries: &[],
        }
    }

    fn inserted() -> Vec<Difference> {
        vec![Difference::new("added", "request", "X-Unheard-Of")]
    }

    fn statement(trials: &[Trial]) -> String {
        verdict(trials).statement
    }

    #[test]
    fn interfaces_are_held_beside_each_other_where_they_differ() {
        let beside = "Through eth0 nothing was added, taken away or changed; through wwan0 it was.";
        let told = statement(&[trial("eth0", vec![]), trial("wwan0", vec![]), trial("wwan0", inserted())]);
        assert!(told.ends_with(beside), "{told}");
        for alike in [[vec![], vec![]], [inserted(), inserted()]] {
            let [one, other] = alike;
            let told = statement(&[trial("eth0", one), trial("wwan0", other)]);
            assert!(!told.contains("Through"), "{told}");
        }
        // Where nothing could be tried, nothing is known to be clean.
        let unreached = Trial { error: Some("No route to host".into()), ..trial("eth0", vec![]) };
        let told = statement(&[unreached, trial("wwan0", inserted())]);
        assert!(!told.contains("Through"), "{told}");
    }

    #[test]
    fn each_side_has_its_words() {
        let finding = || vec![serde_json::json!({"identifier": "msisdn", "severity": "critical"})];
        let told = |side, name| {
            let one = Difference { findings: finding(), ..Difference::new("added", side, name) };
            statement(&[trial("eth0", vec![one])])
        };
        assert_eq!(told("request", "X-MSISDN"), "On the way X-MSISDN was written into requests: it tells msisdn.");
        assert_eq!(told("response", "X-MSISDN"), "On the way X-MSISDN was written into answers: it tells msisdn.");
        let hello = "On the way the extension 17516 was written into ClientHellos: it tells msisdn.";
        assert_eq!(told("hello", "17516"), hello);
    }
}
