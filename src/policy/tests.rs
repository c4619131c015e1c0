//! Does the first rule that matches decide, whatever it matches?

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use jiff::civil::Date;
use proptest::prelude::*;

use super::*;
use crate::{
    detect::{Confidence, Finding, Identifier, InsertedBy, Location, Part, Severity},
    exchange::{Context, Direction, Fields, Led, Origin, Scheme, Vantage},
};

const TODAY: Date = Date::constant(2026, 11, 22);

fn context(authority: &str) -> Context {
    Context {
        listener: "home".into(),
        vantage: Vantage::BeyondCarrier,
        client: SocketAddr::from(([192, 0, 2, 7], 51344)),
        origin: Origin::parse(Scheme::Http, authority.as_bytes()).unwrap(),
        led: None,
        known: <_>::default(),
    }
}

fn rule(name: &str, action: Action) -> Rule {
    Rule {
        name: name.into(),
        owners: Vec::new(),
        direction: Direction::Request,
        when: Condition::default(),
        to: Destination::default(),
        unless: None,
        action,
        reason: None,
    }
}

fn about_headers(name: &str, patterns: &[&str], action: Action) -> Rule {
    let headers = patterns.iter().map(|text| Pattern::header(text).unwrap()).collect();
    Rule { when: Condition { headers, ..Condition::default() }, ..rule(name, action) }
}

fn about(name: &str, identifier: Identifier, action: Action) -> Rule {
    Rule { when: Condition { identifiers: vec![identifier], ..Condition::default() }, ..rule(name, action) }
}

fn finding(part: Part, index: usize, identifier: Identifier, severity: Severity) -> Finding {
    Finding {
        identifier,
        severity,
        confidence: Confidence::Certain,
        origin: InsertedBy::Carrier,
        origin_reason: "",
        location: Location { name: Bytes::new(), direction: Direction::Request, part, index, in_name: false },
        span: 0..12,
        value: Bytes::from_static(b"447700900123"),
        detector: "test",
        signature: None,
        evidence: None,
    }
}

fn in_header(index: usize) -> Finding {
    finding(Part::Header, index, Identifier::Msisdn, Severity::Critical)
}

fn fields(names: &[&str]) -> Fields {
    names.iter().map(|name| (name.to_string(), "447700900123")).collect()
}

fn decide_to(host: &str, rules: Vec<Rule>, names: &[&str], findings: &[Finding]) -> Vec<(usize, Matched)> {
    let context = context(host);
    let query =
        Query { direction: Direction::Request, context: &context, method: b"GET", target: b"/a/b?c=d", today: TODAY };
    let policy = Policy::new(Mode::Enforce, rules).unwrap();
    let decisions = policy.decide(&query, Part::Header, &fields(names), findings);
    decisions.into_iter().map(|decision| (decision.rule, decision.matched)).collect()
}

fn decide(rules: Vec<Rule>, names: &[&str], findings: &[Finding]) -> Vec<(usize, Matched)> {
    decide_to("example.org", rules, names, findings)
}

#[test]
fn nothing_written_means_nothing_decided() {
    assert_eq!(decide(vec![], &["x-msisdn"], &[in_header(0)]), []);
}

#[test]
fn the_first_rule_wins() {
    let rules = || vec![about("number", Identifier::Msisdn, Action::Keep), rule("any", Action::Strip)];
    let number = in_header(0);
    let device = finding(Part::Header, 1, Identifier::Device, Severity::Low);
    let decisions = decide(rules(), &["x-msisdn", "x-wap-profile"], &[device, number]);
    assert_eq!(decisions, [(0, Matched::Finding(1)), (1, Matched::Finding(0))]);
}

#[test]
fn severity_and_confidence_are_lower_bounds() {
    let when =
        Condition { severity: Some(Severity::High), confidence: Some(Confidence::Likely), ..Condition::default() };
    let rules = || vec![Rule { when: when.clone(), ..rule("r", Action::Strip) }];
    let with = |severity, confidence| {
        let found = Finding { confidence, ..finding(Part::Header, 0, Identifier::Acr, severity) };
        !decide(rules(), &["x-acr"], &[found]).is_empty()
    };
    assert!(with(Severity::High, Confidence::Likely));
    assert!(with(Severity::Critical, Confidence::Certain));
    assert!(!with(Severity::Medium, Confidence::Certain));
    assert!(!with(Severity::Critical, Confidence::Possible));
}

