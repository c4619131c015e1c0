//! Do cleartext requests get to where they were going, judged, whatever they say?

use super::stage::*;
use crate::support::{LEAK, MASKED};

const WAYS: [Way; 3] = [Way::Redirect, Way::Tproxy { keep_source: false }, Way::Tproxy { keep_source: true }];

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn a_request_is_judged_and_reaches_its_destination_over_both_families() {
    for way in WAYS {
        let world = World::new(way, |setup| setup);
        for (address, literal) in [(SITE, SITE.to_owned()), (SITE_V6, format!("[{SITE_V6}]"))] {
            let resolve = format!("{NAME}:80:{literal}");
            let said = world.curl(&["--resolve", &resolve, "-H", LEAK, &format!("http://{NAME}/a?b")]);
            assert_eq!(said, "site", "{way:?}");
            let destination = format!("{literal}:80");
            let event = world.event(|event| event["destination"] == destination.as_str());
            assert_eq!((&event["method"], &event["host"], &event["port"]), (&"GET".into(), &NAME.into(), &80.into()));
            assert_eq!(event["headers"][3], serde_json::json!(["x-up-calling-line-id", MASKED]));
            assert_eq!(event["actions"][0]["action"], "strip");
            assert_eq!(event["mismatch"], serde_json::Value::Null);
            let from = if address == SITE { PHONE } else { PHONE_V6 };
            assert!(event["client"].as_str().unwrap().contains(from), "{event}");
            let keeps = way == Way::Tproxy { keep_source: true };
            assert_eq!(world.peers(80).last().unwrap() == from, keeps, "{way:?}: {:?}", world.peers(80));
        }
        let heads = world.received("80");
        let head = String::from_utf8(heads[0].clone()).unwrap();
        assert!(head.starts_with(&format!("GET /a?b HTTP/1.1\r\nHost: {NAME}\r\nUser-Agent: curl/")), "{head}");
        assert!(heads.iter().all(|head| !head.windows(12).any(|part| part == b"447700900123")));
        assert_eq!(world.clir.events().len(), 2, "one event for each request and none for the connection");
    }
}

/// Ports say nothing: HTTP is seen by its bytes.
#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn a_forged_host_chooses_no_destination_and_gains_nothing() {
    let policy = format!(
        "[[partner]]\nname = \"billing\"\nhost = [\"{OTHER}\"]\nexpires = 2099-01-31\nreason = \"test\"\n\
         [[rule]]\nname = \"strip\"\nwhen = {{ severity = \"high\", confidence = \"likely\" }}\n\
         unless = {{ partner = [\"billing\"] }}\naction = \"strip\"\n"
    );
    let world = World::new(Way::Redirect, |setup| setup.policy(&policy));
    let url = format!("http://{SITE}/");
    assert_eq!(world.curl(&["-H", &format!("Host: {OTHER}"), "-H", LEAK, &url]), "site");
    let event = world.event(|event| event["host"] == OTHER);
    assert_eq!(event["mismatch"], "host");
    assert_eq!(event["destination"], format!("{SITE}:80"));
    assert_eq!(event["actions"][0]["action"], "strip", "no exception for a name that is not proved: {event}");
    assert_eq!(world.curl(&["-H", "Host: no.such.example", &url]), "site");
    assert_eq!(world.event(|event| event["host"] == "no.such.example")["mismatch"], "host-unresolved");
    assert_eq!(world.curl(&["-H", "Host: 203.0.113.7:81", &url]), "site");
    assert_eq!(world.event(|event| event["host"] == "203.0.113.7")["mismatch"], "host");
    assert_eq!(world.curl(&["--http1.0", "-H", "Host:", &url]), "site");
    assert_eq!(world.event(|event| event["host"] == SITE)["mismatch"], serde_json::Value::Null);
    assert_eq!(world.received("80").len(), 4);
    assert!(world.received("80").iter().all(|head| !head.windows(12).any(|part| part == b"447700900123")));
}

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn an_exception_holds_for_a_name_that_has_the_address() {
    let policy = format!(
        "[[partner]]\nname = \"billing\"\nhost = [\"{NAME}\"]\nexpires = 2099-01-31\nreason = \"test\"\n\
         [[rule]]\nname = \"strip\"\nwhen = {{ severity = \"high\", confidence = \"likely\" }}\n\
         unless = {{ partner = [\"billing\"] }}\naction = \"strip\"\n"
    );
    let world = World::new(Way::Redirect, |setup| setup.policy(&policy));
    world.curl(&["--resolve", &format!("{NAME}:80:{SITE}"), "-H", LEAK, &format!("http://{NAME}/")]);
    assert!(world.received("80")[0].windows(12).any(|part| part == b"447700900123"), "also of the first request");
}

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn forbidden_hosts_and_ports_are_refused_however_they_are_named() {
    let world = World::new(Way::Redirect, |setup| setup);
    world.clir.replace(
        "clir.toml",
        &std::fs::read_to_string(world.clir.path("clir.toml"))
            .unwrap()
            .replace("\"self\"]", "\"self\", \"*.evil.example\"]"),
    );
    world.clir.wait_for_stderr("read anew");
    let said = world.curl(&["-H", "Host: www.evil.example", &format!("http://{SITE}/")]);
    assert!(said.contains("access.deny_targets"), "{said}");
    assert!(world.received("80").is_empty());
    assert_eq!(world.speak(SITE, 25, "0", &[b"EHLO phone\r\n"]), "[reset]");
    let event = world.event(|event| event["port"] == 25);
    assert_eq!(event["verdict"], "refused");
}

/// Nobody listens there: who speaks HTTP is told so, others see what they would have seen.
#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn an_origin_that_cannot_be_reached_is_told() {
    let world = World::new(Way::Redirect, |setup| setup);
    let said = world.curl(&["-w", "%{http_code}", &format!("http://{SITE}:8999/")]);
    assert!(said.ends_with("502"), "{said}");
    let event = world.event(|event| event["port"] == 8999);
    assert_eq!((&event["method"], &event["status"]), (&"GET".into(), &502.into()));
    assert_eq!(world.speak(SITE, 8999, "0", &[b"\0\0\0\0"]), "[reset]");
    world.event(|event| event["method"] == "CONNECT" && event["verdict"] == "failed");
}
