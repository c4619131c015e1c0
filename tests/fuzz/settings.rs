//! Does every text that a person may have written get an answer that fits the text?

use std::{cell::Cell, fs, path::Path};

use clir::{
    config::{self, Report},
    detect::SignatureSet,
};

use super::engine::{Outcome, fuzz, outcome};

/// Nobody writes more, and thousands of mistakes in one file take seconds to tell.
const LONGEST: usize = 12 * 1024;

const WORDS: &[&[u8]] = &[
    b"[[listener]]\n",
    b"[[rule]]\n",
    b"[[partner]]\n",
    b"[[client]]\n",
    b"mac = \"02:00:5e:10:00:01\"\n",
    b"policy = [",
    b"[upgrade]\n",
    b"[access]\n",
    b"[policy]\n",
    b"[log]\n",
    b"name = \"a\"\n",
    b"when = {",
    b"}",
    b"to = { host = [\"*.example\"] }\n",
    b"action = \"strip\"\n",
    b"{ redact = \"mask\" }",
    b"expires = 2027-01-31\n",
    b"severity = \"high\"\n",
    b"header = [\"x-*\"]\n",
    b"\"\"\"",
    b"'''",
    b"#",
    b"\n",
    b"= ",
    b"[",
    b"]",
    b"true",
    b"1979-05-27",
    b"\xf0\x9f\xa6\x80",
    b"matches = [\"447700900123\"]\n",
    b"[signature.a]\n",
];

#[test]
fn configurations() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("clir.toml");
    // Without one beside it, every configuration would take the long built-in policy along.
    fs::write(dir.path().join("policy.toml"), "").unwrap();
    fuzz("configurations", LONGEST, WORDS, |input| {
        fs::write(&file, input).unwrap();
        judge(&file)
    });
}

#[test]
fn policies() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("clir.toml");
    fs::write(&file, "[policy]\nfile = \"policy.toml\"\n").unwrap();
    fuzz("policies", LONGEST, WORDS, |input| {
        fs::write(dir.path().join("policy.toml"), input).unwrap();
        judge(&file)
    });
}

fn judge(file: &Path) -> Outcome {
    match config::load(Some(file)) {
        Ok(loaded) => {
            check(&loaded.warnings);
            outcome((0, loaded.config.policy.rules().len().min(9), loaded.warnings.len()))
        }
        Err(report) => {
            assert!(report.errors() > 0, "a refusal without a reason");
            check(&report);
            let mut codes: Vec<_> = report.diagnostics().iter().map(|told| format!("{:?}", told.code)).collect();
            codes.sort();
            codes.dedup();
            outcome((1, codes))
        }
    }
}

/// Diagnostics can be printed, plain and in colour, and point into the text.
fn check(report: &Report) {
    assert_eq!(report.is_empty(), report.diagnostics().is_empty());
    assert!(report.render(true).len() >= report.render(false).len());
    for told in report.diagnostics() {
        assert!(told.position().is_none_or(|(_, line, column)| line > 0 && column > 0));
    }
}

#[test]
fn signatures() {
    let longest = Cell::new(0);
    fuzz("signatures", LONGEST, WORDS, |input| {
        let Ok(text) = std::str::from_utf8(input) else { return outcome(0) };
        match SignatureSet::parse(&[("fuzz.toml".to_owned(), text.to_owned())]) {
            Ok(set) => outcome((1, set.len().min(9))),
            Err(faults) => {
                assert!(!faults.is_empty(), "a refusal without a reason");
                longest.set(longest.get().max(faults.len()));
                for fault in &faults {
                    assert_eq!(fault.file, "fuzz.toml");
                    assert!(text.get(fault.span.clone()).is_some(), "{:?} of {}", fault.span, text.len());
                    assert!(!fault.message.is_empty());
                }
                let mut codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
                codes.sort_unstable();
                codes.dedup();
                outcome((2, codes))
            }
        }
    });
    assert!(longest.get() > 0, "not one faulty signature was tried");
}
