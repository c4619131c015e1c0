//! What is made larger, and how far?

use std::fmt::Write;

use crate::proxies::Tuning;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// CPU time of a request, which is stripped and logged.
    Cpu,
    /// Resident memory after so many hosts.
    Memory,
}

/// One plot.
pub struct Axis {
    pub name: &'static str,
    pub title: &'static str,
    pub across: &'static str,
    pub figure: Figure,
    pub points: Vec<Point>,
}

/// One measurement.
pub struct Point {
    pub across: usize,
    pub clients: usize,
    pub padding: usize,
    pub tuning: Tuning,
}

const TENFOLDS: [usize; 5] = [1, 10, 100, 1000, 10_000];

/// The head that is sent without padding, about.
const HEAD: usize = 620;

/// How many signatures are compiled in, about.
const SIGNATURES: usize = 350;

/// All plots; for a quick look, not to their ends.
pub fn all(is_quick: bool) -> Vec<Axis> {
    let hosts: &[usize] = if is_quick { &[1, 100, 10_000] } else { &[1, 1000, 10_000, 100_000, 1_000_000] };
    vec![
        axis("connections", "Cost of a request, by connections", "connections", &TENFOLDS, |count| Point {
            clients: count,
            ..point(count)
        }),
        axis("head", "Cost of a request, by the size of its head", "bytes", &[0, 1, 4, 16, 64], |kib| Point {
            padding: kib << 10,
            tuning: Tuning { header_bytes: Some(1 << 17), ..Tuning::default() },
            ..point(HEAD + (kib << 10))
        }),
        axis("rules", "Cost of a request, by rules", "rules", &TENFOLDS, |count| tuned(count, rules(count))),
        axis("signatures", "Cost of a request, by signatures", "signatures", &[0, 2700, 29_700], |more| Point {
            tuning: Tuning { signatures: (more > 0).then(|| signatures(more)), ..Tuning::default() },
            ..point(SIGNATURES + more)
        }),
        axis("identities", "Cost of a request, by identifiers of one's own", "identifiers", &TENFOLDS[..4], |count| {
            tuned(count, identities(count))
        }),
        Axis {
            figure: Figure::Memory,
            ..axis("hosts", "Memory, by hosts that were asked for something", "hosts", hosts, point)
        },
    ]
}

fn axis(
    name: &'static str,
    title: &'static str,
    across: &'static str,
    steps: &[usize],
    make: impl Fn(usize) -> Point,
) -> Axis {
    Axis { name, title, across, figure: Figure::Cpu, points: steps.iter().map(|&step| make(step)).collect() }
}

fn point(across: usize) -> Point {
    Point { across, clients: 64, padding: 0, tuning: Tuning::default() }
}

fn tuned(across: usize, tables: String) -> Point {
    Point { tuning: Tuning { tables, ..Tuning::default() }, ..point(across) }
}

/// Each names a field of its own. They stand before the one that strips.
fn rules(count: usize) -> String {
    written(count, |text, at| {
        writeln!(text, "[[rule]]\nname = \"r{at}\"\nwhen = {{ header = [\"x-of-rule-{at}\"] }}\naction = \"strip\"")
    })
}

fn signatures(count: usize) -> String {
    written(count, |text, at| {
        writeln!(
            text,
            "[[signature]]\nid = \"bench-{at}\"\nheader = [\"X-Of-Signature-{at}\"]\ncarries = [\"msisdn\"]\n\
             source = \"made for a benchmark\"\nmatches = [\"447700900123\"]\nignores = [\"unknown\"]"
        )
    })
}

/// Other numbers than the one that is sent.
fn identities(count: usize) -> String {
    written(count, |text, at| {
        let last = (at + 124) % 1000;
        writeln!(text, "[[identity]]\nlabel = \"own {at}\"\nkind = \"msisdn\"\nvalue = \"+447700900{last:03}\"")
    })
}

fn written(count: usize, mut one: impl FnMut(&mut String, usize) -> std::fmt::Result) -> String {
    let mut text = String::new();
    for at in 0..count {
        // Writing to a string cannot fail.
        let _ = one(&mut text, at);
    }
    text
}
