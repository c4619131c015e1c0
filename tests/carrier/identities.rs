//! Is the user's own number found where no name tells it, and does it stay out of everything that clir writes?

use std::{fs, os::unix::fs::PermissionsExt};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::support::{Clir, NUMBER, Setup, Stage, eventually, origin};

/// SHA-256 and MD5 of the number with its plus sign and without it.
const SHA256: &str = "a8acc3a90a7b4e4dc65e93db9240ed26523050ef754d63b75b5161de76781436";
const MD5: &str = "40ce120a3509087f921cad996518742a";

/// What the number is told by a variable, so that no file holds it.
fn setup() -> Setup {
    Setup::new()
        .set("[identity].label", r#""my phone""#)
        .set("[identity].kind", r#""msisdn""#)
        .set("[identity].env", r#""CLIR_OWN_NUMBER""#)
        .env("CLIR_OWN_NUMBER", &format!("+{NUMBER}"))
}

fn assert_found(finding: &Value, part: &str) {
    assert_eq!(finding["identifier"], "msisdn", "{finding}");
    assert_eq!(finding["confidence"], "certain", "{finding}");
    assert_eq!(finding["detector"], "identity", "{finding}");
    assert_eq!(finding["signature"], Value::Null, "{finding}");
    assert_eq!(finding["location"]["part"], part, "{finding}");
}

#[test]
fn a_name_that_says_nothing_hides_nothing() {
    let mut stage = Stage::with(setup());
    let forms =
        [NUMBER.to_owned(), "+44 7700 900123".to_owned(), STANDARD.encode(NUMBER), SHA256.to_owned(), MD5.to_owned()];
    for form in &forms {
        stage.client.send(stage.origin.request("GET", "/", &format!("X-Zq: {form}\r\nX-Last: 1\r\n")));
        let mut site = stage.origin.accept();
        assert!(!site.head().has("X-Zq"), "{form} reaches the site");
        site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(stage.client.response().status(), 200);
    }
    for event in stage.clir.wait_for_events(forms.len()) {
        assert_eq!(event["findings"].as_array().unwrap().len(), 1, "{event}");
        assert_found(&event["findings"][0], "header");
        assert_eq!(event["actions"][0]["action"], "strip");
    }
    assert_silent(&stage.clir, &forms);
}

#[test]
fn targets_cookies_and_answers_are_logged_without_it() {
    let policy = "[[rule]]\nname = \"keep\"\nwhen = { severity = \"low\" }\naction = \"keep\"\n";
    let mut stage = Stage::with(setup().policy(policy));
    let forms = [NUMBER.to_owned(), STANDARD.encode(NUMBER), SHA256.to_owned()];
    for form in &forms {
        stage.client.send(stage.origin.request(
            "GET",
            &format!("/p/{form}?q={form}"),
            &format!("Cookie: c={form}; d=1\r\n"),
        ));
        let mut site = stage.origin.accept();
        assert!(site.head().has("Cookie"));
        site.send(format!("HTTP/1.1 200 OK\r\nX-Zq: {form}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(stage.client.response().status(), 200);
    }
    for event in stage.clir.wait_for_events(forms.len()) {
        let findings = event["findings"].as_array().unwrap();
        let parts: Vec<_> = findings.iter().map(|finding| finding["location"]["part"].as_str().unwrap()).collect();
        assert_eq!(parts, ["target", "target", "header", "header"], "{event}");
        findings.iter().for_each(|finding| assert_found(finding, finding["location"]["part"].as_str().unwrap()));
        assert_eq!(findings[0]["origin"], "handset");
        assert_eq!(findings[2]["origin"], "handset");
    }
    assert_silent(&stage.clir, &forms);
}

/// The number by itself, and what was made of it.
fn assert_silent(clir: &Clir, forms: &[String]) {
    for form in forms {
        clir.assert_never_wrote(form);
    }
    clir.assert_never_wrote("7700900123");
}

#[test]
fn a_file_with_a_number_is_watched() {
    let setup = Setup::new()
        .set("[identity].label", r#""my phone""#)
        .set("[identity].kind", r#""msisdn""#)
        .set("[identity].file", r#""number""#);
    let file = setup.dir.path().join("number");
    fs::write(&file, "+44 7700 900999\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut stage = Stage::with(setup);
    let mut is_stripped = || {
        stage.client = stage.clir.connect();
        stage.client.send(stage.origin.request("GET", "/", &format!("X-Zq: {NUMBER}\r\n")));
        let mut site = stage.origin.accept();
        let stripped = !site.head().has("X-Zq");
        site.send(origin::ok("1"));
        assert_eq!(stage.client.response().status(), 200);
        stripped
    };
    assert!(!is_stripped());
    fs::write(&file, format!("+{NUMBER}\n")).unwrap();
    eventually("the new number", || is_stripped().then_some(()));
}
