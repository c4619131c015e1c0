//! Is what is printed what was asked for, and nothing else?

use std::{fs, path::Path};

use clap::Parser;
use tempfile::TempDir;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

const FIRST: &str = r#"{"v":1,"id":"01A","ts":"2026-11-22T14:02:11.123Z","listener":"home","vantage":"no-carrier","client":"192.0.2.7:51344","scheme":"http","method":"GET","host":"example.org","port":80,"target":"/a?x=1&y","version":"HTTP/1.1","headers":[["Host","example.org"],["x-up-calling-line-id","44770•••••23"]],"findings":[{"identifier":"msisdn","severity":"critical","confidence":"certain","origin":"carrier","location":{"part":"header","name":"x-up-calling-line-id","index":1},"span":[0,12],"detector":"signature","signature":"up-calling-line-id","digest":"hmac:00"}],"actions":[{"rule":"strip what names the subscriber","action":"strip","header":"x-up-calling-line-id"}],"verdict":"forwarded","status":200,"request_bytes":0,"response_bytes":1256,"duration_us":4312,"error":null}"#;
const SECOND: &str = r#"{"v":1,"id":"01B","ts":"2026-11-22T15:00:00.000Z","listener":"home","vantage":"no-carrier","client":"[2001:db8::7]:51345","scheme":"https","method":"CONNECT","host":"www.example.net","port":8443,"target":"www.example.net:8443","version":"HTTP/1.1","headers":[],"findings":[{"identifier":"network","severity":"low","confidence":"possible","origin":"carrier","location":{"part":"header","name":"X-APN","index":0,"direction":"response"},"span":[0,8],"detector":"signature","signature":null,"digest":"hmac:01","evidence":{"reason":"one opaque value to unrelated sites","count":14,"first":"2026-11-20T10:00:00.000Z","last":"2026-11-22T10:00:00.000Z","hosts":["00000000000000a1","00000000000000a2"]},"origin_reason":"in cleartext"}],"actions":[{"rule":"keep the rest","action":"keep","header":"X-APN","observed":true}],"verdict":"tunnelled","status":null,"request_bytes":10,"response_bytes":20,"duration_us":1500,"error":"the \u001b[31mpeer went away","tunnel":{"sni":"www.example.net","alpn":["h2"],"reason":"bypass"}}"#;

fn log() -> TempDir {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "20261122T140000Z", &format!("{FIRST}\n{{\"v\":1,\"id\":\"torn"));
    write(dir.path(), "20261122T140000Z-1", &format!("not json\n[1]\n{{\"id\":1}}\n{SECOND}\n"));
    dir
}

fn write(dir: &Path, stamp: &str, text: &str) {
    fs::write(dir.join(format!("events-{stamp}.jsonl")), text).unwrap();
}

