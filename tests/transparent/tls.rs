//! Does TLS get through byte for byte, and is it told what its hello says?

use super::stage::*;
use crate::support::certificates::Authority;

fn fetch(world: &World, address: &str) -> String {
    world.curl(&["--resolve", &format!("{NAME}:443:{address}"), &format!("https://{NAME}/inside")])
}

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn what_passes_through_is_the_phones_own_hello() {
    for way in [Way::Redirect, Way::Tproxy { keep_source: false }] {
        let world = World::new(way, |setup| setup);
        assert_eq!(fetch(&world, SITE), "secret site");
        assert_eq!(fetch(&world, &format!("[{SITE_V6}]")), "secret site");
        let event = world.event(|event| event["destination"] == format!("{SITE}:443"));
        assert_eq!((&event["verdict"], &event["host"]), (&"tunnelled".into(), &NAME.into()));
        assert_eq!((&event["tunnel"]["sni"], &event["mismatch"]), (&NAME.into(), &serde_json::Value::Null));
        assert!(event["tunnel"]["alpn"].as_array().unwrap().contains(&"http/1.1".into()), "{event}");
        let ja4 = event["tunnel"]["ja4"].as_str().unwrap();
        assert!(ja4.starts_with("t13d") && ja4.len() == 36, "{ja4}");
        let v6 = world.event(|event| event["destination"] == format!("[{SITE_V6}]:443"));
        assert_eq!(v6["tunnel"]["ja4"], ja4, "one program, one fingerprint");
        // Bytes that the test chose itself, in pieces that TLS knows nothing of: they arrive as they are.
        let flights = world.received("443").remove(0);
        let hello = flights[..5 + usize::from(flights[3]) * 256 + usize::from(flights[4])].to_vec();
        let pieces: Vec<&[u8]> = hello.chunks(hello.len() / 7 + 1).collect();
        world.speak(SITE, 443, "0.05", &pieces);
        let arrived = crate::support::eventually("the third hello", || world.received("443").get(2).cloned());
        assert!(arrived.starts_with(&hello), "{}", arrived.escape_ascii());
    }
}

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn what_is_opened_is_judged_and_its_origin_proves_its_name() {
    let world = World::new(Way::Redirect, |setup| setup.intercept(&Authority::trusted().pem));
    assert_eq!(fetch(&world, SITE), "secret site");
    let tunnel = world.event(|event| event["method"] == "CONNECT");
    assert_eq!((&tunnel["verdict"], &tunnel["host"]), (&"intercepted".into(), &NAME.into()));
    assert!(tunnel["tunnel"]["ja4"].as_str().unwrap().starts_with("t13d"), "{tunnel}");
    let inside = world.event(|event| event["method"] == "GET");
    assert_eq!(
        (&inside["target"], &inside["scheme"], &inside["host"]),
        (&"/inside".into(), &"https".into(), &NAME.into())
    );
    assert_eq!(inside["destination"], format!("{SITE}:443"));
    // By address, with a certificate for the address: there is no name, and none is needed.
    assert_eq!(world.curl(&[&format!("https://{SITE}/literal")]), "secret site");
    world.event(|event| event["target"] == "/literal" && event["host"] == SITE);
    // A name that the origin cannot prove is refused by what the client is told.
    let forged = world.curl(&["--resolve", &format!("{OTHER}:443:{SITE}"), &format!("https://{OTHER}/")]);
    assert!(forged.contains("no trustworthy TLS connection"), "{forged}");
    assert_eq!(world.event(|event| event["host"] == OTHER && event["method"] == "CONNECT")["mismatch"], "sni");
    assert_eq!(world.received("443-inside").len(), 2);
}

/// Without a name, and without a certificate for the address: only the client can know whom it wants.
#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn a_client_that_names_nobody_checks_for_itself() {
    let world = World::new(Way::Redirect, |setup| setup.intercept(&Authority::trusted().pem));
    assert_eq!(world.curl(&["-k", &format!("https://[{SITE_V6}]/")]), "secret site");
    let event = world.event(|event| event["destination"] == format!("[{SITE_V6}]:443"));
    assert_eq!((&event["verdict"], &event["tunnel"]["reason"]), (&"tunnelled".into(), &"no-name".into()));
}

/// A phone behind a gateway is known by its network card, and shows its trust by a name that is clir's wherever it leads.
#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn a_phone_shows_its_trust_behind_a_gateway() {
    let world = World::new(Way::Redirect, |setup| setup.intercept(&Authority::trusted().pem).unset("intercept.mode"));
    assert_eq!(fetch(&world, SITE), "secret site");
    let passed = world.event(|event| event["method"] == "CONNECT" && event["host"] == NAME);
    assert_eq!((&passed["verdict"], &passed["tunnel"]["reason"]), (&"tunnelled".into(), &"not-trusted".into()));
    let page = world.curl(&["--resolve", &format!("clir.test:443:{SITE}"), "https://clir.test/"]);
    assert!(page.contains("The certificate is trusted"), "{page}");
    world.clir.wait_for_stderr("has shown that it trusts our authority");
    let shown = world.clir.stderr().lines().find(|line| line.contains("has shown")).unwrap().to_owned();
    let client = shown.rsplit_once("client=").unwrap().1.trim().to_owned();
    assert_eq!(client.matches(':').count(), 5, "its card, not its address: {client}");
    // The same phone, over the other family.
    assert_eq!(fetch(&world, &format!("[{SITE_V6}]")), "secret site");
    let inside = world.event(|event| event["method"] == "GET" && event["host"] == NAME);
    assert_eq!(inside["destination"], format!("[{SITE_V6}]:443"));
}
