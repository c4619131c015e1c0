//! What is said where nothing is in the way, and where nothing can be reached?

use std::net::TcpListener;

use crate::{
    result::{output, reflector, result},
    support::{
        Setup,
        probe::{differences, said},
        setup,
    },
};

#[test]
fn a_clean_path_has_no_difference_at_all() {
    let reflector = reflector();
    let (result, code) = result(reflector.address(), &["--named-host", "partner.example"]);
    assert_eq!((differences(&result), code), (vec![], 0));
    assert_eq!(result["verdict"]["statement"], "Nothing was added, taken away or changed.");
    assert_eq!((&result["kind"], &result["v"]), (&"clir-probe".into(), &1.into()));
    assert!(result["offset_ms"].as_i64().unwrap().abs() < 2000, "{result}");
    assert!(result["trials"].as_array().unwrap().len() > 15);
}

#[test]
fn a_person_reads_what_was_and_was_not_looked_at() {
    let reflector = reflector();
    let output = output(reflector.address(), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    for words in [
        "GET, first request                 as it was sent",
        "Nothing was added",
        "no mobile\n  carrier was on the way",
        "--named-host",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn what_cannot_be_reached_is_no_clean_path() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (result, code) = result(nobody, &[]);
    assert_eq!(code, 1);
    assert_eq!(result["verdict"]["statement"], "Nothing could be tried.");
    assert!(result["coverage"].to_string().contains("Connection refused"), "{result}");
    // A port that is filtered would take ten seconds for each.
    assert_eq!(result["trials"].as_array().unwrap().len(), 4, "two connections, then no more: {result}");
}

#[test]
fn inside_tls_the_hello_is_compared_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(dir.path().join("site.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.path().join("site.key"), made.signing_key.serialize_pem()).unwrap();
    let ca = dir.path().join("site.pem").display().to_string();
    let mut command = setup::clir(dir.path());
    command.args(["reflect", "--https", "127.0.0.1:0", "--limit", "rate=10000"]);
    command.args(["--certificate", "site.pem", "--key", "site.key"]);
    let reflector = crate::support::Clir::spawn(&mut command, dir, 1);
    let dir = tempfile::tempdir().unwrap();
    let url = format!("https://localhost:{}", reflector.address().port());
    let run = |more: &[&str]| said(setup::clir(dir.path()).args(["probe", &url]).args(more));
    let (result, code) = run(&["--ca", &ca]);
    let tried: Vec<_> = result["trials"].as_array().unwrap().iter().filter(|trial| trial["error"].is_null()).collect();
    assert!(tried.len() > 15 && tried.iter().all(|trial| trial["differences"] == serde_json::json!([])), "{result}");
    assert_eq!(code, 0);
    assert!(result["coverage"].to_string().contains("Inside TLS nobody"), "{result}");
    // Whose certificate nobody vouches for is not talked to.
    let (result, code) = run(&[]);
    assert_eq!(code, 1, "{result}");
    let cured = "authority that is not trusted here; --ca FILE names what else it may lead to";
    assert!(result["trials"][0]["error"].as_str().unwrap().ends_with(cured), "{result}");
}

#[test]
fn through_clir_the_bait_is_taken_out_and_said_to_be_its_doing() {
    let reflector = reflector();
    let clir = Setup::new().start();
    let via = clir.address().to_string();
    let (result, code) = result(reflector.address(), &["--via", &via]);
    assert_eq!(code, 0, "{result}");
    let statement = result["verdict"]["statement"].as_str().unwrap();
    assert!(statement.starts_with("Nothing was added") && statement.contains("the proxy does"), "{statement}");
    let by_proxy: Vec<_> =
        result["trials"].as_array().unwrap().iter().filter(|trial| trial["via"].is_string()).collect();
    let plain = by_proxy.iter().filter(|trial| trial["name"].as_str().unwrap().starts_with("GET, "));
    assert!(plain.clone().count() >= 4);
    for trial in plain {
        assert_eq!(trial["differences"], serde_json::json!([]), "clir changes nothing of its own: {trial}");
    }
}