#[test]
fn a_rule_for_headers_needs_no_finding_and_covers_those_inside() {
    let rules = || vec![about_headers("h", &["X-Up-*"], Action::Strip), rule("any", Action::Keep)];
    let names = ["Accept", "x-UP-calling-line-id", "X-Up-Uplink"];
    assert_eq!(decide(rules(), &names, &[in_header(1)]), [(0, Matched::Field(1)), (0, Matched::Field(2))]);
}

#[test]
fn an_earlier_rule_about_a_finding_keeps_a_later_header_rule_off_the_field() {
    let rules = vec![
        about("n", Identifier::Msisdn, Action::Redact(Redaction::Pseudonym)),
        about_headers("h", &["x-*"], Action::Strip),
    ];
    let device = finding(Part::Header, 0, Identifier::Device, Severity::Low);
    let decisions = decide(rules, &["x-a", "x-b"], &[in_header(0), device]);
    assert_eq!(decisions, [(0, Matched::Finding(0)), (1, Matched::Finding(1)), (1, Matched::Field(1))]);
}

#[test]
fn a_rule_with_header_and_more_is_about_findings_in_such_headers() {
    let mut narrow = about_headers("h", &["x-*"], Action::Strip);
    narrow.when.severity = Some(Severity::High);
    let decisions = decide(vec![narrow], &["x-a", "cookie", "x-b"], &[in_header(0), in_header(1)]);
    assert_eq!(decisions, [(0, Matched::Finding(0))]);
}

#[test]
fn what_frames_the_message_is_spared_by_edits_and_not_by_refusals() {
    let names = ["Host", "TE", "x-a"];
    let strip = about_headers("h", &["*"], Action::Strip);
    assert_eq!(decide(vec![strip, rule("any", Action::Strip)], &names, &[in_header(0)]), [(0, Matched::Field(2))]);
    let block = about_headers("h", &["te"], Action::Block(403));
    assert_eq!(decide(vec![block], &names, &[]), [(0, Matched::Field(1))]);
}

#[test]
fn the_target_has_no_header_name() {
    let target = finding(Part::Target, 0, Identifier::Msisdn, Severity::Critical);
    let rules = vec![about_headers("h", &["*"], Action::Strip), rule("any", Action::Redact(Redaction::Mask))];
    let decisions = decide(rules, &["x-a"], &[target]);
    assert_eq!(decisions, [(1, Matched::Finding(0)), (0, Matched::Field(0))]);
}

#[test]
fn parts_are_kept_apart() {
    let policy = Policy::new(Mode::Enforce, vec![rule("any", Action::Strip)]).unwrap();
    let context = context("example.org");
    let query = Query { direction: Direction::Request, context: &context, method: b"GET", target: b"/", today: TODAY };
    let trailer = finding(Part::Trailer, 0, Identifier::Imsi, Severity::Critical);
    let found = [in_header(0), trailer];
    let matched = |part| policy.decide(&query, part, &fields(&["x-a"]), &found).into_iter().map(|d| d.matched);
    assert_eq!(matched(Part::Header).collect::<Vec<_>>(), [Matched::Finding(0)]);
    assert_eq!(matched(Part::Trailer).collect::<Vec<_>>(), [Matched::Finding(1)]);
}

#[test]
fn a_partner_is_exempt_until_it_expires() {
    let partner = |expires: &str| {
        Arc::new(Partner {
            name: "billing".into(),
            hosts: HostSet::parse(&["*.pay.example"]).unwrap(),
            expires: Some(expires.parse().unwrap()),
            reason: None,
        })
    };
    let rules = |expires| {
        let unless = Some(Destination { partners: vec![partner(expires)], ..Destination::default() });
        vec![Rule { unless, ..rule("strip", Action::Strip) }]
    };
    assert_eq!(decide_to("www.pay.example", rules("2027-01-31"), &["x-a"], &[in_header(0)]), []);
    assert_eq!(decide_to("example.org", rules("2027-01-31"), &["x-a"], &[in_header(0)]).len(), 1);
    assert_eq!(decide_to("www.pay.example", rules("2026-11-21"), &["x-a"], &[in_header(0)]).len(), 1);
}

