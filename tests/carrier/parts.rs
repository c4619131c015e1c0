//! Is the number found beyond the request's head: in the target, in cookies, in trailers, in answers?

use crate::support::{Clir, NUMBER, Origin, Setup, Stage, origin};

/// Sends a request and asserts what the site receives of it.
fn assert_becomes(sent: (&str, &str), received: (&str, &str)) -> Clir {
    let mut stage = Stage::new();
    stage.client.send(stage.origin.request("GET", sent.0, sent.1));
    let mut site = stage.origin.accept();
    assert_eq!(site.head(), &stage.origin.received("GET", received.0, received.1));
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
    let event = stage.clir.wait_for_events(1).remove(0);
    assert_eq!(event["findings"][0]["identifier"], "msisdn", "{event}");
    stage.clir.assert_never_wrote(NUMBER);
    stage.clir
}

#[test]
fn a_query_parameter_goes_and_its_neighbours_stay() {
    let clir = assert_becomes(("/p?a=1&msisdn=447700900123&b=%20#".trim_end_matches('#'), ""), ("/p?a=1&b=%20", ""));
    let event = clir.events().remove(0);
    assert_eq!(event["findings"][0]["location"]["part"], "target", "{event}");
}

#[test]
fn a_cookie_goes_and_its_neighbours_stay() {
    assert_becomes(("/", "Cookie: a=1; msisdn=447700900123; b=2\r\n"), ("/", "Cookie: a=1; b=2\r\n"));
    assert_becomes(("/", "Cookie: msisdn=447700900123; b=2\r\n"), ("/", "Cookie: b=2\r\n"));
    assert_becomes(("/", "X-A: 1\r\nCookie: msisdn=447700900123\r\nX-B: 1\r\n"), ("/", "X-A: 1\r\nX-B: 1\r\n"));
}

#[test]
fn request_trailers_are_looked_at() {
    let mut stage = Stage::new();
    let fields = "Trailer: X-MSISDN, X-Sum\r\nTransfer-Encoding: chunked\r\n";
    let mut site = stage.deliver("POST", "/", fields);
    stage.client.send("4\r\nbody\r\n0\r\nX-MSISDN: 447700900123\r\nX-Sum: 1\r\n\r\n");
    let head = crate::support::Head(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec());
    let (body, trailers) = site.body(&head).unwrap();
    assert_eq!(body, b"body");
    assert_eq!(String::from_utf8(trailers).unwrap().to_lowercase(), "x-sum: 1\r\n");
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
    let event = stage.clir.wait_for_events(1).remove(0);
    assert_eq!(event["findings"][0]["location"]["part"], "trailer", "{event}");
    stage.clir.assert_never_wrote(NUMBER);
}

#[test]
fn answers_are_looked_at_where_a_rule_is_for_them() {
    let policy = "[[rule]]\nname = \"no echo\"\ndirection = \"response\"\nwhen = { identifier = [\"msisdn\"] }\naction = \"strip\"\n";
    let clir = Setup::new().policy(policy).start();
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", ""));
    let mut site = origin.accept();
    site.head();
    site.send("HTTP/1.1 200 OK\r\nX-A: 1\r\nX-MSISDN: 447700900123\r\nx-b: 2\r\nContent-Length: 4\r\n\r\nbody");
    let response = client.response();
    assert_eq!(response.head, "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b: 2\r\nContent-Length: 4\r\n\r\n");
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["actions"][0]["rule"], "no echo", "{event}");
    assert_eq!(event["findings"][0]["location"]["direction"], "response");
    clir.assert_never_wrote(NUMBER);
}

/// A rule for requests leaves answers alone.
#[test]
fn answers_pass_where_no_rule_is_for_them() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    let answer = "HTTP/1.1 200 OK\r\nX-MSISDN: 447700900123\r\nContent-Length: 0\r\n\r\n";
    site.send(answer);
    assert_eq!(stage.client.head(), answer);
    stage.clir.wait_for_events(1);
    stage.clir.assert_never_wrote(NUMBER);
}

#[test]
fn trailers_of_an_answer_are_looked_at_and_are_its_proper_end() {
    let policy = "[[rule]]\nname = \"no echo\"\ndirection = \"response\"\nwhen = { identifier = [\"msisdn\"] }\naction = \"strip\"\n";
    let clir = Setup::new().policy(policy).start();
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", "TE: trailers\r\nConnection: TE\r\n"));
    let mut site = origin.accept();
    site.head();
    site.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-MSISDN, X-Sum\r\n\r\n");
    site.send("4\r\nbody\r\n0\r\nX-MSISDN: 447700900123\r\nX-Sum: 1\r\n\r\n");
    let head = client.head();
    let (body, trailers) = client.body(&head).unwrap();
    assert_eq!(body, b"body");
    assert_eq!(String::from_utf8(trailers).unwrap().to_lowercase(), "x-sum: 1\r\n");
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!((&event["verdict"], &event["error"]), (&"forwarded".into(), &serde_json::Value::Null), "{event}");
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn a_redirection_is_looked_at() {
    let policy = "[[rule]]\nname = \"no echo\"\ndirection = \"response\"\nwhen = { header = [\"location\"], severity = \"high\" }\naction = \"redact\"\n";
    let clir = Setup::new().policy(policy).start();
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", ""));
    let mut site = origin.accept();
    site.head();
    site.send("HTTP/1.1 302 Found\r\nLocation: http://a.example/?msisdn=447700900123&b=1\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.head().value("location").unwrap(), "http://a.example/?msisdn=************&b=1");
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn who_logs_in_before_the_host_is_not_written_down() {
    let clir = Setup::new().start();
    let origin = Origin::new();
    let mut client = clir.connect();
    let authority = origin.authority();
    client.send(format!("GET http://{NUMBER}@{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    assert_eq!(client.response().status(), 400);
    assert_eq!(clir.wait_for_events(1)[0]["verdict"], "refused");
    clir.assert_never_wrote(NUMBER);
}
