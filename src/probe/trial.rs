//! What became of one request?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rustls::ClientConfig;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    Judge,
    answer::Reflection,
    compare::{Change, changes},
    forms::{Difference, Trial},
    hello,
    plan::{Expect, Planned, Script},
    route::Route,
    wire::{Answer, Wire},
};
use crate::{
    detect::{Finding, Part, Subject},
    event::{escaped, render_finding},
    exchange::{Direction, Field, Fields, hex},
};

/// Sends the script's requests over one connection.
pub(super) fn carry_out(route: &Route, script: &Script, tls: &Arc<ClientConfig>, judge: &Judge) -> Vec<Trial> {
    let mut trials: Vec<_> = script.requests.iter().map(|planned| begun(route, planned)).collect();
    let mut wire = match Wire::open(route, tls) {
        Ok(wire) => wire,
        Err(error) => {
            trials.iter_mut().for_each(|trial| trial.error = Some(error.to_string()));
            return trials;
        }
    };
    for (planned, trial) in script.requests.iter().zip(&mut trials) {
        let (begun, clock) = (Timestamp::now(), Instant::now());
        match wire.ask(planned, route) {
            Ok(answer) => {
                judged(planned, &wire, &answer, (begun, clock.elapsed()), judge, trial);
                // These are a proxy's to take away (RFC 9110 §7.6.1).
                trial.differences.retain(|one| route.via.is_none() || !is_hop_by_hop(&one.name));
            }
            Err(error) => trial.error = Some(error.to_string()),
        }
    }
    trials
}

fn is_hop_by_hop(name: &str) -> bool {
    ["connection", "keep-alive", "proxy-connection"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn begun(route: &Route, planned: &Planned) -> Trial {
    Trial {
        name: planned.name.clone(),
        reflector: route.reflector(),
        address: route.address.as_ref().map_or_else(|_| String::new(), ToString::to_string),
        interface: route.interface.clone(),
        via: route.via.as_ref().map(ToString::to_string),
        tls: route.is_tls(),
        at: Timestamp::now().to_string(),
        sent: pairs(&planned.fields),
        arrived: None,
        source: None,
        error: None,
        differences: Vec::new(),
        offset_ms: None,
        canaries: planned.canaries,
    }
}

fn judged(
    planned: &Planned,
    wire: &Wire,
    answer: &Answer,
    (begun, took): (Timestamp, Duration),
    judge: &Judge,
    trial: &mut Trial,
) {
    if let Expect::Body(bytes) = planned.expect {
        trial.differences = of_body(bytes, answer);
        return;
    }
    let Some(reflection) = Reflection::read(&answer.body, &planned.nonce) else {
        let said = format!("status {}, {} bytes", answer.head.status, answer.body.len());
        let note =
            "the answer is not the reflector's: something on the way answers itself, or sends the request elsewhere";
        trial.differences.push(Difference::new("changed", "response", ":answer").to(said).noting(note));
        return;
    };
    let arrived = reflection.fields();
    trial.differences = of_request(planned, &reflection, &arrived, judge);
    if let (Some(sent), Some(tls)) = (wire.hello(), &reflection.tls) {
        trial.differences.extend(hello::differences(sent, &tls.hello(), judge));
    }
    if let (Expect::Response, Some(sent)) = (planned.expect, reflection.answered()) {
        trial.differences.extend(of_fields(&sent, &answer.head.fields, "response", Direction::Response, judge));
    } else {
        trial.differences.extend(of_names(&answer.head.fields));
    }
    trial.offset_ms = Some(reflection.clock_offset(begun, took));
    trial.source = Some(reflection.connection.source.clone());
    trial.arrived = Some(shown(&planned.fields, &arrived, judge));
}

fn of_request(planned: &Planned, reflection: &Reflection, arrived: &Fields, judge: &Judge) -> Vec<Difference> {
    let line = [
        (":method", planned.method, &reflection.method),
        (":target", planned.path.as_str(), &reflection.target),
        (":version", "HTTP/1.1", &reflection.version),
    ];
    let line = line.into_iter().filter(|(_, sent, arrived)| sent != arrived);
    let mut told: Vec<_> =
        line.map(|(name, sent, arrived)| Difference::new("changed", "request", name).from(sent).to(arrived)).collect();
    told.extend(of_fields(&planned.fields, arrived, "request", Direction::Request, judge));
    if reflection.body.sha256 != hex(&Sha256::digest(planned.body)) {
        let sizes = |bytes: u64| format!("{bytes} bytes");
        let changed = Difference::new("changed", "request", ":body").from(sizes(planned.body.len() as u64));
        told.push(changed.to(sizes(reflection.body.bytes)));
    }
    told
}

fn of_fields(
    sent: &Fields,
    arrived: &Fields,
    side: &'static str,
    direction: Direction,
    judge: &Judge,
) -> Vec<Difference> {
    let subject = Subject { direction, part: Part::Header, target: None, fields: arrived, cleartext: true };
    let found = judge.scanner.scan(&subject);
    let one = |change| of_change(change, sent, arrived, side, &found, judge);
    changes(sent, arrived).into_iter().map(one).collect()
}

fn of_change(
    change: Change,
    sent: &Fields,
    arrived: &Fields,
    side: &'static str,
    found: &[Finding],
    judge: &Judge,
) -> Difference {
    let name = |fields: &Fields, at: usize| fields.get(at).map(|field| escaped(&field.name)).unwrap_or_default();
    let value = |at: usize| sent.get(at).map(|field| escaped(&field.value)).unwrap_or_default();
    let told = |at: usize| arrived.get(at).map(|field| foreign(&field.value, judge)).unwrap_or_default();
    let here = |at: usize| {
        let here: Vec<_> = found.iter().filter(|finding| finding.location.index == at).cloned().collect();
        findings(&here, judge)
    };
    match change {
        Change::Added(at) => {
            let difference =
                Difference::new("added", side, name(arrived, at)).to(told(at)).noting(place(at, arrived.len()));
            Difference { findings: here(at), ..difference }
        }
        Change::Removed(at) => Difference::new("removed", side, name(sent, at)).from(value(at)),
        Change::Changed(from, to) => {
            let difference = Difference::new("changed", side, name(sent, from)).from(value(from)).to(told(to));
            Difference { findings: here(to), ..difference }
        }
        Change::Recased(from, to) => {
            Difference::new("recased", side, name(sent, from)).from(name(sent, from)).to(name(arrived, to))
        }
        Change::Reordered(from, to) => {
            let line = |at: usize| format!("line {}", at + 1);
            Difference::new("reordered", side, name(sent, from)).from(line(from)).to(line(to))
        }
    }
}

fn place(at: usize, length: usize) -> &'static str {
    match at {
        0 => "before all others",
        _ if at + 1 == length => "behind all others",
        _ => "among the others",
    }
}

/// The answer names its own fields, in order: what else is there, or is not, was done on the way.
fn of_names(fields: &Fields) -> Vec<Difference> {
    let Some(told) = fields.first("x-reflect-head") else {
        return vec![Difference::new("removed", "response", "X-Reflect-Head")];
    };
    let list = String::from_utf8_lossy(told).into_owned();
    let sent: Fields = list.split(", ").map(|name| (name.to_owned(), String::new())).collect();
    let arrived: Fields = fields.iter().map(|field| (field.name.clone(), bytes::Bytes::new())).collect();
    let name = |fields: &Fields, at: usize| fields.get(at).map(|field| escaped(&field.name)).unwrap_or_default();
    let one = |change| match change {
        Change::Added(at) => Difference::new("added", "response", name(&arrived, at)).noting(place(at, arrived.len())),
        Change::Removed(at) => Difference::new("removed", "response", name(&sent, at)),
        Change::Changed(from, _) => Difference::new("changed", "response", name(&sent, from)),
        Change::Recased(from, to) => {
            Difference::new("recased", "response", name(&sent, from)).from(name(&sent, from)).to(name(&arrived, to))
        }
        Change::Reordered(from, to) => {
            let line = |at: usize| format!("line {}", at + 1);
            Difference::new("reordered", "response", name(&sent, from)).from(line(from)).to(line(to))
        }
    };
    changes(&sent, &arrived).into_iter().map(one).collect()
}

fn of_body(bytes: &[u8], answer: &Answer) -> Vec<Difference> {
    let mut told = of_names(&answer.head.fields);
    if answer.head.status != 200 {
        told.push(Difference::new("changed", "response", ":status").from("200").to(answer.head.status.to_string()));
    }
    if answer.body != bytes {
        let sizes = |bytes: &[u8]| format!("{} bytes", bytes.len());
        let changed = Difference::new("changed", "body", ":body").from(sizes(bytes)).to(sizes(&answer.body));
        told.push(changed.noting(what_was_done(bytes, &answer.body)));
    }
    told
}

/// Everything that was sent is still there in its order, and more: something was put in. Otherwise it was written anew.
fn what_was_done(sent: &[u8], arrived: &[u8]) -> &'static str {
    let mut rest = arrived.iter();
    let is_kept = sent.iter().all(|byte| rest.any(|other| other == byte));
    match () {
        () if is_kept => "injected: something was put in, and the rest is as it was sent",
        () if sent.starts_with(arrived) => "cut off",
        () if is_picture(sent) && is_picture(arrived) => "transcoded: a picture still, and written anew",
        () if sent.get(..4) == arrived.get(..4) => "rewritten: it begins alike, and goes on otherwise",
        () => "another body",
    }
}

