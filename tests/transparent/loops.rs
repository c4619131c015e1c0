//! Is a connection refused that would come back?

use super::stage::*;

fn refusals(world: &World) -> usize {
    let is_loop = |error: &serde_json::Value| error.as_str().is_some_and(|error| error.contains("a loop"));
    world.clir.events().iter().filter(|event| event["verdict"] == "refused" && is_loop(&event["error"])).count()
}

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn a_connection_to_clir_itself_is_refused() {
    for (way, port) in [(Way::Redirect, 8082), (Way::Tproxy { keep_source: false }, 8083)] {
        let world = World::new(way, |setup| setup);
        assert_eq!(world.speak(GATEWAY, port, "0", &[b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n"]), "[reset]");
        world.event(|event| event["verdict"] == "refused");
        assert_eq!(refusals(&world), 1, "{way:?}");
        assert_eq!(
            world.speak(GATEWAY, 80, "0", &[b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]),
            "[reset]",
            "led, to ourselves"
        );
        assert_eq!(world.clir.wait_for_events(2).len(), 2);
        assert_eq!(refusals(&world), 2, "{way:?}");
    }
}

/// A firewall that leads what the gateway itself sends leads clir's own connections too.
#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn our_own_connections_are_known_again_and_the_gateways_others_are_served() {
    let world = World::new(Way::Redirect, |setup| setup.set("limits.connections", "200"));
    world.nft("add chain inet clir_test own { type nat hook output priority -100; }");
    world.nft("add rule inet clir_test own oifname wan tcp dport 80 redirect to :8082");
    let said = world.curl(&["-w", "%{http_code}", &format!("http://{SITE}/")]);
    assert!(said.ends_with("502"), "{said}");
    world.event(|event| event["verdict"] == "refused");
    // The connection was made before anything was said on it; when it proves to be dead it is made once more,
    // and no more.
    assert!((1..=2).contains(&refusals(&world)), "it goes round");
    assert!(world.received("80").is_empty());
    // Exempt as it should be: by who sends.
    world.nft("flush chain inet clir_test own");
    world.nft("add rule inet clir_test own oifname wan tcp dport 80 meta skuid != 0 redirect to :8082");
    let user = ["--reuid=65534", "--clear-groups", "curl", "-sS", "--max-time", "20", "http://198.51.100.2/"];
    let output = world.on_gateway("setpriv", &user);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "site", "{}", String::from_utf8_lossy(&output.stderr));
}
