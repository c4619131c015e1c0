//! Does what is no HTTP get through: servers that speak first, slow clients, protocols that nobody knows?

use std::time::{Duration, Instant};

use super::stage::*;

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn a_server_may_speak_first() {
    let world = World::new(Way::Redirect, |setup| {
        setup.set("timeouts.sniff", r#""1s""#).set("intercept.undecided", r#""refuse""#)
    });
    let start = Instant::now();
    assert_eq!(world.speak(SITE, 2525, "0.5", &[b"", b"QUIT\r\n"]), "220 mail.example ESMTP\r\n221 bye\r\n");
    assert!(start.elapsed() < Duration::from_secs(5), "the greeting waits for nothing");
    assert_eq!(world.received("2525"), [b"QUIT\r\n"]);
    let event = world.event(|event| event["port"] == 2525);
    assert_eq!((&event["verdict"], &event["tunnel"]["reason"]), (&"tunnelled".into(), &"server-first".into()));
    assert_eq!((&event["request_bytes"], &event["response_bytes"]), (&6.into(), &33.into()));
    // A greeting that comes long after the deadline for what has begun.
    assert!(world.speak(SITE_V6, 8025, "3", &[b"", b"QUIT\r\n"]).starts_with("220 mail.example"));
}

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn what_nobody_knows_and_what_comes_slowly_gets_through() {
    let world = World::new(Way::Tproxy { keep_source: false }, |setup| setup);
    assert_eq!(world.speak(SITE, 7000, "0", &[b"\x05\x01binary"]), "got \u{5}\u{1}binary");
    assert_eq!(world.event(|event| event["port"] == 7000)["tunnel"]["reason"], "foreign-protocol");
    // Text whose first words look like a method.
    assert_eq!(world.speak(SITE, 7000, "0", &[b"NICK phone\r\n"]), "got NICK phone\r\n");
    // HTTP on an odd port, a byte or two at a time.
    let pieces: Vec<&[u8]> = b"GET /slow HTTP/1.0\r\n\r\n".chunks(2).collect();
    let said = world.speak(SITE, 7000, "0.05", &pieces);
    assert!(said.contains("502"), "that site speaks no HTTP: {said}");
    assert!(world.speak(SITE, 80, "0.05", &pieces).ends_with("site"));
    assert_eq!(world.event(|event| event["target"] == "/slow" && event["port"] == 80)["status"], 200);
}

#[test]
#[ignore = "needs root and nftables: run by tests/run"]
fn what_does_not_say_what_it_is_follows_the_policy() {
    for (policy, said) in [("tunnel", "got GE"), ("refuse", "[reset]")] {
        let world = World::new(Way::Redirect, |setup| {
            setup.set("timeouts.sniff", r#""300ms""#).set("intercept.undecided", &format!("{policy:?}"))
        });
        assert_eq!(world.speak(SITE, 7000, "1", &[b"GE"]), said);
        let event = world.event(|event| event["port"] == 7000);
        assert_eq!(event["tunnel"]["reason"], "undecided");
        assert_eq!(event["verdict"], if policy == "tunnel" { "tunnelled" } else { "refused" });
    }
}
