//! By what are requests judged that do not pass through the proxy?
//!
//! By the same signatures and the same policy. The installation's key makes digests comparable with those of the event
//! log; where there is none yet, or it cannot be read, a key of this process takes its place, and none is made.

use std::{path::Path, sync::Arc};

use super::Failure;
use crate::{
    detect::{Scanner, SignatureSet},
    event::{Redactor, Values},
    exchange::InstallationKey,
    tls,
};

/// Signatures and key, as the configuration has them.
pub(super) struct Judgement {
    signatures: Arc<SignatureSet>,
    key: InstallationKey,
}

impl Judgement {
    /// Loads the configuration.
    pub(super) fn load(_config: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self { signatures: Arc::new(SignatureSet::builtin()), key: key(Path::new("certs"))? })
    }

    /// A scanner with these signatures.
    pub(super) fn scanner(&self) -> Scanner {
        Scanner::new(self.signatures.clone())
    }

    /// Masks, with digests under the key.
    pub(super) fn redactor(&self) -> Redactor {
        Redactor::new(Values::Masked, self.key.clone())
    }
}

fn key(ca_dir: &Path) -> Result<InstallationKey, Failure> {
    if ca_dir.join("installation.key").is_file() {
        match tls::installation_key(ca_dir) {
            Ok(key) => return Ok(key),
            Err(error) => eprintln!("clir: digests will not compare with those of the event log: {error}"),
        }
    }
    let mut bytes = [0; 32];
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| Failure::new("the system gives no random bytes"))?;
    Ok(InstallationKey::new(bytes))
}
