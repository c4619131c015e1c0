//! Are captures read as they are, and told apart from what is none?

use super::*;

fn all(format: Format, text: &str) -> Vec<Result<Captured, Malformed>> {
    let mut found = Vec::new();
    let mut visit = |item| {
        found.push(item);
        Ok(())
    };
    let input: Box<dyn BufRead> = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
    let failed = |error: io::Error| panic!("{error}");
    match format {
        Format::Raw => raw::read(input, &mut visit, &failed),
        Format::Jsonl => jsonl::read(input, &mut visit, &failed),
        Format::Har => har::read(input, "test.har", &mut visit),
    }
    .unwrap();
    found
}

fn summary(captured: &Captured) -> String {
    let Captured { id, authority, scheme, head, .. } = captured;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{id} {} {scheme}://{authority} {}", text(&head.method), text(&head.target))
}

#[test]
fn raw_requests_follow_each_other_with_bodies_and_answers() {
    let text = "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 16\r\n\r\nGET /b HTTP/1.1\n\
                HTTP/1.1 200 OK\r\nX-Echo: 1\r\nContent-Length: 3\r\n\r\nabc\
                GET http://b.example:8080?q HTTP/1.0\nX: \u{e9}\n\n\
                CONNECT c.example:443 HTTP/1.1\nHost: c.example:443\n\n\
                GET /last HTTP/1.1\nHost: d.example";
    let found: Vec<_> = all(Format::Raw, text).into_iter().map(Result::unwrap).collect();
    let told: Vec<_> = found.iter().map(summary).collect();
    let expected = [
        "\"raw:1\" POST http://a.example /a",
        "\"raw:2\" GET http://b.example:8080 /?q",
        "\"raw:3\" CONNECT https://c.example:443 c.example:443",
        "\"raw:4\" GET http://d.example /last",
    ];
    assert_eq!(told, expected);
    assert_eq!(found[0].response.as_ref().unwrap().first("x-echo").unwrap(), "1");
    assert!(found[1].response.is_none());
    assert_eq!(found[1].head.fields.first("x").unwrap(), "\u{e9}");
}

#[test]
fn a_raw_head_that_is_none_is_told_with_its_line() {
    let found = all(Format::Raw, "junk\n\nGET / HTTP/1.1\nHost a\n\nGET /2 HTTP/1.1\nHost: a\n\n");
    let malformed = found[0].as_ref().unwrap_err();
    assert_eq!(malformed.place, "line 3");
    assert!(malformed.cause.starts_with("not an HTTP/1.x request"), "{}", malformed.cause);
    assert_eq!(summary(found[1].as_ref().unwrap()), "\"raw:2\" GET http://a /2");
}

#[test]
fn json_lines_are_read_whatever_else_they_say() {
    let text = concat!(
        r#"{"id":"a","method":"GET","host":"a.example","path":"/p?q","headers":[["X","1"],["x","\\x41"]],"leaks":[]}"#,
        "\r\n\n",
        r#"{"id":7,"headers":[]}"#,
        "\n",
        r#"{"v":1,"id":"01J","scheme":"https","method":"GET","host":"2001:db8::1","port":8443,"target":"/\\xff","headers":[["X","\\x5cx41"]]}"#,
    );
    let found: Vec<_> = all(Format::Jsonl, text).into_iter().map(Result::unwrap).collect();
    assert_eq!(summary(&found[0]), "\"a\" GET http://a.example /p?q");
    assert_eq!(found[0].head.fields.get(1).unwrap().value, "\\x41");
    assert_eq!(summary(&found[1]), "7 GET http:// /");
    assert_eq!(found[2].head.target, b"/\xff"[..]);
    assert_eq!(found[2].head.fields.get(0).unwrap().value, "\\x41");
    assert_eq!(found[2].authority, "[2001:db8::1]:8443");
}

#[test]
fn a_malformed_line_is_told_without_its_content() {
    let text = "{\"id\":1,\"headers\":[]}\n\n{\"id\":2,\"headers\":\"447700900123\"}\n{\"id\"\n[\"447700900123\",null,null,null,null,null,null,null,null,[]]\n{\"id\":5}x\n";
    let found = all(Format::Jsonl, text);
    let places: Vec<_> = found.iter().filter_map(|item| item.as_ref().err()).map(|bad| bad.place.as_str()).collect();
    assert_eq!(places, ["line 3", "line 4", "line 5", "line 6"]);
    assert!(found.iter().flat_map(|item| item.as_ref().err()).all(|bad| !bad.cause.contains("4477")));
}

#[test]
fn an_archive_gives_requests_and_answers_in_order() {
    let text = r#"{"log":{"version":"1.2","entries":[
        {"request":{"method":"GET","url":"https://a.example/p?q#f","httpVersion":"h2","headers":[{"name":":authority","value":"a.example"},{"name":"X","value":"1"}]},
         "response":{"headers":[{"name":"X-Echo","value":"2"}],"content":{"text":"…"}}},
        {"request":{"method":"GET","url":"wss://b.example","headers":[]}},
        {"request":{"method":"GET","url":"about:blank"}}]}}"#;
    let found = all(Format::Har, text);
    assert_eq!(summary(found[0].as_ref().unwrap()), "\"har:0\" GET https://a.example /p?q");
    assert_eq!(found[0].as_ref().unwrap().response.as_ref().unwrap().first("x-echo").unwrap(), "2");
    assert_eq!(summary(found[1].as_ref().unwrap()), "\"har:1\" GET https://b.example /");
    assert_eq!(found[2].as_ref().unwrap_err().place, "entry 2");
}

#[test]
fn a_line_without_headers_is_told_so() {
    let found = all(Format::Jsonl, "{\"id\":7,\"path\":\"/447700900123\"}\n{\"headers\":\"447700900123\"}\n");
    let causes: Vec<_> = found.iter().map(|item| item.as_ref().unwrap_err().cause.clone()).collect();
    assert!(causes[0].ends_with(": missing field `headers`"), "{}", causes[0]);
    assert!(!causes.concat().contains("447700900123"), "{causes:?}");
}

#[test]
fn ids_come_back_as_they_were() {
    for id in ["12345678901234567890123", "1.50", "\"a\"", "null", "true", "[1,2]"] {
        let found = all(Format::Jsonl, &format!("{{\"id\":{id},\"headers\":[]}}\n{{\"id\":{id},\"headers\":7}}\n"));
        assert_eq!(found[0].as_ref().unwrap().id.to_string(), id);
        assert_eq!(found[1].as_ref().unwrap_err().id.to_string(), id, "a line that is no request");
    }
    assert_eq!(all(Format::Jsonl, "{\"id\":1,\n")[0].as_ref().unwrap_err().id, Value::Null);
}
