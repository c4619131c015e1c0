//! Is what the user wrote a value of that kind?

use zeroize::Zeroize;

use crate::{
    detect::{
        Identifier,
        value::{self, Digits, Fit},
    },
    exchange::Sensitive,
};

/// Why a value is none of its kind. Says nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Letters or signs that no such value has.
    #[error("it is no number: digits, spaces, dashes, dots and brackets are all that may stand there")]
    NoNumber,
    /// A phone number that does not begin with its country's code.
    #[error("it is no phone number with the code of its country")]
    NoCountry,
    /// Not the digits of a subscription.
    #[error("it is no IMSI: 14 or 15 digits, the code of a country in front")]
    NoImsi,
    /// Not the digits of a device.
    #[error("it is no IMEI: 15 digits of which the last one checks the others, 14 without it, or 16 with the version")]
    NoImei,
    /// Not the digits of a SIM card.
    #[error("it is no ICCID: 18 to 20 digits, 89 in front")]
    NoIccid,
    /// Not an address.
    #[error("it is no e-mail address")]
    NoAccount,
    /// A kind that nobody registers.
    #[error("this is no kind that can be registered")]
    NoKind,
}

impl Misfit {
    /// What to do about it.
    pub fn cure(self) -> &'static str {
        match self {
            Self::NoNumber | Self::NoCountry => "write it in full, as in \"+44 7700 900123\"",
            Self::NoImsi => "write what the SIM card's settings show; what *#06# shows is an IMEI",
            Self::NoImei => "dial *#06# and write what is shown",
            Self::NoIccid => "write what is printed on the SIM card, or what its settings show",
            Self::NoAccount => "write name@domain",
            Self::NoKind => "register a number or an e-mail address",
        }
    }
}

/// The value as bare digits, an international number without its plus sign; an address without blanks around it.
pub(super) fn plain(identifier: Identifier, written: &str) -> Result<Sensitive<String>, Misfit> {
    let written = written.trim();
    match identifier {
        Identifier::Account if is_account(written) => Ok(Sensitive::new(written.to_owned())),
        Identifier::Account => Err(Misfit::NoAccount),
        _ => number(identifier, written),
    }
}

fn number(identifier: Identifier, written: &str) -> Result<Sensitive<String>, Misfit> {
    let bare = written.strip_prefix("tel:").unwrap_or(written).as_bytes();
    let mut digits = Digits::parse(bare).ok_or(Misfit::NoNumber)?;
    let plus = digits.plus;
    let text = Sensitive::new(String::from_utf8_lossy(digits.as_bytes()).into_owned());
    digits.zeroize();
    let fit = value::judge(identifier, bare);
    let sound = fit.is_some_and(|fit| fit <= Fit::Formed);
    let length = text.expose().len();
    match identifier {
        Identifier::Msisdn => international(text, sound, plus).ok_or(Misfit::NoCountry),
        Identifier::Imsi if sound && length <= 15 => Ok(text),
        Identifier::Imsi => Err(Misfit::NoImsi),
        Identifier::Imei if length == 14 || sound && length <= 16 => Ok(text),
        Identifier::Imei => Err(Misfit::NoImei),
        Identifier::Iccid if fit.is_some() => Ok(text),
        Identifier::Iccid => Err(Misfit::NoIccid),
        _ => Err(Misfit::NoKind),
    }
}

/// A plus sign or `00` promises the country's code; bare digits have to fit a plan.
fn international(text: Sensitive<String>, sound: bool, plus: bool) -> Option<Sensitive<String>> {
    let digits = match text.expose().strip_prefix("00") {
        Some(rest) if !plus => Sensitive::new(rest.to_owned()),
        _ => text.clone(),
    };
    let promised = plus || digits.expose().len() < text.expose().len();
    let fits = (8..=15).contains(&digits.expose().len());
    let country = value::country_code(digits.expose().as_bytes()).is_some();
    (fits && country && (sound || promised)).then_some(digits)
}

/// Whether an ICCID's check digit is wrong: cards without one are sold as well.
pub(super) fn is_doubtful(identifier: Identifier, plain: &str) -> bool {
    identifier == Identifier::Iccid && value::judge(identifier, plain.as_bytes()).is_none_or(|fit| fit > Fit::Formed)
}

fn is_account(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let printable = text.bytes().all(|byte| byte > b' ' && byte != 0x7f && !b"\"(),:;<>[\\]".contains(&byte));
    let labels = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    let host = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'.' | b'-'));
    !name.is_empty() && !name.contains('@') && printable && labels && host && text.len() <= 254
}
