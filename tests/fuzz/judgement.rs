//! Does judgement stand whatever a message holds, and does what it says fit the message?

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use clir::{
    config,
    detect::{Part, Scanner, SignatureSet, Subject},
    event::{Applied, Event, EventLine, Redactor, Values, Verdict, unescape},
    exchange::{Context, Direction, Fields, InstallationKey, Origin, RequestHead, Scheme, Vantage, Version},
    intercept::{Interceptor, Outcome as Sent},
};
use jiff::{Timestamp, civil::date};

use super::engine::{LONG, fuzz, outcome};

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Arc::new(SignatureSet::builtin())));

const WORDS: &[&[u8]] = &[
    b"x-up-calling-line-id",
    b"x-msisdn",
    b"x-imsi",
    b"x-uidh",
    b"cookie",
    b"authorization",
    b"forwarded",
    b": ",
    b"\n",
    b"447700900123",
    b"+44 7700 900123",
    b"00447700900123",
    b"001010123456789",
    b"490154203237518",
    b"8944",
    b"=",
    b"&",
    b"%2B",
    b"MTIzNDU2Nzg5",
    b"user@example.org",
    b"192.0.2.1",
    b"[2001:db8::1]",
    b"; ",
    b"\xef\xbc\x94",
    b"\\x41",
];

/// The first line is the target, the others are fields: `name: value`, of any bytes.
fn message(input: &[u8]) -> RequestHead {
    let mut lines = input.split(|&byte| byte == b'\n');
    let target = lines.next().unwrap_or_default().to_vec();
    let fields: Fields = lines
        .map(|line| {
            let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
            let value = line.get(colon + 1..).unwrap_or_default();
            (line[..colon].to_vec(), value.trim_ascii().to_vec())
        })
        .collect();
    RequestHead { method: "GET".into(), target: target.into(), version: Version::Http11, fields }
}

fn context() -> Context {
    Context {
        listener: "fuzz".into(),
        vantage: Vantage::BeyondCarrier,
        client: ([192, 0, 2, 7], 51344).into(),
        origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
        led: None,
        known: <_>::default(),
    }
}

#[test]
fn messages() {
    fuzz("messages", LONG, WORDS, |input| {
        let head = message(input);
        let mut kinds = Vec::new();
        for (part, cleartext) in [(Part::Header, true), (Part::Header, false), (Part::Trailer, true)] {
            let target = (part == Part::Header).then_some(&head.target[..]);
            let subject = Subject { direction: Direction::Request, part, target, fields: &head.fields, cleartext };
            let findings = SCANNER.scan(&subject);
            for finding in &findings {
                let place = match finding.location.part {
                    Part::Target => &head.target,
                    _ => &head.fields.get(finding.location.index).expect("a field that is there").value,
                };
                assert_eq!(place.get(finding.span.clone()), Some(&finding.value[..]), "{finding:?}");
                assert!(!finding.value.is_empty(), "{finding:?}");
            }
            assert_eq!(findings, SCANNER.scan(&subject), "the same message is judged the same");
            kinds.extend(findings.iter().map(|finding| (finding.identifier, finding.detector, finding.confidence)));
        }
        kinds.sort_unstable();
        kinds.dedup();
        outcome(format!("{kinds:?}"))
    });
}

#[test]
fn edits() {
    let interceptors = ["clir", "observe", "strict"].map(|name| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("config/{name}.toml"));
        let config = config::load(Some(&file)).unwrap_or_else(|report| panic!("{report}")).config;
        Interceptor::new(SCANNER.clone(), config.policy, config.routing, InstallationKey::new([7; 32]))
    });
    let context = context();
    let today = date(2026, 11, 22);
    fuzz("messages", LONG, WORDS, |input| {
        let head = message(input);
        let mut actions = Vec::new();
        for interceptor in &interceptors {
            let judgement = interceptor.request(&context, &head, today);
            actions.extend(judgement.actions.iter().map(|applied| (applied.rule.clone(), applied.action)));
            if let Sent::Edited(edited) = &judgement.outcome {
                check_edit(&head, edited, &judgement.actions);
            }
        }
        actions.sort();
        actions.dedup();
        outcome(actions)
    });
}

