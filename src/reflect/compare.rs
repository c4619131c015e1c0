//! In what do two requests of one browser differ, and who made the difference?
//!
//! One came by the way that is doubted (cleartext, cellular), the other by one where nothing can be added, or nothing is
//! expected to be (TLS, Wi-Fi). Browsers themselves write some fields differently for each request: these are told apart.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::exchange::{Field, Fields};

static VARYING: LazyLock<Vec<&str>> = LazyLock::new(|| names(include_str!("varying.txt")));
static USUAL: LazyLock<Vec<&str>> = LazyLock::new(|| names(include_str!("usual.txt")));

fn names(table: &'static str) -> Vec<&'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect()
}

/// A field that differs, by its index in either head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// In the doubted head.
    pub doubted: usize,
    /// In the other.
    pub other: usize,
}

/// What differs. Indices are those of the field lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// Only in the doubted head.
    pub added: Vec<usize>,
    /// Only in the other.
    pub removed: Vec<usize>,
    /// In both, with other values.
    pub changed: Vec<Pair>,
    /// In both, spelt otherwise.
    pub recased: Vec<Pair>,
    /// What both have stands in another order.
    pub is_reordered: bool,
    /// Names in lower case that differ, as browsers make them differ.
    pub by_browser: Vec<String>,
}

impl Differences {
    /// Whether nothing differs but what browsers make differ.
    pub fn is_empty(&self) -> bool {
        *self == Self { by_browser: self.by_browser.clone(), ..Self::default() }
    }

    /// Compares field by field: the first of a name with the first of that name, the second with the second.
    pub fn between(doubted: &Fields, other: &Fields) -> Self {
        let mut differences = Self::default();
        let (mut left, mut right) = (by_name(doubted), by_name(other));
        let all: Vec<_> = left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))).cloned().collect();
        for name in all {
            let (left, right) = (left.remove(&name).unwrap_or_default(), right.remove(&name).unwrap_or_default());
            if varies(&name) {
                differences.note_browser(name, values(doubted, &left) != values(other, &right));
            } else {
                differences.pair(doubted, other, &left, &right);
            }
        }
        differences.added.sort_unstable();
        differences.removed.sort_unstable();
        differences.is_reordered = common_order(doubted, other) != common_order(other, doubted);
        differences
    }

    fn note_browser(&mut self, name: String, differs: bool) {
        if differs {
            self.by_browser.push(name);
        }
    }

    fn pair(&mut self, doubted: &Fields, other: &Fields, left: &[usize], right: &[usize]) {
        self.added.extend(left.iter().skip(right.len()));
        self.removed.extend(right.iter().skip(left.len()));
        for (&at, &there) in left.iter().zip(right) {
            let (Some(one), Some(two)) = (doubted.get(at), other.get(there)) else { continue };
            let pair = Pair { doubted: at, other: there };
            if one.value != two.value {
                self.changed.push(pair);
            }
            if one.name != two.name {
                self.recased.push(pair);
            }
        }
    }
}

/// Whether browsers write a field of this name differently for each request.
pub(super) fn varies(name: &str) -> bool {
    VARYING.iter().any(|entry| match entry.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => *entry == name,
    })
}

/// Whether browsers are known to send a field of this name.
pub(super) fn is_usual(field: &Field) -> bool {
    let name = lower(field);
    varies(&name) || USUAL.contains(&name.as_str())
}

fn lower(field: &Field) -> String {
    field.name_str().to_ascii_lowercase()
}

fn by_name(fields: &Fields) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (index, field) in fields.iter().enumerate() {
        found.entry(lower(field)).or_default().push(index);
    }
    found
}

fn values<'a>(fields: &'a Fields, indices: &[usize]) -> Vec<&'a [u8]> {
    indices.iter().filter_map(|index| fields.get(*index)).map(|field| &field.value[..]).collect()
}

/// The names that the other has as well, each once, in the order in which they stand.
fn common_order(fields: &Fields, other: &Fields) -> Vec<String> {
    let theirs = by_name(other);
    let mut order = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for name in fields.iter().map(lower).filter(|name| theirs.contains_key(name) && !varies(name)) {
        if seen.insert(name.clone()) {
            order.push(name);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        text.lines().filter_map(field).collect()
    }

    /// A navigation in cleartext and a fetch inside TLS, as Chromium sends them.
    const PAGE: &str = "Host: a.example\nConnection: keep-alive\nUpgrade-Insecure-Requests: 1\nUser-Agent: M\n\
                        Accept: text/html\nAccept-Encoding: gzip, deflate\nAccept-Language: en";
    const FETCH: &str = "Host: a.example:8443\nConnection: keep-alive\nsec-ch-ua-platform: \"Linux\"\nUser-Agent: M\n\
                         sec-ch-ua: x\nAccept: */*\nOrigin: http://a.example\nSec-Fetch-Site: cross-site\n\
                         Accept-Encoding: gzip, deflate, br, zstd\nAccept-Language: en\nPriority: u=1, i";

    #[test]
    fn what_browsers_do_is_no_difference() {
        let differences = Differences::between(&fields(PAGE), &fields(FETCH));
        assert!(differences.is_empty(), "{differences:?}");
        assert!(differences.by_browser.contains(&"priority".to_owned()));
        assert!(!differences.by_browser.contains(&"connection".to_owned()), "it is the same");
    }

    #[test]
    fn what_was_added_changed_or_taken_away_is_told() {
        let box_made = PAGE.replace("User-Agent: M", "user-agent: M via gateway") + "\nX-Acr: 1\nx-acr: 2";
        let differences = Differences::between(&fields(&box_made), &fields(FETCH));
        assert_eq!((differences.added, differences.removed), (vec![7, 8], vec![]));
        assert_eq!(differences.changed, [Pair { doubted: 3, other: 3 }]);
        assert_eq!(differences.recased, differences.changed);
        let gone = Differences::between(&fields(PAGE), &fields(&(FETCH.to_owned() + "\nX-App: 1")));
        assert_eq!((gone.removed, gone.is_reordered), (vec![11], false));
    }

    #[test]
    fn another_order_is_told() {
        let one = fields("User-Agent: M\nX-A: 1\nX-B: 2\nX-A: 3");
        assert!(Differences::between(&one, &fields("X-A: 1\nUser-Agent: M\nX-B: 2\nX-A: 3")).is_reordered);
        assert!(!Differences::between(&one, &fields("User-Agent: M\nX-C: 1\nX-A: 1\nX-B: 2")).is_reordered);
    }
}
