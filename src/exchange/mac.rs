//! What is the address of a network card?

use std::{fmt, str::FromStr};

/// The address of a network card (EUI-48).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl FromStr for Mac {
    type Err = InvalidMac;

    /// Six pairs of hexadecimal digits, with colons or hyphens between them.
    fn from_str(text: &str) -> Result<Self, InvalidMac> {
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut bytes = [0; 6];
        let mut pairs = text.split(separator);
        for byte in &mut bytes {
            let pair =
                pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
            *byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(InvalidMac)?;
        }
        pairs.next().map_or(Ok(Self(bytes)), |_| Err(InvalidMac))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([a, b, c, d, e, g]) = self;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// What is no address of a network card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not six pairs of hexadecimal digits")]
pub struct InvalidMac;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_written_in_two_ways_and_no_others() {
        let mac = Mac([2, 0, 0x5e, 0x10, 0, 0xfe]);
        assert_eq!("02:00:5E:10:00:fe".parse(), Ok(mac));
        assert_eq!("02-00-5e-10-00-fe".parse(), Ok(mac));
        assert_eq!(mac.to_string(), "02:00:5e:10:00:fe");
        for text in
            ["", "02:00:5e:10:00", "02:00:5e:10:00:fe:00", "0200.5e10.00fe", "2:0:5e:10:0:fe", "02:00:5e:10:00:+e"]
        {
            assert_eq!(text.parse::<Mac>(), Err(InvalidMac), "{text}");
        }
    }
}