/// On a connection to 203.0.113.7 somebody says that it is for shop.example.
#[test]
fn a_name_on_its_own_word_withholds_and_excuses_nothing() {
    let admitted = |host: &str, action: Action, unless: bool, is_proven: bool| {
        let destination = SocketAddr::from(([203, 0, 113, 7], 80));
        let context = Context { led: Some(Led { destination, is_proven }), ..context("shop.example") };
        let (target, method) = (b"/".as_slice(), b"GET".as_slice());
        let query = Query { direction: Direction::Request, context: &context, method, target, today: TODAY };
        let to = Destination { hosts: Some(HostSet::parse(&[host]).unwrap()), ..Destination::default() };
        let everywhere = Destination::default();
        let (to, unless) = if unless { (everywhere, Some(to)) } else { (to, None) };
        let rule = Rule { to, unless, ..rule("a", action) };
        let excuses = rule.unless.is_some() || rule.action != Action::Strip;
        assert_eq!(rule.hinges_on(&context.origin.host, TODAY), excuses && host == "shop.example");
        rule.admits(&query)
    };
    for is_proven in [true, false] {
        assert!(admitted("shop.example", Action::Strip, false, is_proven), "a rule that withholds is for the name");
        assert!(admitted("203.0.113.7", Action::Strip, false, is_proven), "and for the address");
        assert!(admitted("203.0.113.7", Action::Keep, false, is_proven), "which needs no proof");
        assert!(!admitted("203.0.113.7", Action::Strip, true, is_proven));
        assert!(!admitted("other.example", Action::Strip, false, is_proven));
        assert_eq!(admitted("shop.example", Action::Keep, false, is_proven), is_proven);
        assert_eq!(admitted("shop.example", Action::Replace("x".into()), false, is_proven), is_proven);
        assert_eq!(admitted("shop.example", Action::Strip, true, is_proven), !is_proven, "an exception needs proof");
    }
}

#[test]
fn every_key_of_a_destination_must_hold() {
    let to = Destination {
        hosts: Some(HostSet::parse(&["*.example.org", "example.org"]).unwrap()),
        methods: vec!["get".into()],
        paths: Some(PathSet::new(vec![Pattern::path("/a/*").unwrap()]).unwrap()),
        schemes: vec![Scheme::Http],
        listeners: vec!["home".into()],
        clients: Some(AddressSet::new(vec![], vec![parse_network("192.0.2.0/24").unwrap()])),
        client_names: vec![],
        partners: vec![],
    };
    let holds =
        |to: Destination| !decide(vec![Rule { to, ..rule("r", Action::Strip) }], &["x"], &[in_header(0)]).is_empty();
    assert!(holds(to.clone()));
    assert!(!holds(Destination { hosts: Some(HostSet::parse(&["example.net"]).unwrap()), ..to.clone() }));
    assert!(!holds(Destination { methods: vec!["POST".into()], ..to.clone() }));
    assert!(!holds(Destination {
        paths: Some(PathSet::new(vec![Pattern::path("/b").unwrap()]).unwrap()),
        ..to.clone()
    }));
    assert!(!holds(Destination { schemes: vec![Scheme::Https], ..to.clone() }));
    assert!(!holds(Destination { listeners: vec!["away".into()], ..to.clone() }));
    assert!(!holds(Destination { clients: Some(AddressSet::new(vec![AddressClass::Private], vec![])), ..to }));
}

#[test]
fn responses_have_their_own_rules() {
    let response = Rule { direction: Direction::Response, ..about_headers("h", &["x-*"], Action::Strip) };
    assert_eq!(decide(vec![response], &["x-a"], &[in_header(0)]), []);
}

