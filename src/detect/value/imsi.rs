//! Is this the number of a subscription?
//!
//! ITU-T E.212: country and network, both assigned, then the subscriber; fifteen digits, in some old networks fourteen.

use super::{
    Fit,
    networks::{Network, has_country, network},
    number::Digits,
};

/// How well the digits fit.
pub(super) fn fit(number: &Digits) -> Option<Fit> {
    if number.is_filler() {
        return None;
    }
    let digits = bare(number.as_bytes());
    match (digits.len(), network(digits)) {
        (15, Some(Network::Assigned)) => Some(Fit::Checked),
        (15, Some(Network::Unlisted)) | (14, Some(Network::Assigned)) => Some(Fit::Formed),
        (13..=16, _) => Some(Fit::Odd),
        _ => None,
    }
}

/// The mobile country code at the front, assigned or not.
pub(super) fn country(number: &Digits) -> Option<u16> {
    std::str::from_utf8(bare(number.as_bytes()).get(..3)?).ok()?.parse().ok()
}

/// Without the `00` that some gateways put in front, or the digit that tells the EAP method in an NAI
/// (3GPP TS 23.003 §14.3 and §19.3: 0 AKA, 1 SIM, 6 AKA').
fn bare(digits: &[u8]) -> &[u8] {
    match digits {
        [b'0', b'0', rest @ ..] if digits.len() == 17 => rest,
        [b'0' | b'1' | b'6', rest @ ..] if digits.len() == 16 && has_country(rest) => rest,
        _ => digits,
    }
}
