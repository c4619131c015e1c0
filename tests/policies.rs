//! Do the policies that are shipped do what they say, to what the detectors find?

use std::{net::SocketAddr, path::Path, sync::Arc};

use clir::{
    config::{Config, load},
    detect::{Part, Scanner, Subject},
    exchange::{Context, Direction, Fields, Origin, Scheme, Vantage},
    policy::{Matched, Mode, Query},
};
use jiff::civil::Date;

const NUMBER: &str = "447700900123";

fn shipped(name: &str) -> Config {
    load(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name))).unwrap().config
}

/// What a policy does to a request with this one header and target: `<place> <action>`, without what it keeps.
fn done(config: &Config, target: &str, name: &str, value: &str) -> Vec<String> {
    done_over(true, config, target, name, value)
}

/// The same over cleartext or inside TLS.
fn done_over(cleartext: bool, config: &Config, target: &str, name: &str, value: &str) -> Vec<String> {
    let fields: Fields =
        [("Host", "example.org"), (name, value)].map(|(n, v)| (n.to_owned(), v.to_owned())).into_iter().collect();
    let (direction, target) = (Direction::Request, target.as_bytes());
    let subject = Subject { direction, part: Part::Header, target: Some(target), fields: &fields, cleartext };
    let scanner = Scanner::new(Arc::clone(&config.signatures)).with_identities(Arc::clone(&config.identities));
    let findings = scanner.scan(&subject);
    let context = Context {
        listener: "home".into(),
        vantage: Vantage::BeyondCarrier,
        client: SocketAddr::from(([192, 0, 2, 7], 51344)),
        origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
        led: None,
    };
    let query = Query { direction, context: &context, method: b"GET", target, today: Date::constant(2026, 11, 22) };
    let decisions = config.policy.decide(&query, Part::Header, &fields, &findings);
    let place = |matched| match matched {
        Matched::Field(index) => fields.get(index).unwrap().name_str().into_owned(),
        Matched::Finding(index) if findings[index].location.part == Part::Target => ":path".to_owned(),
        Matched::Finding(index) => fields.get(findings[index].location.index).unwrap().name_str().into_owned(),
    };
    let told = decisions.iter().map(|decision| {
        let action = &config.policy.rules()[decision.rule].action;
        format!("{} {}", place(decision.matched), action.as_str())
    });
    let mut told: Vec<_> = told.filter(|line| !line.ends_with(" keep")).collect();
    told.sort();
    told.dedup();
    told
}

#[test]
fn the_default_strips_what_names_the_subscriber() {
    let config = shipped("clir.toml");
    for name in ["x-up-calling-line-id", "X-MSISDN", "x-nokia-msisdn", "X-H3G-MSISDN"] {
        assert_eq!(done(&config, "/", name, NUMBER), [format!("{name} strip")]);
    }
}

#[test]
fn the_default_breaks_no_login_and_no_page() {
    let config = shipped("clir.toml");
    let cookie = format!("session=8e5b4c; msisdn={NUMBER}");
    assert!(done(&config, &format!("/login?msisdn={NUMBER}"), "Cookie", &cookie).is_empty());
    for (name, value) in [
        ("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("If-None-Match", "\"447700900123\""),
        ("Content-Length", "447700900123"),
    ] {
        assert!(done(&config, "/", name, value).is_empty(), "{name}");
    }
}

#[test]
fn the_default_strips_ones_own_number_under_any_name() {
    let dir = tempfile::tempdir().unwrap();
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policy.toml");
    let own = format!("[[identity]]\nlabel = \"mine\"\nkind = \"msisdn\"\nvalue = \"{NUMBER}\"\n");
    std::fs::write(dir.path().join("clir.toml"), format!("{own}[policy]\nfile = {policy:?}\n")).unwrap();
    let config = load(Some(&dir.path().join("clir.toml"))).unwrap().config;
    // MD5 of the number, which is no number to anybody else.
    for value in [NUMBER, "NDQ3NzAwOTAwMTIz", "40ce120a3509087f921cad996518742a"] {
        for cleartext in [true, false] {
            assert_eq!(done_over(cleartext, &config, "/", "X-Zq", value), ["X-Zq strip"], "{value}");
            let cookie = format!("session=8e5b4c; c={value}");
            assert!(done_over(cleartext, &config, &format!("/?q={value}"), "Cookie", &cookie).is_empty(), "{value}");
        }
        let shipped = shipped("clir.toml");
        assert!(done_over(false, &shipped, "/", "X-Zq", value).is_empty(), "{value}");
    }
}

#[test]
fn observing_decides_alike_and_is_told_apart_by_its_mode() {
    let config = shipped("observe.toml");
    assert_eq!(config.policy.mode(), Mode::Observe);
    assert_eq!(done(&config, "/", "X-MSISDN", NUMBER), ["X-MSISDN strip"]);
}

#[test]
fn the_strict_policy_leaves_no_finding_alone() {
    let config = shipped("strict.toml");
    assert_eq!(done(&config, "/", "X-MSISDN", NUMBER), ["X-MSISDN strip"]);
    assert_eq!(done(&config, "/", "X-Up-Whatever", "1"), ["X-Up-Whatever strip"]);
    let cookie = format!("msisdn={NUMBER}");
    let target = format!("/?msisdn={NUMBER}");
    assert_eq!(done(&config, &target, "Cookie", &cookie), [":path redact", "Cookie redact"]);
}
