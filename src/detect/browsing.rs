//! Does a browser send this message by itself?
//!
//! Scripts and apps write fields of their own, and sign in; a browser that fetches a page or a picture writes none but
//! those of everybody. What else stands there was put there on the way, or nearly always.

use super::{Subject, words};
use crate::exchange::{Direction, Field};

/// How browsers call themselves, those of phones with keys included.
const BROWSERS: &[&[u8]] = &[b"MIDP", b"UP.Browser", b"NetFront", b"Obigo", b"UCWEB"];

/// How nearly all of them begin.
const NEARLY_ALL: &[&[u8]] = &[b"Mozilla/", b"Opera/"];

/// Fields that only scripts and apps send; a value that is named has to stand there.
const SCRIPTED: &[(&str, &[u8])] = &[
    ("authorization", b""),
    ("origin", b""),
    ("x-api-key", b""),
    ("x-csrf-token", b""),
    ("x-xsrf-token", b""),
    ("x-requested-with", b"XMLHttpRequest"),
    ("sec-fetch-mode", b"cors"),
    ("accept", b"json"),
    ("content-type", b"json"),
];

/// What is written by a script has more fields that are not everybody's, beside those that tell of the browser itself.
const FOREIGN: usize = 3;

/// What tells stands in front; a message that is made to be slow has longer values.
const FRONT: usize = 512;

/// Whether it is a request in cleartext as a browser sends it by itself.
pub(super) fn is_browsing(subject: &Subject<'_>) -> bool {
    let browsers = |field: &Field| {
        let begins = || NEARLY_ALL.iter().any(|mark| field.value.starts_with(mark));
        let names = || BROWSERS.iter().any(|mark| holds(field, mark));
        field.is("user-agent") && (begins() || names())
    };
    let scripted = |field: &Field| {
        let sign = |&(name, mark): &(&str, &[u8])| field.is(name) && holds(field, mark);
        SCRIPTED.iter().any(sign)
    };
    let own = |field: &&Field| words::is_ordinary(&field.name) || is_of_browsers(&field.name);
    subject.cleartext
        && subject.direction == Direction::Request
        && subject.fields.iter().any(browsers)
        && !subject.fields.iter().any(scripted)
        && subject.fields.iter().filter(|field| !own(field)).count() <= FOREIGN
}

fn holds(field: &Field, mark: &[u8]) -> bool {
    memchr::memmem::find(field.value.get(..FRONT).unwrap_or(&field.value), mark).is_some()
}

/// Hints that browsers give of themselves and of the device, and what phones with keys sent instead.
fn is_of_browsers(name: &[u8]) -> bool {
    let begins = |mark: &&[u8]| name.get(..mark.len()).is_some_and(|front| front.eq_ignore_ascii_case(mark));
    let marks: [&[u8]; 5] = [b"sec-", b"x-wap-profile", b"x-operamini-", b"x-ucbrowser-", b"device-"];
    marks.iter().any(begins)
}
