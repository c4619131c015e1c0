//! What does the door do with what it is given?

use std::sync::Arc;

use super::*;
use crate::{
    detect::{Identifier, Identities, Identity, SignatureSet},
    exchange::{Origin, Sensitive, Vantage, Version},
    policy::{Condition, Destination, Rule},
};

const NUMBER: &str = "447700900123";

fn rule(name: &str, direction: Direction, action: Action) -> Rule {
    Rule {
        name: name.into(),
        owners: Vec::new(),
        direction,
        when: Condition::default(),
        to: Destination::default(),
        unless: None,
        action,
        reason: Some("because".into()),
    }
}

fn interceptor(mode: Mode, rules: Vec<Rule>) -> Interceptor {
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin()));
    let policy = Arc::new(Policy::new(mode, rules).unwrap());
    Interceptor::new(scanner, policy, Arc::default(), InstallationKey::new([3; 32]))
}

fn context() -> Context {
    Context {
        listener: "test".into(),
        vantage: Vantage::BeyondCarrier,
        client: "192.0.2.7:1234".parse().unwrap(),
        origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
        led: None,
        known: <_>::default(),
    }
}

fn head(fields: &[(&'static str, &'static str)]) -> RequestHead {
    RequestHead {
        method: "GET".into(),
        target: "/a?msisdn=447700900123&b=2".into(),
        version: Version::Http11,
        fields: fields.iter().copied().collect(),
    }
}

fn today() -> Date {
    jiff::civil::date(2026, 11, 22)
}

fn leaking() -> RequestHead {
    head(&[
        ("Host", "example.org"),
        ("X-MSISDN", NUMBER),
        ("Cookie", "a=1; msisdn=447700900123; b=2"),
        ("Accept", "*/*"),
    ])
}

fn edited(action: Action) -> RequestHead {
    let interceptor = interceptor(Mode::Enforce, vec![rule("r", Direction::Request, action)]);
    match interceptor.request(&context(), &leaking(), today()).outcome {
        Outcome::Edited(head) => head,
        other => panic!("not edited: {other:?}"),
    }
}

fn values(head: &RequestHead) -> Vec<String> {
    head.fields.iter().map(|field| String::from_utf8_lossy(&field.value).into_owned()).collect()
}

#[test]
fn strip_takes_out_the_field_the_pair_and_the_parameter() {
    let head = edited(Action::Strip);
    assert_eq!(values(&head), ["example.org", "a=1; b=2", "*/*"]);
    assert_eq!(head.target, "/a?b=2");
}

#[test]
fn stripping_twice_is_stripping_once() {
    let once = edited(Action::Strip);
    let interceptor = interceptor(Mode::Enforce, vec![rule("r", Direction::Request, Action::Strip)]);
    assert_eq!(interceptor.request(&context(), &once, today()).outcome, Outcome::Unchanged);
}

#[test]
fn redaction_covers_the_span_and_nothing_else() {
    let head = edited(Action::Redact(crate::policy::Redaction::Mask));
    assert_eq!(values(&head), ["example.org", "************", "a=1; msisdn=************; b=2", "*/*"]);
    assert_eq!(head.target, "/a?msisdn=************&b=2");
}

/// A head with the user's own number in a field's name, as one rule leaves it; and its event.
fn renamed(rule: Rule) -> RequestHead {
    let own = Identity::new("mine".into(), Identifier::Msisdn, &Sensitive::new(format!("+{NUMBER}"))).unwrap();
    let own = Arc::new(Identities::new(vec![own]));
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin())).with_identities(own);
    let policy = Arc::new(Policy::new(Mode::Enforce, vec![rule]).unwrap());
    let interceptor = Interceptor::new(scanner, policy, Arc::default(), InstallationKey::new([3; 32]));
    let mut head = head(&[("Host", "example.org"), ("X-447700900123", "on"), ("Accept", "*/*")]);
    head.target = "/".into();
    match interceptor.request(&context(), &head, today()).outcome {
        Outcome::Edited(head) => head,
        other => panic!("not edited: {other:?}"),
    }
}

#[test]
fn a_number_in_a_name_goes_with_its_field_or_is_redacted_there() {
    let names = |rule: Rule| -> Vec<String> {
        renamed(rule).fields.iter().map(|field| format!("{}: {:?}", field.name_str(), field.value)).collect()
    };
    let by_finding = |action| rule("r", Direction::Request, action);
    let gone = ["Host: b\"example.org\"", "Accept: b\"*/*\""];
    assert_eq!(names(by_finding(Action::Strip)), gone);
    assert_eq!(names(by_finding(Action::Replace("none of yours".into()))), gone);
    let mask = Action::Redact(crate::policy::Redaction::Mask);
    assert_eq!(names(by_finding(mask.clone()))[1], "X-************: b\"on\"");
    let made = names(by_finding(Action::Redact(crate::policy::Redaction::Pseudonym)));
    assert!(made[1].len() == "X-447700900123: b\"on\"".len() && !made[1].contains(NUMBER), "{made:?}");
    // A rule about the whole field does the same to its name as to its value.
    let mut whole = by_finding(mask);
    whole.when.headers = vec![crate::policy::Pattern::header("x-4*").unwrap()];
    assert_eq!(names(whole)[1], "X-************: b\"**\"");
}

