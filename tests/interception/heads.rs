//! Is the head of an HTTP/2 request judged as it was sent, and not as a library has read it?

use serde_json::Value;

use crate::support::{
    Clir, NUMBER, Setup,
    certificates::Authority,
    eventually,
    frames::{CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, HEADERS, RST_STREAM, block},
    h2::H2Origin,
    origin,
};

/// RFC 9113 §7.
const PROTOCOL_ERROR: u32 = 1;
/// The numbers of `:status: 200` and `:status: 400` in the table that everybody knows (RFC 7541, Appendix A).
const OK: u8 = 0x80 | 8;
const BAD_REQUEST: u8 = 0x80 | 12;

struct Stage {
    clir: Clir,
    origin: H2Origin,
    client: Frames,
}

impl Stage {
    fn new() -> Self {
        let clir = Setup::new().intercept(&Authority::trusted().pem).start();
        let origin = H2Origin::new();
        let client = Frames::connect(&clir, &origin.authority());
        Self { clir, origin, client }
    }

    /// Sends a head and waits for what comes of it: the head of an answer, or a reset.
    fn ask(&mut self, flags: u8, head: &[u8]) -> Frame {
        let stream = self.client.stream();
        self.client.send(HEADERS, flags, stream, head);
        self.outcome(stream)
    }

    fn outcome(&mut self, stream: u32) -> Frame {
        let is_outcome = |frame: &Frame| frame.stream == stream && matches!(frame.kind, HEADERS | RST_STREAM);
        self.client.wait_for("an answer or a reset", is_outcome)
    }

    /// A request on the same connection is answered, and all before it were refused with one event each.
    fn assert_refused(mut self, count: usize) -> Vec<Value> {
        assert!(self.origin.seen().is_empty(), "{:?}", self.origin.seen());
        let sound = self.client.request("GET", "/sound", &[]);
        assert_eq!(self.ask(END_HEADERS | END_STREAM, &sound).payload[0], OK, "the connection lives");
        let refused = |event: &&Value| event["method"] != "CONNECT" && event["target"] != "/sound";
        self.clir.wait_for_event(|event| event["target"] == "/sound");
        let events: Vec<_> = self.clir.events().iter().filter(refused).cloned().collect();
        assert_eq!(events.len(), count, "{events:?}");
        assert!(events.iter().all(|event| event["verdict"] == "refused" && event["error"].is_string()), "{events:?}");
        events
    }
}

/// The library takes a fragment off a path before anybody sees it (RFC 9113 §8.3.1).
#[test]
fn a_fragment_is_refused() {
    let mut stage = Stage::new();
    let paths = ["/a#b", "/#", "/a?b#c", "/#/../x"];
    for path in paths {
        let head = stage.client.request("GET", path, &[]);
        let answer = stage.ask(END_HEADERS | END_STREAM, &head);
        assert_eq!((answer.kind, answer.payload[0]), (HEADERS, BAD_REQUEST), "{path}");
    }
    let events = stage.assert_refused(paths.len());
    for (event, path) in events.iter().zip(paths) {
        assert!(event["target"].as_str().unwrap().ends_with(path), "{event}");
        assert_eq!(event["status"], 400);
    }
}

/// The library leaves pseudo-fields out of trailers (RFC 9113 §8.1): the request would be complete without them.
#[test]
fn trailers_are_held_to_their_grammar() {
    let mut stage = Stage::new();
    let cases = [(":path", "/"), (":status", "200"), (":x", "y"), ("X-Sum", "1"), ("x-sum", "a\nb"), ("te", "gzip")];
    for trailers in cases {
        let head = stage.client.request("POST", "/trailers", &[]);
        let stream = stage.client.stream();
        stage.client.send(HEADERS, END_HEADERS, stream, &head);
        stage.client.send(DATA, 0, stream, b"body");
        stage.client.send(HEADERS, END_HEADERS | END_STREAM, stream, &block(&[trailers]));
        let reset = stage.client.wait_for("a reset", |frame| frame.stream == stream && frame.kind == RST_STREAM);
        assert_eq!(reset.code(), PROTOCOL_ERROR, "{trailers:?}");
    }
    let sound = stage.client.request("GET", "/sound", &[]);
    assert_eq!(stage.ask(END_HEADERS | END_STREAM, &sound).payload[0], OK, "the connection lives");
    let posts = || stage.clir.events().into_iter().filter(|event| event["method"] == "POST").collect::<Vec<_>>();
    let events = eventually("an event for each", || Some(posts()).filter(|events| events.len() >= cases.len()));
    assert_eq!(events.len(), cases.len());
    assert!(events.iter().all(|event| event["verdict"] == "failed"), "{events:?}");
}

/// In as many frames as it takes; the connection goes on, for both tables are as they were.
#[test]
fn a_head_too_large_is_answered() {
    let mut stage = Stage::new();
    let head = stage.client.request("GET", "/large", &[("x-a", &"a".repeat(70_000))]);
    let stream = stage.client.stream();
    let (first, rest) = head.split_at(16_000);
    stage.client.send(HEADERS, END_STREAM, stream, first);
    for piece in rest.chunks(16_000) {
        let flags = if piece.len() < 16_000 { END_HEADERS } else { 0 };
        stage.client.send(CONTINUATION, flags, stream, piece);
    }
    assert_eq!(stage.outcome(stream).kind, HEADERS);
    assert_eq!(stage.assert_refused(1)[0]["status"], 431);
}

