//! Is told what would happen, and why nothing else would?

use clap::Parser;
use tempfile::TempDir;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

const CONFIG: &str = r#"
[[listener]]
kind = "explicit"
address = "127.0.0.1:0"
vantage = "beyond-carrier"
label = "server"

[[listener]]
kind = "explicit"
address = "127.0.0.1:0"
label = "other"

[[partner]]
name = "billing"
host = ["*.pay.example"]

[[partner]]
name = "former"
host = ["*.old.example"]
expires = 2020-01-31

[[rule]]
name = "tell partners"
when = { identifier = ["msisdn"] }
to = { partner = ["former"] }
action = "keep"

[[rule]]
name = "only posts through other"
when = { severity = "high" }
to = { method = ["POST"], listener = ["other"] }
action = { block = 451 }
reason = "posts tell too much"

[[rule]]
name = "strip numbers"
when = { severity = "critical" }
unless = { partner = ["billing"] }
action = "strip"
reason = "nobody needs them"

[[rule]]
name = "mask what is left"
when = { header = ["x-seq"] }
action = "redact"
"#;

const REQUEST: &str = "GET /p HTTP/1.1\nHost: www.example.org\nX-Seq: 12\nX-MSISDN: 447700900123\nAccept: */*\n";

fn told(request: &str, arguments: &[&str]) -> Result<String, Failure> {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("clir.toml");
    std::fs::write(&file, CONFIG).unwrap();
    let judgement = Judgement::load(Some(&file)).unwrap();
    let arguments = Cli::parse_from(["explain"].iter().chain(arguments)).arguments;
    explain(&judgement, &arguments, request.as_bytes())
}

fn has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|told| told.trim() == *line), "{line:?} is not in:\n{text}");
    }
}

#[test]
fn the_deciding_rule_and_those_before_it_are_told() {
    let text = told(REQUEST, &[]).unwrap();
    has(
        &text,
        &[
            "critical msisdn (certain) in header X-MSISDN: 44770•••••23",
            "rule 1 \"tell partners\" does not match: host www.example.org does not belong to partner former",
            "rule 2 \"only posts through other\" does not match: method GET is not POST",
            "rule 3 decides: \"strip numbers\": when severity at least critical, unless partner billing: strip",
            "because nobody needs them",
            "header X-Seq, in which nothing is found",
            "rule 4 decides: \"mask what is left\": when header x-seq: redact by mask",
            "X-Seq: **",
        ],
    );
    assert!(!text.contains("447700900123"), "{text}");
    let (_, sent) = text.split_once("\nSent:\n").unwrap();
    assert_eq!(sent, "  GET /p HTTP/1.1\n  Host: www.example.org\n  X-Seq: **\n  Accept: */*\n");
}

#[test]
fn exemptions_and_expiry_are_told() {
    let text = told(REQUEST, &["--host", "www.pay.example"]).unwrap();
    has(
        &text,
        &[
            "rule 3 \"strip numbers\" does not match: exempt: partner billing",
            "no rule matches: it is kept, and logged",
        ],
    );
    has(&text, &["X-MSISDN: 44770•••••23"]);
    let text = told(REQUEST, &["--host", "www.old.example"]).unwrap();
    has(&text, &["rule 1 \"tell partners\" does not match: partner former has expired after 2020-01-31"]);
}

#[test]
fn circumstances_can_be_set() {
    let request = REQUEST.replace("GET", "POST");
    let text = told(&request, &["--listener", "other", "--client", "192.0.2.9", "--scheme", "https"]).unwrap();
    has(
        &text,
        &[
            "A POST request to https://www.example.org, from 192.0.2.9 through listener \"other\".",
            "Sent: nothing. The client is answered 451 by rule \"only posts through other\": posts tell too much.",
        ],
    );
    let error = told(&request, &["--listener", "none"]).unwrap_err().to_string();
    assert_eq!(error, "no listener is labelled \"none\"; there is server, other");
}

#[test]
fn a_line_of_the_event_log_brings_its_circumstances() {
    let line = r#"{"v":1,"id":"x","listener":"other","client":"192.0.2.7:51344","scheme":"https","method":"POST","host":"example.org","port":8443,"target":"/","headers":[["X-MSISDN","447700900123"]]}"#;
    let text = told(line, &["--show-values"]).unwrap();
    has(&text, &["A POST request to https://example.org:8443, from 192.0.2.7 through listener \"other\"."]);
    has(&text, &["critical msisdn (certain) in header X-MSISDN: 447700900123"]);
}

#[test]
fn what_cannot_be_explained_is_told_without_quoting() {
    let cases = [
        ("", "it is empty"),
        ("447700900123", "not an HTTP/1.x request"),
        ("{\"headers\":\"447700900123\"}", "not a request of the form"),
        ("{\"headers\":[]}\n{\"headers\":[]}", "`clir scan` takes many"),
        ("GET / HTTP/1.1\nX-MSISDN: 447700900123\n", "--host"),
    ];
    for (request, expected) in cases {
        let error = told(request, &[]).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("4477"), "{request}: {error}");
    }
}