#[test]
fn keep_and_observe_change_nothing_and_say_so() {
    let keep = interceptor(Mode::Enforce, vec![rule("r", Direction::Request, Action::Keep)]);
    let judged = keep.request(&context(), &leaking(), today());
    assert_eq!(judged.outcome, Outcome::Unchanged);
    assert!(!judged.findings.is_empty() && judged.actions.iter().all(|applied| applied.action == "keep"));
    let observe = interceptor(Mode::Observe, vec![rule("r", Direction::Request, Action::Strip)]);
    let judged = observe.request(&context(), &leaking(), today());
    assert_eq!(judged.outcome, Outcome::Unchanged);
    assert!(judged.actions.iter().all(|applied| applied.action == "strip" && applied.observed));
}

#[test]
fn a_block_refuses_the_message_with_its_reason() {
    let interceptor = interceptor(Mode::Enforce, vec![rule("no", Direction::Request, Action::Block(451))]);
    let Outcome::Blocked(block) = interceptor.request(&context(), &leaking(), today()).outcome else {
        panic!("not blocked")
    };
    assert_eq!((block.status, &*block.rule, block.reason.as_deref()), (451, "no", Some("because")));
}

#[test]
fn responses_and_trailers_have_rules_of_their_own() {
    let interceptor = interceptor(Mode::Enforce, vec![rule("r", Direction::Response, Action::Strip)]);
    let request = head(&[("Host", "example.org")]);
    let fields: Fields = [("Server", "x"), ("X-MSISDN", NUMBER)].into_iter().collect();
    let response = ResponseHead { status: 200, reason: "OK".into(), version: Version::Http11, fields: fields.clone() };
    let judged = interceptor.response(&context(), &request, &response, today());
    let expected: Fields = [("Server", "x")].into_iter().collect();
    assert_eq!(judged.outcome, Outcome::Edited(expected.clone()));
    assert_eq!(judged.findings[0].location.direction, Direction::Response);
    let down = interceptor.trailers(Direction::Response, &context(), &request, &fields, today());
    assert_eq!(down.outcome, Outcome::Edited(expected));
    let up = interceptor.trailers(Direction::Request, &context(), &request, &fields, today());
    assert_eq!(up.outcome, Outcome::Unchanged);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn fields()(pairs in proptest::collection::vec(("[A-Za-z-]{1,20}", "[ -~]{0,60}"), 0..12),
                    leak in proptest::option::of((0usize..12, "[a-z]{0,3}"))) -> Fields {
            let mut pairs: Vec<(String, String)> = pairs;
            if let Some((at, _)) = leak {
                pairs.insert(at.min(pairs.len()), ("x-up-calling-line-id".into(), NUMBER.into()));
            }
            pairs.into_iter().map(|(name, value)| (name.into_bytes(), value.into_bytes())).collect()
        }
    }

    proptest! {
        /// Whatever is stripped, the rest keeps its order, spelling and bytes.
        #[test]
        fn untouched_fields_stay_as_they_are(fields in fields()) {
            let interceptor = interceptor(Mode::Enforce, vec![rule("r", Direction::Request, Action::Strip)]);
            let head = RequestHead { fields, ..head(&[]) };
            let judged = interceptor.request(&context(), &head, today());
            let sent = match judged.outcome {
                Outcome::Edited(sent) => sent.fields,
                Outcome::Unchanged => head.fields.clone(),
                Outcome::Blocked(_) => unreachable!("no rule blocks"),
            };
            let mut received = head.fields.iter();
            for field in sent.iter().filter(|field| !field.is("cookie")) {
                prop_assert!(received.any(|candidate| candidate == field));
            }
            prop_assert!(sent.first("x-up-calling-line-id").is_none());
        }

        /// A policy that keeps everything changes nothing, whatever the bytes.
        #[test]
        fn keep_changes_nothing(pairs in proptest::collection::vec((".{0,20}", proptest::collection::vec(any::<u8>(), 0..80)), 0..8),
                                target in proptest::collection::vec(any::<u8>(), 0..80)) {
            let interceptor = interceptor(Mode::Enforce, vec![rule("r", Direction::Request, Action::Keep)]);
            let fields = pairs.into_iter().map(|(name, value)| (name.into_bytes(), value)).collect();
            let head = RequestHead { target: target.into(), fields, ..head(&[]) };
            prop_assert_eq!(interceptor.request(&context(), &head, today()).outcome, Outcome::Unchanged);
        }
    }
}
