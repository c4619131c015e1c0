//! Does a line say everything, and show nothing that it must not?

use std::{ops::Range, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::*;
use crate::{
    detect::{Confidence, Identifier, InsertedBy, Location, Part, Severity},
    exchange::{Direction, Fields, InstallationKey, Origin, Scheme, Vantage, Version},
};

const NUMBER: &str = "447700900123";

fn redactor(values: Values) -> Redactor {
    Redactor::new(values, InstallationKey::new([7; 32]))
}

fn event(target: &str, fields: &[(&str, &str)]) -> Event {
    let fields: Fields =
        fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
    Event {
        verdict: Verdict::Forwarded,
        status: Some(200),
        response_bytes: 1256,
        duration: Duration::from_micros(4312),
        ..Event::begun(
            Ulid::from_parts(1_795_356_131_123, 42),
            "2026-11-22T14:02:11.1234567Z".parse().unwrap(),
            Context {
                listener: "home".into(),
                vantage: Vantage::NoCarrier,
                client: "192.0.2.7:51344".parse().unwrap(),
                origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
                led: None,
                known: <_>::default(),
            },
            Arc::new(RequestHead {
                method: "GET".into(),
                target: target.to_owned().into(),
                version: Version::Http11,
                fields,
            }),
        )
    }
}

impl Event {
    fn finding(mut self, part: Part, index: usize, span: Range<usize>) -> Self {
        let field = self.head.fields.get(index);
        let (name, value) = match part {
            Part::Header => (field.unwrap().name.clone(), field.unwrap().value.slice(span.clone())),
            _ => (Default::default(), self.head.target.slice(span.clone())),
        };
        self.findings.push(Finding {
            identifier: Identifier::Msisdn,
            severity: Severity::Critical,
            confidence: Confidence::Certain,
            origin: InsertedBy::Carrier,
            origin_reason: "a test put it there",
            location: Location { name, direction: Direction::Request, part, index, in_name: false },
            span,
            value,
            detector: "signature",
            signature: Some("up-calling-line-id".into()),
            evidence: None,
        });
        self
    }

    fn line(&self, values: Values) -> String {
        let mut out = Vec::new();
        self.render(&redactor(values), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn value(&self, values: Values) -> Value {
        serde_json::from_str(&self.line(values)).unwrap()
    }
}

#[test]
fn a_line_has_the_keys_of_the_schema_in_their_order() {
    let mut event =
        event("/", &[("Host", "example.org"), ("x-up-calling-line-id", NUMBER)]).finding(Part::Header, 1, 0..12);
    let rule = "strip what names the subscriber".into();
    event.actions.push(Applied { rule, action: "strip", header: "x-up-calling-line-id".into(), observed: false });
    let digest = redactor(Values::Masked).digest(Identifier::Msisdn, NUMBER.as_bytes());
    assert_eq!(digest.len(), "hmac:".len() + 32);
    let expected = format!(
        r#"{{"v":1,"id":"{}","ts":"2026-11-22T14:02:11.123Z","listener":"home","vantage":"no-carrier","client":"192.0.2.7:51344","scheme":"http","method":"GET","host":"example.org","port":80,"target":"/","version":"HTTP/1.1","headers":[["Host","example.org"],["x-up-calling-line-id","44770•••••23"]],"findings":[{{"identifier":"msisdn","severity":"critical","confidence":"certain","origin":"carrier","location":{{"part":"header","name":"x-up-calling-line-id","index":1}},"span":[0,12],"detector":"signature","signature":"up-calling-line-id","digest":"{digest}","origin_reason":"a test put it there"}}],"actions":[{{"rule":"strip what names the subscriber","action":"strip","header":"x-up-calling-line-id"}}],"verdict":"forwarded","status":200,"request_bytes":0,"response_bytes":1256,"duration_us":4312,"error":null}}"#,
        event.id
    );
    assert_eq!(event.line(Values::Masked), expected + "\n");
}

#[test]
fn what_a_name_holds_is_masked_there_and_the_value_stays() {
    let mut event = event("/", &[("Host", "example.org"), ("X-447700900123", "is on, since May")]);
    let name = event.head.fields.get(1).unwrap().name.clone();
    event = event.finding(Part::Header, 1, 2..14);
    let finding = &mut event.findings[0];
    (finding.location.in_name, finding.value) = (true, name.slice(2..14));
    event.actions.push(Applied { rule: "r".into(), action: "strip", header: "X-447700900123".into(), observed: false });
    for values in [Values::Masked, Values::Names] {
        let line = event.line(values);
        assert!(!line.contains(NUMBER) && !line.contains("900123"), "{line}");
        assert!(line.contains(r#"{"part":"header","name":"X-44770•••••23","index":1,"in":"name"}"#), "{line}");
    }
    assert!(event.line(Values::Masked).contains(r#"["X-44770•••••23","is on, since May"]"#));
}

#[test]
fn tunnels_responses_and_observation_say_so_at_the_end() {
    let mut event = event("/", &[("x", NUMBER)]).finding(Part::Header, 0, 0..12);
    event.findings[0].location.direction = Direction::Response;
    event.findings[0].signature = None;
    event.actions.push(Applied { rule: "r".into(), action: "keep", header: ":path".into(), observed: true });
    event.tunnel = Some(Tunnel {
        sni: Some("example.org".into()),
        alpn: vec!["h2".into()],
        reason: Some("bypass"),
        ..Tunnel::default()
    });
    let line = event.line(Values::Masked);
    assert!(line.contains(r#""location":{"part":"header","name":"x","index":0,"direction":"response"}"#), "{line}");
    assert!(line.contains(r#""signature":null"#), "{line}");
    assert!(line.contains(r#""header":":path","observed":true}"#), "{line}");
    assert!(
        line.ends_with(
            "\"error\":null,\"tunnel\":{\"sni\":\"example.org\",\"alpn\":[\"h2\"],\"reason\":\"bypass\"}}\n"
        )
    );
}

#[test]
fn a_found_number_stands_nowhere_in_the_line() {
    let headers = [
        ("Host", "447700900123.example.org"),
        ("X-Msisdn", "+44 7700 900123"),
        ("Referer", "http://example.org/?a=%2B44%207700%20900123&b=447700900123"),
        ("User-Agent", "App/1 (447700900123)"),
        ("x-447700900123", "1"),
    ];
    let mut event = event("/447700900123/x", &headers).finding(Part::Header, 1, 0..15);
    event.context.origin = Origin::parse(Scheme::Http, b"447700900123.example.org").unwrap();
    event.error = Some("no address for 447700900123.example.org".into());
    event.tunnel = Some(Tunnel { sni: Some("447700900123.example.org".into()), ..Tunnel::default() });
    event.actions.push(Applied {
        rule: "hide 447700900123".into(),
        action: "strip",
        header: "x-447700900123".into(),
        observed: false,
    });
    for values in [Values::Masked, Values::Names] {
        let line = event.line(values);
        for number in [NUMBER, "7700 900123", "7700%20900123"] {
            assert!(!line.contains(number), "{values:?}: {number} in {line}");
        }
    }
    assert_eq!(event.value(Values::Masked)["headers"][3][1], "App/1 (44770•••••23)");
    assert!(event.line(Values::Full).contains(NUMBER));
}

/// A host's name may be somebody's number; nothing is found in it by itself, and nothing is shown of it either.
#[test]
fn a_number_that_names_a_host_is_masked_without_a_finding() {
    let name = "sub-447700900123.example.org";
    let connect = [("Host", "sub-447700900123.example.org:443"), ("X-Order", "447700900456")];
    let mut event = event("sub-447700900123.example.org:443", &connect);
    event.context.origin = Origin::parse(Scheme::Https, name.as_bytes()).unwrap();
    event.error = Some(format!("no address for {name}"));
    let line = event.line(Values::Masked);
    assert!(!line.contains(NUMBER) && line.contains("sub-44770•••••23.example.org:443"), "{line}");
    assert!(line.contains("447700900456"), "a number elsewhere is an order's as often as a phone's: {line}");
    event.context.origin = Origin::parse(Scheme::Https, b"192.0.2.1").unwrap();
    assert!(!event.line(Values::Masked).contains(NUMBER), "what was refused");
    event.tunnel = Some(Tunnel { sni: Some(name.into()), ..Tunnel::default() });
    assert!(!event.line(Values::Masked).contains(NUMBER));
    assert!(event.line(Values::Full).contains(NUMBER));
    event.tunnel = Some(Tunnel { sni: Some("1906714720.cdn.example".into()), ..Tunnel::default() });
    assert!(event.line(Values::Masked).contains("1906714720.cdn.example"));
}

#[test]
fn case_does_not_save_a_pseudonym() {
    let mut event = event("/", &[("X-UIDH", "OTgxNTk2NDk0ADJVquRu5NS5")]).finding(Part::Header, 0, 0..24);
    event.error = Some("otgxntk2ndk0adjvquru5ns5.example.org".into());
    assert!(!event.line(Values::Masked).contains("k2ndk0adjv"));
}

#[test]
fn words_that_a_person_chose_stay_unless_they_hold_a_number() {
    let mut event = event("/", &[("X-APN", "internet")]).finding(Part::Header, 0, 0..8);
    event.actions.push(Applied {
        rule: "keep internet".into(),
        action: "keep",
        header: "X-APN".into(),
        observed: false,
    });
    assert_eq!(event.value(Values::Masked)["actions"][0]["rule"], "keep internet");
}

#[test]
fn credentials_are_hidden_whatever_is_found() {
    let headers = [("Authorization", "Bearer abcdef"), ("cookie", "sid=447700900123; theme=dark")];
    let event = event("/?password=hunter2", &headers).finding(Part::Header, 1, 4..16);
    let value = event.value(Values::Masked);
    assert_eq!(value["headers"], json!([["Authorization", "Bearer •••"], ["cookie", "sid=•••; theme=•••"]]));
    assert_eq!(value["target"], "/?password=•••");
    let full = event.value(Values::Full);
    assert_eq!(full["headers"], json!([["Authorization", "Bearer •••"], ["cookie", "sid=447700900123; theme=dark"]]));
    let login = event_line_target("http://me:hunter2@example.org/a", Values::Full);
    assert_eq!(login, "http://•••@example.org/a");
}

fn event_line_target(target: &'static str, values: Values) -> Value {
    event(target, &[]).value(values)["target"].clone()
}

#[test]
fn names_shows_no_value_and_no_query() {
    let event = event("/a/447700900123?q=1&r=447700900123", &[("A", "b"), ("C", "")]).finding(Part::Target, 0, 3..15);
    let value = event.value(Values::Names);
    assert_eq!(value["headers"], json!([["A", "•"], ["C", ""]]));
    assert_eq!(value["target"], "/a/44770•••••23?•");
}

#[test]
fn nothing_that_was_received_forges_a_line() {
    let forged = "x\r\n{\"v\":1}\n\u{85}\u{2028}\"},";
    let event = event(forged, &[("a", forged)]);
    let line = event.line(Values::Masked);
    assert_eq!(line.lines().count(), 1);
    assert!(!line.trim_end().chars().any(char::is_control), "{line}");
    assert_eq!(event.value(Values::Masked)["headers"][0][1], forged);
}

#[test]
fn a_line_can_be_read_back_even_with_keys_of_later_versions() {
    let event = event("/", &[("x", "\\x41"), ("y", NUMBER)]).finding(Part::Header, 1, 0..12);
    let line = event.line(Values::Masked).replacen("{\"v\":1", "{\"v\":1,\"later\":{\"a\":[]}", 1);
    let read: EventLine = serde_json::from_str(&line).unwrap();
    assert_eq!(unescape(&read.headers[0].1), b"\\x41");
    assert_eq!((read.findings[0].identifier.as_str(), read.findings[0].span), ("msisdn", (0, 12)));
    assert_eq!((read.status, read.duration_us), (Some(200), 4312));
}

/// Ten times the head must not take a hundred times as long; a hundredfold margin keeps slow machines out of it.
#[test]
fn large_hostile_heads_are_rendered_in_bounded_time() {
    let cookies = "eyj".repeat(20_000);
    let numbers: String = (0..4_000).map(|n| format!("44770090{n:04};")).collect();
    let mut event = event(&format!("/?{}", "token=&".repeat(8_000)), &[("X-Key", &cookies), ("y", &numbers)]);
    for n in 0..4_000 {
        event = event.finding(Part::Header, 1, n * 13..n * 13 + 12);
    }
    let started = std::time::Instant::now();
    let line = event.line(Values::Masked);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(!line.contains("447700900123"));
}

/// One finding may cover what a thousand would: what it covers stands nowhere else either, however much it is.
#[test]
fn the_parts_of_what_covers_several_numbers_stand_nowhere_else() {
    for (count, separator) in [(3, ";"), (70, "; "), (70, "/"), (70, "%2C"), (70, " "), (70, "-"), (4_000, ";")] {
        let list: Vec<String> = (0..count).map(|n| format!("44770090{n:04}")).collect();
        let last = list.last().unwrap().clone();
        let numbers: &'static str = Box::leak(list.join(separator).into_boxed_str());
        let agent: &'static str = Box::leak(format!("App/1 ({last})").into_boxed_str());
        let mut event = event("/", &[("y", numbers), ("User-Agent", agent)]).finding(Part::Header, 0, 0..numbers.len());
        event.error = Some(format!("no address for {last}.example.org"));
        let line = event.line(Values::Masked);
        assert!(!line.contains(&last), "{count} {separator}: {line}");
    }
}

#[test]
fn a_long_token_is_hidden_wherever_it_stands() {
    let token: &'static str = Box::leak("aB3dE5gH7jK9".repeat(5_000).into_boxed_str());
    let twice: &'static str = Box::leak(format!("a={token}!; b=plain").into_boxed_str());
    let line = event("/", &[("X-UIDH", token), ("y", twice)]).finding(Part::Header, 0, 0..token.len());
    let value = line.value(Values::Masked);
    assert_eq!(value["headers"][1][1], format!("a=aB{}K9!; b=plain", "•".repeat(64)));
}

/// Whoever judges an event before it is written judges as whoever reads its line.
#[test]
fn an_event_and_its_line_tell_the_same_fate() {
    let verdicts = [
        Verdict::Forwarded,
        Verdict::Redirected,
        Verdict::Answered,
        Verdict::Blocked,
        Verdict::Refused,
        Verdict::Failed,
        Verdict::Tunnelled,
        Verdict::Intercepted,
    ];
    let deeds = [None, Some(("X-MSISDN", "strip")), Some(("x-msisdn", "keep")), Some(("Cookie", "redact"))];
    let deeds = deeds.into_iter().chain([Some((":path", "strip")), Some(("cookie", "strip"))]);
    let headers = [("x-msisdn", "447700900123"), ("Cookie", "447700900123; 447700900456")];
    let found = event("/447700900123", &headers).finding(Part::Header, 0, 0..12).finding(Part::Target, 0, 1..13);
    let mut found =
        found.finding(Part::Header, 1, 0..12).finding(Part::Header, 1, 14..26).finding(Part::Header, 0, 0..9);
    found.findings[3].severity = Severity::Low;
    found.findings[4].location.direction = Direction::Response;
    for (verdict, deed) in verdicts.into_iter().flat_map(|verdict| deeds.clone().map(move |deed| (verdict, deed))) {
        for (observed, status) in [(false, None), (true, Some(200)), (false, Some(502))] {
            let applied =
                deed.map(|(header, action)| Applied { rule: "r".into(), action, header: header.into(), observed });
            let event =
                Event { verdict, status, response_bytes: 0, actions: applied.into_iter().collect(), ..found.clone() };
            let line: EventLine = serde_json::from_str(&event.line(Values::Masked)).unwrap();
            let written: Vec<_> = line.findings.iter().map(|finding| line.fate(finding)).collect();
            let told: Vec<_> = event.findings.iter().map(|finding| event.fate(finding)).collect();
            assert_eq!(told, written, "{verdict:?} {deed:?} {observed} {status:?}");
        }
    }
}

#[test]
fn what_is_said_only_sometimes_stands_at_the_end_in_its_order() {
    let mut event = event("/", &[]);
    event.context.led =
        Some(crate::exchange::Led { destination: "[2001:db8::1]:443".parse().unwrap(), is_proven: true });
    event.context.known = crate::exchange::Known {
        client: Some("kitchen \"tablet\"".into()),
        is_private: false,
        user: Some("zoë\n".into()),
    };
    event.mismatch = Some("host");
    event.notes = Notes { upgraded: Some(Upgraded::No("no https")), connectivity: true };
    event.passage = Some(Passage { id: Some(Ulid::from_parts(1, 1)), ..Passage::default() });
    event.hop = Some(Ulid::from_parts(1, 2));
    event.error = Some("it \"broke\"".into());
    event.status = None;
    let hello = Bytes::from_static(b"447700900123");
    event.tunnel = Some(Tunnel { ja4: Some("t13d".into()), extensions: vec![(7, hello)], ..Tunnel::default() });
    let line = event.line(Values::Masked);
    let end = r#""status":null,"request_bytes":0,"response_bytes":1256,"duration_us":4312,"error":"it \"broke\"","tunnel":{"sni":null,"alpn":[],"reason":null,"ja4":"t13d","extensions":[{"type":7,"value":"447700900123"}]},"destination":"[2001:db8::1]:443","mismatch":"host","client_name":"kitchen \"tablet\"","user":"zoë\n","upgraded":"no https","connectivity":true,"via":"direct","passage":"00000000010000000000000001","hop":"00000000010000000000000002"}"#;
    assert_eq!(line.split_once(r#""verdict":"forwarded","#).unwrap().1, format!("{end}\n"));
}
