//! Does anything escape where more is found than is told one by one?
//!
//! Of one place only so many findings stand for themselves. What else is there has to lie within one of its own kind, or
//! it would stand unmasked in the log and pass rules that name it.

use std::sync::{Arc, LazyLock};

use clir::{
    detect::{Finding, Identifier, Identities, Identity, Part, Scanner, SignatureSet, Subject},
    exchange::{Direction, Fields, Sensitive},
};

const MANY: usize = 1000;
const NUMBER: &str = "447700900123";
const IMSI: &str = "001010123456789";
const OWN: &str = "447700900456";

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let own = Identity::new("own".into(), Identifier::Msisdn, &Sensitive::new(format!("+{OWN}"))).unwrap();
    Scanner::new(Arc::new(SignatureSet::builtin())).with_identities(Arc::new(Identities::new(vec![own])))
});

fn subject<'a>(target: &'a str, fields: &'a Fields) -> Subject<'a> {
    let target = Some(target.as_bytes());
    Subject { direction: Direction::Request, part: Part::Header, target, fields, cleartext: true }
}

/// Every place of `what` lies within a finding of this kind, and findings hold what their spans say.
fn all_covered(findings: &[Finding], text: &str, what: &str, identifier: Identifier) {
    let covers = |finding: &Finding, at: usize| {
        finding.identifier == identifier && finding.span.start <= at && finding.span.end >= at + what.len()
    };
    for (at, _) in text.match_indices(what) {
        assert!(findings.iter().any(|finding| covers(finding, at)), "{what} at {at}");
    }
    for finding in findings {
        assert_eq!(&finding.value[..], &text.as_bytes()[finding.span.clone()]);
    }
}

fn pairs(separator: &str) -> String {
    let pair = |at: usize| if at % 7 == 3 { format!("imsi={IMSI}") } else { format!("tel={NUMBER}") };
    (0..MANY).map(pair).chain([format!("imsi={IMSI}")]).collect::<Vec<_>>().join(separator)
}

#[test]
fn pairs_of_a_cookie_are_covered_each_by_its_kind() {
    let text = pairs("; ");
    let fields: Fields = [("Cookie", text.clone())].into_iter().collect();
    let findings = SCANNER.scan(&subject("/", &fields));
    assert!((60..100).contains(&findings.len()), "{}", findings.len());
    all_covered(&findings, &text, NUMBER, Identifier::Msisdn);
    all_covered(&findings, &text, IMSI, Identifier::Imsi);
}

#[test]
fn so_are_those_of_a_query() {
    let text = format!("/search?{}", pairs("&"));
    let fields = Fields::new();
    let findings = SCANNER.scan(&subject(&text, &fields));
    assert!((60..100).contains(&findings.len()), "{}", findings.len());
    all_covered(&findings, &text, NUMBER, Identifier::Msisdn);
    all_covered(&findings, &text, IMSI, Identifier::Imsi);
}

#[test]
fn the_users_own_number_is_covered_wherever_it_stands() {
    let text = format!("{OWN}, ").repeat(MANY);
    let fields: Fields = [("X-Zq", text.clone())].into_iter().collect();
    let findings = SCANNER.scan(&subject("/", &fields));
    assert!((60..100).contains(&findings.len()), "{}", findings.len());
    all_covered(&findings, text.trim_end(), OWN, Identifier::Msisdn);
}

#[test]
fn it_is_said_where_findings_stand_for_several() {
    let fields: Fields = [("Cookie", pairs("; ")), ("X-Msisdn", NUMBER.to_owned())].into_iter().collect();
    let account = SCANNER.account(&subject("/", &fields));
    let says = |index: usize| {
        let entry = account.entries.iter().find(|entry| entry.part == Part::Header && entry.index == index).unwrap();
        entry.notes.iter().any(|note| note.to_string().contains("one finding of each kind covers all"))
    };
    assert!(says(0) && !says(1));
}
