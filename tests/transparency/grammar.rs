//! Is everything refused that two readers could read differently?
//!
//! RFC 9112 §2.2, §3.2, §5, §6, §7: what is not grammar gets 4xx and the end of the connection, and nothing of it is
//! forwarded.

use crate::support::Stage;

/// Asserts that each of these, put in the place of `{}` in a request with a `Host`, is refused.
fn refused(make: impl Fn(&str, &str) -> String, samples: &[&str]) {
    let mut stage = Stage::new();
    let authority = stage.origin.authority();
    for sample in samples {
        stage.assert_refused(make(&authority, sample));
    }
}

/// The same where only the request itself is at fault, and not where it ends.
fn turned_down(make: impl Fn(&str, &str) -> String, samples: &[&str]) {
    let mut stage = Stage::new();
    let authority = stage.origin.authority();
    for sample in samples {
        stage.assert_turned_down(make(&authority, sample));
    }
}

fn with_lines(authority: &str, lines: &str) -> String {
    format!("POST http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n{lines}\r\n\r\n")
}

#[test]
fn content_length_is_one_decimal_number() {
    refused(
        with_lines,
        &[
            "Content-Length: -1",
            "Content-Length: +1",
            "Content-Length: 0x1",
            "Content-Length: 1_0",
            "Content-Length: 1 0",
            "Content-Length: 1,2",
            "Content-Length: 1\r\nContent-Length: 2",
            "Content-Length:",
            "Content-Length: a",
            "Content-Length: 1.0",
            "Content-Length: 9223372036854775808",
            "Content-Length: 99999999999999999999999",
            "Content-Length: \u{b}1",
        ],
    );
}

#[test]
fn transfer_encoding_is_chunked_and_nothing_else() {
    refused(
        with_lines,
        &[
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "Transfer-Encoding: \"chunked\"",
            "Transfer-Encoding: \u{b}chunked",
            "Transfer-Encoding:",
            "Transfer-Encoding : chunked",
            " Transfer-Encoding: chunked",
        ],
    );
}

#[test]
fn both_kinds_of_framing_at_once_are_refused() {
    refused(
        with_lines,
        &[
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Content-Length: 5\r\ntransfer-encoding: CHUNKED",
        ],
    );
}

#[test]
fn chunks_keep_to_their_grammar() {
    refused(
        |authority, chunks| format!("{}{chunks}", with_lines(authority, "Transfer-Encoding: chunked")),
        &[
            "0x5\r\nhello\r\n0\r\n\r\n",
            "g\r\n",
            "-1\r\n",
            "5\nhello\n0\n\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "\r\nhello\r\n",
            "8000000000000000\r\nhello",
            "fffffffffffffffb\r\nhello",
            "ffffffffffffffffff\r\n",
        ],
    );
}

#[test]
fn field_lines_keep_to_their_grammar() {
    refused(
        with_lines,
        &[
            "X-A : space before the colon",
            "X A: space in the name",
            "X-A",
            ": no name",
            "X-A: one\r\n folded: line",
            "X-A: one\r\n\tfolded line",
            "X-A: a\0b",
            "X-A: a\rb",
            "X\u{7f}A: delete in the name",
            "X(A): delimiter in the name",
            "X-\u{e9}: not ASCII",
        ],
    );
}

