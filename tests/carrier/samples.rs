//! What becomes of whole requests, as phones and gateways send them, on their way through sockets?
//!
//! The samples on which detection is measured are sent through the carrier's box: what leaks is appended there. Under
//! strict rules no leaking line reaches the site; under the default rules ordinary requests arrive byte for byte.

use std::fs;

use serde_json::Value;

use crate::support::{Head, Origin, Setup, carrier::Carrier, carrier::Edit, carrier::Which, origin};

/// Fields that are between two neighbours, or that hold the message together: they are not the subject here.
const NEIGHBOURS: [&str; 13] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "transfer-encoding",
    "content-length",
    "expect",
    "http2-settings",
    "max-forwards",
];

struct Sample {
    id: String,
    target: String,
    /// Field lines that the phone sends, and those that leak.
    own: Vec<String>,
    leaking: Vec<String>,
    target_leaks: bool,
}

fn samples(name: &str) -> Vec<Sample> {
    let path = format!("{}/tests/data/detection/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let samples = text.lines().map(|line| sample(&serde_json::from_str(line).unwrap()));
    samples
        .filter(|sample| sample.target.starts_with('/') && sample.target.bytes().all(|byte| byte.is_ascii_graphic()))
        .collect()
}

fn sample(json: &Value) -> Sample {
    let leaks: Vec<_> = json["leaks"].as_array().unwrap().iter().map(|leak| leak["header"].as_str().unwrap()).collect();
    let pairs = json["headers"].as_array().unwrap().iter();
    let pairs = pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    let pairs = pairs.filter(|(name, _)| !NEIGHBOURS.iter().any(|other| name.eq_ignore_ascii_case(other)));
    let (leaking, own): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| leaks.contains(name));
    let line = |(name, value): (&str, &str)| format!("{name}: {}", value.trim());
    Sample {
        id: json["id"].as_str().unwrap().to_owned(),
        target: json["path"].as_str().unwrap().to_owned(),
        own: own.into_iter().map(line).collect(),
        leaking: leaking.into_iter().map(line).collect(),
        target_leaks: leaks.contains(&":path"),
    }
}

/// Sends each sample through a box of its own, and returns the heads that arrived.
fn replay(samples: &[Sample], policy: &str) -> Vec<Head> {
    let clir = Setup::new().policy(policy).start();
    let origin = Origin::new();
    let own = |sample: &Sample| sample.own.iter().map(|line| format!("{line}\r\n")).collect::<String>();
    let requests: Vec<_> = samples.iter().map(|sample| origin.request("GET", &sample.target, &own(sample))).collect();
    let served = origin.serve(|_, _| origin::ok(""));
    for (sample, request) in samples.iter().zip(requests) {
        // The box takes what lives as long as the process; that is as long as a test.
        let leak = |line: &String| Edit::Append(line.clone().leak());
        let carrier = Carrier::start(clir.address(), Which::Each, sample.leaking.iter().map(leak).collect());
        let mut client = carrier.connect();
        client.send(request);
        assert_eq!(client.response().status(), 200, "{}", sample.id);
    }
    let events = clir.wait_for_events(samples.len());
    assert_eq!(events.len(), samples.len(), "an event for each");
    served.heads()
}

fn arrived_target(head: &Head) -> String {
    head.start_line().split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn no_line_that_leaks_reaches_a_site_under_strict_rules() {
    let strict = include_str!("../../config/strict.toml");
    let rules = &strict[strict.find("[[rule]]").unwrap()..];
    let samples = samples("positives");
    assert!(samples.len() >= 200);
    for (sample, head) in samples.iter().zip(replay(&samples, rules)) {
        let lines = head.field_lines();
        for leaking in &sample.leaking {
            assert!(!lines.iter().any(|line| line == leaking.as_bytes()), "{}: {leaking} arrives", sample.id);
        }
        assert!(!sample.target_leaks || arrived_target(&head) != sample.target, "{}: the target arrives", sample.id);
        for own in &sample.own {
            let is_there = lines.iter().any(|line| line == own.as_bytes());
            assert!(is_there || !sample.leaking.is_empty() || sample.target_leaks, "{}: {own}", sample.id);
        }
    }
}

#[test]
fn ordinary_requests_arrive_byte_for_byte_under_the_default_rules() {
    let samples = samples("negatives");
    assert!(samples.len() >= 200);
    for (sample, head) in samples.iter().zip(replay(&samples, include_str!("../../config/policy.toml"))) {
        assert_eq!(arrived_target(&head), sample.target, "{}", sample.id);
        let lines: Vec<_> =
            head.field_lines().iter().skip(1).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        assert_eq!(lines, sample.own, "{}", sample.id);
    }
}
