//! What is put in the place of an identifier?

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
    /// time, and different for two sites, so that they cannot join what they know.
    fn pseudonym(&self, value: &[u8]) -> Vec<u8> {
        let site = self.site();
        let mut stream = (0u64..)
            .flat_map(|counter| self.key.digest("redact-pseudonym", &[site.as_bytes(), value, &counter.to_be_bytes()]));
        value
            .iter()
            .map(|&byte| {
                let random = stream.next().unwrap_or_default();
                match byte {
                    b'0'..=b'9' => b'0' + random % 10,
                    b'a'..=b'z' => b'a' + random % 26,
                    b'A'..=b'Z' => b'A' + random % 26,
                    other => other,
                }
            })
            .collect()
    }

    /// The registrable domain (public suffix list), or the host where there is none.
    fn site(&self) -> String {
        match self.host.name() {
            Some(name) => psl::domain_str(name.trim_end_matches('.')).unwrap_or(name).to_string(),
            None => self.host.to_string(),
        }
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
}
