//! What does it cost to write an event down?
//!
//! Of an ordinary request, and of heads of 64 KiB that are full of what has to be masked.

#[path = "scan/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "scan/cases.rs"]
#[allow(dead_code)]
mod cases;

use std::{hint::black_box, sync::Arc};

use clir::{
    detect::{Part, Scanner, SignatureSet, Subject},
    event::{Event, Redactor, Values, Verdict},
    exchange::{Context, Direction, Fields, InstallationKey, Origin, RequestHead, Scheme, Vantage, Version},
};
use criterion::{Criterion, criterion_group, criterion_main};

fn record(criterion: &mut Criterion) {
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin())).with_identities(cases::own(1000));
    let redactor = Redactor::new(Values::Masked, InstallationKey::new([7; 32]));
    let ordinary = [("browser", cases::browser()), ("enriched", cases::enriched())];
    let all = ordinary.into_iter().chain(cases::hostile()).chain(cases::hostile_to_identities());
    for (name, fields) in all {
        let event = event(&scanner, fields);
        let mut line = Vec::new();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                line.clear();
                black_box(&event).render(&redactor, &mut line);
            });
        });
    }
}

fn event(scanner: &Scanner, fields: Fields) -> Event {
    let target = Some(cases::TARGET.as_bytes());
    let (direction, part) = (Direction::Request, Part::Header);
    let findings = scanner.scan(&Subject { direction, part, target, fields: &fields, cleartext: true });
    let context = Context {
        listener: "home".into(),
        vantage: Vantage::BeyondCarrier,
        client: ([192, 0, 2, 7], 51344).into(),
        origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
        led: None,
        known: <_>::default(),
    };
    let head = RequestHead { method: "GET".into(), target: cases::TARGET.into(), version: Version::Http11, fields };
    Event {
        findings,
        verdict: Verdict::Forwarded,
        status: Some(200),
        ..Event::begun(ulid::Ulid::from_parts(1, 2), jiff::Timestamp::UNIX_EPOCH, context, Arc::new(head))
    }
}

criterion_group!(benches, record);
criterion_main!(benches);
