//! Can anybody who speaks TLS, and has a password, use a listener as a proxy?

use std::{fs, net::TcpStream, sync::Arc};

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, body::Incoming, client::conn::http2::SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::{Builder, Runtime},
};

use super::pair::{self, SECRET, exits};
use crate::support::{Clir, Origin, Setup, Wire, eventually, origin, tls};

fn credentials() -> String {
    format!("Basic {}", Base64::encode_string(format!("near:{SECRET}").as_bytes()))
}

/// A client of HTTP/2 that has the listener for its proxy.
struct Client {
    runtime: Runtime,
    sender: SendRequest<Empty<Bytes>>,
}

impl Client {
    fn new(far: &Clir) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = tls::client_config(&exits().pem, &["h2"]);
        let sender = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(far.address()).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(Arc::clone(&config));
            let stream = connector.connect(ServerName::try_from("exit.example").unwrap(), stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
            let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            sender
        });
        Self { runtime, sender }
    }

    fn ask(&mut self, method: &str, uri: &str, credentials: Option<&str>) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(uri).header("x-b", "1");
        if let Some(credentials) = credentials {
            request = request.header("proxy-authorization", credentials);
        }
        let request = request.body(Empty::new()).unwrap();
        self.runtime.block_on(self.sender.send_request(request)).expect("an answer")
    }
}

#[test]
fn http2_opens_tunnels_for_those_who_say_the_password() {
    let far = pair::far().start();
    let origin = Origin::new();
    let mut client = Client::new(&far);
    for (credentials, status) in [(None, 407), (Some("Basic YTpi"), 407), (Some("x"), 407)] {
        let answer = client.ask("CONNECT", &origin.authority(), credentials);
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["proxy-authenticate"], "Basic realm=\"clir\", charset=\"UTF-8\"");
    }
    origin.assert_left_alone();
    let answer = client.ask("CONNECT", &origin.authority(), Some(&credentials()));
    assert_eq!(answer.status(), 200);
    let mut site = origin.accept();
    let echoed = client.runtime.block_on(async {
        let mut stream = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
        stream.write_all(b"helo-phone\r\n").await.unwrap();
        assert_eq!(site.line().unwrap(), b"helo-phone");
        site.send("250 site\r\n");
        let mut answer = [0; 10];
        stream.read_exact(&mut answer).await.unwrap();
        answer
    });
    assert_eq!(&echoed, b"250 site\r\n");
    drop(site);
    let event = far.wait_for_event(|event| event["verdict"] == "tunnelled");
    assert_eq!((&event["version"], &event["method"]), (&"HTTP/2".into(), &"CONNECT".into()), "{event}");
    let refused = far.events().iter().filter(|event| event["status"] == 407).count();
    assert_eq!(refused, 3, "each has its event");
}

#[test]
fn http2_asks_for_pages_in_cleartext() {
    let far = pair::far().start();
    let site = Origin::new().serve(|_, _| origin::ok("a page"));
    let mut client = Client::new(&far);
    let answer = client.ask("GET", &site.url("/page?x=1"), Some(&credentials()));
    assert_eq!(answer.status(), 200);
    let body = client.runtime.block_on(answer.into_body().collect()).unwrap().to_bytes();
    assert_eq!(body, "a page");
    let head = &site.heads()[0];
    assert_eq!(head.start_line(), "GET /page?x=1 HTTP/1.1");
    assert!(head.has("x-b") && !head.has("proxy-authorization"), "{head:?}");
    assert_eq!(client.ask("GET", &site.url("/"), None).status(), 407);
    for uri in ["https://a.example/", "ftp://a.example/"] {
        assert_eq!(client.ask("GET", uri, Some(&credentials())).status(), 400, "{uri}");
    }
    assert_eq!(client.ask("CONNECT", "a.example:25", Some(&credentials())).status(), 403);
}

#[test]
fn http1_is_served_to_those_who_offer_no_more() {
    let far = pair::far().start();
    let site = Origin::new().serve(|_, _| origin::ok("a page"));
    for alpn in [&["http/1.1"][..], &[]] {
        let stream = TcpStream::connect(far.address()).unwrap();
        let mut client = tls::connect(stream, "exit.example", &exits().pem, alpn).unwrap();
        client.send(format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nProxy-Authorization: {}\r\n\r\n",
            site.url("/"),
            site.address,
            credentials()
        ));
        assert_eq!(client.response().text(), "a page");
        client.send(format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", site.address));
        assert_eq!(client.response().head.status(), 407);
    }
}

#[test]
fn who_speaks_no_tls_is_told_so() {
    let far = pair::far().start();
    let mut client = far.connect();
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let answer = client.response();
    assert_eq!(answer.head.status(), 400);
    assert!(answer.text().contains("speaks TLS"), "{}", answer.text());
    // Nobody who is not admitted learns even that.
    let far = pair::far().set("access.clients", r#"["192.0.2.0/24"]"#).start();
    let stream = TcpStream::connect(far.address()).unwrap();
    assert!(tls::connect(stream, "exit.example", &exits().pem, &[]).is_err());
}

#[test]
fn a_new_certificate_is_shown_after_a_hangup_and_a_broken_one_is_not() {
    let far = pair::far().start();
    let shown = || {
        let stream = TcpStream::connect(far.address()).unwrap();
        tls::connect(stream, "exit.example", &exits().pem, &[]).unwrap().certificates().remove(0)
    };
    let first = shown();
    fs::write(far.path("exit.pem"), "no certificate").unwrap();
    far.signal("HUP");
    far.wait_for_stderr("unusable-certificate");
    assert_eq!(shown(), first);
    let (certificate, key) = pair::certificate();
    fs::write(far.path("exit.key"), key).unwrap();
    fs::write(far.path("exit.pem"), certificate).unwrap();
    far.signal("HUP");
    eventually("the new certificate", || (shown() != first).then_some(()));
}

#[test]
fn the_own_authority_vouches_for_the_names_that_are_given() {
    let setup = |tls: &str| Setup::new().each_listener(tls).start();
    let named = setup(r#"tls = { own_ca = ["exit.example", "127.0.0.1"] }"#);
    let any = setup(r#"tls = "own-ca""#);
    let site = Origin::new().serve(|_, _| origin::ok("a page"));
    let meet = |far: &Clir, name: &str| {
        let stream = TcpStream::connect(far.address()).unwrap();
        let mut client: Wire<_> = tls::connect(stream, name, &far.authority(), &["http/1.1"]).map_err(|_| ())?;
        client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", site.url("/"), site.address));
        assert_eq!(client.response().text(), "a page");
        Ok::<(), ()>(())
    };
    for name in ["exit.example", "127.0.0.1"] {
        assert!(meet(&named, name).is_ok() && meet(&any, name).is_ok(), "{name}");
    }
    assert!(meet(&named, "other.example").is_err() && meet(&any, "other.example").is_ok());
}