/// An edit is there, and is no more than what the actions say: nothing is added or moved, and what changed was named.
fn check_edit(head: &RequestHead, edited: &RequestHead, actions: &[Applied]) {
    assert_ne!(edited, head, "edited means different");
    assert!(!actions.is_empty(), "edited without an action");
    let named = |name: &[u8]| actions.iter().any(|applied| applied.header.as_bytes().eq_ignore_ascii_case(name));
    assert!(edited.target == head.target || named(b":path"), "the target changed without an action");
    let mut left = head.fields.iter();
    for field in &edited.fields {
        let old = left.find(|old| old.name == field.name).expect("a field was added or moved");
        let same = old == field || String::from_utf8(field.name.to_vec()).is_err();
        assert!(same || named(&old.name), "{field:?} changed without an action");
    }
}

#[test]
fn events() {
    let key = InstallationKey::new([7; 32]);
    let full = Redactor::new(Values::Full, key.clone());
    let others = [Redactor::new(Values::Masked, key.clone()), Redactor::new(Values::Names, key)];
    fuzz("messages", LONG, WORDS, |input| {
        let event = event(message(input));
        let line = rendered(&event, &full);
        let told: EventLine = serde_json::from_slice(&line).expect("an event can be read back");
        // What may be a password before a host is hidden even where everything else is told.
        if !event.head.target.contains(&b'@') {
            assert_eq!(unescape(&told.target), event.head.target, "the target's bytes");
        }
        for (field, (name, _)) in event.head.fields.iter().zip(&told.headers) {
            assert_eq!(unescape(name), field.name, "a name's bytes");
        }
        assert_eq!(told.headers.len(), event.head.fields.len());
        for redactor in &others {
            let line = rendered(&event, redactor);
            let told: EventLine = serde_json::from_slice(&line).expect("a masked event can be read back");
            assert_eq!(told.headers.len(), event.head.fields.len());
        }
        let mut kinds: Vec<_> = told.findings.iter().map(|finding| finding.identifier.clone()).collect();
        kinds.dedup();
        outcome((kinds, line.contains(&b'\\')))
    });
}

fn event(head: RequestHead) -> Event {
    let subject = Subject {
        direction: Direction::Request,
        part: Part::Header,
        target: Some(&head.target),
        fields: &head.fields,
        cleartext: true,
    };
    let findings = SCANNER.scan(&subject);
    Event {
        findings,
        verdict: Verdict::Forwarded,
        status: Some(200),
        ..Event::begun(ulid::Ulid::from_parts(1, 1), Timestamp::UNIX_EPOCH, context(), Arc::new(head))
    }
}

/// One line, whole, without bytes that a terminal or a reader of lines acts on.
fn rendered(event: &Event, redactor: &Redactor) -> Vec<u8> {
    let mut line = Vec::new();
    event.render(redactor, &mut line);
    let (last, rest) = line.split_last().expect("a line");
    assert_eq!(*last, b'\n');
    assert!(!rest.iter().any(u8::is_ascii_control), "a control byte in {}", rest.escape_ascii());
    assert!(std::str::from_utf8(rest).is_ok());
    line
}

#[test]
fn lines() {
    let words: &[&[u8]] = &[
        b"\"headers\":[[",
        b"\"v\":1",
        b"null",
        b"{}",
        b"[]",
        b"\\u0000",
        b"\\ud800",
        b"\\x41",
        b"\\\\x41",
        b"\"",
        b",",
    ];
    fuzz("lines", LONG, words, |input| match serde_json::from_slice::<EventLine>(input) {
        Ok(line) => {
            let texts = line.headers.iter().flat_map(|(name, value)| [name, value]).chain([&line.target, &line.host]);
            let changed = texts.filter(|text| unescape(text) != text.as_bytes()).count();
            outcome((0, line.headers.len().min(9), line.findings.len(), line.tunnel.is_some(), changed.min(3)))
        }
        Err(error) => outcome((1, error.to_string().split(' ').take(3).collect::<Vec<_>>())),
    });
}
