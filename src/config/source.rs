//! What stood in a file, and what of it may be shown?
//!
//! A diagnostic quotes the line that it is about. Password hashes and identities must not be quoted, so each file has
//! a second copy of its text, of the same length, in which they are blotted out. The blotting goes by the text alone:
//! it holds for files that are no TOML as well.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroize;

use super::{Code, diagnostic::Faults};

/// Room for tens of thousands of rules, and an end for whoever names `/dev/zero`.
const LARGEST: u64 = 8 << 20;

/// Keys whose values are not quoted.
const SECRET_KEYS: [&str; 5] = ["users", "value", "exit", "secret", "token"];

/// One file's text.
pub struct Source {
    /// How the file is called in diagnostics.
    pub name: String,
    /// What it says.
    pub text: String,
    /// What may be quoted of it; the same offsets hold.
    pub quotable: String,
    line_ends: Vec<usize>,
}

impl Source {
    /// Takes a text that is at hand, such as a compiled-in one.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text: String = text.into();
        // The byte order mark that some editors write is no character of the first line.
        let text = text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned);
        let line_ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Arc::new(Self { name: name.into(), quotable: blot(&text), text, line_ends })
    }

    /// The line that a byte stands on, counted from zero. A broken file asks for thousands of them.
    pub fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|&end| end < at)
    }

    /// Reads a file. A fault is told where the file was named, or without a place.
    pub fn read(path: &Path, named: Option<&Place>, faults: &Faults) -> Option<Arc<Self>> {
        let shown = path.display();
        let bytes = match read_at_most(path, LARGEST + 1) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let help = format!("create it, or name another file; looked for {}", absolute(path).display());
                faults.error(Code::MissingFile, named, format!("there is no file {shown}"), help);
                return None;
            }
            Err(error) => {
                let help = "it must be a file that the user who runs clir may read";
                faults.error(Code::UnreadableFile, named, format!("{shown} cannot be read: {error}"), help);
                return None;
            }
        };
        if bytes.len() as u64 > LARGEST {
            let message = format!("{shown} is larger than {} MiB", LARGEST >> 20);
            faults.error(Code::FileTooLarge, named, message, "is this the right file?");
            return None;
        }
        match String::from_utf8(bytes) {
            Ok(text) => Some(Self::new(shown.to_string(), text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
                let message = format!("{shown} is not UTF-8: line {line} holds a byte that no character has");
                faults.error(Code::NotUtf8, named, message, "save it as UTF-8, which TOML demands");
                None
            }
        }
    }
}

/// The user's own numbers may stand in it.
impl Drop for Source {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// A span of a file's text.
#[derive(Clone)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// The bytes in it.
    pub span: Range<usize>,
}

/// A value with the place where it was written.
#[derive(Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

