//! How are requests read that others have captured?
//!
//! Raw HTTP/1.x, JSON lines (an event log's too) and HAR. A request that cannot be read is reported in its place, and
//! the reading goes on. What is wrong is told without quoting: the value at fault may be anybody's number.

mod guess;
mod har;
mod jsonl;
pub(super) mod lines;
mod passage;
mod raw;

#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use serde_json::Value;

pub(super) use jsonl::request as request_of_line;
pub(super) use passage::Passage;
pub(super) use raw::request as request_of_text;

use super::Failure;
use crate::exchange::{Fields, RequestHead, Scheme};

/// What a capture may be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// HTTP/1.x requests as they went over the wire, one after the other
    Raw,
    /// One JSON object a line: id, method, host, path, headers [[name, value], …]; event logs too
    Jsonl,
    /// HTTP Archive 1.2, as browsers export it
    Har,
}

/// One captured request.
#[derive(Clone, Debug)]
pub(super) struct Captured {
    /// What the capture calls it, or where it stands in it.
    pub id: Value,
    /// Where it went: a name or an address, perhaps with a port; empty when the capture does not say.
    pub authority: String,
    /// How it went there.
    pub scheme: Scheme,
    /// The head.
    pub head: RequestHead,
    /// The header fields of the answer, where the capture has them.
    pub response: Option<Fields>,
    /// What else the capture says of it.
    pub passage: Passage,
}

/// A request that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// What the capture calls it, where at least that can be read.
    pub id: Value,
    /// Where it stands, such as `line 7`.
    pub place: String,
    /// What is wrong with it, and what it should be.
    pub cause: String,
}

/// Who is told of each request in turn, and may end the reading.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Result<Captured, Malformed>) -> Result<(), Failure>;

/// Reads a file, or standard input for `-`; without a format the content tells.
pub(super) fn read(path: &Path, format: Option<Format>, visit: Visit<'_>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::because(format!("cannot read {}", name(path)), error);
    let (input, told) = guess::begin(open(path).map_err(failed)?).map_err(failed)?;
    let Some(format) = format.or(told) else {
        return Err(Failure::new(format!(
            "cannot tell what {} is written in: say so with --format raw, jsonl or har",
            name(path)
        )));
    };
    match format {
        Format::Raw => raw::read(input, visit, &failed),
        Format::Jsonl => jsonl::read(input, visit, &failed),
        Format::Har => har::read(input, &name(path), visit),
    }
}

/// What a person calls the input.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { path.display().to_string() }
}

/// The input's bytes, `-` being standard input.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, File::open(path)?)))
}

/// Splits a target in absolute-form (RFC 9112 §3.2.2) into scheme, authority and origin-form.
fn split_absolute(target: &[u8]) -> Option<(Scheme, String, Vec<u8>)> {
    let separator = memchr::memmem::find(target, b"://")?;
    let (scheme, rest) = (target.get(..separator)?, target.get(separator + 3..)?);
    let scheme = [Scheme::Http, Scheme::Https]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known.as_str().as_bytes()))?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split(|&byte| byte == b'#').next().unwrap_or_default();
    let slash: &[u8] = if path.starts_with(b"/") { b"" } else { b"/" };
    Some((scheme, String::from_utf8_lossy(authority).into_owned(), [slash, path].concat()))
}
