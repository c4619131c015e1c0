//! Which encodings lie around what was found?

use std::fmt;

use super::decode::DEPTH;

/// One encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::detect) enum Coat {
    Percent,
    Hex,
    Base64,
    Jwt,
    /// Escapes of JSON, scripts and HTML.
    Escapes,
    /// Digits of another script.
    Script,
    /// Two digits in an octet, the octets in base64.
    Packed,
    /// Digits in swapped pairs.
    Swapped,
    /// Digits from the last to the first.
    Reversed,
}

/// The encodings that were undone, the outermost first. Digits can be unpacked and turned when nothing is left to decode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::detect) struct Coats([Option<Coat>; DEPTH + 2]);

impl Coats {
    /// The same with one more around them. Searches go no deeper than there is room for.
    pub fn within(self, outer: Coat) -> Self {
        let mut coats = [Some(outer); DEPTH + 2];
        for (slot, coat) in coats.iter_mut().skip(1).zip(self.0) {
            *slot = coat;
        }
        Self(coats)
    }

    /// Whether it stands in clear.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// One after the other, the outermost first.
    pub fn iter(self) -> impl Iterator<Item = Coat> {
        self.0.into_iter().flatten()
    }
}

/// `base64 → hex of ASCII`
impl fmt::Display for Coats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, coat) in self.iter().enumerate() {
            let arrow = if at == 0 { "" } else { " → " };
            write!(f, "{arrow}{coat}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Coat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Percent => "percent-encoding",
            Self::Hex => "hex of ASCII",
            Self::Base64 => "base64",
            Self::Jwt => "payload of a JWT",
            Self::Escapes => "escapes",
            Self::Script => "digits of another script",
            Self::Packed => "base64 of BCD",
            Self::Swapped => "swapped digits",
            Self::Reversed => "reversed digits",
        })
    }
}
