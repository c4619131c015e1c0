//! Which lines need not be read at all, since nobody asks for what they may hold?
//!
//! Reading a line costs ten times what looking for a word in it does. A line that looks as we write them, and lacks what every
//! event that is asked for has, is passed over as it stands; every other is read, and judged by the filter alone. Where it is
//! not certain, it is read.

use jiff::{SignedDuration, Timestamp};
use memchr::memmem::{self, Finder};

use crate::policy::HostSet;

/// How our lines begin and end.
const BEGINNING: &[u8] = b"{\"v\":1,\"id\":\"";
const END: &[u8] = b"}\n";
/// The length of a time in them.
const TIME: usize = "2026-11-22T14:02:11.123Z".len();

/// What every event that is asked for has.
#[derive(Debug, Default)]
pub(in crate::cli) struct Sieve {
    since: Option<String>,
    until: Option<String>,
    hosts: Vec<HostSet>,
    /// Of each of these, one word at least.
    words: Vec<Vec<Finder<'static>>>,
}

impl Sieve {
    /// Nothing before and nothing after these.
    pub(super) fn between(since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        // Times in lines are cut to the millisecond.
        let margin = SignedDuration::from_millis(1);
        let since = since.and_then(|since| since.checked_sub(margin).ok()).map(written);
        let until = until.and_then(|until| until.checked_add(margin).ok()).map(written);
        Self { since, until, ..Self::default() }
    }

    /// To one of these hosts, if there are any.
    pub(super) fn to(self, hosts: &[HostSet]) -> Self {
        Self { hosts: hosts.to_vec(), ..self }
    }

    /// With one of these words, if there are any, as a string of its own.
    pub(super) fn with<W: std::fmt::Display>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        let finders = words.into_iter().map(|word| Finder::new(&format!("\"{word}\"")).into_owned());
        self.words.push(finders.collect());
        self.words.retain(|words| !words.is_empty());
        self
    }

    /// Whether this line is one of ours, and certainly none that is asked for.
    pub(super) fn excludes(&self, line: &[u8]) -> bool {
        line.starts_with(BEGINNING) && line.ends_with(END) && self.lacks(line)
    }

    fn lacks(&self, line: &[u8]) -> bool {
        let is_outside = || {
            let time = string(line, b",\"ts\":\"").filter(|time| time.len() == TIME && time.ends_with('Z'));
            time.is_some_and(|time| {
                self.since.as_deref().is_some_and(|since| time < since)
                    || self.until.as_deref().is_some_and(|until| time > until)
            })
        };
        let is_elsewhere = || {
            let host = string(line, b",\"host\":\"");
            host.is_some_and(|host| !self.hosts.iter().any(|hosts| super::filter::is_among(hosts, host)))
        };
        ((self.since.is_some() || self.until.is_some()) && is_outside())
            || (!self.hosts.is_empty() && is_elsewhere())
            || self.words.iter().any(|words| !words.iter().any(|word| word.find(line).is_some()))
    }
}

fn written(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// The string after this key, if nothing in it is escaped. Before the keys that are asked for stand strings only, and in a
/// string no quotation mark stands bare: where a key is found first, it is that key.
fn string<'l>(line: &'l [u8], key: &[u8]) -> Option<&'l str> {
    let rest = line.get(memmem::find(line, key)? + key.len()..)?;
    let text = rest.get(..memchr::memchr(b'"', rest)?)?;
    std::str::from_utf8(text).ok().filter(|text| !text.contains('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"{\"v\":1,\"id\":\"01\",\"ts\":\"2026-11-22T14:02:11.123Z\",\"listener\":\",\\\"host\\\":\\\"b.example\\\"\",\"host\":\"a.example\",\"findings\":[{\"identifier\":\"msisdn\"}],\"verdict\":\"forwarded\"}\n";

    fn at(time: &str) -> Option<Timestamp> {
        Some(time.parse().unwrap())
    }

    fn host(host: &str) -> [HostSet; 1] {
        [HostSet::parse(&[host]).unwrap()]
    }

    #[test]
    fn what_is_asked_for_is_never_passed_over() {
        let exactly = at("2026-11-22T14:02:11.123Z");
        for sieve in [
            Sieve::default(),
            Sieve::between(exactly, exactly),
            Sieve::between(at("2026-11-22T14:02:11.1234Z"), None),
            Sieve::default().to(&host("*.example")),
            Sieve::default().with(["imsi", "msisdn"]).with(["forwarded"]).with([""; 0]),
        ] {
            assert!(!sieve.excludes(LINE), "{sieve:?}");
        }
    }

    #[test]
    fn what_lacks_anything_is() {
        for sieve in [
            Sieve::between(at("2026-11-22T14:02:11.2Z"), None),
            Sieve::between(None, at("2026-11-22T14:02:11.1Z")),
            Sieve::default().to(&host("b.example")),
            Sieve::default().with(["msisdn"]).with(["blocked"]),
        ] {
            assert!(sieve.excludes(LINE), "{sieve:?}");
            assert!(!sieve.excludes(&LINE[1..]) && !sieve.excludes(&LINE[..LINE.len() - 1]), "not as we write them");
        }
    }
}
