//! Is this the number of a device?
//!
//! 3GPP TS 23.003 §6: type allocation code (eight digits), serial (six), then a check digit (IMEI) or a software version
//! of two digits (IMEISV), or nothing. The first two digits tell the body that allocated.

use super::{
    Fit,
    number::{Digits, luhn},
};

/// Reporting bodies (GSMA TS.06), and 00 for test devices.
const BODIES: &[&[u8; 2]] = &[
    b"00", b"01", b"10", b"30", b"33", b"35", b"44", b"45", b"49", b"50", b"51", b"52", b"53", b"54", b"86", b"91",
    b"97", b"98", b"99",
];

/// How well the digits fit.
pub(super) fn fit(number: &Digits) -> Option<Fit> {
    if number.is_filler() {
        return None;
    }
    let digits = match number.as_bytes() {
        [b'0', b'0', rest @ ..] if rest.len() == 15 && luhn(rest) => rest,
        digits => digits,
    };
    let known = BODIES.iter().any(|body| digits.starts_with(*body));
    match digits.len() {
        15 if luhn(digits) && known => Some(Fit::Checked),
        15 if luhn(digits) => Some(Fit::Formed),
        // The network sends a zero for the check digit (§6.2.1).
        15 if known && digits.ends_with(b"0") => Some(Fit::Formed),
        14 | 16 if known => Some(Fit::Formed),
        18 if is_decimal_meid(digits) => Some(Fit::Formed),
        14..=17 => Some(Fit::Odd),
        _ => None,
    }
}

/// CDMA's number of a device, in hexadecimal (3GPP2 S.R0048): eight digits for the maker, from A0 on, and six.
pub(super) fn fit_meid(token: &[u8]) -> Option<Fit> {
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    let formed = matches!(token.len(), 14 | 15) && token.iter().all(u8::is_ascii_hexdigit) && digits >= 6;
    (formed && matches!(token.first()?, b'a'..=b'f' | b'A'..=b'F')).then_some(Fit::Formed)
}

/// The same in decimal: ten digits for the first 32 bits, eight for the other 24.
fn is_decimal_meid(digits: &[u8]) -> bool {
    let Some((maker, serial)) = digits.split_at_checked(10) else { return false };
    let (first, last): (&[u8], &[u8]) = (b"2684354560", b"4294967295");
    (first..=last).contains(&maker) && serial <= &b"16777215"[..]
}
