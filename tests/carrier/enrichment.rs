//! Is the number taken out wherever a carrier puts it, and nothing else?

use crate::support::{
    Clir, LEAK, MASKED, NUMBER, Origin, Setup, Wire,
    carrier::{Carrier, Edit, Which},
    origin,
};

const BROWSER: &str = "User-Agent: Mozilla/5.0 (Linux; Android 14)\r\naccept: text/html,*/*;q=0.8\r\nX-Requested-With: com.example.app\r\n\
                       Accept-Language: en-GB\r\nCookie: session=f00; theme=dark\r\nDNT: 1\r\n";

fn stage(which: Which, edits: Vec<Edit>) -> (Clir, Origin, Wire<std::net::TcpStream>) {
    let clir = Setup::new().start();
    let carrier = Carrier::start(clir.address(), which, edits);
    let client = carrier.connect();
    (clir, Origin::new(), client)
}

#[test]
fn the_number_never_reaches_the_site() {
    let (clir, origin, mut client) = stage(Which::Each, vec![Edit::Append(LEAK)]);
    client.send(origin.request("GET", "/page?a=1", BROWSER));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/page?a=1", BROWSER));
    site.send(origin::ok("a page"));
    assert_eq!(client.response().text(), "a page");

    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["verdict"], "forwarded", "{event}");
    assert_eq!(event["status"], 200);
    assert_eq!(event["response_bytes"], 6);
    let finding = &event["findings"][0];
    assert_eq!(finding["identifier"], "msisdn", "{event}");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["confidence"], "certain");
    assert_eq!(finding["origin"], "carrier");
    assert_eq!(finding["location"]["part"], "header");
    assert_eq!(finding["location"]["name"], "x-up-calling-line-id");
    assert_eq!(finding["location"]["index"], 7);
    assert_eq!(finding["span"], serde_json::json!([0, 12]));
    assert_eq!(event["findings"].as_array().unwrap().len(), 1, "{event}");
    assert_eq!(event["headers"][7], serde_json::json!(["x-up-calling-line-id", MASKED]));
    assert_eq!(event["headers"].as_array().unwrap().len(), 8);
    assert_eq!(event["actions"][0]["rule"], "strip what names the subscriber");
    assert_eq!(event["actions"][0]["action"], "strip");
    assert_eq!(event["actions"][0]["header"], "x-up-calling-line-id");
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn its_place_in_the_head_is_told() {
    for place in [0, 1, 4, 7] {
        let (clir, origin, mut client) = stage(Which::Each, vec![Edit::Insert(place, LEAK)]);
        client.send(origin.request("GET", "/", BROWSER));
        let mut site = origin.accept();
        assert_eq!(site.head(), &origin.received("GET", "/", BROWSER));
        site.send(origin::ok(""));
        assert_eq!(client.response().status(), 200);
        let event = clir.wait_for_events(1).remove(0);
        assert_eq!(event["findings"][0]["location"]["index"], place, "{event}");
        assert_eq!(event["headers"][place][0], "x-up-calling-line-id");
    }
}

#[test]
fn every_request_of_a_connection_is_looked_at() {
    let (clir, origin, mut client) = stage(Which::Each, vec![Edit::Append(LEAK)]);
    let bodies = [
        ("Content-Length: 11\r\n", "hello world", "hello world"),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("", "", ""),
    ];
    let requests: String = bodies.iter().map(|(fields, body, _)| origin.request("POST", "/", fields) + body).collect();
    client.send(requests);
    let received: Vec<_> = bodies.iter().map(|(fields, ..)| origin.received("POST", "/", fields)).collect();
    let mut site = origin.accept();
    for (head, (.., body)) in received.iter().zip(bodies) {
        let seen = site.head();
        assert_eq!(seen, head);
        assert_eq!(site.body(&seen).unwrap().0, body.as_bytes());
        site.send(origin::ok("fine"));
        assert_eq!(client.response().text(), "fine");
    }
    let events = clir.wait_for_events(3);
    assert!(events.iter().all(|event| event["findings"][0]["identifier"] == "msisdn"), "{events:?}");
    assert_eq!(events[0]["request_bytes"], 11);
    assert_eq!(events[1]["request_bytes"], 5);
}

