//! Does a real browser switch interception on by opening the portal's page, and do programs that pin get through?

use std::{fs, path::PathBuf, process::Command};

use super::{chromium::Chromium, nginx::Nginx, program, run};
use crate::support::{Clir, Origin, Setup, certificates::Authority, eventually, origin};

fn auto() -> Clir {
    Setup::new().intercept(&Authority::trusted().pem).unset("intercept.mode").start()
}

/// A file with this authority, for programs.
fn authority(clir: &Clir, name: &str, pem: &str) -> PathBuf {
    let file = clir.path(name);
    fs::write(&file, pem).unwrap();
    file
}

fn curl(clir: &Clir, authority: &PathBuf) -> Command {
    let mut command = program("curl");
    command.args(["-sS", "--fail", "--max-time", "60", "--proxy", &format!("http://{}", clir.address())]);
    command.arg("--cacert").arg(authority);
    command
}

/// The event of a request, or a tunnel, to the site, after so many others.
fn tunnels(clir: &Clir, verdict: &str, port: u16) -> usize {
    let is_one = |event: &serde_json::Value| event["port"] == port && event["verdict"] == verdict;
    clir.events().iter().filter(|event| is_one(event)).count()
}

#[test]
#[ignore = "needs Chromium and nginx: tests/run installs them"]
fn the_portals_page_switches_it_on_in_a_browser() {
    let (clir, nginx) = (auto(), Nginx::start());
    let seen = Origin::new().serve(|_, _| origin::ok(""));
    let page = format!("<!doctype html><title>site</title><img src=\"{}\">", seen.url("/seen"));
    fs::write(nginx.files.join("index.html"), page).unwrap();
    let (ours, theirs) = (clir.authority(), Authority::trusted().pem.clone());
    let (proxy, site) = (format!("http://{}", clir.address()), format!("https://localhost:{}/", nginx.tls));
    // A browser that trusts both: whoever is in between shows in the log alone.
    let browser = Chromium::trusting(&[&ours, &theirs], &proxy, &site);
    eventually("the site is open", || (!seen.heads().is_empty()).then_some(()));
    drop(browser);
    eventually("it passed", || (tunnels(&clir, "tunnelled", nginx.tls) > 0).then_some(()));
    assert_eq!(tunnels(&clir, "intercepted", nginx.tls), 0);

    let browser = Chromium::trusting(&[&theirs], &proxy, "http://clir.test/");
    clir.wait_for_event(|event| event["host"] == "clir.test" && event["error"].is_string());
    drop(browser);
    assert!(!clir.stderr().contains("has shown that it trusts"), "this one does not trust clir");

    let browser = Chromium::trusting(&[&ours, &theirs], &proxy, "http://clir.test/");
    clir.wait_for_stderr("has shown that it trusts our authority");
    drop(browser);
    let browser = Chromium::trusting(&[&ours, &theirs], &proxy, &site);
    let inside = clir
        .wait_for_event(|event| event["port"] == nginx.tls && event["scheme"] == "https" && event["method"] == "GET");
    assert_eq!(inside["verdict"], "forwarded", "{inside}");
    drop(browser);
}

#[test]
#[ignore = "needs curl, OpenSSL and nginx: tests/run installs them"]
fn programs_that_pin_get_through_by_themselves() {
    let (clir, nginx) = (auto(), Nginx::start());
    let ours = authority(&clir, "ours.pem", &clir.authority());
    let theirs = authority(&clir, "theirs.pem", &Authority::trusted().pem);
    let site = format!("https://localhost:{}/", nginx.tls);
    run(curl(&clir, &theirs).arg(&site));
    run(curl(&clir, &ours).arg("https://clir.test/"));
    run(curl(&clir, &ours).arg(&site));
    // The browser's part is played by curl; the app, which accepts only the site's own authority, is OpenSSL.
    let app = || {
        let mut command = program("openssl");
        command.args(["s_client", "-verify_return_error", "-proxy", &clir.address().to_string(), "-connect"]);
        command.arg(format!("localhost:{}", nginx.tls)).arg("-CAfile").arg(&theirs).stdin(std::process::Stdio::null());
        command.output().unwrap()
    };
    for _ in 0..3 {
        let failed = tunnels(&clir, "failed", nginx.tls);
        assert!(!app().status.success(), "it accepts nobody else's");
        eventually("it is noticed", || (tunnels(&clir, "failed", nginx.tls) > failed).then_some(()));
    }
    let passed = app();
    let said = String::from_utf8_lossy(&passed.stdout).replace(' ', "");
    assert!(passed.status.success() && said.contains("issuer=CN=clirtestorigins"), "{said}");
    run(curl(&clir, &ours).arg(&site));
}
