//! How do both ends speak TLS to clir, and what do they see of it?

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, ServerName},
};

use super::{
    Clir, PATIENCE, Wire,
    certificates::{self, Authority, Flaw},
};

pub type ServerStream = StreamOwned<ServerConnection, TcpStream>;
pub type ClientStream = StreamOwned<ClientConnection, TcpStream>;

/// A site that speaks TLS on loopback; inside, the test itself is the site.
pub struct TlsOrigin {
    pub address: SocketAddr,
    connections: Receiver<Wire<ServerStream>>,
    attempts: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<String>>>,
}

impl TlsOrigin {
    /// For 127.0.0.1, ::1 and localhost, with a good certificate and HTTP/1.1.
    pub fn new() -> Self {
        Self::flawed(Flaw::Nothing)
    }

    /// The same with a certificate that has this flaw.
    pub fn flawed(flaw: Flaw) -> Self {
        Self::with(
            Authority::trusted().server(&["127.0.0.1", "::1", "localhost"], flaw, &["http/1.1"]),
            Ipv4Addr::LOCALHOST.into(),
        )
    }

    pub fn with(config: Arc<ServerConfig>, ip: std::net::IpAddr) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a free port");
        let address = listener.local_addr().unwrap();
        let (sender, connections) = mpsc::channel();
        let origin = Self { address, connections, attempts: Arc::default(), failures: Arc::default() };
        let (attempts, failures) = (origin.attempts.clone(), origin.failures.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                attempts.fetch_add(1, Ordering::SeqCst);
                let (config, sender, failures) = (config.clone(), sender.clone(), failures.clone());
                thread::spawn(move || shake_hands(stream, config, &sender, &failures));
            }
        });
        origin
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Waits for the next connection on which TLS stands.
    pub fn accept(&self) -> Wire<ServerStream> {
        self.connections.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no TLS came about: {:?}", self.failures()))
    }

    /// A connection on which TLS stood, if there has been one.
    pub fn accepted(&self) -> Option<Wire<ServerStream>> {
        self.connections.try_recv().ok()
    }

    /// How many TCP connections have been made.
    pub fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }

    /// Why handshakes failed, as the server saw it.
    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    /// Asserts that no handshake has ended well since the last [`TlsOrigin::accept`].
    pub fn assert_left_alone(&self) {
        assert!(self.connections.try_recv().is_err(), "a TLS connection that must not be");
    }
}

fn shake_hands(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    sender: &Sender<Wire<ServerStream>>,
    failures: &Mutex<Vec<String>>,
) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    while stream.conn.is_handshaking() {
        if let Err(error) = stream.conn.complete_io(&mut stream.sock) {
            failures.lock().unwrap().push(error.to_string());
            return;
        }
    }
    // In TLS 1.3 the client's verdict on the certificate comes with its first bytes: the test sees it when it reads.
    let _ = sender.send(Wire::new(stream));
}

impl Wire<ServerStream> {
    /// The name that the client asked for.
    pub fn sni(&self) -> Option<String> {
        self.stream.conn.server_name().map(str::to_owned)
    }

    /// Says goodbye properly, and goes.
    pub fn close(mut self) {
        self.stream.conn.send_close_notify();
        self.send(b"");
    }
}

impl Wire<ClientStream> {
    /// The certificates that the other side showed.
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.stream.conn.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect()
    }

    /// The application protocol agreed on.
    pub fn alpn(&self) -> Option<String> {
        self.stream.conn.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned())
    }
}

/// Shakes hands as a client that trusts the authorities of `roots` and nobody else.
pub fn connect(stream: TcpStream, name: &str, roots: &str, alpn: &[&str]) -> io::Result<Wire<ClientStream>> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut stream = StreamOwned::new(ClientConnection::new(client_config(roots, alpn), name).unwrap(), stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(Wire::new(stream))
}

/// A client's configuration that trusts the authorities of `roots` and nobody else.
pub fn client_config(roots: &str, alpn: &[&str]) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    for certificate in certificates::parse(roots) {
        store.add(certificate).expect("a root");
    }
    let mut config = ClientConfig::builder_with_provider(certificates::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

impl Clir {
    /// A tunnel to `authority` with TLS for `name` inside, as a client has it that trusts clir's authority.
    pub fn tls(&self, authority: &str, name: &str, alpn: &[&str]) -> Wire<ClientStream> {
        self.try_tls(authority, name, alpn).expect("clir's certificate is accepted")
    }

    /// The same where it may fail inside the tunnel.
    pub fn try_tls(&self, authority: &str, name: &str, alpn: &[&str]) -> io::Result<Wire<ClientStream>> {
        let tunnel = Wire::tunnel(self.address(), authority);
        connect(tunnel.into_inner(), name, &self.authority(), alpn)
    }
}
