//! Does every link in the documents lead somewhere?

use std::path::Path;

use super::{
    blocks::{read, root},
    support::clir::files_below,
};

const DOCUMENTS: &[&str] = &["README.md", "DESIGN.md", "SECURITY.md", "CHANGELOG.md"];

#[test]
fn links_lead_to_files_and_headings() {
    let mut count = 0;
    for document in DOCUMENTS {
        for link in links(&read(&root().join(document))).iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { document } else { file };
            let path = root().join(file);
            assert!(path.exists(), "{document}: {link}");
            let is_there = heading.is_empty() || headings(&read(&path)).iter().any(|it| it == heading);
            assert!(is_there, "{document}: {link}");
            count += 1;
        }
    }
    assert!(count > 10, "only {count} links");
}

/// Files that DESIGN.md names exist: a map that leads nowhere is worse than none.
#[test]
fn files_that_the_design_names_exist() {
    let text = read(&root().join("DESIGN.md"));
    let is_path = |word: &&str| {
        word.contains('/') && ["src/", "tests/", "config/", "benches/"].iter().any(|dir| word.starts_with(dir))
    };
    let is_plain = |word: &&str| !word.contains(['<', '*', ' ']);
    let named: Vec<_> = text.split('`').skip(1).step_by(2).filter(is_path).filter(is_plain).collect();
    assert!(named.len() > 10, "only {} files", named.len());
    for path in named {
        assert!(root().join(path).exists(), "DESIGN.md: {path}");
    }
}

/// Tests that the design names exist as well.
#[test]
fn tests_that_the_design_names_exist() {
    let text = read(&root().join("DESIGN.md"));
    let is_name = |word: &&str| {
        word.matches('_').count() >= 2 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let named: Vec<_> = text.split('`').skip(1).step_by(2).filter(is_name).collect();
    assert!(named.len() > 50, "only {} tests", named.len());
    let sources: String =
        ["src", "tests"].iter().flat_map(|dir| files_below(&root().join(dir))).map(|file| rust(&file)).collect();
    let missing: Vec<_> = named.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "DESIGN.md names tests that are not there: {missing:?}");
}

fn rust(file: &Path) -> String {
    if file.extension().is_some_and(|extension| extension == "rs") { read(file) } else { String::new() }
}

fn links(text: &str) -> Vec<String> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()).collect()
}

/// Headings as the links to them are written: lower case, hyphens for spaces, no other punctuation.
fn headings(text: &str) -> Vec<String> {
    let anchor = |title: &str| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}
