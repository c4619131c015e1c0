//! Is this the number of a subscription?
//!
//! ITU-T E.212: country (three digits, assigned), network, subscriber; fifteen digits, in some old networks fourteen.

use std::sync::LazyLock;

use super::{Fit, number::Digits};

static COUNTRIES: LazyLock<[bool; 1000]> = LazyLock::new(|| {
    let mut assigned = [false; 1000];
    let lines = include_str!("mcc.txt").lines().filter(|line| !line.starts_with('#'));
    for code in lines.flat_map(str::split_whitespace).filter_map(|code| code.parse::<usize>().ok()) {
        if let Some(slot) = assigned.get_mut(code) {
            *slot = true;
        }
    }
    assigned
});

/// How well the digits fit.
pub(super) fn fit(number: &Digits) -> Option<Fit> {
    if number.is_filler() {
        return None;
    }
    let digits = bare(number.as_bytes());
    match (digits.len(), has_country(digits)) {
        (15, true) => Some(Fit::Checked),
        (14, true) => Some(Fit::Formed),
        (13..=16, _) => Some(Fit::Odd),
        _ => None,
    }
}

/// Without the `00` that some gateways put in front, or the digit that tells the EAP method in an NAI
/// (3GPP TS 23.003 §14.3 and §19.3: 0 AKA, 1 SIM, 6 AKA').
pub(super) fn bare(digits: &[u8]) -> &[u8] {
    match digits {
        [b'0', b'0', rest @ ..] if digits.len() == 17 => rest,
        [b'0' | b'1' | b'6', rest @ ..] if digits.len() == 16 && has_country(rest) => rest,
        _ => digits,
    }
}

/// Whether a mobile country code that is in use stands in front.
pub(super) fn has_country(digits: &[u8]) -> bool {
    let code = digits.get(..3).map(|code| code.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0')));
    code.and_then(|code| COUNTRIES.get(code)) == Some(&true)
}
