//! What are boxes on the way known to do, and what must a probe say of each?
//!
//! One list for all networks: on loopback ([`super::boxes`]) and between phone and site, where the phone knows of nothing.

// Each suite uses its own part of it.
#![allow(dead_code)]

use serde_json::Value;

use crate::support::{
    MASKED, NUMBER,
    hello::INSERTED,
    middlebox::{Work, is},
    probe::{differences, trials},
};

/// A kind of box.
pub struct Kind {
    /// What it does.
    pub work: fn() -> Work,
    /// What the probe is asked for beside the reflector.
    pub arguments: &'static [&'static str],
    /// Asserts that the result and the exit code name that, and nothing else.
    pub is_named: fn(&Value, i32),
}

/// Everything that is done to requests and answers.
pub const KINDS: &[&Kind] = &[
    &NOTHING,
    &AT_THE_END,
    &FIRST_ONLY,
    &NOT_FOR_THIS_HOST,
    &ONE_HOST,
    &BAIT_TAKEN,
    &BAIT_OVERWRITTEN,
    &RECASED,
    &REORDERED,
    &INJECTED,
    &INJECTED_TWICE,
    &TRANSCODED,
    &ANOTHER_PICTURE,
];

/// A box that only passes on.
pub const NOTHING: Kind = Kind {
    work: Work::default,
    arguments: &["--named-host", "partner.example"],
    is_named: |result, code| {
        assert_eq!((differences(result), code), (vec![], 0));
        assert_eq!(result["verdict"]["statement"], "Nothing was added, taken away or changed.");
    },
};

pub const AT_THE_END: Kind = Kind {
    work: || Work::on_requests(|head, _| inserts(head)),
    arguments: &[],
    is_named: |result, code| {
        assert_eq!((code, &result["verdict"]["identifies"]), (3, &true.into()));
        assert_eq!(result["verdict"]["statement"], "On the way X-MSISDN was written into requests: it tells msisdn.");
        let told = differences(result);
        assert!(told.iter().all(|told| told.ends_with(": added request X-MSISDN")), "{told:?}");
        assert!(trials(&told).len() > 6, "{told:?}");
        let first = &result["trials"][0]["differences"][0];
        assert_eq!((&first["after"], &first["note"]), (&MASKED.into(), &"behind all others".into()));
        assert_eq!(first["findings"][0]["identifier"], "msisdn");
        assert!(!result.to_string().contains(NUMBER), "the number stands nowhere whole");
    },
};

pub const FIRST_ONLY: Kind = Kind {
    work: || {
        Work::on_requests(|head, number| {
            if number == 0 {
                inserts(head);
            }
        })
    },
    arguments: &[],
    is_named: |result, code| {
        let told = differences(result);
        assert!(code == 3 && told.iter().all(|told| told.ends_with(": added request X-MSISDN")), "{told:?}");
        let trials = trials(&told);
        assert!(trials.contains(&"GET, first request") && !trials.contains(&"GET, later request"), "{told:?}");
    },
};

/// Where nobody asks for the name, nothing can be said.
pub const NOT_FOR_THIS_HOST: Kind = Kind {
    work: for_partner,
    arguments: &[],
    is_named: |result, code| {
        assert_eq!((differences(result), code), (vec![], 0));
        assert!(result["coverage"].to_string().contains("--named-host"), "{}", result["coverage"]);
    },
};

pub const ONE_HOST: Kind = Kind {
    work: for_partner,
    arguments: &["--named-host", "partner.example"],
    is_named: |result, code| {
        let told = differences(result);
        assert_eq!((trials(&told), code), (vec!["Host", "canaries, Host"], 3), "{told:?}");
        assert_eq!(told[0], "Host: partner.example: added request X-MSISDN");
    },
};

pub const BAIT_TAKEN: Kind = Kind {
    work: || Work::on_requests(|head, _| head.retain(|line| !is(line, "X-MSISDN") && !is(line, "x-uidh"))),
    arguments: &[],
    is_named: |result, code| {
        assert_eq!(differences(result), ["canaries: removed request X-MSISDN", "canaries: removed request X-UIDH"]);
        assert_eq!((code, &result["verdict"]["engine"]), (0, &true.into()));
        let statement = result["verdict"]["statement"].as_str().unwrap();
        assert!(statement.contains("taken away or overwritten (X-MSISDN, X-UIDH)"), "{statement}");
    },
};

pub const BAIT_OVERWRITTEN: Kind = Kind {
    work: || {
        Work::on_requests(|head, _| {
            let lines = head.iter_mut().filter(|line| is(line, "x-up-calling-line-id"));
            lines.for_each(|line| *line = format!("x-up-calling-line-id: {NUMBER}"));
        })
    },
    arguments: &[],
    is_named: |result, code| {
        let changed = "canaries: changed request x-up-calling-line-id".to_owned();
        assert_eq!((differences(result), code), (vec![changed], 3));
        assert_eq!(result["verdict"]["engine"], true);
    },
};

