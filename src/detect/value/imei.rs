//! Is this the number of a device?
//!
//! 3GPP TS 23.003 §6: type allocation code (eight digits), serial (six), then a check digit (IMEI) or a software version
//! of two digits (IMEISV). The first two digits tell the body that allocated.

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
        16 if known => Some(Fit::Formed),
        14..=17 => Some(Fit::Odd),
        _ => None,
    }
}
