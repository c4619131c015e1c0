//! Do certificates and trust hold when used for real?
//!
//! Handshakes run between two rustls connections in memory; what stands in a certificate is read with another parser
//! than the one that wrote it.

mod authority;
mod crash;
mod leaf;
mod resumption;
mod sessions;
mod trust;
mod weak;

use std::{
    sync::{Arc, Barrier},
    time::{Duration, SystemTime},
};

use rustls::{
    ClientConfig, ClientConnection, Connection, Error, RootCertStore, ServerConfig, ServerConnection,
    pki_types::{CertificateDer, ServerName, UnixTime},
    time_provider::TimeProvider,
};
use tempfile::TempDir;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use super::{CertAuthority, provider};
use crate::exchange::Host;

pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A fixed moment, so that no test depends on when it runs: 2026-11-22.
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_305_600)
}

/// An authority in a directory that vanishes with it.
pub fn authority() -> (TempDir, CertAuthority) {
    let dir = tempfile::tempdir().unwrap();
    let authority = CertAuthority::load_or_create(&dir.path().join("certs"), now()).unwrap();
    (dir, authority)
}

/// What `work` returns in each of `count` threads that begin at the same moment.
pub fn at_once<T: Send>(count: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    let (start, work) = (&start, &work);
    let begin = move || {
        start.wait();
        work()
    };
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..count {
            threads.push(scope.spawn(begin));
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

pub fn host(text: &str) -> Host {
    Host::parse(text.as_bytes()).unwrap()
}

pub fn parsed(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    certificate
}

/// A clock that stands still.
#[derive(Debug)]
pub struct At(pub SystemTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap()))
    }
}

/// A client like a phone's: it trusts this authority and nothing else.
pub fn phone(authority: &CertAuthority, time: SystemTime) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.certificate_der().to_vec())).unwrap();
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(At(time)));
    builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth()
}

/// What came of a handshake.
pub struct Met {
    pub client: ClientConnection,
    pub server: ServerConnection,
}

/// Lets the two shake hands, or says who objected: the client's error comes first.
pub fn meet(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &str) -> Result<Met, Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = Connection::Client(ClientConnection::new(Arc::clone(client), name)?);
    let mut server = Connection::Server(ServerConnection::new(Arc::clone(server))?);
    // Tickets follow the handshake; three rounds more are enough for them.
    let mut rounds_left = 3;
    while rounds_left > 0 {
        if !client.is_handshaking() && !server.is_handshaking() {
            rounds_left -= 1;
        }
        pass(&mut client, &mut server)?;
        pass(&mut server, &mut client)?;
    }
    match (client, server) {
        (Connection::Client(client), Connection::Server(server)) => Ok(Met { client, server }),
        _ => unreachable!("they were made as client and server"),
    }
}

fn pass(from: &mut Connection, to: &mut Connection) -> Result<(), Error> {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).unwrap();
    }
    let mut wire = wire.as_slice();
    while !wire.is_empty() {
        to.read_tls(&mut wire).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

/// A client that looks at nothing.
pub fn believing_all() -> ClientConfig {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};

    #[derive(Debug)]
    struct Yes;
    impl ServerCertVerifier for Yes {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            provider().signature_verification_algorithms.supported_schemes()
        }
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    builder.dangerous().with_custom_certificate_verifier(Arc::new(Yes)).with_no_client_auth()
}
