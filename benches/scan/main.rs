//! What does scanning one request cost, and with what does that grow?

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "shared")]
mod common;
mod worst;

use std::{hint::black_box, sync::Arc, time::Duration};

use clir::{
    detect::{Scanner, SignatureSet, Subject},
    exchange::Fields,
};
use common::{cases, samples::samples, subject};
use criterion::{Criterion, Throughput, criterion_group};

const SAMPLES: [(&str, &str); 2] = [
    ("negatives", include_str!("../../tests/data/detection/negatives.jsonl")),
    ("positives", include_str!("../../tests/data/detection/positives.jsonl")),
];

fn scan(criterion: &mut Criterion) {
    for (group, scanner) in scanners() {
        measure(criterion, &scanner, &group);
    }
}

/// One that watches for nobody, and two that watch for the user's own.
fn scanners() -> Vec<(String, Scanner)> {
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin()));
    let with = |count| (format!("identities/{count}/"), scanner.clone().with_identities(cases::own(count)));
    vec![(String::new(), scanner.clone()), with(1), with(1000)]
}

fn measure(criterion: &mut Criterion, scanner: &Scanner, group: &str) {
    let mut measure = |name: &str, fields: &Fields| one(criterion, scanner, &format!("{group}{name}"), fields);
    measure("browser", &cases::browser());
    measure("enriched", &cases::enriched());
    for (name, fields) in cases::slow() {
        measure(&format!("hostile/{name}"), &fields);
    }
    files(criterion, scanner, group);
}

fn one(criterion: &mut Criterion, scanner: &Scanner, name: &str, fields: &Fields) {
    let subject = subject(cases::TARGET, fields);
    criterion.bench_function(name, |bencher| bencher.iter(|| scanner.scan(black_box(&subject))));
}

/// All requests of a file, one after the other; told per request.
fn files(criterion: &mut Criterion, scanner: &Scanner, group: &str) {
    let mut group = criterion.benchmark_group(format!("{group}samples"));
    for (name, text) in SAMPLES {
        let samples = samples(text);
        group.throughput(Throughput::Elements(samples.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for (target, fields) in &samples {
                    black_box(scanner.scan(black_box(&subject(target, fields))));
                }
            });
        });
    }
}

/// With the number of signatures and of one's own identifiers it must not grow; with the bytes of a head it does.
fn growth(criterion: &mut Criterion) {
    let builtin = Scanner::new(Arc::new(SignatureSet::builtin()));
    let enriched = cases::enriched();
    for count in [300, 3000, 30_000] {
        let scanner = Scanner::new(Arc::new(common::signatures(count)));
        one(criterion, &scanner, &format!("growth/signatures/{count}"), &enriched);
    }
    for count in [1, 10, 100, 1000] {
        let scanner = builtin.clone().with_identities(cases::own(count));
        one(criterion, &scanner, &format!("growth/identities/{count}"), &enriched);
    }
    for bytes in [300, 1 << 10, 4 << 10, 16 << 10, 64 << 10] {
        one(criterion, &builtin, &format!("growth/bytes/{bytes}"), &cases::ordinary(bytes));
    }
}

criterion_group!(benches, growth, scan);

/// Every head once, in a function of its own, for whoever counts instructions.
fn once() {
    for (group, scanner) in scanners() {
        let heads = [("browser", cases::browser()), ("enriched", cases::enriched())];
        for (name, fields) in heads.into_iter().chain(cases::slow()) {
            scanner.scan(&subject(cases::TARGET, &fields));
            counted(&scanner, &subject(cases::TARGET, &fields));
            println!("{group}{name}");
        }
    }
}

#[inline(never)]
fn counted(scanner: &Scanner, subject: &Subject<'_>) {
    black_box(scanner.scan(black_box(subject)));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |at: usize, other: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(other);
    match arguments.first().map(String::as_str) {
        Some("--once") => once(),
        Some("--worst") => {
            let (time, seed) = (Duration::from_secs(number(1, 60)), number(2, 1));
            for (group, scanner) in scanners() {
                println!("{group}");
                worst::search(&scanner, time, seed);
            }
        }
        _ => {
            benches();
            Criterion::default().configure_from_args().final_summary();
        }
    }
}
