//! Do the HTTP libraries of Python and Node work?
//!
//! The scripts stand in `tests/clients`; each says `ok` for every client that went through all of it.

use std::{fs, net::TcpListener, process::Command, thread};

use tokio_tungstenite::tungstenite::accept;

use super::{nginx::Nginx, program, run};
use crate::support::{Clir, NUMBER, Origin, Setup, carrier::Carrier, certificates::Authority, origin};

/// Runs a script that is told by its environment where everything is.
pub fn script(mut command: Command, clir: &Clir, nginx: &Nginx) -> String {
    fs::write(clir.path("certs/for-clients.pem"), clir.authority()).unwrap();
    let carrier = Carrier::leaking(clir.address());
    let served = Origin::new().serve(|head, body| {
        assert!(!head.has("x-up-calling-line-id"), "{head:?}");
        origin::ok(body.len().to_string())
    });
    command
        .env("PROXY", carrier.address.to_string())
        .env("CA", clir.path("certs/for-clients.pem"))
        .env("PLAIN", format!("http://localhost:{}", nginx.plain))
        .env("TLS", format!("https://localhost:{}", nginx.tls))
        .env("COUNT", served.url("/"))
        .env("WEBSOCKET", format!("ws://{}", echo()));
    let said = run(&mut command);
    assert!(!served.heads().is_empty());
    clir.assert_never_wrote(NUMBER);
    said
}

/// A WebSocket server that says everything again.
pub fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let Ok(mut socket) = accept(stream) else { return };
                while let Ok(message) = socket.read() {
                    if !message.is_close() && socket.send(message).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn stage() -> (Clir, Nginx) {
    (Setup::new().intercept(&Authority::trusted().pem).start(), Nginx::start())
}

#[test]
#[ignore = "needs Python with requests, httpx, aiohttp and websockets, and nginx: tests/run installs them"]
fn python_libraries_work() {
    let (clir, nginx) = stage();
    let python =
        std::env::var("CLIR_PYTHON").expect("CLIR_PYTHON names the Python with the clients; tests/run makes it");
    let mut command = program(&python);
    command.arg("tests/clients/libraries.py");
    assert_eq!(script(command, &clir, &nginx), "requests ok\nhttpx ok\naiohttp ok\nwebsockets ok\n");
}

#[test]
#[ignore = "needs Node and nginx: tests/run installs them"]
fn node_works() {
    let (clir, nginx) = stage();
    let mut command = program("node");
    command.arg("tests/clients/node.mjs");
    assert_eq!(script(command, &clir, &nginx), "cleartext ok\ntls ok\nhttp2 ok\n");
}
