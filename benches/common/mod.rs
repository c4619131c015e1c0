//! What do several benchmarks begin with?

pub mod browser;
pub mod cases;
pub mod samples;

use std::fmt::Write;

use clir::{
    detect::{Part, SignatureSet, Subject},
    exchange::{Context, Direction, Fields, Origin, RequestHead, Scheme, Vantage, Version},
    policy::{Action, Condition, Destination, Rule},
};

/// A request's fields, in cleartext.
pub fn subject<'a>(target: &'a str, fields: &'a Fields) -> Subject<'a> {
    let target = Some(target.as_bytes());
    Subject { direction: Direction::Request, part: Part::Header, target, fields, cleartext: true }
}

/// A phone that is asking example.org.
pub fn context() -> Context {
    Context {
        listener: "home".into(),
        vantage: Vantage::BeyondCarrier,
        client: ([192, 0, 2, 7], 51344).into(),
        origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
        led: None,
        known: <_>::default(),
    }
}

/// A request for the usual target.
pub fn head(fields: Fields) -> RequestHead {
    RequestHead { method: "GET".into(), target: cases::TARGET.into(), version: Version::Http11, fields }
}

/// A rule for every finding, everywhere.
pub fn rule(name: String, action: Action) -> Rule {
    Rule {
        name: name.into(),
        owners: Vec::new(),
        direction: Direction::Request,
        when: Condition::default(),
        to: Destination::default(),
        unless: None,
        action,
        reason: None,
    }
}

/// So many signatures, the compiled-in ones among them where there is room.
pub fn signatures(count: usize) -> SignatureSet {
    let builtin = SignatureSet::builtin_files().iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let mut more = String::new();
    for at in SignatureSet::builtin().len()..count {
        let _ = write!(
            more,
            "[[signature]]\nid = \"made-{at}\"\nheader = [\"X-Of-Signature-{at}\"]\ncarries = [\"msisdn\"]\n\
             source = \"made for a benchmark\"\nmatches = [\"447700900123\"]\nignores = [\"unknown\"]\n"
        );
    }
    let files: Vec<_> = builtin.chain([("made.toml".to_owned(), more)]).collect();
    SignatureSet::parse(&files).unwrap()
}
