//! How do people write this number, where the signs between its digits count?
//!
//! They do where it was hashed: `+44 7700 900123` and `+447700900123` have nothing in common then. Where it stands in clear
//! the signs are skipped, and no list is needed. Phone numbers are grouped as in their country (`groupings.tsv`), and as
//! numbers of that length are grouped anywhere.

use std::{collections::BTreeSet, sync::LazyLock};

use zeroize::Zeroizing;

use crate::detect::{Identifier, value};

/// What is wiped when it goes.
pub(super) type Written = Zeroizing<String>;

/// Lengths of groups.
type Groups = Vec<usize>;

/// One country's customs.
struct Custom {
    code: &'static str,
    trunk: &'static str,
    groups: Vec<Groups>,
}

static CUSTOMS: LazyLock<Vec<Custom>> = LazyLock::new(|| {
    let lines = include_str!("groupings.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(custom).collect()
});

fn custom(line: &'static str) -> Option<Custom> {
    let [code, trunk, groups] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let groups = groups.split(',').filter(|groups| *groups != "-").map(lengths).collect();
    Some(Custom { code, trunk: if trunk == "-" { "" } else { trunk }, groups })
}

/// As numbers of so many digits are grouped where nothing else is the custom, or in spite of it.
const ANYWHERE: &[&str] = &["3-4", "4-4", "2-2-2-2", "3-3-3", "2-3-4", "3-3-4", "4-3-3", "4-6", "5-5", "3-4-4"];

fn lengths(groups: &str) -> Groups {
    groups.split('-').filter_map(|length| length.parse().ok()).collect()
}

/// Every way of writing it with signs; `plain` are its digits.
pub(super) fn spellings(identifier: Identifier, plain: &str) -> Vec<Written> {
    match identifier {
        Identifier::Msisdn => phone(plain),
        Identifier::Imsi => signed(plain, &["3-2-10", "3-2-9", "3-3-9", "5-10", "6-9"]),
        // As it is presented (3GPP TS 23.003 §6.2), and as it was while the type had eight digits in two parts.
        Identifier::Imei => signed(plain, &["2-6-6-1", "6-2-6-1", "2-6-6-2", "2-6-6", "6-2-6", "8-6-1", "2-4-4-4-1"]),
        Identifier::Iccid => {
            signed(plain, &["4-4-4-4-2", "4-4-4-4-3", "4-4-4-4-4", "2-2-2-12-1", "5-5-5-4", "6-4-4-5"])
        }
        _ => Vec::new(),
    }
}

fn signed(plain: &str, groupings: &[&str]) -> Vec<Written> {
    let groups = groupings.iter().filter_map(|groups| cut(plain, &lengths(groups)));
    groups.flat_map(|groups| [" ", "-", "."].map(|sign| Zeroizing::new(groups.join(sign)))).collect()
}

/// How the groups of a national number are put together.
struct Style {
    /// Around the first one.
    brackets: [&'static str; 2],
    /// Behind the first one.
    first: &'static str,
    /// Behind each of the others.
    rest: &'static str,
}

const STYLES: [Style; 7] = [
    Style { brackets: ["", ""], first: " ", rest: " " },
    Style { brackets: ["", ""], first: "-", rest: "-" },
    Style { brackets: ["", ""], first: ".", rest: "." },
    Style { brackets: ["", ""], first: " ", rest: "-" },
    Style { brackets: ["(", ")"], first: " ", rest: " " },
    Style { brackets: ["(", ")"], first: " ", rest: "-" },
    Style { brackets: ["(", ")"], first: "", rest: "-" },
];

fn phone(plain: &str) -> Vec<Written> {
    let Some((code, national)) = value::country_code(plain.as_bytes()).and_then(|at| plain.split_at_checked(at)) else {
        return Vec::new();
    };
    let custom = CUSTOMS.iter().find(|custom| custom.code == code);
    let trunk = custom.map_or("0", |custom| custom.trunk);
    let own = custom.into_iter().flat_map(|custom| custom.groups.iter().cloned());
    // A number in one piece has signs behind its country's code only.
    let groupings: BTreeSet<Groups> =
        own.chain(ANYWHERE.iter().map(|groups| lengths(groups))).chain([vec![national.len()]]).collect();
    let mut list = Vec::new();
    for groups in groupings.iter().filter_map(|lengths| cut(national, lengths)) {
        for style in &STYLES {
            with_code(code, style, &style.join("", &groups), &mut list);
            at_home(trunk, style, &groups, &mut list);
        }
    }
    list.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    list.dedup();
    list
}

fn with_code(code: &str, style: &Style, body: &str, list: &mut Vec<Written>) {
    let mut push = |lead: &str, sign: &str| list.push(glued(&[lead, code, sign, body]));
    ["", " ", style.first].iter().for_each(|sign| push("+", sign));
    push("", if style.first.is_empty() { " " } else { style.first });
    if style.brackets.concat().is_empty() {
        [" (0)", "(0)", " (0) "].iter().for_each(|zero| push("+", zero));
        ["", " "].iter().for_each(|sign| push("00", sign));
        push("00 ", " ");
        push("tel:+", style.first);
    }
}

fn at_home(trunk: &str, style: &Style, groups: &[&str], list: &mut Vec<Written>) {
    let body = style.join("", groups);
    if !trunk.is_empty() {
        list.push(style.join(trunk, groups));
        list.push(glued(&[trunk, if style.first.is_empty() { " " } else { style.first }, &body]));
    }
    list.push(body);
}

impl Style {
    fn join(&self, trunk: &str, groups: &[&str]) -> Written {
        let ([open, close], [head, tail @ ..]) = (self.brackets, groups) else { return Written::default() };
        let mut parts = vec![open, trunk, head, close];
        for (at, group) in tail.iter().enumerate() {
            parts.extend([if at == 0 { self.first } else { self.rest }, group]);
        }
        glued(&parts)
    }
}

/// In one buffer, which never moves and leaves no copy behind.
fn glued(parts: &[&str]) -> Written {
    let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// The digits in groups of these lengths; nothing if they are not so many.
fn cut<'a>(digits: &'a str, lengths: &[usize]) -> Option<Vec<&'a str>> {
    let mut rest = digits;
    let mut groups = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let (group, behind) = rest.split_at_checked(length)?;
        groups.push(group);
        rest = behind;
    }
    rest.is_empty().then_some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_in_their_country() {
        let written = |identifier, plain: &str| -> Vec<String> {
            spellings(identifier, plain).iter().map(|text| text.to_string()).collect()
        };
        let british = written(Identifier::Msisdn, "447700900123");
        for text in [
            "+44 7700 900123",
            "+44 7700 900 123",
            "07700 900123",
            "07700-900123",
            "07700 900 123",
            "(07700) 900123",
            "+44 (0)7700 900123",
            "+44(0)7700-900-123",
            "0044 7700 900123",
            "00 44 7700 900123",
            "44-7700-900123",
            "tel:+44-7700-900123",
            "7700 900123",
            "077 0090 0123",
        ] {
            assert!(british.iter().any(|known| known == text), "{text}");
        }
        let american = written(Identifier::Msisdn, "12025550100");
        for text in ["(202) 555-0100", "+1 (202) 555-0100", "1-202-555-0100", "202.555.0100", "+1 202-555-0100"] {
            assert!(american.iter().any(|known| known == text), "{text}");
        }
        assert!(written(Identifier::Imei, "490154203237518").contains(&"49-015420-323751-8".to_owned()));
        assert!(written(Identifier::Imsi, "001010123456789").contains(&"001-01-0123456789".to_owned()));
        assert!(written(Identifier::Iccid, "8944100000123456782").contains(&"8944 1000 0012 3456 782".to_owned()));
        assert!(british.len().max(american.len()) < 500, "{} {}", british.len(), american.len());
    }

    #[test]
    fn every_custom_is_read() {
        let lines = include_str!("groupings.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((CUSTOMS.len(), lines > 190), (lines, true));
        for custom in CUSTOMS.iter() {
            assert!(custom.groups.iter().all(|groups| groups.iter().sum::<usize>() >= 5), "{}", custom.code);
        }
    }
}
