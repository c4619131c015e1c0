//! Does HTTP/2 stay HTTP/2, with its streams, trailers and tunnels?

use bytes::Bytes;
use hyper::body::Frame;

use crate::support::{
    Clir, NUMBER, Setup,
    certificates::Authority,
    h2::{H2Client, H2Origin},
};

fn stage() -> (Clir, H2Origin, H2Client) {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let origin = H2Origin::new();
    let client = H2Client::connect(&clir, &origin.authority(), "127.0.0.1");
    (clir, origin, client)
}

#[test]
fn a_request_passes_with_its_fields_in_order() {
    let (clir, origin, mut client) = stage();
    let fields = [
        ("user-agent", "x"),
        ("x-b", "1"),
        ("accept", "*/*"),
        ("x-a", "2"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-b", "3"),
    ];
    let answer = client.get("/a?b=c", &fields);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.values("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(answer.values("x-from"), ["origin"]);
    let seen = origin.seen().remove(0);
    assert_eq!(seen.version, hyper::Version::HTTP_2);
    assert_eq!(
        (seen.method.as_str(), seen.uri.as_str()),
        ("GET", format!("https://{}/a?b=c", origin.authority()).as_str())
    );
    for (name, values) in
        [("x-b", vec!["1", "3"]), ("x-a", vec!["2"]), ("user-agent", vec!["x"]), ("accept", vec!["*/*"])]
    {
        assert_eq!(seen.values(name), values);
    }
    assert_eq!(seen.values("cookie").join("; "), "a=1; b=2");
    let mut names: Vec<_> = seen.fields.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["accept", "cookie", "user-agent", "x-a", "x-b"], "nothing is added");
    let event = clir.wait_for_event(|event| event["method"] == "GET");
    assert_eq!(event["version"], "HTTP/2", "{event}");
    assert_eq!(event["scheme"], "https");
}

#[test]
fn the_number_stays_here() {
    let (clir, origin, mut client) = stage();
    let answer = client.get("/", &[("x-a", "1"), ("x-up-calling-line-id", NUMBER), ("x-b", "2")]);
    assert_eq!(answer.status(), 200);
    let names: Vec<_> = origin.seen().remove(0).fields.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["x-a", "x-b"]);
    let event = clir.wait_for_event(|event| event["method"] == "GET");
    assert_eq!(event["findings"][0]["location"]["name"], "x-up-calling-line-id", "{event}");
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn both_directions_stream_and_trailers_come_last() {
    let (_clir, origin, mut client) = stage();
    let (request, body) =
        client.request("POST", "/rpc.Service/Method", &[("content-type", "application/grpc"), ("te", "trailers")]);
    let mut answer = client.send(request);
    assert_eq!(answer.values("content-type"), ["application/grpc"]);
    for message in ["ping", "pong", "a third"] {
        body.send(Frame::data(Bytes::from(message))).unwrap();
        assert_eq!(answer.data(), message);
    }
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    trailers.insert("x-msisdn", NUMBER.parse().unwrap());
    body.send(Frame::trailers(trailers)).unwrap();
    drop(body);
    let (rest, trailers) = answer.rest().unwrap();
    assert!(rest.is_empty());
    let trailers = trailers.expect("trailers");
    assert_eq!(trailers["grpc-status"], "0");
    assert!(!trailers.contains_key("x-msisdn"), "trailers are looked at as well");
    assert_eq!(origin.seen().remove(0).values("te"), ["trailers"]);
}

#[test]
fn many_streams_share_one_connection() {
    let (_clir, origin, mut client) = stage();
    for n in 0..50 {
        assert_eq!(client.get(&format!("/{n}"), &[]).status(), 200);
    }
    assert_eq!(origin.seen().len(), 50);
}

#[test]
fn a_large_body_goes_both_ways() {
    let (_clir, _origin, mut client) = stage();
    let (request, body) = client.request("POST", "/", &[]);
    let block = Bytes::from(vec![42; 1 << 20]);
    for _ in 0..16 {
        body.send(Frame::data(block.clone())).unwrap();
    }
    drop(body);
    let (echo, _) = client.send(request).rest().unwrap();
    assert_eq!(echo.len(), 16 << 20);
    assert!(echo.iter().all(|byte| *byte == 42));
}

/// RFC 8441, where the origin offers it.
#[test]
fn a_websocket_opens_inside_http_2() {
    let (_clir, origin, mut client) = stage();
    // The origin's offer is known once its settings have come: any answer follows them.
    assert_eq!(client.get("/", &[]).status(), 200);
    let frame = b"\x82\x84\x00\x00\x00\x00ping";
    let fields = [("sec-websocket-version", "13"), ("sec-websocket-protocol", "chat")];
    assert_eq!(client.websocket("/ws", &fields, frame), frame);
    let seen = origin.seen().pop().unwrap();
    assert_eq!((seen.method.as_str(), seen.protocol.as_deref()), ("CONNECT", Some("websocket")));
    assert_eq!(seen.values("sec-websocket-protocol"), ["chat"]);
}

/// RFC 9113 §8.2.2: such a request is malformed, and nothing of it reaches an origin.
#[test]
fn connection_specific_fields_reach_nobody() {
    let (_clir, origin, mut client) = stage();
    for (name, value) in
        [("keep-alive", "timeout=5"), ("proxy-connection", "keep-alive"), ("upgrade", "h2c"), ("te", "gzip")]
    {
        let (request, body) = client.request("GET", "/", &[(name, value)]);
        drop(body);
        if client.try_send(request).is_ok_and(|answer| answer.status() == 200) {
            let seen = origin.seen().pop().unwrap();
            assert!(seen.values(name).is_empty(), "{name} arrives");
        }
    }
}

/// A body that the client breaks off is not complete for the origin, and does not end the connection.
#[test]
fn one_broken_stream_leaves_the_others_alone() {
    let (_clir, _origin, mut client) = stage();
    let (request, body) = client.request("POST", "/", &[]);
    let answer = client.send(request);
    body.send(Frame::data(Bytes::from_static(b"half"))).unwrap();
    drop(answer);
    drop(body);
    assert_eq!(client.get("/next", &[]).status(), 200);
}

#[test]
fn a_connect_inside_leads_nowhere() {
    let (_clir, origin, mut client) = stage();
    let (mut request, body) = client.request("CONNECT", "", &[]);
    *request.uri_mut() = origin.authority().parse().unwrap();
    drop(body);
    assert_eq!(client.send(request).status(), 405);
    assert!(origin.seen().is_empty());
    assert_eq!(client.get("/", &[]).status(), 200);
}

#[test]
fn what_the_library_lets_through_is_refused() {
    let (_clir, origin, mut client) = stage();
    let authority = origin.authority();
    assert_eq!(client.get("/", &[("host", &authority), ("host", "other.example")]).status(), 400);
    assert_eq!(client.get("/", &[("x-a", " 1")]).status(), 400);
    for path in ["/\u{e9}", "/a\\b"] {
        assert_eq!(client.get(path, &[]).status(), 400, "{path}");
    }
    let many: Vec<String> = (0..201).map(|number| format!("x-{number}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
    assert_eq!(client.get("/", &many).status(), 431);
    assert!(origin.seen().is_empty());
    assert_eq!(client.get("/", &[]).status(), 200);
}

#[test]
fn a_client_that_only_answers_pings_is_let_go() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).set("timeouts.idle", r#""1s""#).start();
    let origin = H2Origin::new();
    let mut client = H2Client::connect(&clir, &origin.authority(), "127.0.0.1");
    assert_eq!(client.get("/", &[]).status(), 200);
    client.wait_for_the_end();
}

/// However long it takes: what is under way is not idle.
#[test]
fn a_quiet_stream_is_no_idle_client() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).set("timeouts.idle", r#""1s""#).start();
    let origin = H2Origin::new();
    let mut busy = H2Client::connect(&clir, &origin.authority(), "127.0.0.1");
    let (request, body) = busy.request("POST", "/echo", &[]);
    body.send(Frame::data("one".into())).unwrap();
    let response = busy.try_send(request).unwrap();
    let mut idle = H2Client::connect(&clir, &origin.authority(), "127.0.0.1");
    assert_eq!(idle.get("/", &[]).status(), 200);
    // By then the busy one would be gone as well.
    idle.wait_for_the_end();
    assert_eq!(busy.get("/", &[]).status(), 200);
    drop((response, body));
}
