//! What does a real browser make of the page, with and without a box on the way?

use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::reflector;
use crate::support::{
    Clir,
    browser::{run, script},
    carrier::Carrier,
};

/// Known to work as root, without a display, on a machine that reaches nobody. The authority of the tests is nobody's.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--ignore-certificate-errors",
    "--virtual-time-budget=20000",
    "--dump-dom",
];

/// The page as it stands once its script has done.
fn page(url: &str) -> String {
    let home = TempDir::with_prefix("clir-chromium-").unwrap();
    let mut command = Command::new("chromium");
    command.args(FLAGS).arg(format!("--user-data-dir={}", home.path().join("profile").display())).arg(url);
    command.env("HOME", home.path()).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().expect("Chromium starts");
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The sentence that stands first.
fn heading(page: &str) -> &str {
    let from = page.find("<h1").map(|at| &page[at..]).unwrap_or_else(|| panic!("no heading in {page}"));
    &from[..from.find("</h1>").unwrap()]
}

#[test]
#[ignore = "needs Chromium: run by tests/run"]
fn a_browser_reads_the_verdict_with_and_without_a_box_on_the_way() {
    let clir = reflector(&["--limit", "rate=1000"]);
    let direct = page(&format!("http://{}/", clir.address()));
    assert!(direct.contains("data-compared=\"yes\""), "{direct}");
    assert!(heading(&direct).ends_with(" Nothing was added on the way"), "{}", heading(&direct));
    let boxed = page(&format!("http://{}/", Carrier::leaking(clir.address()).address));
    assert!(boxed.contains("data-compared=\"yes\"") && boxed.contains("Added on the way"), "{boxed}");
    assert!(heading(&boxed).ends_with("Your carrier tells every site your phone number"), "{}", heading(&boxed));
    let inside = page(&format!("https://{}/", clir.addresses[1]));
    assert!(heading(&inside).contains("inside HTTPS nothing can be"), "{}", heading(&inside));
    assert!(!inside.contains("unknown</b>"), "a browser of today sends what is known: {inside}");
}

fn played(name: &str, clir: &Clir) {
    let mut command = script(&format!("reflect/{name}"));
    let [http, https] = [clir.addresses[0], clir.addresses[1]].map(|address| address.to_string());
    command.env("CLIR_HTTP", http).env("CLIR_HTTPS", https);
    run(command);
}

/// Wi-Fi is clean, and over cellular a box writes the number into requests, or none does.
#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn two_taps_lead_to_the_verdict_with_script_and_without() {
    played("walk.mjs", &reflector(&["--limit", "rate=1000"]));
}

#[test]
#[ignore = "needs Chromium, Node and axe: run by tests/run"]
fn every_page_is_for_every_screen_and_for_no_eyes() {
    played("pages.mjs", &reflector(&["--limit", "rate=1000"]));
}
