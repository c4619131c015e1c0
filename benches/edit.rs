//! What does a request cost from its head to what is sent on: scanned, decided and edited?
//!
//! By action; `unchanged` finds nothing, and `observed` decides and leaves everything.

#[allow(dead_code, reason = "shared")]
mod common;

use std::{hint::black_box, sync::Arc};

use clir::{
    detect::{Scanner, SignatureSet},
    exchange::{Fields, InstallationKey},
    intercept::Interceptor,
    policy::{Action, Mode, Policy, Redaction},
};
use common::{cases, context, head, rule};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::date;

fn edit(criterion: &mut Criterion) {
    let actions = [
        ("keep", Action::Keep),
        ("strip", Action::Strip),
        ("redact/mask", Action::Redact(Redaction::Mask)),
        ("redact/hash", Action::Redact(Redaction::Hash)),
        ("redact/pseudonym", Action::Redact(Redaction::Pseudonym)),
        ("replace", Action::Replace("-".into())),
        ("block", Action::Block(451)),
    ];
    measure(criterion, "unchanged", Mode::Enforce, Action::Strip, cases::browser());
    measure(criterion, "observed", Mode::Observe, Action::Strip, cases::enriched());
    for (name, action) in actions {
        measure(criterion, name, Mode::Enforce, action, cases::enriched());
    }
}

fn measure(criterion: &mut Criterion, name: &str, mode: Mode, action: Action, fields: Fields) {
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin()));
    let policy = Arc::new(Policy::new(mode, vec![rule("only".to_owned(), action)]).unwrap());
    let interceptor = Interceptor::new(scanner, policy, Arc::default(), InstallationKey::new([7; 32]));
    let (context, head, today) = (context(), head(fields), date(2026, 11, 22));
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| interceptor.request(black_box(&context), black_box(&head), today));
    });
}

criterion_group!(benches, edit);
criterion_main!(benches);
