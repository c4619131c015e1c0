//! What exactly does a site receive?
//!
//! A plain listening socket. In a dialogue the test itself is the site: it accepts, reads bytes, answers bytes. Where a
//! real client asks for many things, [`Origin::serve`] answers by a function and records every head.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
};

use tokio::net::TcpSocket;

use super::{Clir, Head, PATIENCE, Setup, Wire};

/// A site on loopback.
pub struct Origin {
    pub address: SocketAddr,
    connections: Receiver<TcpStream>,
}

impl Origin {
    /// A site on 127.0.0.1.
    pub fn new() -> Self {
        Self::on(Ipv4Addr::LOCALHOST)
    }

    /// A site on ::1.
    pub fn v6() -> Self {
        Self::on(Ipv6Addr::LOCALHOST)
    }

    /// A site on another address of this machine; all of 127.0.0.0/8 are.
    pub fn on(ip: impl Into<IpAddr>) -> Self {
        let listener = TcpListener::bind((ip.into(), 0)).expect("a free port");
        let address = listener.local_addr().unwrap();
        let (sender, connections) = mpsc::channel();
        thread::spawn(move || listener.incoming().flatten().try_for_each(|stream| sender.send(stream)));
        Self { address, connections }
    }

    /// `host:port`, as it stands in `Host`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://host:port/…`
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request to this site as a proxy is sent it; `fields` are whole lines after `Host`.
    pub fn request(&self, method: &str, path: &str, fields: &str) -> String {
        let authority = self.authority();
        format!("{method} http://{authority}{path} HTTP/1.1\r\nHost: {authority}\r\n{fields}\r\n")
    }

    /// The same request as the site has to receive it.
    pub fn received(&self, method: &str, path: &str, fields: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", self.authority())
    }

    /// Waits for the next connection.
    pub fn accept(&self) -> Wire<TcpStream> {
        Wire::over(self.connections.recv_timeout(PATIENCE).expect("a connection to the origin"))
    }

    /// Asserts that nobody has connected (since the last [`Origin::accept`]). To be called after an answer has come.
    pub fn assert_left_alone(&self) {
        if let Ok(stream) = self.connections.try_recv() {
            let bytes = Wire::over(stream).try_head();
            panic!("a connection that must not be: {bytes:?}");
        }
    }

    /// Answers every request with what `answer` makes of its head and body, on as many connections as come.
    pub fn serve(self, answer: impl Fn(&Head, &[u8]) -> Vec<u8> + Send + Sync + 'static) -> Serving {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, answer, count) = (heads.clone(), Arc::new(answer), connections.clone());
        let address = self.address;
        thread::spawn(move || {
            for stream in self.connections {
                count.fetch_add(1, Ordering::SeqCst);
                let (seen, answer) = (seen.clone(), answer.clone());
                thread::spawn(move || converse(stream, &seen, answer.as_ref()));
            }
        });
        Serving { address, heads, connections }
    }
}

fn converse(stream: TcpStream, seen: &Mutex<Vec<Head>>, answer: &dyn Fn(&Head, &[u8]) -> Vec<u8>) {
    let mut wire = Wire::over(stream);
    // Whoever asks may leave at any time.
    while let Ok(head) = wire.try_head() {
        seen.lock().unwrap().push(head.clone());
        let Ok((body, _)) = wire.body(&head) else { return };
        wire.send_anyway(answer(&head, &body));
    }
}

/// A site that answers by itself.
#[derive(Clone)]
pub struct Serving {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<Head>>>,
    connections: Arc<AtomicUsize>,
}

impl Serving {
    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Every head received so far.
    pub fn heads(&self) -> Vec<Head> {
        self.heads.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// A proxy, a site behind it, and a client that has connected.
pub struct Stage {
    pub origin: Origin,
    pub client: Wire<TcpStream>,
    pub clir: Clir,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(Setup::new())
    }

    pub fn with(setup: Setup) -> Self {
        let clir = setup.start();
        Self { origin: Origin::new(), client: clir.connect(), clir }
    }

    /// Sends a request and returns the connection on which the site receives it, unchanged but for its form.
    pub fn deliver(&mut self, method: &str, path: &str, fields: &str) -> Wire<TcpStream> {
        self.client.send(self.origin.request(method, path, fields));
        let mut site = self.origin.accept();
        assert_eq!(site.head(), &self.origin.received(method, path, fields));
        site
    }

    /// The same of a request that is plain, and of one that is not: of these each is answered and sent in another way.
    pub fn for_each_way(mut check: impl FnMut(&mut Self, Wire<TcpStream>)) {
        for (method, fields) in [("GET", ""), ("POST", "Content-Length: 0\r\n")] {
            let mut stage = Self::new();
            let site = stage.deliver(method, "/", fields);
            check(&mut stage, site);
        }
    }

    /// Asserts that this is turned down and reaches no site; the connection may live on, since it is clear where the
    /// next request begins.
    pub fn assert_turned_down(&mut self, bytes: impl AsRef<[u8]>) {
        let mut client = self.clir.connect();
        client.send_anyway(bytes.as_ref());
        let answer = client.try_head();
        let shown = bytes.as_ref().escape_ascii();
        let refused = answer.as_ref().map_or(true, |head| (400..600).contains(&head.status()));
        assert!(refused, "{shown} is answered with {answer:?}");
        self.origin.assert_left_alone();
    }

    /// Asserts that this is refused, with a status of 4xx or 5xx or without a word, that the connection ends, and that no
    /// site is sent a whole request.
    pub fn assert_refused(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let mut client = self.clir.connect();
        client.send_anyway(bytes);
        // Nothing of this may be taken for another request.
        client.send_anyway(self.origin.request("GET", "/smuggled", ""));
        let answers = String::from_utf8_lossy(&client.whatever_comes()).into_owned();
        let shown = bytes[..bytes.len().min(300)].escape_ascii();
        let refused = answers.is_empty() || answers.starts_with("HTTP/1.1 4") || answers.starts_with("HTTP/1.1 5");
        assert!(refused, "{shown} is answered with {answers:?}");
        assert!(answers.matches("HTTP/1.1 ").count() < 2, "{shown} is answered more than once: {answers:?}");
        // A body whose fault comes late has its head forwarded: then the site must not see an end of it.
        while let Ok(stream) = self.origin.connections.try_recv() {
            let mut site = Wire::over(stream);
            let Ok(head) = site.try_head() else { continue };
            let body = site.body(&head);
            assert!(body.is_err(), "{shown} reaches the site as {head:?} {body:?}");
        }
    }
}

/// A response with a body of known length.
pub fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    response.extend(body);
    response
}

/// A port of 127.0.0.1 on which nobody listens, and that stays so until somebody asks for it by its number: it is held, for as
/// long as the tests run, by a socket that never listens, so that no connection and no other test is given it meanwhile.
pub fn closed_port() -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    Box::leak(Box::new(socket)).local_addr().unwrap().port()
}
