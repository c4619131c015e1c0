//! Is this the number of a SIM card?
//!
//! ITU-T E.118: 89 for telecommunications, a country calling code, issuer and account, and a check digit; 18 to 20 digits.

use super::{
    Fit, msisdn,
    number::{Digits, luhn},
};

/// How well the digits fit.
pub(super) fn fit(number: &Digits) -> Option<Fit> {
    let digits = number.as_bytes();
    let account = digits.strip_prefix(b"89")?;
    match digits.len() {
        18..=20 if luhn(digits) && msisdn::starts_with_country(account) => Some(Fit::Checked),
        18..=22 => Some(Fit::Odd),
        _ => None,
    }
}
