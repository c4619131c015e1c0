//! Is every signature found on the wire by its own examples?
//!
//! The examples of `config/signatures` go through a socket each: what matches is gone when the site receives the request
//! and stands in its event; what is to be ignored arrives.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Clir, Origin, Setup, Wire, origin};

const STRIP_ALL: &str = "[[rule]]\nname = \"all\"\nwhen = { confidence = \"possible\" }\naction = \"strip\"\n";

/// One example: a signature's id, a field name it is for, and a value.
struct Example {
    id: String,
    name: String,
    value: String,
}

/// The examples under `matches` or `ignores`.
fn examples(key: &str) -> Vec<Example> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/signatures");
    let files = fs::read_dir(dir).expect("signatures").flatten().map(|entry| entry.path());
    let tables = files.map(|file| fs::read_to_string(&file).unwrap().parse::<toml::Table>().unwrap());
    let signatures = tables.flat_map(|table| table["signature"].as_array().unwrap().clone());
    signatures.flat_map(|signature| of(&signature, key)).collect()
}

fn of(signature: &toml::Value, key: &str) -> Vec<Example> {
    let texts = |key: &str| -> Vec<String> {
        let list = signature.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
        list.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()
    };
    let id = signature["id"].as_str().unwrap().to_owned();
    // A pattern is met by a name of its kind.
    let name = texts("header").first().map(|name| name.replace('*', "abc"));
    let values = texts(key);
    let Some(name) = name else { return Vec::new() };
    values.into_iter().map(|value| Example { id: id.clone(), name: name.clone(), value }).collect()
}

/// Sends each example to a site and returns the field lines that arrived with each, and the events.
fn replay(examples: &[Example]) -> (Vec<Vec<Vec<u8>>>, Vec<Value>) {
    let clir: Clir = Setup::new().policy(STRIP_ALL).start();
    let origin = Origin::new();
    let requests: Vec<_> = examples
        .iter()
        .map(|one| origin.request("GET", "/", &format!("Accept: */*\r\n{}: {}\r\nX-End: 1\r\n", one.name, one.value)))
        .collect();
    let served = origin.serve(|_, _| origin::ok(""));
    let mut client = Wire::connect(clir.address());
    for request in requests {
        client.send(request);
        assert_eq!(client.response().status(), 200);
    }
    let events = clir.wait_for_events(examples.len());
    (served.heads().iter().map(crate::support::Head::field_lines).collect(), events)
}

#[test]
fn what_matches_is_gone_and_told() {
    let examples = examples("matches");
    assert!(examples.len() >= 200, "{} examples", examples.len());
    let (arrived, events) = replay(&examples);
    for ((one, lines), event) in examples.iter().zip(arrived).zip(events) {
        let findings = event["findings"].as_array().unwrap();
        let here =
            findings.iter().any(|finding| finding["signature"] == one.id.as_str() && finding["location"]["index"] == 2);
        assert!(here, "{} does not find its example in {}: {event}", one.id, one.name);
        let still = lines
            .iter()
            .any(|line| line.to_ascii_lowercase().starts_with(format!("{}:", one.name.to_lowercase()).as_bytes()));
        assert!(!still || one.name.eq_ignore_ascii_case("cookie"), "{}: {} arrives", one.id, one.name);
        assert_eq!(lines.last().unwrap(), b"X-End: 1");
    }
}

#[test]
fn what_is_to_be_ignored_arrives() {
    let examples = examples("ignores");
    assert!(!examples.is_empty());
    let (arrived, events) = replay(&examples);
    for ((one, lines), event) in examples.iter().zip(arrived).zip(events) {
        let findings = event["findings"].as_array().unwrap();
        let here =
            findings.iter().any(|finding| finding["signature"] == one.id.as_str() && finding["location"]["index"] == 2);
        assert!(!here, "{} finds {:?} in {}", one.id, one.value, one.name);
        let line = format!("{}: {}", one.name, one.value);
        assert!(
            !findings.is_empty() || lines.iter().any(|arrived| arrived.trim_ascii_end() == line.trim_end().as_bytes()),
            "{line} does not arrive"
        );
    }
}
