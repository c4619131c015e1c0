//! Does somebody who opens the live view in a browser see what leaves, and can they do something about it?
//!
//! A real Chromium, driven over its own pipe by the scripts beside this file. They play phone, carrier and site as well,
//! so that what the page shows can be held against what was sent and what arrived.

#[path = "../support/mod.rs"]
mod support;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use support::{
    Clir, NUMBER, Setup,
    browser::{self, run},
    eventually,
};

/// A policy that leaves everything as it is: what a rule is written against.
const NOTHING: &str = "";

/// One partner receives numbers; beyond that, the policy that holds where nobody wrote one.
const PARTNER: &str = r#"
[[partner]]
name = "billing"
host = ["billing.example"]
expires = 2099-12-31
reason = "premium content bought by the user"

[[rule]]
name = "billing may have the number"
when = { identifier = ["msisdn"] }
to = { partner = ["billing"] }
action = "keep"
reason = "it was agreed to"
"#;

const CLIENTS: &str = r#"
[[client]]
name = "Anna’s phone"
address = ["127.0.0.2"]

[[client]]
name = "Living room"
address = ["127.0.0.3"]
"#;

fn setup() -> Setup {
    Setup::new().with_view().policy(NOTHING)
}

/// Where the live view is, as clir says at its start.
fn view(clir: &Clir) -> String {
    eventually("where the live view is", || {
        let said = clir.stdout();
        let from = said.find("http://127.0.0.1:")?;
        said[from..].split_whitespace().next().map(str::to_owned)
    })
}

fn script(name: &str, clir: &Clir) -> Command {
    let mut command = browser::script(&format!("live_view/{name}"));
    command.env("CLIR_PROXY", clir.address().to_string());
    command
}

fn script_with_view(name: &str, clir: &Clir) -> Command {
    let mut command = script(name, clir);
    command.env("CLIR_VIEW", view(clir));
    command
}

#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn a_number_is_seen_to_leave_and_a_rule_ends_it() {
    let clir = setup().start();
    run(script_with_view("story.mjs", &clir));
    let policy = fs::read_to_string(clir.path("policy.toml")).unwrap();
    assert!(policy.contains("[[rule]]") && policy.contains("strip"), "{policy}");
    let last = clir.wait_for_event(|event| event["target"] == "/second");
    assert_eq!(last["actions"][0]["action"], "strip", "{last}");
    clir.assert_never_wrote(NUMBER);
}

#[test]
#[ignore = "needs Chromium, Node and axe, and namespaces: run by tests/run"]
fn many_kinds_are_told_apart_and_counted() {
    let sites = ["news", "weather", "shop", "video", "maps", "billing"].map(|name| format!("{name}.example"));
    let policy = format!("{PARTNER}{}", include_str!("../../config/policy.toml"));
    let clir = setup().policy(&policy).also(CLIENTS).naming(&sites.each_ref().map(String::as_str)).start();
    run(script_with_view("kinds.mjs", &clir));
}

#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn the_pages_own_judgements_hold() {
    run(script_with_view("modules.mjs", &setup().start()));
}

#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn what_strangers_send_is_only_looked_at() {
    let clir = setup().start();
    run(script_with_view("hostile.mjs", &clir));
}

#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn the_token_opens_it() {
    let token = "a token for one test";
    let clir = setup().set("admin.token", &format!("{{ value = {token:?} }}")).start();
    let mut command = script_with_view("login.mjs", &clir);
    command.env("CLIR_TOKEN", token);
    run(command);
}

#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn the_portal_is_for_every_screen_and_for_no_eyes() {
    let clir = Setup::new().start();
    run(script("portal.mjs", &clir));
}

#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn the_page_says_that_clir_is_gone_and_finds_it_again() {
    // The same address afterwards: found free, and given up at once.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut clir = Setup::new().with_view().set("admin.address", &format!("{:?}", free.to_string())).start();
    let mut browser =
        script_with_view("gone.mjs", &clir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Node runs");
    let mut orders = BufReader::new(browser.stdout.take().unwrap()).lines();
    let mut answers = browser.stdin.take().unwrap();
    assert_eq!(orders.next().expect("an order").unwrap(), "stop");
    let dir = clir.kill();
    writeln!(answers, "stopped").unwrap();
    assert_eq!(orders.next().expect("an order").unwrap(), "start");
    clir = Clir::again(dir);
    writeln!(answers, "{}", clir.address()).unwrap();
    assert!(browser.wait().unwrap().success());
}