/// By its first bytes: PNG, JPEG, GIF, WebP, and the family of AVIF.
fn is_picture(bytes: &[u8]) -> bool {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    let in_container = |magic: &[u8]| bytes.get(4..).is_some_and(|rest| rest.starts_with(magic));
    let is_webp = begins(b"RIFF") && bytes.get(8..).is_some_and(|rest| rest.starts_with(b"WEBP"));
    begins(b"\x89PNG") || begins(b"\xff\xd8\xff") || begins(b"GIF8") || is_webp || in_container(b"ftyp")
}

/// As events show it.
pub(super) fn findings(found: &[Finding], judge: &Judge) -> Vec<Value> {
    let one = |finding: &Finding| {
        let mut bytes = Vec::new();
        render_finding(finding, &judge.redactor, &mut bytes);
        serde_json::from_slice(&bytes).unwrap_or_default()
    };
    found.iter().map(one).collect()
}

/// What arrived; what was put there on the way shows its ends only.
fn shown(sent: &Fields, arrived: &Fields, judge: &Judge) -> Vec<(String, String)> {
    let ours = |value: &[u8]| sent.iter().any(|field| field.value == value);
    let one = |field: &Field| {
        let value = if ours(&field.value) { escaped(&field.value) } else { foreign(&field.value, judge) };
        (escaped(&field.name), value)
    };
    arrived.iter().map(one).collect()
}

/// A value that is not ours may be anybody's number: its ends are shown, as in an event.
fn foreign(value: &[u8], judge: &Judge) -> String {
    if judge.tells_all {
        return escaped(value);
    }
    judge.redactor.covered(value)
}

fn pairs(fields: &Fields) -> Vec<(String, String)> {
    fields.iter().map(|field| (escaped(&field.name), escaped(&field.value))).collect()
}
