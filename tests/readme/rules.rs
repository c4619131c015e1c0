//! Is the TOML in README.md sound, and does every rule in it decide?

use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};

use tempfile::TempDir;

use super::{
    blocks::{Block, blocks, read, root},
    support::{Origin, Setup, setup},
};

/// For each rule for requests, a request on which it decides.
const DECIDES: &[(&str, &str)] = &[
    ("strip what names the subscriber", "GET http://example.org/ HTTP/1.1\nX-Up-Calling-Line-ID: 447700900123\n"),
    ("show billing only a pseudonym", "GET http://www.pay.example/ HTTP/1.1\nX-MSISDN: 447700900123\n"),
    ("no Openwave and Vodafone headers", "GET http://example.org/ HTTP/1.1\nX-Up-Anything: 1\n"),
    ("no numbers in addresses", "POST http://example.org/?msisdn=447700900123 HTTP/1.1\n"),
    (
        "no game servers in the kitchen",
        r#"{"id":"1","client_name":"kitchen tablet","method":"GET","host":"a.game.example","path":"/","headers":[["Host","a.game.example"]]}"#,
    ),
];

/// And one on which it does not, because of what it exempts.
const DOES_NOT: &[(&str, &str)] = &[
    ("show billing only a pseudonym", "GET http://example.org/ HTTP/1.1\nX-MSISDN: 447700900123\n"),
    ("no Openwave and Vodafone headers", "GET http://a.test.example/ HTTP/1.1\nX-Up-Anything: 1\n"),
    ("no numbers in addresses", "GET https://example.org/?msisdn=447700900123 HTTP/1.1\n"),
    (
        "no game servers in the kitchen",
        r#"{"id":"1","client_name":"work laptop","method":"GET","host":"a.game.example","path":"/","headers":[["Host","a.game.example"]]}"#,
    ),
];

/// Blocks that are configurations, or parts of one.
fn configurations() -> Vec<Block> {
    blocks("toml").into_iter().filter(|block| block.name.is_none()).collect()
}

fn rules(block: &Block) -> Vec<(String, bool)> {
    let Ok(table) = block.text.parse::<toml::Table>() else { return Vec::new() };
    let rules = table.get("rule").and_then(|rules| rules.as_array()).cloned().unwrap_or_default();
    let is_for_answers = |rule: &toml::Value| rule.get("direction").is_some_and(|it| it.as_str() == Some("response"));
    rules.iter().map(|rule| (rule["name"].as_str().unwrap().to_owned(), is_for_answers(rule))).collect()
}

fn saved(block: &Block) -> TempDir {
    let dir = TempDir::with_prefix("clir-readme-").unwrap();
    fs::create_dir(dir.path().join("signatures")).unwrap();
    for named in blocks("toml") {
        if let Some(name) = &named.name {
            fs::write(dir.path().join(name), &named.text).unwrap();
        }
    }
    fs::write(dir.path().join("policy.toml"), read(&root().join("config/policy.toml"))).unwrap();
    fs::write(dir.path().join("clir.toml"), &block.text).unwrap();
    dir
}

fn run(dir: &TempDir, arguments: &[&str], stdin: &str) -> Output {
    let mut command = setup::clir(dir.path());
    command.args(["--config", "clir.toml"]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn explained(block: &Block, request: &str) -> String {
    let output = run(&saved(block), &["explain"], &format!("{request}\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_configuration_is_sound() {
    for block in configurations() {
        let output = run(&saved(&block), &["check"], "");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "README.md, line {}: {told}", block.line);
        // The partner's last day will come; nothing else is to be warned of.
        let warnings = told.matches("warning[").count();
        assert_eq!(
            warnings,
            told.matches("warning[expired-partner]").count(),
            "README.md, line {}: {told}",
            block.line
        );
    }
}

#[test]
fn every_rule_decides_and_exempts() {
    let mut seen = 0;
    for block in configurations() {
        for (name, is_for_answers) in rules(&block).into_iter().filter(|(_, is_for_answers)| !is_for_answers) {
            let (_, request) = DECIDES
                .iter()
                .find(|(rule, _)| *rule == name)
                .unwrap_or_else(|| panic!("no request shows the rule \"{name}\" ({is_for_answers})"));
            let account = explained(&block, request);
            assert!(account.contains(&format!("decides: \"{name}\"")), "{account}");
            for (_, request) in DOES_NOT.iter().filter(|(rule, _)| *rule == name) {
                let account = explained(&block, request);
                assert!(!account.contains(&format!("decides: \"{name}\"")), "{account}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, DECIDES.len(), "a rule of this test is not in README.md any more");
}

#[test]
fn rules_for_answers_change_answers() {
    let is_for_answers = |block: &Block| rules(block).iter().any(|(_, is_for_answers)| *is_for_answers);
    let block = configurations().into_iter().find(is_for_answers).expect("a rule for answers");
    let clir = Setup::new().policy(&block.text).start();
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", ""));
    let mut site = origin.accept();
    site.head();
    site.send("HTTP/1.1 200 OK\r\nSet-Cookie: msisdn=447700900123\r\nContent-Length: 0\r\n\r\n");
    let response = client.response();
    assert_eq!(response.head.value("set-cookie").as_deref(), Some("msisdn=************"));
}

#[test]
fn rules_of_a_clients_own_decide_for_it_alone() {
    let block = configurations().into_iter().find(|block| block.text.contains("[[client]]")).expect("[[client]]");
    let from = |client: &str| {
        let fields = r#"[["Host","example.org"],["X-Wap-Bearer","447700900123"],["X-MSISDN","447700900123"]]"#;
        let line = format!(
            r#"{{"id":"1","client":"{client}:5000","method":"GET","host":"example.org","path":"/","headers":{fields}}}"#
        );
        explained(&block, &line)
    };
    let (guest, other) = (from("198.51.100.7"), from("192.0.2.20"));
    assert!(guest.contains("decides: \"guests are on their own\""), "{guest}");
    assert!(!other.contains("decides: \"guests are on their own\""), "{other}");
    assert!(other.contains("it is a rule of client guests"), "{other}");
}

#[test]
fn an_own_signature_is_found() {
    let block = configurations().into_iter().find(|block| block.text.contains("[signatures]")).expect("[signatures]");
    let account = explained(&block, "GET http://example.org/ HTTP/1.1\nX_Example_Subno: 447700900123\n");
    assert!(account.contains("signature example-subno"), "{account}");
}