fn read_at_most(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The text with secrets replaced, byte for byte, by `*`.
fn blot(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (at, _) in text.match_indices("$argon2") {
        blot_while(&mut bytes, at, |byte| !matches!(byte, b'"' | b'\'' | b',' | b']' | b'\n'));
    }
    for key in SECRET_KEYS {
        for (at, _) in text.match_indices(key).filter(|(at, _)| is_key(text, *at, key)) {
            blot_value(&mut bytes, at + key.len());
        }
    }
    for (at, _) in text.match_indices("://") {
        blot_userinfo(&mut bytes, at + "://".len());
    }
    blot_identities(text, &mut bytes);
    // Whole spans between ASCII bytes were replaced, so what is left is UTF-8 unless this file has a bug.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whether a key stands here: after nothing that could continue a bare key, and before `=`.
fn is_key(text: &str, at: usize, key: &str) -> bool {
    let before = text.get(..at).unwrap_or_default().chars().next_back();
    let after =
        text.get(at + key.len()..).unwrap_or_default().trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']);
    after.starts_with('=') && !before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Blots a value out, and keeps brackets, quotes, commas and line ends. A list ends with its bracket, or where a line
/// begins like a table's head or another key, so that a forgotten bracket does not blot out the rest of the file.
fn blot_value(bytes: &mut [u8], from: usize) {
    let Some(equals) = bytes.iter().skip(from).position(|&byte| byte == b'=').map(|at| from + at) else { return };
    let mut depth = 0usize;
    let mut quote = None;
    for byte in bytes.iter_mut().skip(equals + 1) {
        match *byte {
            b'\n' if depth == 0 => return,
            b'"' | b'\'' if quote.is_none() => quote = Some(*byte),
            closing if quote == Some(closing) => quote = None,
            b'\n' => quote = None,
            b'[' if quote.is_none() => depth += 1,
            b']' if quote.is_none() && depth <= 1 => return,
            b']' if quote.is_none() => depth -= 1,
            b'}' if quote.is_none() && depth == 0 => return,
            b' ' | b'\t' | b'\r' => {}
            b',' if quote.is_none() => {}
            _ => *byte = b'*',
        }
    }
}

/// Blots out what stands before the last `@` of a URL: under any key, since keys are mistyped.
fn blot_userinfo(bytes: &mut [u8], from: usize) {
    let rest = bytes.iter().skip(from).take_while(|byte| !matches!(byte, b'"' | b'\'' | b'\n' | b' '));
    let Some(length) = rest.enumerate().filter(|(_, byte)| **byte == b'@').map(|(at, _)| at).last() else { return };
    bytes.iter_mut().skip(from).take(length).for_each(|byte| *byte = b'*');
}

/// Blots out what stands in `[[identity]]` under any key but those that cannot be secret: keys are mistyped as well, and
/// numbers are written where a name should be.
fn blot_identities(text: &str, bytes: &mut [u8]) {
    let (mut at, mut inside) = (0, false);
    for line in text.split_inclusive('\n') {
        let (start, written) = (at, line.trim_start());
        at += line.len();
        if written.starts_with('[') {
            inside = written.trim_start_matches(['[', ' ', '\t', '"', '\'']).starts_with("identity");
        } else if inside && !written.starts_with('#') && !is_open(written) {
            let from = start + line.find('=').map_or(0, |equals| equals + 1);
            let secret = bytes.iter_mut().take(at).skip(from).filter(|byte| !b" \t\r\n\"'[],{}".contains(byte));
            secret.for_each(|byte| *byte = b'*');
        }
    }
}

fn is_open(line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default().trim();
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    key.is_empty() || matches!(key, "label" | "kind" | "env" | "file") && digits < 8
}

fn blot_while(bytes: &mut [u8], from: usize, holds: impl Fn(u8) -> bool) {
    for byte in bytes.iter_mut().skip(from).take_while(|byte| holds(**byte)) {
        *byte = b'*';
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let source = Source::new("a.toml", "\u{feff}mod = 1\n");
        assert_eq!((source.text.as_str(), source.quotable.as_str()), ("mod = 1\n", "mod = 1\n"));
    }

    #[test]
    fn hashes_and_identities_are_blotted_out() {
        let text = "users = [\n  \"alice:$argon2id$v=19$secret\", # me\n  'bob:hunter2',\n]\nvalue = '447700900123'\nkeep = 1\n";
        let shown = blot(text);
        assert_eq!(shown.len(), text.len());
        for secret in ["argon2", "secret", "hunter2", "447700900123"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.ends_with("keep = 1\n"), "{shown}");
    }

    #[test]
    fn an_identity_is_blotted_out_under_any_key() {
        let text = "[[identity]]\nlabel = 'mine'\nvaleu = '+447700900123'\nenv = '447700900123'\nvalue = \"\"\"\n\
                    447700900123\"\"\"\n# mine\n[log]\nkeep_days = 7\n";
        let shown = blot(text);
        assert_eq!(shown.len(), text.len());
        assert!(!shown.contains("7700"), "{shown}");
        assert!(shown.contains("label = 'mine'") && shown.ends_with("# mine\n[log]\nkeep_days = 7\n"), "{shown}");
    }

    #[test]
    fn a_password_in_a_url_is_blotted_out_under_any_key() {
        let text = "exot = \"https://me:hun@ter2@exit.example:8443\" # https://exit.example\nexit = 'hunter2'\n";
        let shown = blot(text);
        assert!(
            shown.starts_with("exot = \"https://***********@exit.example:8443\" # https://exit.example\n"),
            "{shown}"
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn broken_toml_shows_no_secret_either() {
        for text in [
            "users = [\"alice:hunter2",
            "users = hunter2",
            "a = { users = [hunter2] }",
            "\"users\" = 'hunter2",
            "users = [\n'''hunter2'''\n",
        ] {
            assert!(!blot(text).contains("hunter2"), "{text}");
        }
        assert_eq!(blot("values = \"masked\""), "values = \"masked\"");
    }

    proptest! {
        #[test]
        fn blotting_keeps_offsets(text in "(users|value|=|\\[|\\]|\"|'|\n|ä|\\$argon2|,| ){0,40}") {
            let shown = blot(&text);
            prop_assert_eq!(shown.len(), text.len());
            let lines = |text: &str| text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(lines(&shown), lines(&text));
        }
    }
}
