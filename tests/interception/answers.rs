//! Are the answers of an HTTP/2 origin judged as they were sent?

use std::{net::Ipv4Addr, thread};

use crate::support::{
    Setup,
    certificates::{Authority, Flaw},
    frames::{DATA, END_HEADERS, END_STREAM, Frames, HEADERS, RST_STREAM, SETTINGS, block, frame},
    h2::H2Client,
    tls::TlsOrigin,
};

/// What an origin says on one stream: kind, flags and payload of each frame.
type Said = Vec<(u8, u8, Vec<u8>)>;

/// An origin that says these things to the requests that come, in this order, all on one connection. It is told which of
/// its streams were reset.
fn origin(answers: Vec<Said>) -> (String, thread::JoinHandle<Vec<u32>>) {
    let config = Authority::trusted().server(&["127.0.0.1"], Flaw::Nothing, &["h2"]);
    let origin = TlsOrigin::with(config, Ipv4Addr::LOCALHOST.into());
    let authority = origin.authority();
    let serving = thread::spawn(move || {
        let mut wire = origin.accept();
        wire.exactly(24);
        wire.send(frame(SETTINGS, 0, 0, &[]));
        let mut clir = Frames::over(wire, String::new());
        let (mut answers, mut reset) = (answers.into_iter(), Vec::new());
        while let Some(got) = clir.next() {
            if got.kind == RST_STREAM {
                reset.push(got.stream);
            }
            if got.kind != HEADERS {
                continue;
            }
            for (kind, flags, payload) in answers.next().expect("no more requests than answers") {
                clir.send(kind, flags, got.stream, &payload);
            }
        }
        reset
    });
    (authority, serving)
}

fn head(fields: &[(&str, &str)]) -> (u8, u8, Vec<u8>) {
    (HEADERS, END_HEADERS, block(fields))
}

fn trailers(fields: &[(&str, &str)]) -> (u8, u8, Vec<u8>) {
    (HEADERS, END_HEADERS | END_STREAM, block(fields))
}

fn body() -> (u8, u8, Vec<u8>) {
    (DATA, 0, b"body".to_vec())
}

#[test]
fn a_malformed_answer_is_a_bad_gateway_and_costs_no_other_stream() {
    let heads: [&[(&str, &str)]; 14] = [
        &[("x-a", "1")],
        &[(":status", "20")],
        &[(":status", "099")],
        &[(":status", "200"), (":status", "200")],
        &[(":status", "200"), (":path", "/")],
        &[("x-a", "1"), (":status", "200")],
        &[(":status", "200"), ("X-A", "1")],
        &[(":status", "200"), ("x a", "1")],
        &[(":status", "200"), ("x-a", "b\r\nx-c: d")],
        &[(":status", "200"), ("x-a", "\0")],
        &[(":status", "200"), ("connection", "close")],
        &[(":status", "200"), ("transfer-encoding", "chunked")],
        &[(":status", "200"), ("content-length", "4"), ("content-length", "4")],
        &[(":status", "200"), ("content-length", "+4")],
    ];
    let sound = vec![head(&[(":status", "103"), ("link", "x")]), head(&[(":status", "200")]), body(), trailers(&[])];
    let answers = heads.iter().map(|fields| vec![head(fields), body(), trailers(&[])]).chain([sound]).collect();
    let (authority, serving) = origin(answers);
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let mut client = H2Client::connect(&clir, &authority, "127.0.0.1");
    for fields in heads {
        assert_eq!(client.get("/", &[]).status(), 502, "{fields:?}");
    }
    let answer = client.get("/", &[]);
    assert_eq!(answer.status(), 200);
    assert_eq!(&answer.rest().unwrap().0[..], b"body");
    let events = clir.wait_for_events(heads.len() + 1);
    assert!(events.iter().filter(|event| event["status"] == 502).all(|event| event["error"].is_string()), "{events:?}");
    drop((client, clir));
    assert_eq!(serving.join().unwrap().len(), heads.len());
}

#[test]
fn malformed_trailers_do_not_end_an_answer() {
    let cases = [(":status", "200"), (":path", "/"), ("X-Sum", "1"), ("x-sum", "a\nb"), ("connection", "close")];
    let answer = |field| vec![head(&[(":status", "200")]), body(), trailers(&[field])];
    let (authority, serving) = origin(cases.into_iter().chain([("x-sum", "1")]).map(answer).collect());
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let mut client = H2Client::connect(&clir, &authority, "127.0.0.1");
    for field in cases {
        // How far the answer has gone on before its trailers came is a matter of time: it has no end.
        let (request, _) = client.request("GET", "/", &[]);
        let ended = client.try_send(request).is_ok_and(|answer| answer.status() == 200 && client.is_whole(answer));
        assert!(!ended, "{field:?}");
    }
    let (body, trailers) = client.get("/", &[]).rest().unwrap();
    assert_eq!((&body[..], trailers.unwrap()["x-sum"].to_str().unwrap()), (&b"body"[..], "1"));
    drop((client, clir));
    drop(serving);
}
