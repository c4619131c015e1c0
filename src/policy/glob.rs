//! How is a pattern with wildcards written, and compiled?
//!
//! `*` stands for any run of characters, dots and slashes included, `?` for one, `[…]` for one of a class, `{a,b}` for
//! either. Hosts and field names are matched without regard to case: both sides are lower-cased, which lets `globset`
//! use its exact strategies where a case-insensitive pattern would always cost a regular expression.

use std::fmt;

use globset::{GlobBuilder, GlobSet};

/// Longer patterns than any host name or sensible path are a mistake, and bound what a pattern can cost to compile.
const LONGEST: usize = 255;

/// One pattern that is known to compile.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
    glob: globset::Glob,
}

impl Pattern {
    /// A pattern over host names, such as `*.pay.example`, or an address.
    ///
    /// # Errors
    /// A [`GlobFault`] when it does not compile, or holds a character that no host has.
    pub fn host(text: &str) -> Result<Self, GlobFault> {
        if !text.is_ascii() {
            return Err(GlobFault::new("a host name is ASCII; write an international name in its xn-- form"));
        }
        // An IPv6 address may stand in the brackets that it has in a URL, which would otherwise be a character class.
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = bare.and_then(|bare| bare.parse::<std::net::Ipv6Addr>().ok()) {
            return Self::compile(&address.to_string());
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~*?[]{},!:".contains(c);
        refuse_other(text, allowed, "a host name")?;
        if text.bytes().filter(|&byte| byte == b':').count() == 1 {
            return Err(GlobFault::new("a port has no place in a host pattern"));
        }
        Self::compile(&text.to_ascii_lowercase())
    }

    /// A pattern over field names, such as `x-up-*`.
    ///
    /// # Errors
    /// A [`GlobFault`] when it does not compile, or holds a character that no field name has (RFC 9110 §5.6.2).
    pub fn header(text: &str) -> Result<Self, GlobFault> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~?[]{},".contains(c);
        refuse_other(text, allowed, "a header name")?;
        Self::compile(&text.to_ascii_lowercase())
    }

    /// A pattern over paths, such as `/pay/*`; case counts.
    ///
    /// # Errors
    /// A [`GlobFault`] when it does not compile or cannot match because no path begins like it.
    pub fn path(text: &str) -> Result<Self, GlobFault> {
        if !text.starts_with(['/', '*', '?', '[', '{']) {
            return Err(GlobFault::new("a path begins with `/`"));
        }
        Self::compile(text)
    }

    /// The pattern as it is matched.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches whatever it is held against.
    pub fn is_everything(&self) -> bool {
        self.text.bytes().all(|byte| byte == b'*')
    }

    /// Whether it holds no wildcard at all.
    pub fn is_literal(&self) -> bool {
        !self.text.contains(['*', '?', '[', ']', '{', '}', '\\'])
    }

    fn compile(text: &str) -> Result<Self, GlobFault> {
        if text.is_empty() {
            return Err(GlobFault::new("an empty pattern matches nothing"));
        }
        if text.len() > LONGEST {
            return Err(GlobFault::new(format!("the pattern is longer than {LONGEST} characters")));
        }
        let glob = GlobBuilder::new(text).build().map_err(|error| GlobFault::new(error.kind().to_string()))?;
        Ok(Self { text: text.into(), glob })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Compiles patterns into one matcher that answers with their indices.
///
/// # Errors
/// A [`GlobFault`] when they are too large together.
pub(super) fn compile_all<'a>(patterns: impl IntoIterator<Item = &'a Pattern>) -> Result<GlobSet, GlobFault> {
    let mut builder = GlobSet::builder();
    for pattern in patterns {
        builder.add(pattern.glob.clone());
    }
    builder.build().map_err(|error| GlobFault::new(format!("the patterns together are too large: {}", error.kind())))
}

fn refuse_other(text: &str, allowed: impl Fn(char) -> bool, what: &str) -> Result<(), GlobFault> {
    match text.chars().find(|&c| !allowed(c)) {
        Some(odd) => Err(GlobFault::new(format!("`{}` cannot stand in {what}", odd.escape_default()))),
        None => Ok(()),
    }
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GlobFault(String);

impl GlobFault {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for text in ["", "a b", "https://example.org", "example.org/", "b\u{fc}cher.example", "example.org:443", "{a"] {
            assert!(Pattern::host(text).is_err(), "{text}");
        }
        for text in ["", "x-up:", "x up", "x-[", "x\u{e4}"] {
            assert!(Pattern::header(text).is_err(), "{text}");
        }
        assert!(Pattern::path("pay/*").is_err());
        assert!(Pattern::path("/pay/*").is_ok());
    }

    #[test]
    fn length_is_bounded() {
        assert!(Pattern::header(&"x".repeat(LONGEST)).is_ok());
        assert!(Pattern::header(&"x".repeat(LONGEST + 1)).is_err());
    }
}