fn printed(dir: &Path, arguments: &[&str]) -> String {
    let arguments = Cli::parse_from(["log"].iter().chain(arguments)).arguments;
    let mut out = Vec::new();
    print(dir, &arguments, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The ids of the events that are admitted.
fn admitted(arguments: &[&str]) -> Vec<String> {
    let text = printed(log().path(), &[&["--output", "jsonl"], arguments].concat());
    text.lines().map(|line| serde_json::from_str::<EventLine>(line).unwrap().id).collect()
}

#[test]
fn lines_pass_through_unchanged_and_in_order() {
    assert_eq!(printed(log().path(), &["--output", "jsonl"]), format!("{FIRST}\n{SECOND}\n"));
}

#[test]
fn text_fits_a_hundred_columns_and_a_terminal() {
    let text = printed(log().path(), &[]);
    let expected = "\
2026-11-22 14:02:11  forwarded    200  192.0.2.7        GET http://example.org/a?x=1&y
    critical msisdn (certain) in header x-up-calling-line-id: 44770•••••23
      put there by the carrier
    strip x-up-calling-line-id by rule \"strip what names the subscriber\"
2026-11-22 15:00:00  tunnelled      -  [2001:db8::7]    CONNECT www.example.net:8443
    low network (possible) in header X-APN of the answer
      put there by the carrier: in cleartext
      seen 14 times on 2 unrelated sites, 2026-11-20 … 2026-11-22: one opaque value to unrelated
        sites
    would keep X-APN by rule \"keep the rest\"
    tunnel: 10 bytes out, 20 bytes in, to www.example.net, offering h2 (bypass)
    error: the \\u{1b}[31mpeer went away
";
    assert_eq!(text, expected);
    let dir = TempDir::new().unwrap();
    write(dir.path(), "20261122T140000Z", &format!("{}\n", FIRST.replace("/a?x=1", &"/long".repeat(40))));
    assert!(printed(dir.path(), &[]).lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn filters_hold_together_and_lists_hold_apart() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["--since", "2026-11-22T14:30:00Z"], &["01B"]),
        (&["--until", "2026-11-22T14:30:00Z"], &["01A"]),
        (&["--client", "192.0.2.7"], &["01A"]),
        (&["--client", "192.0.2.0/24", "--client", "2001:db8::/32"], &["01A", "01B"]),
        (&["--client", "[2001:db8::7]:51345"], &["01B"]),
        (&["--client", "192.0.2.8"], &[]),
        (&["--host", "*.example.net"], &["01B"]),
        (&["--identifier", "msisdn"], &["01A"]),
        (&["--identifier", "network", "--severity", "high"], &[]),
        (&["--severity", "low"], &["01A", "01B"]),
        (&["--severity", "high"], &["01A"]),
        (&["--rule", "strip*"], &["01A"]),
        (&["--rule", "keep the rest", "--action", "strip"], &[]),
        (&["--action", "strip", "--action", "keep"], &["01A", "01B"]),
        (&["--verdict", "tunnelled"], &["01B"]),
        (&["--last", "1"], &["01B"]),
        (&["--last", "0"], &[]),
    ];
    for (arguments, expected) in cases {
        assert_eq!(admitted(arguments), *expected, "{arguments:?}");
    }
}

#[test]
fn an_archive_is_json_even_when_it_is_empty() {
    let read = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&printed(log().path(), &[&["--output", "har"], arguments].concat())).unwrap()
    };
    let entries = &read(&[])["log"]["entries"];
    assert_eq!(entries[0]["request"]["url"], "http://example.org/a?x=1&y");
    assert_eq!(entries[0]["request"]["queryString"][0], serde_json::json!({"name": "x", "value": "1"}));
    assert_eq!(entries[0]["_clir"]["findings"][0]["identifier"], "msisdn");
    assert_eq!(entries[1]["request"]["url"], "https://www.example.net:8443");
    assert_eq!(read(&["--last", "0"])["log"]["entries"], serde_json::json!([]));
}

#[test]
fn what_comes_later_is_read_once_and_whole() {
    let dir = TempDir::new().unwrap();
    let mut tail = Tail::new(dir.path(), None);
    let mut advance = || {
        let mut lines = Vec::new();
        tail.advance(&mut |read| {
            let Read::Event(line) = read else { panic!("no event") };
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            Ok(())
        })
        .unwrap();
        lines
    };
    assert!(advance().is_empty());
    let (half, rest) = SECOND.split_at(40);
    write(dir.path(), "20261122T140000Z", &format!("{FIRST}\n{half}"));
    assert_eq!(advance(), [format!("{FIRST}\n")]);
    write(dir.path(), "20261122T140000Z", &format!("{FIRST}\n{half}{rest}\n"));
    write(dir.path(), "20261122T150000Z", &format!("{FIRST}\n"));
    assert_eq!(advance(), [format!("{SECOND}\n"), format!("{FIRST}\n")]);
    assert!(advance().is_empty());
    // Emptied by another program, which has taken a copy.
    write(dir.path(), "20261122T150000Z", "");
    assert!(advance().is_empty());
    write(dir.path(), "20261122T150000Z", &format!("{SECOND}\n"));
    assert_eq!(advance(), [format!("{SECOND}\n")]);
}

