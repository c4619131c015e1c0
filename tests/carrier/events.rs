//! Does the event log tell everything, and show nothing that it must not?

use crate::support::{LEAK, NUMBER, Setup, Stage, origin};

#[test]
fn an_event_has_every_field_of_the_format() {
    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/a?b=c", "X-A: 1\r\nx-a:\r\n".replace("x-a:\r", "x-a: 2\r").as_str());
    site.send(origin::ok("12345"));
    assert_eq!(stage.client.response().status(), 200);
    let event = stage.clir.wait_for_events(1).remove(0);
    let fields: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
    for field in [
        "v",
        "id",
        "ts",
        "listener",
        "vantage",
        "client",
        "scheme",
        "method",
        "host",
        "port",
        "target",
        "version",
        "headers",
        "findings",
        "actions",
        "verdict",
        "status",
        "request_bytes",
        "response_bytes",
        "duration_us",
        "error",
    ] {
        assert!(fields.contains(&field), "{field} is missing: {event}");
    }
    assert_eq!(event["v"], 1);
    assert_eq!(event["listener"], "test");
    assert_eq!(event["vantage"], "beyond-carrier");
    assert_eq!(event["scheme"], "http");
    assert_eq!(event["method"], "GET");
    assert_eq!(event["host"], "127.0.0.1");
    assert_eq!(event["port"], stage.origin.port());
    assert_eq!(event["target"], "/a?b=c");
    assert_eq!(event["version"], "HTTP/1.1");
    assert_eq!(event["headers"], serde_json::json!([["Host", stage.origin.authority()], ["X-A", "1"], ["x-a", "2"]]));
    assert_eq!(event["request_bytes"], 0);
    assert_eq!(event["response_bytes"], 5);
    assert_eq!(event["error"], serde_json::Value::Null);
    assert!(event["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(event["ts"].as_str().unwrap().ends_with('Z'));
    assert_eq!(event["id"].as_str().unwrap().len(), 26);
    assert!(event["duration_us"].is_u64());
}

#[test]
fn credentials_are_masked() {
    let mut stage = Stage::new();
    let secret = "s3cr3tValueThatMustNotBeKept";
    let fields = format!("Authorization: Bearer {secret}\r\nCookie: sid={secret}\r\nX-Api-Key: {secret}\r\n");
    let mut site = stage.deliver("GET", "/", &fields);
    site.send(format!("HTTP/1.1 200 OK\r\nSet-Cookie: sid={secret}\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(stage.client.response().status(), 200);
    let event = stage.clir.wait_for_events(1).remove(0);
    assert_eq!(event["headers"][1][0], "Authorization");
    stage.clir.assert_never_wrote(secret);
}

#[test]
fn equal_values_are_seen_to_be_equal() {
    let stage = Stage::new();
    for number in [NUMBER, NUMBER, "447700900456"] {
        let mut client = stage.clir.connect();
        client.send(stage.origin.request("GET", "/", &format!("x-up-calling-line-id: {number}\r\n")));
        let mut site = stage.origin.accept();
        site.head();
        site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(client.response().status(), 200);
    }
    let events = stage.clir.wait_for_events(3);
    let digests: Vec<_> = events.iter().map(|event| event["findings"][0]["digest"].as_str().unwrap()).collect();
    assert!(digests[0].starts_with("hmac:"));
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
}

#[test]
fn names_only_keeps_no_value_at_all() {
    let mut stage = Stage::with(Setup::new().set("log.values", r#""names""#));
    stage.client.send(stage.origin.request("GET", "/", &format!("X-A: harmless-but-mine\r\n{LEAK}\r\n")));
    let mut site = stage.origin.accept();
    site.head();
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
    let event = stage.clir.wait_for_events(1).remove(0);
    assert_eq!(event["findings"][0]["identifier"], "msisdn");
    assert!(event.to_string().contains("x-up-calling-line-id"), "{event}");
    stage.clir.assert_never_wrote("harmless-but-mine");
    stage.clir.assert_never_wrote(NUMBER);
}

/// CWE-117: a line is a line, whatever stands in a value.
#[test]
fn values_forge_no_lines() {
    let mut stage = Stage::new();
    let line = b"X-A: \x80\xff{\"v\":1}\tquote \" backslash \\ \xe2\x80\xa8 end\r\n";
    let request = stage.origin.request("GET", "/", "");
    let (start, _) = request.rsplit_once("\r\n").unwrap();
    stage.client.send([start.as_bytes(), line, b"\r\n"].concat());
    let mut site = stage.origin.accept();
    site.head();
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
    let events = stage.clir.wait_for_events(1);
    assert_eq!(events.len(), 1);
    let value = events[0]["headers"][1][1].as_str().unwrap();
    assert!(value.starts_with(r"\x80\xff{"), "bytes that are no UTF-8 are kept as \\xNN: {value}");
    assert!(stage.clir.raw_log().lines().all(|line| !line.chars().any(char::is_control)));
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_log() {
    use std::os::unix::fs::PermissionsExt;

    let mut stage = Stage::new();
    let mut site = stage.deliver("GET", "/", "");
    site.send(origin::ok(""));
    assert_eq!(stage.client.response().status(), 200);
    stage.clir.wait_for_events(1);
    let files = crate::support::clir::files_below(&stage.clir.path("logs"));
    let keys = crate::support::clir::files_below(&stage.clir.path("certs")).into_iter();
    let secret = keys.filter(|file| std::fs::read_to_string(file).map_or(true, |text| text.contains("PRIVATE")));
    for file in files.into_iter().chain(secret) {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", file.display());
    }
}
