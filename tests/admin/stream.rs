//! Does whoever watches see what happens, at once, and in nobody's way?

use std::{
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{ask, eventually, leak, listed, pass, site, told, view};
use crate::support::{Setup, Wire};

/// A stream of events.
struct Watching {
    wire: Wire<TcpStream>,
    text: String,
}

impl Watching {
    fn start(view: SocketAddr, fields: &str) -> Self {
        let mut wire = Wire::connect(view);
        wire.send(format!("GET /api/v1/stream HTTP/1.1\r\nHost: {view}\r\n{fields}\r\n"));
        let head = wire.head();
        assert_eq!((head.status(), head.value("content-type").as_deref()), (200, Some("text/event-stream")));
        let mut watching = Self { wire, text: String::new() };
        watching.line(": here");
        watching
    }

    /// The rest of the next line that begins so.
    fn line(&mut self, start: &str) -> String {
        loop {
            while let Some((line, rest)) = self.text.split_once('\n') {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(rest) = line.strip_prefix(start) {
                    return rest.to_owned();
                }
            }
            let chunk = self.wire.chunk().unwrap();
            assert!(!chunk.is_empty(), "the stream has ended before {start}");
            self.text += &String::from_utf8(chunk).unwrap();
        }
    }

    /// Whether it comes to an orderly end.
    fn ends(mut self) -> bool {
        loop {
            match self.wire.chunk() {
                Ok(chunk) if chunk.is_empty() => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }
}

#[test]
fn what_people_are_told_is_seen_and_listed() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    let mut watching = Watching::start(view, "");
    pass(&clir, &site.url("/"), &leak());
    while watching.line("event: ") != "alert" {}
    let alert: serde_json::Value = serde_json::from_str(&watching.line("data: ")).unwrap();
    assert!(told(view, "/api/v1/alerts")["items"].as_array().unwrap().contains(&alert), "{alert}");
    assert_eq!(alert["kind"], "carrier-header-started");
    assert!(!alert.to_string().contains(crate::support::NUMBER), "{alert}");
}

#[test]
fn an_exchange_is_seen_within_a_second() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    let mut watching = Watching::start(view, "");
    pass(&clir, &site.url("/"), &leak());
    let passed = Instant::now();
    // What is new for this client is told beside it.
    while watching.line("event: ") != "exchange" {}
    let id = watching.line("id: ");
    let row: serde_json::Value = serde_json::from_str(&watching.line("data: ")).unwrap();
    // A second where nothing else is at work; this machine may be busy.
    assert!(passed.elapsed() < Duration::from_secs(3), "{:?}", passed.elapsed());
    assert_eq!(row, listed(view, 1)[0]);
    assert_eq!(row["id"], id.as_str());
}

#[test]
fn who_comes_back_is_told_what_was_missed() {
    let clir = Setup::new().with_view().start();
    let (view, site) = (view(&clir), site());
    (0..4).for_each(|_| assert_eq!(pass(&clir, &site.url("/"), ""), 200));
    let mut ids: Vec<_> = listed(view, 4).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    ids.reverse();
    let mut watching = Watching::start(view, &format!("Last-Event-ID: {}\r\n", ids[1]));
    assert_eq!([watching.line("id: "), watching.line("id: ")], ids[2..]);
}

#[test]
fn so_many_may_watch_and_those_who_go_make_room() {
    let clir = Setup::new().with_view().start();
    let view = view(&clir);
    let mut all: Vec<_> = (0..32).map(|_| Watching::start(view, "")).collect();
    assert_eq!(ask(view, "GET", "/api/v1/stream", "", "").status(), 503);
    all.clear();
    // That they have gone shows when something is to be sent to them.
    let site = site();
    eventually("room", || {
        pass(&clir, &site.url("/"), "");
        let mut wire = Wire::connect(view);
        wire.send(format!("GET /api/v1/stream HTTP/1.1\r\nHost: {view}\r\n\r\n"));
        (wire.head().status() == 200).then_some(())
    });
}

#[test]
fn who_watches_does_not_hold_the_end_up() {
    let mut clir = Setup::new().with_view().start();
    let watching = Watching::start(view(&clir), "");
    let _idle = Wire::connect(view(&clir));
    let started = Instant::now();
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert!(watching.ends(), "the stream ends, and does not break off");
}

/// Pages that were closed while nothing happened: each makes room for the next.
#[test]
fn who_has_left_is_not_counted() {
    let clir = Setup::new().with_view().start();
    let view = view(&clir);
    for _ in 0..100 {
        eventually("room for one more", || {
            let mut wire = Wire::connect(view);
            wire.send(format!("GET /api/v1/stream HTTP/1.1\r\nHost: {view}\r\n\r\n"));
            (wire.head().status() == 200).then_some(())
        });
    }
}
