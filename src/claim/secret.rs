//! What is a link's secret, and what is kept of it?

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::tls;

/// Random bytes of a secret: 192 bits, and no padding in base64.
const BYTES: usize = 24;
/// Characters of a secret.
const LENGTH: usize = 32;

/// The SHA-256 of a secret. A secret has more entropy than anybody can search, so no salt and no slowness are needed.
pub type Digest = [u8; 32];

/// The secret part of a link. Shown once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> Result<Self, rustls::Error> {
        let bytes = Zeroizing::new(tls::random::<BYTES>()?);
        Ok(Self(Zeroizing::new(Base64UrlUnpadded::encode_string(&*bytes))))
    }

    /// What has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_secret =
            text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        is_secret.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The characters, for the one place that prints them.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn digest(&self) -> Digest {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}
