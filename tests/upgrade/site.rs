//! A site with two faces, and a clir before it.

use std::{
    net::{IpAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::support::{
    Clir, Head, Response, Setup, Wire,
    certificates::{Authority, Flaw},
    network,
    origin::ok,
};

pub const NAME: &str = "www.example.org";
pub const ADDRESS: &str = "203.0.113.10";
pub const OTHER: &str = "shop.example.net";
pub const OTHER_ADDRESS: &str = "203.0.113.20";

/// Runs a test where both names lead to their addresses.
pub fn at_sites(test: &str, then: impl FnOnce()) {
    network::own(test, &[(ADDRESS, NAME), (OTHER_ADDRESS, OTHER)], then);
}

/// What one face of a site has been asked.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<Head>>>);

impl Asked {
    pub fn heads(&self) -> Vec<Head> {
        self.0.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.heads().iter().map(Head::start_line).collect()
    }
}

type Answer = Arc<dyn Fn(&Head) -> Vec<u8> + Send + Sync>;

/// The face in cleartext.
pub fn cleartext(address: &str, answer: impl Fn(&Head) -> Vec<u8> + Send + Sync + 'static) -> Asked {
    let asked = Asked::default();
    let (seen, answer): (_, Answer) = (asked.clone(), Arc::new(answer));
    accept(address, 80, move |stream| converse(Wire::over(stream), &seen, &answer));
    asked
}

/// The face in TLS, with a certificate of this name.
pub fn tls(address: &str, name: &str, answer: impl Fn(&Head) -> Vec<u8> + Send + Sync + 'static) -> Asked {
    flawed(address, name, Flaw::Nothing, answer)
}

/// The same with a certificate that has this flaw.
pub fn flawed(
    address: &str,
    name: &str,
    flaw: Flaw,
    answer: impl Fn(&Head) -> Vec<u8> + Send + Sync + 'static,
) -> Asked {
    let asked = Asked::default();
    let (seen, answer): (_, Answer) = (asked.clone(), Arc::new(answer));
    let config = Authority::trusted().server(&[name], flaw, &["http/1.1"]);
    accept(address, 443, move |stream| {
        if let Some(wire) = shake_hands(stream, &config) {
            converse(wire, &seen, &answer);
        }
    });
    asked
}

/// Somebody who takes connections on a port and never says a word.
pub fn silent(address: &str, port: u16) {
    accept(address, port, |stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
}

fn accept(address: &str, port: u16, serve: impl Fn(TcpStream) + Send + Sync + 'static) {
    let listener = TcpListener::bind((address.parse::<IpAddr>().unwrap(), port)).expect("the port is free");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
}

fn shake_hands(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
) -> Option<Wire<StreamOwned<ServerConnection, TcpStream>>> {
    stream.set_nodelay(true).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    Some(Wire::new(stream))
}

fn converse<S: std::io::Read + std::io::Write>(mut wire: Wire<S>, seen: &Asked, answer: &Answer) {
    while let Ok(head) = wire.try_head() {
        seen.0.lock().unwrap().push(head.clone());
        let Ok(_) = wire.body(&head) else { return };
        let mut bytes = answer(&head);
        if head.start_line().starts_with("HEAD ") {
            let end = memchr::memmem::find(&bytes, b"\r\n\r\n").expect("a head") + 4;
            bytes.truncate(end);
        }
        wire.send_anyway(bytes);
    }
}

/// An answer of this status and with these whole field lines, and a body that says which face it is.
pub fn answer(status: &str, fields: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Both faces of a sound site, which say who they are.
pub fn sound() -> (Asked, Asked) {
    (cleartext(ADDRESS, |_| ok("cleartext")), tls(ADDRESS, NAME, |_| ok("tls")))
}

/// A clir that upgrades and trusts the test's authority.
pub fn upgrading() -> Setup {
    Setup::new()
        .intercept(&Authority::trusted().pem)
        .set("intercept.mode", r#""never""#)
        .set("upgrade.mode", r#""on""#)
        .set("upgrade.probe", r#""1s""#)
}

/// Asks for something in cleartext by way of a proxy.
pub fn ask(clir: &Clir, method: &str, url: &str, fields: &str) -> Response {
    let host = url.split('/').nth(2).unwrap();
    let mut client = clir.connect();
    client.send(format!("{method} {url} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"));
    client.response()
}

/// Asks for a page of the site, and says which face answered.
pub fn get(clir: &Clir, path: &str) -> String {
    let response = ask(clir, "GET", &format!("http://{NAME}{path}"), "");
    String::from_utf8(response.body).unwrap()
}

/// What the events say of upgrades, in order.
pub fn told(clir: &Clir, count: usize) -> Vec<Value> {
    clir.wait_for_events(count).iter().map(|event| event["upgraded"].clone()).collect()
}
