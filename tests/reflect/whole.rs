//! Is what is shown what was sent, byte for byte?

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json as value};
use sha2::{Digest as _, Sha256};

use super::{ask, get, json, reflector};
use crate::support::{LEAK, NUMBER, Response};

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn raw(seen: &Value) -> Vec<u8> {
    STANDARD.decode(seen["raw"].as_str().unwrap()).unwrap()
}

#[test]
fn order_spelling_and_bytes_are_as_they_came() {
    let clir = reflector(&[]);
    let head = b"GET /headers.json?nonce=abc%201 HTTP/1.1\r\nhOST: partner.example\r\nX-B:  2 \r\nx-b:\r\nX-Latin: \xe9t\xe9\r\n\r\n";
    let seen = json(&ask(&clir, head));
    assert_eq!(raw(&seen), head);
    let fields = value!([["hOST", "partner.example"], ["X-B", "2"], ["x-b", ""], ["X-Latin", "\\xe9t\\xe9"]]);
    assert_eq!(seen["headers"], fields);
    assert_eq!((&seen["v"], &seen["nonce"]), (&value!(1), &value!("abc 1")));
    assert_eq!(seen["request_line"], "GET /headers.json?nonce=abc%201 HTTP/1.1");
    assert_eq!(seen["connection"]["port"], clir.address().port());
    assert_eq!((&seen["connection"]["family"], &seen["connection"]["source"]), (&value!("ipv4"), &value!("127.0.0.1")));
    assert_eq!((&seen["tls"], &seen["fault"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_identifies_is_found_and_stays_here() {
    let clir = reflector(&[]);
    let page = get(&clir, "/", &format!("{LEAK}\r\n"));
    let text = page.text();
    assert!(text.contains("Your carrier tells every site your phone number"), "{text}");
    assert!(text.contains(&format!("<mark>{NUMBER}</mark>")), "the visitor sees his own: {text}");
    let seen = json(&get(&clir, "/", &format!("Accept: application/json\r\n{LEAK}\r\n")));
    let finding = &seen["findings"][0];
    assert_eq!((&finding["identifier"], &finding["location"]["index"]), (&value!("msisdn"), &value!(2)));
    assert_eq!(seen["verdict"]["kind"], "identified");
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let clir = reflector(&[]);
    let ordinary =
        "User-Agent: Mozilla/5.0\r\nAccept: text/html\r\nAccept-Language: en\r\nUpgrade-Insecure-Requests: 1\r\n";
    assert!(
        get(&clir, "/?nonce=7f3a9c0e5b1d48266a8f0c1e2d3b4a59", ordinary)
            .text()
            .contains("Nothing was added on the way")
    );
    let odd = get(&clir, "/", "X-Unheard-Of: 1\r\n").text();
    assert!(odd.contains("browsers are not known to send this"), "{odd}");
}

#[test]
fn requests_on_one_connection_are_numbered() {
    let clir = reflector(&[]);
    let mut wire = clir.connect();
    let mut ids = Vec::new();
    // Both at once: what was read ahead is the next request.
    wire.send("GET /headers.json HTTP/1.1\r\nHost: a\r\n\r\nGET /headers.json HTTP/1.1\r\nHost: a\r\n\r\n");
    for number in 1..=3 {
        let response = wire.response();
        let seen = json(&response);
        assert_eq!(seen["connection"]["request"], number);
        ids.push(seen["connection"]["id"].clone());
        if number == 2 {
            wire.send("GET /headers.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        }
        assert_eq!(response.head.value("connection").unwrap(), if number == 3 { "close" } else { "keep-alive" });
    }
    assert_eq!(wire.rest(), b"");
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_ne!(json(&get(&clir, "/headers.json", ""))["connection"]["id"], ids[0]);
}

#[test]
fn any_method_host_and_form_of_target_is_answered() {
    let clir = reflector(&[]);
    let json_of = |request: &str| json(&ask(&clir, request));
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "MKCOL", "OPTIONS"] {
        let seen = json_of(&format!(
            "{method} /any/where HTTP/1.1\r\nHost: partner.example\r\nAccept: application/json\r\n\r\n"
        ));
        assert_eq!(seen["method"], method);
    }
    let absolute = json_of("GET http://partner.example/headers.json HTTP/1.1\r\nHost: partner.example\r\n\r\n");
    assert_eq!(absolute["target"], "http://partner.example/headers.json");
    let old = ask(&clir, "GET /headers.json HTTP/1.0\r\n\r\n");
    assert_eq!((old.status(), old.head.value("connection").as_deref()), (200, Some("close")));
    let options = ask(&clir, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(options.status() == 200 && options.head.has("allow"));
    let connect =
        ask(&clir, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nAccept: application/json\r\n\r\n");
    assert_eq!((connect.status(), json(&connect)["target"].as_str()), (405, Some("a.example:443")));
}

#[test]
fn a_head_is_asked_for_without_its_body() {
    let clir = reflector(&[]);
    let mut wire = clir.connect();
    wire.send("HEAD /body/png HTTP/1.1\r\nHost: a\r\n\r\nGET /body/png HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = wire.head();
    let whole = wire.response();
    assert_eq!(head.value("content-length").unwrap(), whole.body.len().to_string());
}

#[test]
fn bodies_are_counted_and_digested_without_their_framing() {
    let clir = reflector(&[]);
    let plain = "POST /headers.json HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let chunked =
        "POST /headers.json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    for request in [plain, chunked] {
        let body = &json(&ask(&clir, request))["body"];
        assert_eq!(*body, value!({"bytes": 5, "sha256": sha256(b"hello"), "complete": true}));
    }
    let mut wire = clir.connect();
    wire.send("POST /headers.json HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(wire.head().start_line(), "HTTP/1.1 100 Continue");
    wire.send("hello");
    assert_eq!(json(&wire.response())["body"]["bytes"], 5);
    let large = "POST /headers.json HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n";
    let refused = ask(&clir, large);
    assert_eq!((refused.status(), json(&refused)["body"]["complete"].as_bool()), (413, Some(false)));
    let page = ask(&clir, large.replace("/headers.json", "/"));
    assert!(page.status() == 413 && page.text().contains("too large to be read here"), "{}", page.text());
}

#[test]
fn machines_get_json_and_people_a_page() {
    let clir = reflector(&[]);
    let kind = |fields: &str| get(&clir, "/", fields).head.value("content-type").unwrap();
    assert_eq!(kind("Accept: application/json\r\n"), "application/json");
    assert_eq!(kind("Accept: text/html;q=0.5, application/json\r\n"), "application/json");
    assert_eq!(kind("Accept: text/html, */*;q=0.1\r\n"), "text/html; charset=utf-8");
    assert_eq!(kind("Accept: */*\r\n"), "text/html; charset=utf-8");
    assert_eq!(kind(""), "text/html; charset=utf-8");
}

#[test]
fn bodies_known_in_advance_are_always_the_same() {
    let clir = reflector(&[]);
    for path in ["/body/text", "/body/html", "/body/png", "/body/jpeg"] {
        let one = get(&clir, path, "");
        assert_eq!(one.head.value("cache-control").unwrap(), "no-store, no-transform");
        assert_eq!(one.head.value("x-reflect-body-sha256").unwrap(), sha256(&one.body), "{path}");
        let two = get(&clir, &format!("{path}?transform=allow"), "");
        assert_eq!((two.head.value("cache-control").unwrap(), two.body), ("no-store".to_owned(), one.body));
    }
}

/// The names of the fields, in order and spelling.
fn names(response: &Response) -> Vec<String> {
    let name = |line: Vec<u8>| String::from_utf8(line).unwrap().split(':').next().unwrap().to_owned();
    response.head.field_lines().into_iter().map(name).collect()
}

#[test]
fn an_answer_tells_its_own_head() {
    let clir = reflector(&[]);
    for target in ["/", "/headers.json", "/body/text", "/test", "/twin.svg"] {
        let response = get(&clir, target, "");
        assert_eq!(response.head.value("x-reflect-head").unwrap(), names(&response).join(", "), "{target}");
    }
    let response = get(&clir, "/response.json", "");
    let told = json(&response)["response"].clone();
    let sent: Vec<_> =
        response.head.field_lines().iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let told = told
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| format!("{}: {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    assert_eq!(told.collect::<Vec<_>>(), sent);
    assert!(names(&response).contains(&"x-reflect-lower".to_owned()));
}
