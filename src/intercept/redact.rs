//! What is put in the place of an identifier?

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::{
    exchange::{Host, InstallationKey},
    policy,
};

/// Length of a hash in hexadecimal digits: 128 bits are enough to tell values apart.
const HASH_BYTES: usize = 16;

/// Under which key, and for which site.
#[derive(Clone, Copy, Debug)]
pub struct Redaction<'a> {
    /// The installation's key.
    pub key: &'a InstallationKey,
    /// The site that will see the result.
    pub host: &'a Host,
}

impl Redaction<'_> {
    /// The replacement for `value`.
    pub fn of(&self, how: policy::Redaction, value: &[u8]) -> Vec<u8> {
        match how {
            policy::Redaction::Mask => vec![b'*'; value.len()],
            policy::Redaction::Hash => self.hash(value),
            policy::Redaction::Pseudonym => self.pseudonym(value),
        }
    }

    fn hash(&self, value: &[u8]) -> Vec<u8> {
        let digest = self.key.digest("redact-hash", &[value]);
        digest.iter().take(HASH_BYTES).flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
    }

    /// Digits for digits and letters for letters, so that the site's parser is content; the same for one site every
    /// time, and different for two sites, so that they cannot join what they know. What is escaped is judged by what it
    /// stands for: other digits within an escape would stand for anything, line ends included.
    fn pseudonym(&self, value: &[u8]) -> Vec<u8> {
        let site = self.site();
        let mut stream = (0u64..)
            .flat_map(|counter| self.key.digest("redact-pseudonym", &[site.as_bytes(), value, &counter.to_be_bytes()]));
        let plain: Cow<'_, [u8]> = percent_decode(value).into();
        let made = plain.iter().filter_map(|&byte| in_the_shape_of(byte, stream.next().unwrap_or_default())).collect();
        if plain == value { made } else { percent_encode(&made, NON_ALPHANUMERIC).to_string().into_bytes() }
    }

    /// The registrable domain (public suffix list), or the host where there is none.
    fn site(&self) -> String {
        match self.host.name() {
            Some(name) => psl::domain_str(name.trim_end_matches('.')).unwrap_or(name).to_string(),
            None => self.host.to_string(),
        }
    }
}

/// Letters and digits of other scripts become digits, one for each; nothing of them stays.
fn in_the_shape_of(byte: u8, random: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' | 0xc0.. => Some(b'0' + random % 10),
        b'a'..=b'z' => Some(b'a' + random % 26),
        b'A'..=b'Z' => Some(b'A' + random % 26),
        // The rest of a character.
        0x80..=0xbf => None,
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &[u8] = b"+447700900123";

    fn redacted(how: policy::Redaction, host: &str) -> String {
        let key = InstallationKey::new([1; 32]);
        let host = Host::parse(host.as_bytes()).unwrap();
        String::from_utf8(Redaction { key: &key, host: &host }.of(how, NUMBER)).unwrap()
    }

    #[test]
    fn a_mask_is_as_long_and_tells_nothing() {
        assert_eq!(redacted(policy::Redaction::Mask, "example.org"), "*************");
    }

    #[test]
    fn a_hash_is_the_same_for_every_site() {
        let hash = redacted(policy::Redaction::Hash, "example.org");
        assert_eq!(hash.len(), 32);
        assert_eq!(hash, redacted(policy::Redaction::Hash, "other.example"));
    }

    #[test]
    fn a_pseudonym_keeps_the_shape_and_belongs_to_one_site() {
        let pseudonym = redacted(policy::Redaction::Pseudonym, "a.example.org");
        assert!(pseudonym.starts_with('+') && pseudonym[1..].bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(pseudonym.len(), NUMBER.len());
        assert_ne!(pseudonym.as_bytes(), NUMBER);
        assert_eq!(pseudonym, redacted(policy::Redaction::Pseudonym, "b.example.org"));
        assert_ne!(pseudonym, redacted(policy::Redaction::Pseudonym, "example.net"));
    }

    #[test]
    fn nothing_of_other_scripts_or_escapes_stays() {
        let key = InstallationKey::new([1; 32]);
        let host = Host::parse(b"example.org").unwrap();
        let made = |value: &str| {
            String::from_utf8(Redaction { key: &key, host: &host }.of(policy::Redaction::Pseudonym, value.as_bytes()))
        };
        let wide = made("\u{ff14}\u{ff14}\u{ff17}\u{ff17}-\u{664}\u{664}").unwrap();
        assert!(wide.len() == 7 && wide.bytes().enumerate().all(|(at, byte)| (at == 4) == (byte == b'-')), "{wide}");
        let escaped = made("%2B%34%34770%390%300123").unwrap();
        let digits = escaped.strip_prefix("%2B").expect("a plus sign stays one");
        assert!(digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{escaped}");
    }
}
