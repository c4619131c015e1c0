//! Is a web address told, safely, and patiently where that helps?

use std::{
    fs,
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;

use crate::{
    receiver::{assert_masked, leak, leaky, site},
    support::{
        Clir, NUMBER, Origin, Setup,
        certificates::{Authority, Flaw},
        eventually, origin,
        tls::TlsOrigin,
    },
};

const PATH: &str = "/hook/secret-of-the-address?x=1";

/// A clir that posts leaks there.
fn posting(setup: Setup, base: &str) -> Clir {
    let roots = setup.dir.path().join("hooks.pem");
    fs::write(&roots, &Authority::trusted().pem).unwrap();
    let alert = format!(
        "[[alert]]\nname = \"hook\"\non = \"first-leak\"\nwebhook = \"{base}{PATH}\"\nroots = [{:?}]\ntimeout = \"5s\"\n",
        roots.to_str().unwrap()
    );
    setup.also(&alert).start()
}

/// Asserts that the address's secret part was told to nobody.
fn assert_secret(clir: &Clir) {
    assert!(!clir.stderr().contains("secret-of-the-address"), "{}", clir.stderr());
}

#[test]
fn a_leak_is_posted_inside_tls() {
    let config = Authority::trusted().server(&["127.0.0.1"], Flaw::Nothing, &["http/1.1"]);
    let hook = TlsOrigin::with(config, Ipv4Addr::LOCALHOST.into());
    let clir = posting(leaky(), &format!("https://127.0.0.1:{}", hook.port()));
    leak(&clir, site().address, NUMBER);
    let mut wire = hook.accept();
    let head = wire.head();
    assert_eq!(head.start_line(), format!("POST {PATH} HTTP/1.1"));
    assert_eq!(head.value("content-type").as_deref(), Some("application/json"));
    assert_eq!(head.value("host"), Some(hook.authority()));
    let (body, _) = wire.body(&head).unwrap();
    wire.send(origin::ok("thanks"));
    let text = String::from_utf8(body).unwrap();
    let alert: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&alert["kind"], &alert["value"]), (&"first-leak".into(), &"44770•••••23".into()));
    assert_masked(&clir, &text);
    assert_secret(&clir);
}

#[test]
fn a_hook_that_fails_is_tried_again() {
    let count = AtomicUsize::new(0);
    let hook = Origin::new().serve(move |_, body| {
        assert!(!body.is_empty());
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
            _ => origin::ok("thanks"),
        }
    });
    let clir = posting(leaky(), &format!("http://{}", hook.address));
    leak(&clir, site().address, NUMBER);
    eventually("the second try", || (hook.heads().len() == 2).then_some(()));
    clir.wait_for_stderr("alert \"hook\" was taken by");
    assert_secret(&clir);
}

#[test]
fn a_redirection_is_not_followed() {
    let elsewhere = Origin::new();
    let answer = format!(
        "HTTP/1.1 307 Elsewhere\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        elsewhere.url("/there")
    );
    let hook = Origin::new().serve(move |_, _| answer.clone().into_bytes());
    let clir = posting(leaky(), &format!("http://{}", hook.address));
    leak(&clir, site().address, NUMBER);
    clir.wait_for_stderr("it redirects (307 Temporary Redirect), which is not followed");
    assert_eq!(hook.heads().len(), 1);
    elsewhere.assert_left_alone();
    assert_secret(&clir);
}

#[test]
fn a_bad_certificate_gets_nothing() {
    for flaw in [Flaw::Expired, Flaw::WrongName, Flaw::UnknownAuthority, Flaw::SelfSigned] {
        let hook = TlsOrigin::flawed(flaw);
        let setup = leaky();
        let roots = setup.dir.path().join("hooks.pem");
        fs::write(&roots, &Authority::trusted().pem).unwrap();
        let clir = posting(setup, &format!("https://127.0.0.1:{}", hook.port()));
        let mut command = crate::support::setup::clir(clir.dir.path());
        let output = command.args(["--config", "clir.toml", "alert", "test"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && said.contains("no trustworthy TLS"), "{flaw:?}: {said}");
        assert!(!said.contains("secret-of-the-address"), "{said}");
    }
}

/// While a hook does not answer, requests do not wait, and neither does the end.
#[test]
fn a_slow_hook_holds_nothing_up() {
    let hook = Origin::new();
    let mut clir = posting(leaky(), &format!("http://{}", hook.address));
    let site = site();
    leak(&clir, site.address, NUMBER);
    let _silent = hook.accept();
    for last in 0..9 {
        leak(&clir, site.address, &format!("44770090010{last}"));
    }
    let start = std::time::Instant::now();
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0));
    assert!(start.elapsed() < std::time::Duration::from_secs(15), "{:?}", start.elapsed());
    clir.assert_never_wrote(NUMBER);
}
