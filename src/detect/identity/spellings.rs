//! How else is this number written?
//!
//! As digits alone: what stands between them is skipped where it is read.

use zeroize::Zeroizing;

use crate::detect::{Identifier, value};

/// One way to write a number, as bare digits, with an `f` where swapped pairs have their filler.
pub(super) struct Spelling {
    pub digits: Zeroizing<String>,
    /// Whether so few digits stand here that they count only on their own.
    pub partial: bool,
}

/// Digits that tell one number from others wherever they stand.
const TELLING: usize = 10;

/// What a number is called by, turned forms aside: with and without codes and prefixes, and its last digits.
pub(super) fn straight(identifier: Identifier, plain: &str) -> Vec<Spelling> {
    let mut list = vec![text(plain.to_owned())];
    match identifier {
        Identifier::Msisdn => phone(plain, &mut list),
        // NAI (3GPP TS 23.003 §14.3, §19.3): a digit in front tells the method.
        Identifier::Imsi => list.extend(["0", "1", "6", "00"].map(|digit| text(format!("{digit}{plain}")))),
        Identifier::Imei => device(plain, &mut list),
        Identifier::Iccid => card(plain, &mut list),
        _ => {}
    }
    list.extend(last_digits(identifier).iter().filter_map(|&count| last(plain, count)));
    list
}

/// The same backwards, and in swapped pairs as SIM cards and GTP carry them (3GPP TS 24.008 §10.5.4.7).
pub(super) fn turned(identifier: Identifier, plain: &str) -> Vec<Spelling> {
    let swapped = swapped(plain);
    let mut list = vec![reversed(plain)];
    match identifier {
        // The type of number, "international" in the plan of E.164, stands in front of addresses (TS 29.002 §17.7.8).
        Identifier::Msisdn => list.push(text(format!("91{}", *swapped))),
        // EF_IMSI (TS 31.102 §4.2.2): length, then the first digit beside the mark of an odd number of digits.
        Identifier::Imsi if plain.len() == 15 => {
            let (first, rest) = plain.split_at(1);
            let body = Zeroizing::new(format!("{first}9{}", *self::swapped(rest)));
            list.push(text(format!("08{}", *body)));
            list.push(Spelling { digits: body, partial: false });
        }
        _ => {}
    }
    if identifier == Identifier::Msisdn
        && let Some(national) = national(plain)
    {
        list.push(reversed(&format!("0{national}")));
        list.push(reversed(national));
    }
    list.push(Spelling { digits: swapped, partial: false });
    list
}

/// An address as it may have been before it was hashed: in the case in which it was registered, small, large, as a phone's
/// keyboard begins it, or as advertisers make addresses alike, who leave out what does not count for delivery.
pub(super) fn address(plain: &str) -> Vec<Zeroizing<String>> {
    let small = Zeroizing::new(plain.to_lowercase());
    let mut list = vec![Zeroizing::new(plain.to_owned()), Zeroizing::new(plain.to_uppercase())];
    list.extend([plain, &small].map(begun));
    if let (Some((name, domain)), Some((small_name, small_domain))) = (plain.rsplit_once('@'), small.rsplit_once('@')) {
        let untagged = small_name.split_once('+').map_or(small_name, |(name, _)| name);
        list.push(Zeroizing::new(format!("{name}@{small_domain}")));
        list.push(Zeroizing::new(format!("{small_name}@{domain}")));
        list.push(Zeroizing::new(format!("{untagged}@{small_domain}")));
        list.push(Zeroizing::new(format!("{}@{small_domain}", untagged.replace('.', ""))));
    }
    list.push(small);
    list
}

/// With a large first letter.
fn begun(text: &str) -> Zeroizing<String> {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    Zeroizing::new(first.chain(letters).collect())
}

fn text(digits: String) -> Spelling {
    Spelling { partial: digits.len() < TELLING, digits: Zeroizing::new(digits) }
}

fn reversed(plain: &str) -> Spelling {
    text(plain.chars().rev().collect())
}

fn swapped(plain: &str) -> Zeroizing<String> {
    let mut swapped = Zeroizing::new(String::with_capacity(plain.len() + 1));
    let mut digits = plain.chars();
    while let Some(first) = digits.next() {
        swapped.push(digits.next().unwrap_or('f'));
        swapped.push(first);
    }
    swapped
}

fn national(plain: &str) -> Option<&str> {
    plain.get(value::country_code(plain.as_bytes())?..)
}

/// `00` and `011` are how one dials abroad; `0` (8 in the plan of +7, 06 in Hungary) is how one dials at home, and some
/// leave it in behind the country's code.
fn phone(plain: &str, list: &mut Vec<Spelling>) {
    list.extend(["00", "011"].map(|exit| text(format!("{exit}{plain}"))));
    let Some(national) = national(plain) else { return };
    let country = plain.strip_suffix(national).unwrap_or_default();
    list.extend(["", "00"].map(|exit| text(format!("{exit}{country}0{national}"))));
    list.extend(["", "0", "8", "06"].map(|trunk| text(format!("{trunk}{national}"))));
}

/// With and without the check digit, and with the zero that networks send in its place.
fn device(plain: &str, list: &mut Vec<Spelling>) {
    if let Some(body) = plain.get(..14) {
        let check = check_digit(body);
        list.extend(["", "0", &check].map(|last| text(format!("{body}{last}"))));
    }
}

/// With and without the check digit.
fn card(plain: &str, list: &mut Vec<Spelling>) {
    let check = check_digit(plain);
    list.push(text(format!("{plain}{check}")));
    if let Some(body) = plain.get(..plain.len() - 1).filter(|body| body.len() >= 18) {
        list.push(text(body.to_owned()));
    }
}

/// Luhn's digit (ISO/IEC 7812-1 annex B) for what does not have one yet.
fn check_digit(body: &str) -> String {
    let weighed = body.bytes().rev().enumerate().map(|(at, digit)| {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
    });
    ((10 - weighed.sum::<u32>() % 10) % 10).to_string()
}

/// How many of the last digits somebody may have kept: of a subscription, those of the subscriber.
fn last_digits(identifier: Identifier) -> &'static [usize] {
    match identifier {
        Identifier::Msisdn => &[8, 9, 10],
        Identifier::Imsi => &[9, 10],
        Identifier::Iccid => &[10, 11, 12, 13],
        _ => &[],
    }
}

fn last(plain: &str, count: usize) -> Option<Spelling> {
    let start = plain.len().checked_sub(count)?;
    plain.get(start..).map(|digits| text(digits.to_owned()))
}
