//! What does scanning one request cost?

mod browser;
mod cases;

use std::{hint::black_box, sync::Arc};

use clir::{
    detect::{Part, Scanner, SignatureSet, Subject},
    exchange::{Direction, Fields},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SAMPLES: [(&str, &str); 2] = [
    ("negatives", include_str!("../../tests/data/detection/negatives.jsonl")),
    ("positives", include_str!("../../tests/data/detection/positives.jsonl")),
];

fn scan(criterion: &mut Criterion) {
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin()));
    measure(criterion, &scanner, "");
    for count in [1, 1000] {
        let scanner = scanner.clone().with_identities(cases::own(count));
        measure(criterion, &scanner, &format!("identities/{count}/"));
    }
}

fn measure(criterion: &mut Criterion, scanner: &Scanner, group: &str) {
    let mut measure = |name: &str, fields: &Fields| {
        let subject = subject(cases::TARGET, fields);
        criterion
            .bench_function(&format!("{group}{name}"), |bencher| bencher.iter(|| scanner.scan(black_box(&subject))));
    };
    measure("browser", &cases::browser());
    measure("enriched", &cases::enriched());
    for (name, fields) in cases::hostile().into_iter().chain(cases::hostile_to_identities()) {
        measure(&format!("hostile/{name}"), &fields);
    }
    files(criterion, scanner, group);
}

/// All requests of a file, one after the other; told per request.
fn files(criterion: &mut Criterion, scanner: &Scanner, group: &str) {
    let mut group = criterion.benchmark_group(format!("{group}samples"));
    for (name, text) in SAMPLES {
        let samples = cases::samples(text);
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

fn subject<'a>(target: &'a str, fields: &'a Fields) -> Subject<'a> {
    let target = Some(target.as_bytes());
    Subject { direction: Direction::Request, part: Part::Header, target, fields, cleartext: true }
}

criterion_group!(benches, scan);
criterion_main!(benches);
