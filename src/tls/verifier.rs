//! Does an origin's certificate hold up?
//!
//! webpki judges chain, dates, names, purposes and constraints. What it leaves out is judged here: for what the keys may
//! be used (RFC 5280 §4.2.1.3), and what the origin staples about revocation ([`staple`]).

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::{
    TrustError,
    error::date,
    inspect::{LeafFacts, may_not_issue},
    provider,
    staple::{self, Algorithms, Issuer, Standing},
};

/// Why a certificate is refused that webpki accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// Its authority took it back.
    #[error("its certificate has been revoked on {}", date(*.0))]
    Revoked(i64),
    /// It demands a stapled answer (RFC 7633), and this is what the matter is.
    #[error("its certificate demands a stapled proof that it is not revoked, and {0}")]
    Unproved(&'static str),
    /// Its key is for encryption only, which no handshake of today uses (RFC 8446 §4.4.2.2).
    #[error("its certificate's key is not meant to sign handshakes (keyUsage lacks digitalSignature)")]
    SilentKey,
    /// One above it may not issue certificates.
    #[error("its certificate was issued by one that may not issue any (keyUsage lacks keyCertSign)")]
    IssuerMayNot,
}

/// Verifies origins' certificates, each time anew.
pub struct OriginVerifier {
    webpki: Arc<WebPkiServerVerifier>,
    roots: Arc<RootCertStore>,
    algorithms: Algorithms,
}

impl OriginVerifier {
    /// A verifier that trusts these roots and nobody else.
    ///
    /// # Errors
    /// The library refuses the roots.
    pub fn new(roots: RootCertStore) -> Result<Self, TrustError> {
        let roots = Arc::new(roots);
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), provider())
            .build()
            .map_err(|error| TrustError::Unusable(error.to_string()))?;
        Ok(Self { webpki, roots, algorithms: provider().signature_verification_algorithms.all })
    }

    /// What webpki does not ask.
    fn object(&self, shown: &Shown<'_>) -> Result<(), Objection> {
        let Some(leaf) = LeafFacts::read(shown.leaf) else { return Ok(()) };
        if !leaf.may_sign {
            return Err(Objection::SilentKey);
        }
        if leaf.must_staple && shown.staple.is_empty() {
            return Err(Objection::Unproved("there is none"));
        }
        let has_doubtful_issuer = shown.intermediates.iter().any(may_not_issue);
        if shown.staple.is_empty() && !has_doubtful_issuer {
            return Ok(());
        }
        self.with_path(shown, |path| self.judge_staple(path, &leaf, shown))
    }

    /// Builds the path that webpki found once more, to learn who the issuer is: nobody keeps it for us. Only paths of
    /// certificates that may issue others count.
    fn with_path<T>(
        &self,
        shown: &Shown<'_>,
        then: impl FnOnce(&VerifiedPath<'_>) -> Result<T, Objection>,
    ) -> Result<T, Objection> {
        let may_issue =
            |path: &VerifiedPath<'_>| match path.intermediate_certificates().any(|one| may_not_issue(&one.der())) {
                true => Err(webpki::Error::UnknownIssuer),
                false => Ok(()),
            };
        let leaf = EndEntityCert::try_from(shown.leaf).map_err(|_| Objection::IssuerMayNot)?;
        let path = leaf.verify_for_usage(
            self.algorithms,
            &self.roots.roots,
            shown.intermediates,
            shown.now,
            KeyUsage::server_auth(),
            None,
            Some(&may_issue),
        );
        then(&path.map_err(|_| Objection::IssuerMayNot)?)
    }

    fn judge_staple(&self, path: &VerifiedPath<'_>, leaf: &LeafFacts<'_>, shown: &Shown<'_>) -> Result<(), Objection> {
        if shown.staple.is_empty() {
            return Ok(());
        }
        let spki = path.issuer_spki();
        let now = i64::try_from(shown.now.as_secs()).unwrap_or(i64::MAX);
        let standing = match Issuer::new(leaf.issuer, &spki) {
            Some(issuer) => staple::read(shown.staple, leaf.serial, &issuer, now, self.algorithms),
            None => Err("its issuer's key cannot be read"),
        };
        match standing {
            Ok(Standing::Good) => Ok(()),
            Ok(Standing::Revoked(at)) => Err(Objection::Revoked(at)),
            Err(why) if leaf.must_staple => Err(Objection::Unproved(why)),
            Err(why) => {
                // Broken responders are common, and whoever holds a revoked certificate would staple nothing at all.
                tracing::debug!("a stapled answer about an origin's certificate is ignored: {why}");
                Ok(())
            }
        }
    }
}

/// What an origin shows of itself, and when.
struct Shown<'a> {
    leaf: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    staple: &'a [u8],
    now: UnixTime,
}

impl ServerCertVerifier for OriginVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        self.object(&Shown { leaf: end_entity, intermediates, staple: ocsp_response, now })
            .map_err(|objection| CertificateError::Other(OtherError(Arc::new(objection))))?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

impl fmt::Debug for OriginVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginVerifier").field("roots", &self.roots.len()).finish_non_exhaustive()
    }
}
