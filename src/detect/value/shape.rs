//! What has the shape that was found, in words?
//!
//! It is told of a hit, after the search: nothing is judged here a second time. The words hold nothing of the value but
//! the code of its country.

use std::fmt;

use super::{Fit, Hit, coats::Coats, is_number, look::Look};
use crate::detect::Identifier;

/// The shape of a hit, to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::detect) struct Shape {
    identifier: Identifier,
    fit: Fit,
    country: Option<u16>,
    /// How a token looks.
    look: Look,
    coats: Coats,
}

impl Shape {
    /// The shape of what was hit in this value.
    pub fn of(identifier: Identifier, value: &[u8], hit: &Hit) -> Self {
        let token = value.get(hit.span.clone()).unwrap_or_default();
        Self { identifier, fit: hit.fit, country: hit.country, look: Look::at(token), coats: hit.coats }
    }

    fn number(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match (self.identifier, self.fit) {
            (Identifier::Msisdn, Fit::Checked) => "E.164, mobile range of country code",
            (Identifier::Msisdn, Fit::Formed) => "E.164, numbering plan of country code",
            (Identifier::Msisdn, _) => "digits as in a national number, or of a country that is not told",
            (Identifier::Imsi, Fit::Checked) => "15 digits of an assigned network, mobile country code",
            (Identifier::Imsi, Fit::Formed) => "14 or 15 digits, assigned mobile country code",
            (Identifier::Imsi, _) => "about as many digits as an IMSI has",
            (Identifier::Imei, Fit::Checked) => "15 digits, check digit right, known allocating body",
            (Identifier::Imei, Fit::Formed) => {
                "form of an IMEI, an IMEISV or a MEID without a check digit that proves it"
            }
            (Identifier::Imei, _) => {
                "about as many digits as an IMEI has, check digit wrong or allocating body unknown"
            }
            (_, Fit::Checked) => "89, assigned country code, check digit right",
            (..) => "89 and about as many digits as an ICCID has",
        };
        f.write_str(form)?;
        match (self.identifier, self.country) {
            _ if self.fit > Fit::Formed => Ok(()),
            (Identifier::Imsi, Some(country)) => write!(f, " {country:03}"),
            (_, Some(country)) => write!(f, " {country}"),
            (_, None) => Ok(()),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.identifier, self.fit) {
            (_, Fit::Opaque) => write!(f, "opaque token, {}", self.look)?,
            (identifier, _) if is_number(identifier) => self.number(f)?,
            (Identifier::Acr, Fit::Checked) => f.write_str("form of a customer reference (GSMA)")?,
            (Identifier::Account, _) => f.write_str("form of an account")?,
            (Identifier::Location, _) => f.write_str("form of a cell or a position")?,
            (Identifier::ClientIp, _) => f.write_str("IP address")?,
            (..) => write!(f, "{}", self.look)?,
        }
        if self.coats.is_none() { Ok(()) } else { write!(f, "; decoded: {}", self.coats) }
    }
}