#[test]
fn hits_are_counted_per_rule() {
    let rules = vec![rule("used", Action::Strip), about_headers("unused", &["x-z"], Action::Strip)];
    let policy = Policy::new(Mode::Observe, rules).unwrap();
    let context = context("example.org");
    let query = Query { direction: Direction::Request, context: &context, method: b"GET", target: b"/", today: TODAY };
    policy.decide(&query, Part::Header, &fields(&["x-a"]), &[in_header(0)]);
    policy.decide(&query, Part::Header, &fields(&["x-a"]), &[in_header(0)]);
    assert_eq!((policy.hits(0), policy.hits(1)), (2, 0));
    let names: Vec<_> = policy.never_matched().iter().map(|rule| &*rule.name).collect();
    assert_eq!(names, ["unused"]);
}

#[test]
fn the_path_is_what_stands_before_the_query() {
    let context = context("example.org");
    let path = |target| {
        Query { direction: Direction::Request, context: &context, method: b"GET", target, today: TODAY }.path()
    };
    assert_eq!(path(b"/a?b=/c"), b"/a");
    assert_eq!(path(b"example.org:443"), b"");
    assert_eq!(path(b"*"), b"");
}

#[test]
fn a_rule_tells_itself_on_one_line() {
    let mut told = about("show billing a pseudonym", Identifier::Msisdn, Action::Redact(Redaction::Pseudonym));
    told.when.severity = Some(Severity::High);
    told.to.hosts = Some(HostSet::parse(&["*.pay.example", "pay.example"]).unwrap());
    told.unless = Some(Destination { methods: vec!["GET".into(), "HEAD".into()], ..Destination::default() });
    let expected = "\"show billing a pseudonym\": when severity at least high and identifier msisdn, \
                    to host *.pay.example, pay.example, unless method GET or HEAD: redact by pseudonym";
    assert_eq!(told.to_string(), expected);
    assert_eq!(rule("all", Action::Block(451)).to_string(), "\"all\": any finding: block with 451");
}

/// Names that are looked for and names that are not, in every case.
fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("(?i)(x-up-id|x-msisdn|host|te|accept|x-.{0,8})", 0..8)
}

fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
    let pattern = prop::sample::select(vec!["*", "x-*", "x-up-?d", "host", "{te,accept}", "*n"]);
    let action = prop::sample::select(vec![Action::Keep, Action::Strip, Action::Block(403)]);
    let least = prop::option::of(prop::sample::select(Severity::ALL));
    let one = (pattern, action, least, any::<bool>()).prop_map(|(pattern, action, severity, named)| {
        let headers = if named { vec![Pattern::header(pattern).unwrap()] } else { vec![] };
        Rule { when: Condition { severity, headers, ..Condition::default() }, ..rule("r", action) }
    });
    prop::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn each_thing_is_decided_once_and_no_frame_is_edited(
        rules in some_rules(), names in names(), places in prop::collection::vec((0usize..9, 0usize..4), 0..6),
    ) {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let findings: Vec<_> = places.iter()
            .map(|&(index, severity)| finding(Part::Header, index, Identifier::Msisdn, Severity::ALL[severity]))
            .collect();
        let decisions = decide(rules.clone(), &names, &findings);
        let mut seen = std::collections::HashSet::new();
        for (rule, matched) in decisions {
            let field = match matched {
                Matched::Field(index) => index,
                Matched::Finding(index) => findings[index].location.index,
            };
            let key = format!("{matched:?}");
            prop_assert!(seen.insert(key));
            prop_assert!(!(rules[rule].action.edits() && is_structural(names[field].as_bytes())));
        }
    }

    /// Held against each rule on its own, without the common matcher.
    #[test]
    fn the_common_matcher_agrees_with_one_rule_at_a_time(rules in some_rules(), names in names()) {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let expected: Vec<_> = (0..names.len()).filter_map(|field| {
            let alone = |rule: &Rule| !decide(vec![rule.clone()], &names[field..=field], &[]).is_empty();
            rules.iter().position(alone).map(|rule| (rule, Matched::Field(field)))
        }).collect();
        prop_assert_eq!(decide(rules, &names, &[]), expected);
    }
}
