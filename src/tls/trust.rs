//! Whom do we believe to be an origin?
//!
//! Whom the configured roots vouch for, checked anew on every connection, whole chain, dates and name, sessions that are
//! taken up again included. Never ourselves.

use std::{fmt, sync::Arc, time::SystemTime};

use rustls::{ClientConfig, client::Resumption, pki_types::ServerName};

use super::{
    CertAuthority, RootSource, TrustError,
    alpn::PerAlpn,
    provider,
    roots::{gather, is_key_of},
    sessions::{Opening, Sessions, Visitor},
    verifier::OriginVerifier,
};

/// What origins are verified with.
pub struct Trust {
    base: ClientConfig,
    configs: PerAlpn<ClientConfig>,
    roots: usize,
    sessions: Arc<Sessions>,
    verifier: Arc<OriginVerifier>,
}

impl Trust {
    /// Loads the roots. The authority `exclude`, and those that it replaced, are left out even if the system or a file
    /// trusts them: a certificate of our own making never vouches for an origin.
    ///
    /// # Errors
    /// [`TrustError`] that names the file, or says that there is nothing to trust.
    pub fn new(sources: &[RootSource], exclude: &CertAuthority) -> Result<Self, TrustError> {
        let mut roots = gather(sources)?;
        roots.roots.retain(|anchor| !exclude.public_keys().any(|key| is_key_of(anchor, key)));
        if roots.is_empty() {
            return Err(TrustError::NoRoots { detail: Some("only clir's own, which does not count".into()) });
        }
        let count = roots.len();
        let verifier = Arc::new(OriginVerifier::new(roots)?);
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Unusable(error.to_string()))?;
        // "Dangerous" is what rustls calls every verifier that is not its own: ours asks its own first, then more.
        let mut base =
            builder.dangerous().with_custom_certificate_verifier(Arc::clone(&verifier) as _).with_no_client_auth();
        // What clients would share would let a site link one phone to another: see `open`.
        base.resumption = Resumption::disabled();
        // 0-RTT can be replayed (RFC 8446 §8).
        base.enable_early_data = false;
        Ok(Self { base, configs: PerAlpn::new(), roots: count, sessions: Sessions::new(), verifier })
    }

    /// What to open a connection to an origin with, offering these application protocols in order of preference, and no
    /// session. Names are sent as SNI; addresses are not, and are matched against iPAddress entries only (RFC 6066 §3, RFC 9525 §6.5).
    pub fn client_config(&self, alpn: &[&'static [u8]]) -> Arc<ClientConfig> {
        let built = self.configs.get_or_build::<std::convert::Infallible>(alpn, || {
            let mut config = self.base.clone();
            config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
            Ok(config)
        });
        let Ok(config) = built;
        config
    }

    /// The same for one connection of a client, which may take up a session that the same client had with the same name
    /// and port before, under these very roots. [`Opening::judge`] must be asked when the handshake is done.
    pub fn open(
        &self,
        alpn: &[&'static [u8]],
        visitor: Visitor,
        name: &ServerName<'static>,
        now: SystemTime,
    ) -> Opening {
        Opening::new(&self.client_config(alpn), &self.verifier, &self.sessions, (visitor, name), now)
    }

    /// How many roots are trusted.
    pub fn roots(&self) -> usize {
        self.roots
    }

    #[cfg(test)]
    pub(super) fn verifier(&self) -> &OriginVerifier {
        &self.verifier
    }

    #[cfg(test)]
    pub(super) fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("roots", &self.roots).finish_non_exhaustive()
    }
}
