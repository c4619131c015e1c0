//! Does a new policy hold from one request to the next, and a broken one never?

use crate::support::{Clir, LEAK, Origin, Setup, Wire, eventually, origin, setup::STRIP};

const KEEP: &str = "[[rule]]\nname = \"keep it\"\nwhen = { severity = \"high\" }\naction = \"keep\"\n";
const BROKEN: &str = "[[rule]]\nname = \"broken\"\nwhen = { severty = \"high\" }\naction = \"keep\"\n";

/// Whether the number reaches the site now.
fn leaks(clir: &Clir, origin: &Origin) -> bool {
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", &format!("{LEAK}\r\n")));
    let mut site = origin.accept();
    let head = site.head();
    site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.response().status(), 200);
    head.has("x-up-calling-line-id")
}

#[test]
fn a_changed_file_is_a_new_policy() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    assert!(!leaks(&clir, &origin));
    clir.replace("policy.toml", KEEP);
    eventually("the new policy", || leaks(&clir, &origin).then_some(()));
    // Written in place, as simple programs do.
    std::fs::write(clir.path("policy.toml"), STRIP).unwrap();
    eventually("the old policy again", || (!leaks(&clir, &origin)).then_some(()));
}

#[test]
fn sighup_reads_again() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    assert!(!leaks(&clir, &origin));
    clir.replace("policy.toml", KEEP);
    clir.signal("HUP");
    eventually("the new policy", || leaks(&clir, &origin).then_some(()));
}

#[test]
fn a_mode_changes_as_well() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    let config = std::fs::read_to_string(clir.path("clir.toml")).unwrap();
    clir.replace("clir.toml", &config.replace("[policy]\n", "[policy]\nmode = \"observe\"\n"));
    eventually("observe mode", || leaks(&clir, &origin).then_some(()));
    clir.wait_for_event(|event| event["actions"][0]["observed"] == true);
}

#[test]
fn a_kept_connection_is_not_used_where_it_is_not_allowed_any_more() {
    let clir = Setup::new().start();
    let serving = Origin::new().serve(|_, _| origin::ok("x"));
    let ask = || {
        let mut client = clir.connect();
        client.send(format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", serving.url("/")));
        client.response().status()
    };
    assert_eq!(ask(), 200);
    let config = std::fs::read_to_string(clir.path("clir.toml")).unwrap();
    clir.replace("clir.toml", &config.replace(r#"["self"]"#, r#"["self", "loopback"]"#));
    eventually("the new access rules, kept connection or not", || (ask() == 403).then_some(()));
}

#[test]
fn a_broken_policy_keeps_the_old_one_and_says_why() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    clir.replace("policy.toml", BROKEN);
    clir.signal("HUP");
    clir.wait_for_stderr("severty");
    clir.wait_for_stderr("policy.toml");
    assert!(!leaks(&clir, &origin));
    std::fs::remove_file(clir.path("policy.toml")).unwrap();
    clir.signal("HUP");
    assert!(!leaks(&clir, &origin));
    clir.replace("policy.toml", KEEP);
    eventually("the mended policy", || leaks(&clir, &origin).then_some(()));
}

#[test]
fn nothing_under_way_is_lost() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    let mut slow = clir.connect();
    slow.send(origin.request("GET", "/slow", &format!("{LEAK}\r\n")));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/slow", ""));
    let mut tunnel = Wire::tunnel(clir.address(), &origin.authority());
    let mut far = origin.accept();
    tunnel.send("\0before");
    assert_eq!(far.exactly(7), b"\0before");

    clir.replace("policy.toml", KEEP);
    clir.signal("HUP");
    eventually("the new policy", || leaks(&clir, &origin).then_some(()));

    site.send(origin::ok("slow"));
    assert_eq!(slow.response().text(), "slow");
    tunnel.send("after");
    assert_eq!(far.exactly(5), b"after");
    let event = clir.wait_for_event(|event| event["target"] == "/slow");
    assert_eq!(event["actions"][0]["action"], "strip", "a request is judged by one policy: {event}");
}

/// Requests run while policies come and go; each is judged by one of them, and none fails.
#[test]
fn a_hundred_reloads_disturb_nobody() {
    let (clir, origin) = (Setup::new().start(), Origin::new());
    let request = origin.request("GET", "/", &format!("{LEAK}\r\n"));
    let served = origin.serve(|_, _| origin::ok("served"));
    let mut client = clir.connect();
    for round in 0..100 {
        clir.replace("policy.toml", if round % 2 == 0 { KEEP } else { STRIP });
        clir.signal("HUP");
        client.send(&request);
        assert_eq!(client.response().text(), "served");
    }
    assert_eq!(served.heads().len(), 100);
}
