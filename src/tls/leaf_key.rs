//! Which key has a leaf?
//!
//! One of its own on P-256, made here and never written down: so it need not go through a file's form and back, where the
//! library would check twice over what it has just made, at more than the cost of making and signing.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData};
use rustls::{
    Error, SignatureAlgorithm, SignatureScheme,
    pki_types::SubjectPublicKeyInfoDer,
    sign::{Signer, SigningKey},
};

use super::{LeafError, leaf::mint_error};

/// The one scheme that it signs with, in TLS 1.2 and 1.3.
const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

/// A leaf's key. Cheap to clone.
#[derive(Clone)]
pub struct LeafKey(Arc<EcdsaKeyPair>);

impl LeafKey {
    /// A key that nobody has had.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn generate() -> Result<Self, LeafError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(mint_error)?;
        Ok(Self(Arc::new(pair)))
    }
}

/// What a certificate says of it.
impl PublicKeyData for LeafKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for LeafKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SCHEME).then(|| Box::new(self.clone()) as _)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(self.subject_public_key_info().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for LeafKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signed = self.0.sign(&SystemRandom::new(), message);
        signed
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| Error::General("a leaf's key cannot sign".into()))
    }

    fn scheme(&self) -> SignatureScheme {
        SCHEME
    }
}

/// Secrets stay out of every log.
impl fmt::Debug for LeafKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeafKey").finish_non_exhaustive()
    }
}
