//! Does an end under load fail no request, whatever it came in?

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use bytes::Bytes;
use hyper::body::Frame;

use crate::support::{
    Clir, Origin, Setup, Wire,
    certificates::Authority,
    eventually,
    h2::{H2Client, H2Origin},
    origin,
    tls::TlsOrigin,
};

fn ends_well(mut clir: Clir) {
    assert_eq!(clir.wait().code(), Some(0), "{}", clir.stderr());
}

#[test]
fn a_stream_of_http_2_is_finished() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let site = H2Origin::new();
    let mut client = H2Client::connect(&clir, &site.authority(), "127.0.0.1");
    let (request, body) = client.request("POST", "/", &[]);
    let mut answer = client.send(request);
    body.send(Frame::data(Bytes::from("before"))).unwrap();
    assert_eq!(answer.data(), "before");
    clir.signal("TERM");
    eventually("an end of listening", || std::net::TcpStream::connect(clir.address()).is_err().then_some(()));
    body.send(Frame::data(Bytes::from("after"))).unwrap();
    assert_eq!(answer.data(), "after");
    drop(body);
    let (rest, _) = answer.rest().expect("a proper end");
    assert!(rest.is_empty());
    client.wait_for_the_end();
    ends_well(clir);
}

#[test]
fn a_request_inside_tls_is_finished() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let site = TlsOrigin::new();
    let authority = format!("localhost:{}", site.port());
    let mut client = clir.tls(&authority, "localhost", &["http/1.1"]);
    client.send(format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut server = site.accept();
    server.head();
    clir.signal("TERM");
    eventually("an end of listening", || std::net::TcpStream::connect(clir.address()).is_err().then_some(()));
    server.send(origin::ok("in time"));
    assert_eq!(client.response().text(), "in time");
    ends_well(clir);
}

#[test]
fn a_tunnel_passes_on_until_its_time_is_up() {
    let clir = Setup::new().start();
    let site = Origin::new();
    let mut client = Wire::tunnel(clir.address(), &site.authority());
    client.send("\0one");
    let mut server = site.accept();
    assert_eq!(server.exactly(4), b"\0one");
    clir.signal("TERM");
    eventually("an end of listening", || std::net::TcpStream::connect(clir.address()).is_err().then_some(()));
    client.send("two");
    assert_eq!(server.exactly(3), b"two");
    drop((client, server));
    ends_well(clir);
}

/// Forty clients that never stop asking: each answer that begins is complete. A connection may only end between two.
#[test]
fn no_request_fails_under_load() {
    const CLIENTS: usize = 40;
    let clir = Setup::new().start();
    let origin = Origin::new();
    let request = origin.request("GET", "/", "");
    let _served = origin.serve(|_, _| origin::ok("a whole answer"));
    let (address, answered) = (clir.address(), Arc::new(AtomicUsize::new(0)));
    let started = Arc::new(Barrier::new(CLIENTS + 1));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (request, answered, started) = (request.clone(), answered.clone(), started.clone());
            thread::spawn(move || {
                let mut wire = Wire::connect(address);
                started.wait();
                loop {
                    wire.send_anyway(&request);
                    let Ok(head) = wire.try_head() else { return };
                    assert_eq!(head.status(), 200, "{head:?}");
                    assert_eq!(wire.body(&head).expect("all of it").0, b"a whole answer");
                    answered.fetch_add(1, Ordering::Relaxed);
                    if head.value("connection").as_deref() == Some("close") {
                        return;
                    }
                }
            })
        })
        .collect();
    started.wait();
    eventually("traffic", || (answered.load(Ordering::Relaxed) > 10 * CLIENTS).then_some(()));
    clir.signal("TERM");
    for client in clients {
        client.join().expect("no client saw half an answer");
    }
    let mut clir = clir;
    assert_eq!(clir.wait().code(), Some(0), "{}", clir.stderr());
    let complete = clir.events().iter().filter(|event| event["status"] == 200 && event["error"].is_null()).count();
    assert_eq!(complete, answered.load(Ordering::Relaxed), "each has its event, and nothing else was begun");
}
