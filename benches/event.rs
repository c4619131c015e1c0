//! What does it cost to write an event down?
//!
//! Of an ordinary request, and of heads of 64 KiB that are full of what has to be masked.

#[allow(dead_code, reason = "shared")]
mod common;

use std::{hint::black_box, sync::Arc};

use clir::{
    detect::{Scanner, SignatureSet},
    event::{Event, Redactor, Values, Verdict},
    exchange::{Fields, InstallationKey},
};
use common::{cases, context, head, subject};
use criterion::{Criterion, criterion_group, criterion_main};

fn write(criterion: &mut Criterion) {
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin())).with_identities(cases::own(1000));
    let redactor = Redactor::new(Values::Masked, InstallationKey::new([7; 32]));
    let ordinary = [("browser", cases::browser()), ("enriched", cases::enriched())];
    let all = ordinary.into_iter().chain(cases::slow());
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
    let findings = scanner.scan(&subject(cases::TARGET, &fields));
    let (context, head) = (context(), head(fields));
    Event {
        findings,
        verdict: Verdict::Forwarded,
        status: Some(200),
        ..Event::begun(ulid::Ulid::from_parts(1, 2), jiff::Timestamp::UNIX_EPOCH, context, Arc::new(head))
    }
}

criterion_group!(benches, write);
criterion_main!(benches);