/// Some gateways enrich the first request of a connection only.
#[test]
fn an_insertion_into_the_first_request_only_is_found_there() {
    let (clir, origin, mut client) = stage(Which::FirstOnly, vec![Edit::Append(LEAK)]);
    let mut site = None;
    for _ in 0..2 {
        client.send(origin.request("GET", "/", ""));
        let site = site.get_or_insert_with(|| origin.accept());
        assert_eq!(site.head(), &origin.received("GET", "/", ""));
        site.send(origin::ok(""));
        assert_eq!(client.response().status(), 200);
    }
    let events = clir.wait_for_events(2);
    assert_eq!(events[0]["findings"].as_array().unwrap().len(), 1);
    assert_eq!(events[1]["findings"].as_array().unwrap().len(), 0);
}

#[test]
fn every_copy_in_every_spelling_goes() {
    let (clir, origin, mut client) = stage(
        Which::Each,
        vec![
            Edit::Insert(0, "X-MSISDN: 447700900123"),
            Edit::Insert(3, "X-Up-Calling-Line-ID: 447700900123"),
            Edit::Append("x-msisdn:447700900123"),
            Edit::Append("x-up-calling-line-id: +447700900123"),
            Edit::Append("x-UP-calling-line-id:   447700900123  "),
        ],
    );
    client.send(origin.request("GET", "/", BROWSER));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/", BROWSER));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    let event = clir.wait_for_events(1).remove(0);
    let places: Vec<_> =
        event["findings"].as_array().unwrap().iter().map(|one| one["location"]["index"].as_u64().unwrap()).collect();
    assert_eq!(places, [0, 3, 9, 10, 11], "{event}");
    clir.assert_never_wrote(NUMBER);
}

/// What a box did to the head otherwise is neither undone nor hidden.
#[test]
fn other_edits_of_the_box_pass_as_they_are() {
    let (clir, origin, mut client) = stage(
        Which::Each,
        vec![
            Edit::Recase("accept", "ACCEPT"),
            Edit::Replace("Accept-Language", "xx"),
            Edit::Delete("Cookie"),
            Edit::Append(LEAK),
            Edit::Reverse,
        ],
    );
    client.send(origin.request("GET", "/", BROWSER));
    let mut site = origin.accept();
    let expected = format!(
        "GET / HTTP/1.1\r\nDNT: 1\r\nAccept-Language: xx\r\nX-Requested-With: com.example.app\r\n\
         ACCEPT: text/html,*/*;q=0.8\r\nUser-Agent: Mozilla/5.0 (Linux; Android 14)\r\nHost: {}\r\n\r\n",
        origin.authority()
    );
    assert_eq!(site.head(), &expected);
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["headers"][0][0], "x-up-calling-line-id", "{event}");
    assert_eq!(event["headers"][4][0], "ACCEPT");
}

/// A field that `Connection` names is dropped anyway; it is a leak all the same, and has to be told.
#[test]
fn connection_hides_nothing_from_the_log() {
    let (clir, origin, mut client) =
        stage(Which::Each, vec![Edit::Append(LEAK), Edit::Append("Connection: x-up-calling-line-id")]);
    client.send(origin.request("GET", "/", ""));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/", ""));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["findings"][0]["identifier"], "msisdn", "{event}");
    assert_eq!(event["headers"].as_array().unwrap().len(), 3);
}

/// Behind clir nothing can be seen, and nothing is claimed.
#[test]
fn a_box_between_clir_and_the_site_cannot_be_seen() {
    let clir = Setup::new().start();
    let origin = Origin::new();
    let carrier = Carrier::leaking(origin.address);
    let mut client = clir.connect();
    let authority = carrier.address;
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head(), &format!("GET / HTTP/1.1\r\nHost: {authority}\r\n{LEAK}\r\n\r\n"));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    assert_eq!(clir.wait_for_events(1)[0]["findings"], serde_json::json!([]));
}

/// Also when nothing comes of the request, the event tells what was in it.
#[test]
fn a_request_that_fails_is_told_as_well() {
    let clir = Setup::new().start();
    let carrier = Carrier::leaking(clir.address());
    let mut client = carrier.connect();
    let authority = format!("127.0.0.1:{}", origin::closed_port());
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    assert_eq!(client.response().status(), 502);
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["verdict"], "failed", "{event}");
    assert_eq!(event["findings"][0]["identifier"], "msisdn");
    clir.assert_never_wrote(NUMBER);
}
