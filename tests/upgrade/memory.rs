//! What is remembered, by how many at once, and after a restart?

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::site::{ADDRESS, NAME, ask, at_sites, cleartext, get, sound, tls, upgrading};
use crate::support::{Clir, origin::ok};

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_crowd_looks_once() {
    at_sites("memory::a_crowd_looks_once", || {
        cleartext(ADDRESS, |_| ok("cleartext"));
        let attempts = Arc::new(AtomicUsize::new(0));
        let count = attempts.clone();
        let listener = std::net::TcpListener::bind((ADDRESS, 443)).unwrap();
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                held.push(stream);
            }
        });
        let clir = upgrading().start();
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| assert_eq!(get(&clir, "/"), "cleartext"));
            }
        });
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!(attempts.load(Ordering::SeqCst), 1);
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn what_was_found_out_outlives_the_process() {
    at_sites("memory::what_was_found_out_outlives_the_process", || {
        let (asked, inside) = sound();
        let mut clir = upgrading().start();
        assert_eq!(get(&clir, "/"), "tls");
        assert_eq!(ask(&clir, "GET", &format!("http://{ADDRESS}/"), "").body, b"cleartext");
        clir.signal("TERM");
        clir.wait();
        let said = clir.stderr();
        assert!(said.contains("1 sent inside TLS, 0 led to https, 1 left in cleartext (1 address)"), "{said}");
        let dir = clir.kill();
        let stored = std::fs::read(dir.path().join("logs/upgrades.db")).unwrap();
        assert_eq!(memchr::memmem::find(&stored, NAME.as_bytes()), None, "no names are kept");
        let clir = Clir::again(dir);
        // A site that is known is not asked for the head of a page first.
        let mut client = clir.connect();
        client.send(format!("POST http://{NAME}/ HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(client.response().body, b"tls");
        assert_eq!(inside.lines(), ["GET / HTTP/1.1", "POST / HTTP/1.1"]);
        assert_eq!(asked.heads().len(), 1);
    });
}

#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_site_that_is_gone_is_found_out_by_the_next_request() {
    at_sites("memory::a_site_that_is_gone_is_found_out_by_the_next_request", || {
        cleartext(ADDRESS, |_| ok("cleartext"));
        let broken = Arc::new(AtomicUsize::new(0));
        let state = broken.clone();
        // From the second request on it says what nobody understands.
        tls(ADDRESS, NAME, move |_| {
            if state.fetch_add(1, Ordering::SeqCst) == 0 { ok("tls") } else { b"nothing that is HTTP\r\n\r\n".to_vec() }
        });
        let clir = upgrading().start();
        assert_eq!(get(&clir, "/"), "tls");
        assert_eq!(get(&clir, "/"), "cleartext");
        assert_eq!(get(&clir, "/"), "cleartext");
        assert_eq!(broken.load(Ordering::SeqCst), 2, "it is left alone");
    });
}
