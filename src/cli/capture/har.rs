//! How are requests read from an HTTP Archive?
//!
//! HAR 1.2, as browsers and proxies export it: only what is needed is read, entry after entry, and everything else may be
//! missing. Ids are `har:<index>`, the entry's index in `log.entries`, counted from zero. Time is `startedDateTime`; whose
//! request it was, and where it passed, stands in what `clir log --output har` writes under `_clir`.

use std::{fmt, io::BufRead};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::{Captured, Malformed, Visit, jsonl::version, passage, split_absolute};
use crate::{
    cli::Failure,
    exchange::{Fields, RequestHead},
};

#[derive(Deserialize)]
struct Entry {
    #[serde(default, rename = "startedDateTime")]
    started: Value,
    request: Request,
    response: Option<Response>,
    #[serde(default, rename = "_clir")]
    ours: Value,
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default, rename = "httpVersion")]
    version: String,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    #[serde(default)]
    value: String,
}

/// Reads entry after entry, so that an archive may be larger than memory.
pub(super) fn read(input: Box<dyn BufRead>, name: &str, visit: Visit<'_>) -> Result<(), Failure> {
    let mut reading = Reading { visit, count: 0, failure: None };
    let mut parser = serde_json::Deserializer::from_reader(input);
    let read = Level::Archive(&mut reading).deserialize(&mut parser).and_then(|()| parser.end());
    match (reading.failure, read) {
        (Some(failure), _) => Err(failure),
        (None, Err(error)) => Err(fault(name, error)),
        (None, Ok(())) => Ok(()),
    }
}

/// What is read so far.
struct Reading<'a> {
    visit: Visit<'a>,
    count: usize,
    /// Why whoever is told of the entries wants no more.
    failure: Option<Failure>,
}

/// The part of an archive that comes next: `{"log": {"entries": [`, other keys being passed over.
enum Level<'a, 'b> {
    Archive(&'a mut Reading<'b>),
    Log(&'a mut Reading<'b>),
    Entries(&'a mut Reading<'b>),
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Entries(_) => deserializer.deserialize_seq(self),
            Self::Archive(_) | Self::Log(_) => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an HTTP Archive")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        let mut is_found = false;
        while let Some(key) = map.next_key::<String>()? {
            match &mut self {
                Self::Archive(reading) if key == "log" => map.next_value_seed(Level::Log(reading))?,
                Self::Log(reading) if key == "entries" => map.next_value_seed(Level::Entries(reading))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            }
            is_found = true;
        }
        if is_found { Ok(()) } else { Err(M::Error::missing_field("entries")) }
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut entries: S) -> Result<(), S::Error> {
        let (Self::Archive(reading) | Self::Log(reading) | Self::Entries(reading)) = self;
        while let Some(entry) = entries.next_element()? {
            let captured = request(reading.count, entry);
            reading.count += 1;
            if let Err(failure) = (reading.visit)(captured) {
                reading.failure = Some(failure);
                return Err(S::Error::custom("told to stop"));
            }
        }
        Ok(())
    }
}

/// The parser's own words quote the value at fault, so only the place is told.
fn fault(name: &str, error: serde_json::Error) -> Failure {
    if error.is_io() {
        return Failure::because(format!("cannot read {name}"), error);
    }
    let what = if error.is_data() { "not an HTTP Archive" } else { "not JSON" };
    Failure::new(format!("{name} is {what} (line {}, column {})", error.line(), error.column()))
}

fn request(index: usize, entry: Entry) -> Result<Captured, Malformed> {
    let Request { method, url, version: name, headers } = entry.request;
    // The URL of a WebSocket is the one of the request that opens it (RFC 6455 §3).
    let url = url.strip_prefix("ws").map_or(url.clone(), |rest| format!("http{rest}"));
    let Some((scheme, authority, target)) = split_absolute(url.as_bytes()) else {
        return Err(Malformed {
            id: Value::Null,
            place: format!("entry {index}"),
            cause: "its url is not an http or https URL".into(),
        });
    };
    let head =
        RequestHead { method: method.into(), target: target.into(), version: version(&name), fields: fields(headers) };
    let response = entry.response.map(|response| fields(response.headers));
    let ours = |key| entry.ours.get(key).unwrap_or(&Value::Null);
    let passage = passage::told(ours("client"), ours("vantage"), &entry.started);
    Ok(Captured { id: format!("har:{index}").into(), authority, scheme, head, response, passage })
}

fn fields(headers: Vec<Header>) -> Fields {
    headers.into_iter().map(|header| (header.name, header.value)).collect()
}