#[test]
fn what_is_malformed_ends_its_stream_alone_and_is_told() {
    let mut stage = Stage::new();
    let get = |changed: &str, value: &str, more: &[(&str, &str)]| {
        let authority = stage.origin.authority();
        let mut fields = vec![(":method", "GET"), (":scheme", "https"), (":authority", &authority), (":path", "/")];
        fields.iter_mut().filter(|(name, _)| *name == changed).for_each(|field| field.1 = value);
        fields.retain(|(_, value)| *value != "absent");
        fields.extend(more);
        block(&fields)
    };
    let heads = [
        get(":path", "", &[]),
        get(":path", "absent", &[]),
        get(":path", "a", &[]),
        get(":path", "*", &[]),
        get(":method", "absent", &[]),
        get(":method", "G T", &[]),
        get(":scheme", "absent", &[]),
        get(":authority", "user@127.0.0.1", &[]),
        get(":authority", "127.0.0.1/x", &[]),
        get(":authority", "", &[]),
        get("", "", &[(":path", "/")]),
        get("", "", &[("x-a", "1"), (":protocol", "x")]),
        get("", "", &[(":status", "200")]),
        get("", "", &[("X-A", "1")]),
        get("", "", &[("x a", "1")]),
        get("", "", &[("", "1")]),
        get("", "", &[("x-a", "1\r\nx-b: 2")]),
        get("", "", &[("x-a", "\0")]),
        get("", "", &[("connection", "close")]),
        get("", "", &[("transfer-encoding", "chunked")]),
        get("", "", &[("te", "gzip")]),
        get("", "", &[("content-length", "1")]),
        block(&[(":method", "CONNECT"), (":authority", "127.0.0.1:443"), ("content-length", "5")]),
    ];
    for head in &heads {
        let reset = stage.ask(END_HEADERS | END_STREAM, head);
        assert_eq!(reset.kind, RST_STREAM, "{}", head.escape_ascii());
        assert_eq!(reset.code(), PROTOCOL_ERROR, "{}", head.escape_ascii());
    }
    // The tunnel that leads here is a CONNECT as well.
    let count = heads.len() - 1;
    let events = stage.assert_refused(count);
    assert!(events.iter().all(|event| event["status"].is_null()), "there was no answer");
}

/// What is refused is written down as well, and masked like everything.
#[test]
fn what_a_malformed_request_says_is_masked() {
    let mut stage = Stage::new();
    for more in [("x-a", " 1"), ("X-A", "1")] {
        let head = stage.client.request("GET", "/", &[("x-up-calling-line-id", NUMBER), more]);
        stage.ask(END_HEADERS | END_STREAM, &head);
    }
    let log = stage.clir.path("logs");
    let events = stage.assert_refused(2);
    assert!(events.iter().all(|event| event["findings"][0]["identifier"] == "msisdn"), "{events:?} in {log:?}");
    assert!(!format!("{events:?}").contains(NUMBER));
}

const INTERLEAVED: [(&str, &str); 9] = [
    ("x-b", "1"),
    ("accept", "*/*"),
    ("x-a", "2"),
    ("x-b", "3"),
    ("cookie", "a=1"),
    ("user-agent", "x"),
    ("x-a", ""),
    ("cookie", "b=2"),
    ("x-b", "1"),
];

#[test]
fn the_event_has_the_order_that_was_sent() {
    let mut stage = Stage::new();
    let head = stage.client.request("GET", "/", &INTERLEAVED);
    assert_eq!(stage.ask(END_HEADERS | END_STREAM, &head).payload[0], OK);
    let event = stage.clir.wait_for_event(|event| event["target"] == "/");
    let names: Vec<_> = event["headers"].as_array().unwrap().iter().map(|field| field[0].as_str().unwrap()).collect();
    assert_eq!(names, INTERLEAVED.map(|(name, _)| name));
    assert_eq!(event["headers"][3][1], "3");
    // Names of which there are more stand together over HTTP/2, each in its own order.
    let seen = stage.origin.seen().remove(0);
    assert_eq!(seen.values("x-b"), ["1", "3", "1"]);
}

/// Where the origin speaks HTTP/1.1, every field line has its place.
#[test]
fn an_origin_of_http_1_1_sees_the_order_that_was_sent() {
    let clir = Setup::new().start();
    let site = crate::support::Origin::new().serve(|_, body| origin::ok(body));
    let mut client = Frames::cleartext(&clir, &site.address.to_string());
    let head = client.request("GET", "/", &INTERLEAVED);
    let stream = client.stream();
    client.send(HEADERS, END_HEADERS | END_STREAM, stream, &head);
    client.wait_for("an answer", |frame| frame.kind == HEADERS && frame.stream == stream);
    let lines: Vec<_> =
        site.heads()[0].field_lines().into_iter().map(|line| String::from_utf8(line).unwrap()).collect();
    let host = format!("Host: {}", site.address);
    let cookies_in_one = "cookie: a=1; b=2";
    let expected =
        [&host, "x-b: 1", "accept: */*", "x-a: 2", "x-b: 3", cookies_in_one, "user-agent: x", "x-a:", "x-b: 1"];
    assert_eq!(lines, expected);
}