pub const RECASED: Kind = Kind {
    work: || {
        Work::on_requests(|head, _| {
            let lines = head.iter_mut().filter(|line| is(line, "x-probe-lower"));
            lines.for_each(|line| *line = line.replace("x-probe", "X-Probe"));
        })
    },
    arguments: &[],
    is_named: |result, code| {
        let recased = "spelling and order: recased request x-probe-lower".to_owned();
        assert_eq!((differences(result), code), (vec![recased], 0));
    },
};

pub const REORDERED: Kind = Kind {
    work: || {
        Work::on_requests(|head, _| {
            let host = head.remove(1);
            head.push(host);
        })
    },
    arguments: &[],
    is_named: |result, code| {
        let told = differences(result);
        assert!(told.iter().all(|told| told.ends_with(": reordered request Host")) && told.len() > 5, "{told:?}");
        assert_eq!(code, 0);
    },
};

/// What boxes put into pages.
const SCRIPT: &[u8] = b"<script src=//ads.example></script>";

pub const INJECTED: Kind = Kind {
    work: || {
        Work::on_answers(|head, body| {
            if is_of(head, "html") {
                put_before(body, b"</body>");
            }
        })
    },
    arguments: &[],
    is_named: is_injected,
};

/// Also where it is done in several places.
pub const INJECTED_TWICE: Kind = Kind {
    work: || {
        Work::on_answers(|head, body| {
            if is_of(head, "html") {
                put_before(body, b"</head>");
                put_before(body, b"</body>");
            }
        })
    },
    arguments: &[],
    is_named: is_injected,
};

fn is_injected(result: &Value, code: i32) {
    let told = differences(result);
    assert_eq!((trials(&told), code), (vec!["/body/html", "/body/html, changes allowed"], 0), "{told:?}");
    assert!(told.iter().all(|told| told.ends_with(": changed body :body")), "{told:?}");
    assert!(notes(result).iter().all(|note| note.starts_with("injected: ")), "{:?}", notes(result));
}

pub const TRANSCODED: Kind = Kind {
    work: || {
        Work::on_answers(|head, body| {
            if may_be_written_anew(head) {
                *body = picture(b"\x89PNG\r\n\x1a\n");
            }
        })
    },
    arguments: &[],
    is_named: is_transcoded,
};

/// A smaller picture is often one of another kind.
pub const ANOTHER_PICTURE: Kind = Kind {
    work: || {
        Work::on_answers(|head, body| {
            if may_be_written_anew(head) {
                *body = picture(b"RIFF\0\0\0\0WEBPVP8 ");
            }
        })
    },
    arguments: &[],
    is_named: is_transcoded,
};

fn is_transcoded(result: &Value, code: i32) {
    let changed = "/body/png, changes allowed: changed body :body".to_owned();
    assert_eq!((differences(result), code), (vec![changed], 0));
    assert!(notes(result).iter().all(|note| note.starts_with("transcoded: ")), "{:?}", notes(result));
}

/// Asserts that the extension is named, in every trial that tells of its hello: a picture tells of none.
pub fn is_named_in_the_hello(result: &Value, code: i32) {
    assert_eq!((code, &result["verdict"]["identifies"]), (3, &true.into()), "{result}");
    let statement = format!("On the way the extension {INSERTED} was written into ClientHellos: it tells msisdn.");
    assert_eq!(result["verdict"]["statement"], statement);
    let trials = result["trials"].as_array().unwrap().iter().filter(|trial| !trial["arrived"].is_null());
    assert!(trials.clone().count() >= 8, "{result}");
    for trial in trials {
        let told = trial["differences"].as_array().unwrap();
        let [told] = told.as_slice() else { panic!("one difference: {trial}") };
        assert_eq!(
            (&trial["error"], &told["kind"], &told["side"], &told["name"]),
            (&Value::Null, &"added".into(), &"hello".into(), &INSERTED.to_string().into()),
            "{trial}"
        );
        assert_eq!(told["findings"][0]["identifier"], "msisdn", "{trial}");
    }
    assert!(!result.to_string().contains(NUMBER), "the number stands nowhere whole");
}

pub fn inserts(head: &mut Vec<String>) {
    head.push(format!("X-MSISDN: {NUMBER}"));
}

fn for_partner() -> Work {
    Work::on_requests(|head, _| {
        if head.iter().any(|line| line == "Host: partner.example") {
            inserts(head);
        }
    })
}

fn is_of(head: &[String], kind: &str) -> bool {
    head.iter().any(|line| is(line, "content-type") && line.contains(kind))
}

fn put_before(body: &mut Vec<u8>, mark: &[u8]) {
    let at = body.windows(mark.len()).position(|window| window == mark).expect("the page has it");
    body.splice(at..at, SCRIPT.iter().copied());
}

fn may_be_written_anew(head: &[String]) -> bool {
    is_of(head, "png") && !head.iter().any(|line| line.contains("no-transform"))
}

fn picture(magic: &[u8]) -> Vec<u8> {
    [magic, &[0; 300]].concat()
}

fn notes(result: &Value) -> Vec<String> {
    let differences = result["trials"].as_array().unwrap().iter().flat_map(|trial| trial["differences"].as_array());
    let note = |one: &Value| one["note"].as_str().unwrap_or_default().to_owned();
    differences.flatten().map(note).collect()
}
