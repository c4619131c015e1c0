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

const BROWSER: &str = "\
GET /item/1700000000123?ref=home-page&phone=447700900123 HTTP/1.1
Host: www.example.org
Connection: keep-alive
sec-ch-ua: \"Chromium\";v=\"116\"
sec-ch-ua-mobile: ?1
User-Agent: Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile Safari/537.36
Accept: image/avif,image/webp,*/*;q=0.8
Referer: https://www.example.org/products/item?ref=home-page&campaign=1700000000123
Accept-Language: en-GB,en;q=0.9
X-Order-Phone: 447700900123
X-Seq: 1700000000123
X-Forwarded-For: 10.2.3.4
Cookie: _ga=GA1.2.1234567890.1700000000; sid=5fa86fafe83e0b32f0f861ed5fa86fafe83e0b32; user_phone=447700900123
x-up-calling-line-id: 447700900123
X-Acme-Msisdn: MzQzNDM3MzczMDMwMzkzMDMwMzEzMjMz
447700900456: 1
";

const FIELDS: &str = "\
Field by field:
  the target: msisdn (likely)
    \"phone\": firm word \"phone\", for msisdn; msisdn (E.164, mobile range of country code 44), likely:
      key and value agree
    nothing telling under: ref
  X-Order-Phone: nothing
    name: \"phone\" would tell, but beside \"order\" it means something else
    value: 12 digits: under such a name only a phone number with plus sign, or encoded, counts
  X-Seq: nothing
    name: no telling word
    value: digits, but a clock of the years 2001–2033 (milliseconds): under such a name only a phone
      number with plus sign, or encoded, counts
  X-Forwarded-For: client-ip (possible)
    name: an address inside the carrier is looked for
    value: client-ip (IP address), possible: any proxy may tell an inner address
  Cookie: msisdn (likely)
    \"user_phone\": strong word \"userphone\", for msisdn; msisdn (E.164, mobile range of country code
      44), likely: key and value agree
    nothing telling under: _ga, sid
  x-up-calling-line-id: msisdn (certain)
    name: documented for msisdn as up-calling-line-id (O2 UK incident Jan 2012: BBC
      technology-16721338, The Register 2012/01/25, alphr/PC Pro 372427; TeliaSonera Finland 'MSISDN
      Enrichment' manual v1.2, 2014)
    value: msisdn (E.164, mobile range of country code 44), certain: documented name, and the value
      has the right shape
  X-Acme-Msisdn: msisdn (likely)
    name: strong word \"msisdn\", for msisdn
    value: msisdn (E.164, mobile range of country code 44; decoded: base64 → hex of ASCII), likely:
      name and value agree
  nothing telling in: Host, Connection, sec-ch-ua, sec-ch-ua-mobile, User-Agent, Accept, Referer,
    Accept-Language, (12 bytes)
";

#[test]
fn every_field_is_told_of_and_no_value_is_shown() {
    let text = told(BROWSER, &[]).unwrap();
    let at = text.find("Field by field:").unwrap();
    let (fields, _) = text[at..].split_once("\nSent:").unwrap();
    assert_eq!(fields, FIELDS);
    for value in ["447700900", "1700000000123", "1234567890", "5fa86faf", "MzQz"] {
        assert!(!text[..at + fields.len()].contains(value), "{value} is shown in:\n{text}");
    }
}

#[test]
fn machines_are_told_the_same() {
    let line = told(BROWSER, &["--output", "jsonl"]).unwrap();
    assert!(line.ends_with("}\n") && !line.contains("447700900"), "{line}");
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    let fields = json["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 1 + BROWSER.lines().count() - 1);
    assert_eq!(json["findings"].as_array().unwrap().len(), 5);
    let verdicts: Vec<_> = fields.iter().map(|field| field["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == "found").count(), 5);
    let seq = fields.iter().find(|field| field["name"] == "X-Seq").unwrap();
    assert_eq!((&seq["verdict"], &seq["part"], &seq["index"]), (&"considered".into(), &"header".into(), &9.into()));
    assert_eq!(seq["reasons"][0], serde_json::json!({ "about": "name", "key": null, "reason": "no telling word" }));
}

#[test]
fn inside_tls_it_was_not_the_carrier() {
    let text = told(REQUEST, &["--scheme", "https"]).unwrap();
    has(&text, &["put there by the phone: inside TLS nothing on the way can add a field"]);
    let text = told(REQUEST, &["--scheme", "http"]).unwrap();
    has(&text, &["put there by the carrier: in cleartext, under a name that is documented as a gateway's"]);
}

#[test]
fn what_an_event_tells_of_many_requests_is_told() {
    let line = r#"{"v":1,"host":"example.org","target":"/","headers":[["X-Zed","a9f3"]],"findings":[{"identifier":"subscriber-id","severity":"high","confidence":"likely","origin":"unknown","location":{"part":"header","name":"X-Zed","index":0},"detector":"behaviour-cross-site","evidence":{"reason":"one opaque value to unrelated sites","count":14,"first":"2026-11-20T10:00:00.000Z","last":"2026-11-22T10:00:00.000Z","hosts":["01","02","03","04","05"]},"origin_reason":"one opaque value to unrelated sites"}]}"#;
    has(
        &told(line, &[]).unwrap(),
        &[
            "Found over time, as the event tells:",
            "high subscriber-id (likely) in header X-Zed, by behaviour-cross-site",
            "put there by whom cannot be told: one opaque value to unrelated sites",
            "seen 14 times on 5 unrelated sites, 2026-11-20 … 2026-11-22",
        ],
    );
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