#[test]
fn line_ends_are_crlf() {
    refused(|authority, _| format!("GET http://{authority}/ HTTP/1.1\nHost: {authority}\n\n"), &[""]);
    refused(|authority, _| format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\nX-A: 1\r\n\r\n"), &[""]);
    refused(|authority, _| format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nX-A: 1\r\n\n"), &[""]);
}

#[test]
fn there_is_exactly_one_host() {
    refused(
        |authority, lines| format!("GET http://{authority}/ HTTP/1.1\r\n{lines}X-A: 1\r\n\r\n"),
        &[
            "",
            "Host: a.example\r\nHost: b.example\r\n",
            "Host: a.example\r\nHost: a.example\r\n",
            "Host: a b\r\n",
            "Host: a/b\r\n",
            "Host: user@a.example\r\n",
            "Host: a.example:x\r\n",
            "Host: a.example:99999\r\n",
        ],
    );
}

#[test]
fn request_lines_keep_to_their_grammar() {
    turned_down(
        |authority, line| format!("{}\r\nHost: {authority}\r\n\r\n", line.replace("{}", authority)),
        &[
            "GET  http://{}/ HTTP/1.1",
            "GET http://{}/ HTTP/1.1 ",
            "GET http://{}/ x HTTP/1.1",
            "GET\thttp://{}/\tHTTP/1.1",
            "GET http://{}/ HTTP/1.1x",
            "GET http://{}/ http/1.1",
            "GET http://{}/ HTTP/2.0",
            "GET http://{}/ HTTP/9.9",
            "GET http://{}/",
            "G(T http://{}/ HTTP/1.1",
            "GET http://{}/a\0b HTTP/1.1",
            "GET http://{}/a\u{7f}b HTTP/1.1",
            "GET http://{}/a#fragment HTTP/1.1",
            "GET http://{}/\u{e9} HTTP/1.1",
            "GET http://{}/a\"b<c> HTTP/1.1",
            "GET http://{}/a\\b HTTP/1.1",
            "GET http://{}\\@evil.example/ HTTP/1.1",
            "GET ftp://{}/ HTTP/1.1",
            "GET http:///path HTTP/1.1",
            "GET http:/path HTTP/1.1",
            "GET http://user:password@{}/ HTTP/1.1",
            "GET http://127.0.0.1:0/ HTTP/1.1",
            "GET http://127.0.0.1:65536/ HTTP/1.1",
            "GET http://127.0.0.1:8o/ HTTP/1.1",
            "GET http://127.0.0.1:+80/ HTTP/1.1",
            "GET http://[fe80::1%25eth0]/ HTTP/1.1",
            "GET http://[::1/ HTTP/1.1",
        ],
    );
}

#[test]
fn connect_takes_host_and_port_and_nothing_else() {
    turned_down(
        |authority, line| format!("{}\r\nHost: {authority}\r\n\r\n", line.replace("{}", authority)),
        &[
            "CONNECT http://{}/ HTTP/1.1",
            "CONNECT {}/path HTTP/1.1",
            "CONNECT 127.0.0.1 HTTP/1.1",
            "CONNECT 127.0.0.1: HTTP/1.1",
            "CONNECT 127.0.0.1:0 HTTP/1.1",
            "CONNECT 127.0.0.1:65536 HTTP/1.1",
            "CONNECT 127.0.0.1:x HTTP/1.1",
            "CONNECT user@{} HTTP/1.1",
            "CONNECT :80 HTTP/1.1",
            "CONNECT * HTTP/1.1",
            "CONNECT / HTTP/1.1",
        ],
    );
}

/// RFC 9110 §9.3.6: what follows could be its content or the tunnel's.
#[test]
fn connect_has_no_content() {
    refused(
        |authority, lines| format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{lines}\r\n\r\n"),
        &["Content-Length: 5", "Transfer-Encoding: chunked"],
    );
    let stage = Stage::new();
    let authority = stage.origin.authority();
    let mut client = stage.clir.connect();
    client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 0\r\n\r\n\0tunnel"));
    assert_eq!(client.head().status(), 200);
    assert_eq!(stage.origin.accept().exactly(7), b"\0tunnel");
}

#[test]
fn transfer_encoding_in_http_1_0_is_faulty_framing() {
    refused(
        |authority, _| format!("POST http://{authority}/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        &[""],
    );
}

/// A name that `Connection` hides from the origin does not hide it from the grammar.
#[test]
fn connection_hides_no_faulty_framing() {
    refused(with_lines, &["Connection: content-length\r\nContent-Length: 1\r\nContent-Length: 2"]);
}
