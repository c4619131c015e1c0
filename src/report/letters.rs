//! What may be written to the carrier, and to the authority that watches over it?

use super::{Circumstances, Gathering, Texts, page, picture::stamp, tally};

/// A draft.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The file that it goes into.
    pub file: &'static str,
    /// Its text.
    pub text: String,
}

/// The drafts; none where nothing was found.
pub fn letters(gathering: &Gathering, circumstances: &Circumstances, texts: &Texts) -> Vec<Letter> {
    let kinds = tally::kinds(&gathering.tallies);
    if kinds.is_empty() {
        return Vec::new();
    }
    let findings: Vec<_> = kinds.iter().map(|kind| finding(kind, texts)).collect();
    let about = circumstances.about.clone().unwrap_or_else(|| "[…]".into());
    let time = |time: Option<jiff::Timestamp>| time.map_or_else(String::new, stamp);
    let mut statement = page::headline(&kinds, texts).join(" ");
    if kinds.iter().all(|kind| kind.received.is_empty() && kind.elsewhere.is_empty()) {
        statement += texts.say("letter_spared");
    }
    let with = [
        ("about", about.as_str()),
        ("first", &time(gathering.first)),
        ("last", &time(gathering.last)),
        ("statement", &statement),
        ("findings", &findings.join("\n")),
    ];
    [("letter-to-the-carrier.txt", "letter_carrier"), ("complaint.txt", "letter_complaint")]
        .map(|(file, key)| Letter { file, text: texts.fill(key, &with).trim_start().to_owned() })
        .into()
}

fn finding(kind: &tally::Kind, texts: &Texts) -> String {
    let sites: Vec<_> = [&kind.received, &kind.elsewhere, &kind.spared].into_iter().flatten().collect();
    let examples: Vec<_> = sites.iter().take(3).map(|host| host.as_str()).collect();
    let fields: Vec<_> = kind.fields.iter().map(String::as_str).collect();
    texts.fill(
        "letter_finding",
        &[
            ("what", texts.say(&kind.identifier)),
            ("fields", &fields.join(", ")),
            ("sites", &sites.len().to_string()),
            ("examples", &examples.join(", ")),
            ("requests", &kind.requests.to_string()),
        ],
    )
}
