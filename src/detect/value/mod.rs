//! Does this value hold an identifier of that kind, where, and how well does it stand up to checking?
//!
//! One file per kind. A value is looked at as a whole, then in its parts, then decoded, at most [`decode::DEPTH`] times.
//! Which kind to look for comes from the name that the value stands under: a value alone names nobody.

mod account;
mod address;
mod cell;
mod coats;
mod coordinates;
mod decode;
mod escape;
mod iccid;
mod imei;
mod imsi;
mod look;
mod msisdn;
mod networks;
mod number;
mod numbers;
mod opaque;
mod peel;
mod place;
mod search;
mod shape;
mod signs;
mod whole;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub(super) use account::is_account;
pub(super) use address::{first as first_address, first_inside, inside_or_first};
use coats::{Coat, Coats};
pub(super) use escape::narrow;
pub(super) use look::Look;
pub(super) use msisdn::country_code;
pub use msisdn::numbers_in_name;
pub(super) use number::Digits;
pub(super) use numbers::{Numbers, parts};
pub(super) use opaque::{is_cipher, is_hash, is_nothing, trimmed};
pub(super) use place::{is_coordinates, is_glued_cell, is_position};
pub(super) use search::{Effort, find, number_uri, unnamed_number};
pub(super) use shape::Shape;
pub(super) use whole::fit as whole;

use super::finding::Identifier;

/// How well a value fits the kind that was looked for. Ordered, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It passes every check there is: mobile range, country, check digit.
    Checked,
    /// Right form; there is nothing more to check.
    Formed,
    /// Roughly the right form: a national number, a wrong check digit.
    Odd,
    /// A token without visible form: ciphertext, a hash, a pseudonym.
    Opaque,
}

/// A part of a value that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The bytes of the value that carry it; of the encoded form, where it is encoded.
    pub span: Range<usize>,
    /// How well it fits.
    pub fit: Fit,
    /// What had to be undone to see it.
    pub coats: Coats,
    /// The assigned country code at the front: for calls, or of a subscription.
    pub country: Option<u16>,
}

impl Hit {
    /// One that stands in clear.
    pub fn plain(span: Range<usize>, fit: Fit) -> Self {
        Self { span, fit, coats: Coats::default(), country: None }
    }

    /// The same, seen after this was undone.
    pub fn within(self, coat: Coat) -> Self {
        Self { coats: self.coats.within(coat), ..self }
    }
}

/// Judges one token on its own.
pub(super) fn judge(identifier: Identifier, token: &[u8]) -> Option<Fit> {
    judge_token(identifier, token).map(|(fit, _)| fit)
}

/// The same, with the code of its country.
fn judge_token(identifier: Identifier, token: &[u8]) -> Option<(Fit, Option<u16>)> {
    match Digits::parse(token) {
        Some(digits) => judge_digits(identifier, &digits),
        None if identifier == Identifier::Imei => imei::fit_meid(token).map(|fit| (fit, None)),
        None => None,
    }
}

/// Judges digits, and tells the assigned country code at the front: for calls, or of a subscription.
fn judge_digits(identifier: Identifier, digits: &Digits) -> Option<(Fit, Option<u16>)> {
    let fit = match identifier {
        Identifier::Msisdn => return msisdn::fit(digits),
        Identifier::Imsi => return imsi::fit(digits).map(|fit| (fit, imsi::country(digits))),
        Identifier::Imei => imei::fit(digits),
        Identifier::Iccid => iccid::fit(digits),
        _ => None,
    };
    fit.map(|fit| (fit, None))
}

/// Whether values of this kind are numbers that can be checked and searched for.
pub(super) fn is_number(identifier: Identifier) -> bool {
    matches!(identifier, Identifier::Msisdn | Identifier::Imsi | Identifier::Imei | Identifier::Iccid)
}
