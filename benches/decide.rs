//! What does it cost to decide by the policy, and how does that grow with the rules?

#[allow(dead_code, reason = "shared")]
mod common;

use std::{hint::black_box, sync::Arc};

use clir::{
    detect::{Finding, Identifier, Part, Scanner, SignatureSet},
    exchange::Direction,
    policy::{Action, Condition, Destination, HostSet, Mode, Pattern, Policy, Query, Rule},
};
use common::{cases, context, rule, subject};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::{Date, date};

const COUNTS: [usize; 5] = [1, 10, 100, 1000, 10_000];
const TODAY: Date = date(2026, 11, 22);

fn decide(criterion: &mut Criterion) {
    let fields = cases::enriched();
    let findings = Scanner::new(Arc::new(SignatureSet::builtin())).scan(&subject(cases::TARGET, &fields));
    for count in COUNTS {
        let policy = policy(count, of_another_field);
        measure(criterion, &format!("headers/{count}"), &policy, &findings);
        measure(criterion, &format!("headers, nothing found/{count}"), &policy, &[]);
    }
    for count in COUNTS {
        measure(criterion, &format!("hosts/{count}"), &policy(count, for_another_host), &findings);
    }
    for count in COUNTS {
        measure(criterion, &format!("identifiers/{count}"), &policy(count, about_something_else), &findings);
    }
}

fn measure(criterion: &mut Criterion, name: &str, policy: &Policy, findings: &[Finding]) {
    let (context, fields) = (context(), cases::enriched());
    let (direction, method, target) = (Direction::Request, b"GET".as_slice(), cases::TARGET.as_bytes());
    let query = Query { direction, context: &context, method, target, today: TODAY };
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| policy.decide(black_box(&query), Part::Header, black_box(&fields), black_box(findings)));
    });
}

/// So many rules in all, of which only the last has anything to say.
fn policy(count: usize, other: impl Fn(usize) -> Rule) -> Policy {
    let last = rule("last".to_owned(), Action::Strip);
    Policy::new(Mode::Enforce, (1..count).map(other).chain([last]).collect()).unwrap()
}

fn of_another_field(at: usize) -> Rule {
    let headers = vec![Pattern::header(&format!("x-of-rule-{at}")).unwrap()];
    Rule { when: Condition { headers, ..Condition::default() }, ..rule(format!("r{at}"), Action::Strip) }
}

fn for_another_host(at: usize) -> Rule {
    let hosts = Some(HostSet::parse(&[format!("*.h{at}.example").as_str()]).unwrap());
    Rule { to: Destination { hosts, ..Destination::default() }, ..rule(format!("r{at}"), Action::Strip) }
}

fn about_something_else(at: usize) -> Rule {
    let identifiers = vec![Identifier::Iccid];
    Rule { when: Condition { identifiers, ..Condition::default() }, ..rule(format!("r{at}"), Action::Strip) }
}

criterion_group!(benches, decide);
criterion_main!(benches);
