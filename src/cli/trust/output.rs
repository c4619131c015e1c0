//! How is it told which clients trust our authority?

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::Told;
use crate::policy::trust::{Passed, State};

/// For people: a line for the client, an indented one for each thing that passes.
pub fn text(told: &Told) -> String {
    let Told { name, standing, passing } = told;
    let name = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let mut text = format!("{}{name}: {}\n", standing.who, standing.state.words());
    let mut times = format!("  since {}, last heard of {}", moment(standing.since), moment(standing.last));
    if let Some(expires) = standing.expires {
        // Writing to a string does not fail.
        let _ = write!(times, ", until {} if nothing confirms it", moment(expires));
    }
    if standing.state != State::Trusted {
        let _ = write!(times, "; {} passed unread", connections(standing.passed));
    }
    text.extend([times.as_str(), "\n"]);
    passing.iter().for_each(|passed| text.push_str(&line(passed)));
    text
}

fn line(passed: &Passed) -> String {
    let what = match (&passed.host, &passed.program) {
        (Some(host), Some(program)) => format!("{host} by {program}"),
        (Some(host), None) => host.clone(),
        (None, Some(program)) => format!("all by {program}"),
        (None, None) => "all".to_owned(),
    };
    let until = passed.expires.map(|at| format!(", until {}", moment(at))).unwrap_or_default();
    let count = connections(passed.count);
    let (since, words) = (moment(passed.since), passed.reason.words());
    format!("  {what} passes unread since {since}{until}: {words} ({count} so far)\n")
}

fn connections(count: u64) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

fn moment(millis: i64) -> String {
    let at = Timestamp::from_millisecond(millis).unwrap_or_default();
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A line for the client, and one for each thing that passes.
pub fn jsonl(told: &Told) -> String {
    let Told { name, standing, passing } = told;
    let client = standing.who.to_string();
    let mut lines = vec![json!({
        "kind": "client",
        "client": client,
        "client_name": name,
        "state": standing.state.as_str(),
        "words": standing.state.words(),
        "since": stamp(standing.since),
        "last": stamp(standing.last),
        "expires": standing.expires.map(stamp),
        "passed": standing.passed,
    })];
    lines.extend(passing.iter().map(|passed| {
        json!({
            "kind": "passed",
            "client": client,
            "client_name": name,
            "host": passed.host,
            "program": passed.program,
            "reason": passed.reason.as_str(),
            "words": passed.reason.words(),
            "since": stamp(passed.since),
            "last": passed.last.map(stamp),
            "expires": passed.expires.map(stamp),
            "count": passed.count,
        })
    }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn stamp(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap_or_default().to_string()
}