#[test]
fn files_that_ended_before_are_not_opened() {
    let dir = log();
    write(dir.path(), "20261122T143000Z", &format!("{SECOND}\n"));
    fs::create_dir(dir.path().join("events-20261121T000000Z.jsonl")).unwrap();
    assert_eq!(printed(dir.path(), &["--since", "2026-11-22T14:45:00Z", "--output", "jsonl"]), format!("{SECOND}\n"));
}

#[test]
fn a_directory_that_is_not_there_is_told() {
    let arguments = Cli::parse_from(["log"]).arguments;
    let failure = print(Path::new("/nowhere/logs"), &arguments, &mut Vec::new()).unwrap_err();
    assert!(failure.to_string().contains("/nowhere/logs"), "{failure}");
}

#[test]
fn what_a_terminal_acts_on_is_escaped_in_lines_of_others_too() {
    let dir = TempDir::new().unwrap();
    let foreign = FIRST.replace("/a?x=1&y", "/\u{e9}\u{202e}\u{9b}\u{7f}");
    write(dir.path(), "20261122T140000Z", &format!("{foreign}\n"));
    for output in ["jsonl", "har", "text"] {
        let text = printed(dir.path(), &["--output", output]);
        assert!(!text.contains(['\u{202e}', '\u{9b}', '\u{7f}']), "{output}: {text:?}");
        assert!(text.contains('\u{e9}'), "{output}: {text:?}");
    }
    let line: EventLine = serde_json::from_str(&printed(dir.path(), &["--output", "jsonl"])).unwrap();
    assert_eq!(line.target, "/\u{e9}\u{202e}\u{9b}\u{7f}");
}

#[test]
fn what_names_no_host_is_shown_as_it_was_asked_for() {
    let dir = TempDir::new().unwrap();
    let refused = FIRST.replace("\"host\":\"example.org\",\"port\":80", "\"host\":\"\",\"port\":0");
    write(dir.path(), "20261122T140000Z", &format!("{refused}\n{{\"v\":1}}\n"));
    let text = printed(dir.path(), &[]);
    assert!(text.starts_with("2026-11-22 14:02:11  forwarded    200  192.0.2.7        GET /a?x=1&y\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("2026") || line.starts_with("  -")).count(), 1, "{text}");
}

#[test]
fn what_became_of_cleartext_and_who_a_client_is_are_told() {
    let dir = TempDir::new().unwrap();
    let with = |more: &str| FIRST.replace("\"error\":null}", &format!("\"error\":null,{more}}}"));
    let lines = [
        with(r#""client_name":"kitchen tablet","upgraded":true"#),
        with(r#""client_name":"guest","upgraded":"no-https""#),
        with(r#""upgraded":"connectivity","connectivity":true"#),
    ];
    write(dir.path(), "20261122T140000Z", &(lines.join("\n") + "\n"));
    let text = printed(dir.path(), &[]);
    let told: Vec<_> =
        text.lines().filter(|line| !line.contains("calling-line") && !line.contains("put there")).collect();
    let expected = [
        "2026-11-22 14:02:11  forwarded    200  kitchen tablet   GET http://example.org/a?x=1&y",
        "    sent to the origin inside TLS",
        "2026-11-22 14:02:11  forwarded    200  guest            GET http://example.org/a?x=1&y",
        "    left in cleartext (no-https)",
        "2026-11-22 14:02:11  forwarded    200  192.0.2.7        GET http://example.org/a?x=1&y",
        "    asks whether the network is online: no rule touches it",
        "    left in cleartext (connectivity)",
    ];
    assert_eq!(told, expected, "{text}");
    assert_eq!(printed(dir.path(), &["--client", "guest", "--output", "jsonl"]).lines().count(), 1);
    assert_eq!(printed(dir.path(), &["--client", "192.0.2.0/24", "--output", "jsonl"]).lines().count(), 3);
}
