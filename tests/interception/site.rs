//! How does a site look that has whatever certificates a test thinks up?

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    HandshakeKind, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    sign::{CertifiedKey, SingleCertAndKey},
};

use crate::support::{Clir, Setup, certificates};

/// Somebody who issues certificates.
pub struct Signer {
    pub issuer: Issuer<'static, KeyPair>,
    pub der: CertificateDer<'static>,
    pub pem: String,
}

impl Signer {
    pub fn root() -> Self {
        Self::named("clir test root")
    }

    pub fn named(name: &str) -> Self {
        let (params, key) = (Self::params(name), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Self { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// One below this one.
    pub fn below(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (mut params, key) = (Self::params("clir test intermediate"), KeyPair::generate().unwrap());
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for `localhost` that differs from a good one by `change`.
    pub fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(vec![0x4c, 1, 2, 3].into());
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Leaf { chain: vec![params.signed_by(&key, &self.issuer).unwrap().der().clone()], key, staple: None }
    }

    /// A clir that trusts this one beside nobody.
    pub fn clir(&self) -> Clir {
        Setup::new().intercept(&self.pem).start()
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.use_authority_key_identifier_extension = true;
        params
    }
}

/// What a site presents.
pub struct Leaf {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: KeyPair,
    pub staple: Option<Vec<u8>>,
}

impl Leaf {
    /// Sends this along.
    pub fn with(mut self, intermediate: &Signer) -> Self {
        self.chain.push(intermediate.der.clone());
        self
    }

    pub fn stapled(mut self, staple: Vec<u8>) -> Self {
        self.staple = Some(staple);
        self
    }

    pub fn serve(self) -> Site {
        self.serve_with(rustls::ALL_VERSIONS)
    }

    /// A site that speaks these versions of TLS.
    pub fn serve_with(self, versions: &[&'static SupportedProtocolVersion]) -> Site {
        let provider = certificates::provider();
        let key = PrivatePkcs8KeyDer::from(self.key.serialize_der()).into();
        let mut certified = CertifiedKey::new(self.chain, provider.key_provider.load_private_key(key).unwrap());
        certified.ocsp = self.staple;
        // A resolver presents what it is given; the other ways into rustls look at the certificate first.
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        Site::new(Arc::new(config))
    }
}

/// A site that answers every request with 200. What asks for `/last` is the last on its connection.
pub struct Site {
    pub port: u16,
    seen: Arc<Seen>,
}

/// What a site saw.
#[derive(Default)]
struct Seen {
    requests: AtomicUsize,
    handshakes: Mutex<Vec<HandshakeKind>>,
    connections: AtomicUsize,
}

impl Site {
    pub fn new(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let site = Self { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
        let seen = Arc::clone(&site.seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, seen) = (Arc::clone(&config), Arc::clone(&seen));
                // A client that refuses us is what many tests are about.
                thread::spawn(move || serve(stream, config, &seen).ok());
            }
        });
        site
    }

    /// What a client that asks for this name through clir is answered.
    pub fn ask_as(&self, clir: &Clir, name: &str) -> (u16, String) {
        let authority = format!("127.0.0.1:{}", self.port);
        let mut client = clir.tls(&authority, name, &["http/1.1"]);
        client.send(format!("GET / HTTP/1.1\r\nHost: {name}:{}\r\nCookie: secret=1\r\n\r\n", self.port));
        let answer = client.response();
        (answer.status(), answer.text())
    }

    /// How the connections began on which requests came, one for each request.
    pub fn handshakes(&self) -> Vec<HandshakeKind> {
        self.seen.handshakes.lock().unwrap().clone()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Asserts that a client gets through.
    pub fn assert_works(&self, clir: &Clir, what: &str) {
        let (status, text) = self.ask_as(clir, "localhost");
        assert_eq!((status, text.as_str()), (200, "ok"), "{what}");
    }

    /// Asserts that the client and the event are told these words, and that no request arrives.
    pub fn assert_refused(&self, clir: &Clir, words: &str) {
        self.assert_refused_as(clir, "localhost", words);
    }

    pub fn assert_refused_as(&self, clir: &Clir, name: &str, words: &str) {
        let (status, text) = self.ask_as(clir, name);
        assert!(status == 502 && text.contains(words), "{words}: {status} {text}");
        assert_eq!(self.seen.requests.load(Ordering::SeqCst), 0, "{words}: a request arrives");
        let event = clir.wait_for_event(|event| {
            event["method"] == "CONNECT" && event["port"] == self.port && event["error"].is_string()
        });
        assert_eq!(event["verdict"], "failed", "{event}");
        assert!(event["error"].as_str().unwrap().contains(words), "{words}: {event}");
    }
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, seen: &Seen) -> io::Result<()> {
    seen.connections.fetch_add(1, Ordering::SeqCst);
    let mut stream = StreamOwned::new(ServerConnection::new(config).map_err(io::Error::other)?, stream);
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        while !head.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            head.extend_from_slice(&buffer[..count]);
        }
        let is_last = head.starts_with(b"GET /last ");
        head.clear();
        seen.requests.fetch_add(1, Ordering::SeqCst);
        seen.handshakes.lock().unwrap().extend(stream.conn.handshake_kind());
        let farewell = if is_last { "Connection: close\r\n" } else { "" };
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{farewell}Content-Length: 2\r\n\r\nok").as_bytes())?;
        if is_last {
            stream.conn.send_close_notify();
            return stream.flush();
        }
    }
}
