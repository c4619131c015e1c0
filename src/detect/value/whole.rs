//! Does a value fit as a whole, where the kind has no digits to check?

use super::{
    Fit,
    opaque::{is_nothing, trim},
    place::is_position,
};
use crate::detect::Identifier;

/// Words that say nothing even about a flag, lower case.
const NO_FLAG: &[&[u8]] = &[b"", b"-", b"--", b"unknown", b"null", b"(null)", b"none", b"undefined", b"n/a", b"nil"];

/// How well the value fits a kind that is no number; if `decode`, what is encoded counts as well.
pub(in crate::detect) fn fit(identifier: Identifier, value: &[u8], decode: bool) -> Option<Fit> {
    let value = trim(value);
    if matches!(identifier, Identifier::Device | Identifier::Network) {
        return (!NO_FLAG.iter().any(|word| value.eq_ignore_ascii_case(word))).then_some(Fit::Formed);
    }
    if is_nothing(value) {
        return None;
    }
    match identifier {
        Identifier::SubscriberId => pseudonym(value),
        Identifier::Acr => acr(value),
        Identifier::Account => Some(if value.len() > 2 { Fit::Formed } else { Fit::Odd }),
        Identifier::Location if is_position(value, decode) => Some(Fit::Checked),
        Identifier::Location => Some(if value.iter().any(u8::is_ascii_digit) { Fit::Formed } else { Fit::Odd }),
        _ => None,
    }
}

fn pseudonym(value: &[u8]) -> Option<Fit> {
    let long = value.len() >= 12 || value.len() >= 5 && value.iter().any(u8::is_ascii_digit);
    match (long, value.len()) {
        (true, _) => Some(Fit::Formed),
        (false, 3..) => Some(Fit::Odd),
        _ => None,
    }
}

/// GSMA's Anonymous Customer Reference: static or dynamic, with country and network; or AT&T's `…;ncc=…;type=Dyna`.
fn acr(value: &[u8]) -> Option<Fit> {
    let starts = |mark: &[u8]| value.get(..mark.len()).is_some_and(|front| front.eq_ignore_ascii_case(mark));
    let holds = |mark: &[u8]| value.windows(mark.len()).take(1024).any(|part| part.eq_ignore_ascii_case(mark));
    if starts(b"acr:")
        || starts(b"STAT")
        || starts(b"DYNM")
        || holds(b";ncc=")
        || holds(b";type=")
        || holds(b"%3bncc%3d")
    {
        return Some(Fit::Checked);
    }
    Some(if value.len() >= 8 { Fit::Formed } else { Fit::Odd })
}
