//! What does a source file name, comments, strings and tests apart?

use std::{collections::BTreeSet, fs, path::Path};

/// One file of ours, with its path from the top of the repository.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    /// Every Rust file below a directory, in order.
    pub fn all_below(dir: &Path, root: &Path) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let below = |path: std::path::PathBuf| {
            if path.is_dir() {
                return Self::all_below(&path, root);
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap_or_default();
            if name.ends_with(".rs") { vec![Self { path: name, text }] } else { Vec::new() }
        };
        paths.into_iter().flat_map(below).collect()
    }

    /// The first folder below `src`, or the file there; `server` in a folder is a room of its own.
    pub fn room(&self) -> String {
        if self.path.starts_with("src/reflect/server/") {
            return "reflect/server".to_owned();
        }
        let name = self.path.split('/').nth(1).unwrap_or(&self.path);
        name.strip_suffix(".rs").unwrap_or(name).to_owned()
    }

    /// Whether the whole file is compiled for tests only.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/") || self.path.starts_with("tests/")
    }

    /// The text without comments, contents of strings, and items for tests only.
    pub fn code(&self) -> String {
        without_tests(&without_prose(&self.text))
    }

    /// Which of these rooms the file reaches for, its own apart.
    pub fn arrows(&self, rooms: &[&str]) -> BTreeSet<String> {
        if self.is_test() {
            return BTreeSet::new();
        }
        let code = self.code();
        let mut found: BTreeSet<String> = after(&code, "crate::").into_iter().flat_map(first_words).collect();
        // Of a room's first file only: further in, what is above is the room itself.
        if self.path == format!("src/{}/mod.rs", self.room()) {
            found.extend(
                after(&code, "super::").into_iter().flat_map(first_words).filter(|word| !declares(&code, word)),
            );
        }
        found.retain(|word| rooms.contains(&word.as_str()) && *word != self.room());
        found
    }
}

/// Whether the code names this path or word, and not merely a longer one.
pub fn names(code: &str, name: &str) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    code.match_indices(name).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| code.as_bytes().get(at));
        !is_word(before) && !is_word(code.as_bytes().get(at + name.len()))
    })
}

fn declares(code: &str, module: &str) -> bool {
    code.contains(&format!("mod {module};"))
}

fn after<'a>(code: &'a str, mark: &str) -> Vec<&'a str> {
    code.match_indices(mark).map(|(at, _)| &code[at + mark.len()..]).collect()
}

/// The first segment of a path, or of each path of a group in braces.
fn first_words(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut depth = 0;
    let mut words = vec![word(group)];
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b',' if depth == 0 => words.push(word(&group[at + 1..])),
            _ => {}
        }
    }
    words
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect()
}

/// Drops what `#[cfg(test)]` stands before: up to the matching brace, or up to a semicolon that comes first.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[end_of_item(rest)..];
    }
    kept + rest
}

fn end_of_item(item: &str) -> usize {
    let mut depth = 0;
    for (at, byte) in item.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// Drops comments and the contents of strings; a lexer of the few tokens that can hold anything.
fn without_prose(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let length = prose(rest).unwrap_or_else(|| {
            code.push(char);
            char.len_utf8()
        });
        if rest.starts_with('\n') || rest[..length].contains('\n') && length > 1 {
            code.push('\n');
        }
        rest = &rest[length..];
    }
    code
}

/// The length of the comment, string or character that begins here.
fn prose(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if let Some(fence) = rest.strip_prefix('r').map(|raw| raw.bytes().take_while(|byte| *byte == b'#').count()) {
        let open = 1 + fence;
        if rest[open..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(fence));
            return Some(rest[open + 1..].find(&close).map_or(rest.len(), |end| open + 1 + end + close.len()));
        }
    }
    if let Some(text) = rest.strip_prefix('"') {
        return Some(1 + quoted(text, b'"'));
    }
    // A lifetime has no second quotation mark right after its first character.
    let mut chars = rest.strip_prefix('\'')?.chars();
    match (chars.next()?, chars.next()?) {
        ('\\', _) => Some(1 + quoted(&rest[1..], b'\'')),
        (char, '\'') => Some(2 + char.len_utf8()),
        _ => None,
    }
}

fn quoted(text: &str, end: u8) -> usize {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        } else if byte == end {
            return at + 1;
        }
    }
    text.len()
}
