//! Does each action of a policy do to the site's bytes what it says?

use crate::support::{
    Clir, LEAK, NUMBER, Origin, Setup, Wire,
    carrier::{Carrier, Edit, Which},
    origin,
};

fn rule(action: &str) -> String {
    format!("[[rule]]\nname = \"test\"\nwhen = {{ identifier = [\"msisdn\"] }}\naction = {action}\n")
}

fn stage(policy: &str) -> (Clir, Wire<std::net::TcpStream>) {
    let clir = Setup::new().policy(policy).start();
    let client = Carrier::start(clir.address(), Which::Each, vec![Edit::Insert(1, LEAK)]).connect();
    (clir, client)
}

/// Sends a request and returns what the site receives in the field, which must be the only thing that changed.
fn value_at_the_site(client: &mut Wire<std::net::TcpStream>, origin: &Origin, authority: &str) -> Option<String> {
    client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nX-A: 1\r\nX-a: 2\r\n\r\n"));
    let mut site = origin.accept();
    let head = site.head();
    site.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!(client.response().status(), 200);
    let value = head.value("x-up-calling-line-id");
    let line = value.as_ref().map(|value| format!("x-up-calling-line-id: {value}\r\n")).unwrap_or_default();
    assert_eq!(head, &format!("GET / HTTP/1.1\r\nHost: {authority}\r\n{line}X-A: 1\r\nX-a: 2\r\n\r\n"));
    value
}

#[test]
fn keep_leaves_it_and_says_so() {
    let (clir, mut client) = stage(&rule(r#""keep""#));
    let origin = Origin::new();
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()).as_deref(), Some(NUMBER));
    assert_eq!(clir.wait_for_events(1)[0]["actions"][0]["action"], "keep");
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn no_rule_is_keep() {
    let (clir, mut client) = stage("");
    let origin = Origin::new();
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()).as_deref(), Some(NUMBER));
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["findings"][0]["identifier"], "msisdn");
    assert_eq!(event["actions"], serde_json::json!([]));
}

#[test]
fn strip_takes_the_line_out() {
    let (clir, mut client) = stage(&rule(r#""strip""#));
    let origin = Origin::new();
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()), None);
    assert_eq!(clir.wait_for_events(1)[0]["actions"][0]["action"], "strip");
}

#[test]
fn mask_leaves_as_many_asterisks() {
    let (clir, mut client) = stage(&rule(r#"{ redact = "mask" }"#));
    let origin = Origin::new();
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()).as_deref(), Some("************"));
    assert_eq!(clir.wait_for_events(1)[0]["actions"][0]["action"], "redact");
}

#[test]
fn hash_is_the_same_for_every_site_and_another_for_every_installation() {
    let (_clir, mut client) = stage(&rule(r#"{ redact = "hash" }"#));
    let (one, two) = (Origin::new(), Origin::on([127, 0, 0, 2]));
    let first = value_at_the_site(&mut client, &one, &one.authority()).unwrap();
    assert!(!first.contains(NUMBER) && first.len() >= 16, "{first}");
    assert_eq!(value_at_the_site(&mut client, &two, &two.authority()).unwrap(), first);
    let (_other, mut client) = stage(&rule(r#"{ redact = "hash" }"#));
    assert_ne!(value_at_the_site(&mut client, &one, &one.authority()).unwrap(), first);
}

#[test]
fn a_pseudonym_looks_alike_and_is_another_for_every_site() {
    let (_clir, mut client) = stage(&rule(r#"{ redact = "pseudonym" }"#));
    let (one, two) = (Origin::new(), Origin::on([127, 0, 0, 2]));
    let first = value_at_the_site(&mut client, &one, &one.authority()).unwrap();
    assert_eq!(first.len(), NUMBER.len());
    assert!(first.bytes().all(|byte| byte.is_ascii_digit()) && first != NUMBER, "{first}");
    assert_eq!(value_at_the_site(&mut client, &one, &one.authority()).unwrap(), first, "stable for a site");
    assert_ne!(value_at_the_site(&mut client, &two, &two.authority()).unwrap(), first, "no link between sites");
}

#[test]
fn replace_puts_its_text_there() {
    let (clir, mut client) = stage(&rule(r#"{ replace = "withheld" }"#));
    let origin = Origin::new();
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()).as_deref(), Some("withheld"));
    assert_eq!(clir.wait_for_events(1)[0]["actions"][0]["action"], "replace");
}

#[test]
fn block_answers_with_its_status_and_asks_no_site() {
    let (clir, mut client) = stage(&rule("{ block = 451 }"));
    let origin = Origin::new();
    client.send(origin.request("POST", "/", "Content-Length: 4\r\n") + "body");
    let response = client.response();
    assert_eq!(response.status(), 451);
    assert!(!response.text().contains(NUMBER));
    origin.assert_left_alone();
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!((&event["verdict"], &event["status"]), (&"blocked".into(), &451.into()), "{event}");
    // The next request on the connection is not taken for the body of this one.
    client.send(origin.request("GET", "/next", ""));
    assert_eq!(client.response().status(), 451);
}

#[test]
fn a_partner_is_exempt_until_the_day_it_expires() {
    let policy = |expires: &str| {
        format!(
            "[[rule]]\nname = \"test\"\nwhen = {{ identifier = [\"msisdn\"] }}\nunless = {{ partner = [\"billing\"] }}\naction = \"strip\"\n\
             [[partner]]\nname = \"billing\"\nhost = [\"localhost\"]\nexpires = {expires}\nreason = \"bought by the user\"\n"
        )
    };
    let origin = Origin::new();
    let by_name = format!("localhost:{}", origin.port());
    let (_clir, mut client) = stage(&policy("2999-12-31"));
    assert_eq!(value_at_the_site(&mut client, &origin, &by_name).as_deref(), Some(NUMBER));
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()), None, "nobody else is exempt");
    let (_clir, mut client) = stage(&policy("2020-01-31"));
    assert_eq!(value_at_the_site(&mut client, &origin, &by_name), None, "expired");
}

#[test]
fn the_first_rule_that_matches_decides() {
    let policy = "[[rule]]\nname = \"by host\"\nwhen = { identifier = [\"msisdn\"] }\nto = { host = [\"localhost\"] }\naction = \"keep\"\n\
                  [[rule]]\nname = \"else\"\nwhen = { severity = \"high\" }\naction = \"strip\"\n";
    let origin = Origin::new();
    let (clir, mut client) = stage(policy);
    assert_eq!(
        value_at_the_site(&mut client, &origin, &format!("localhost:{}", origin.port())).as_deref(),
        Some(NUMBER)
    );
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()), None);
    let events = clir.wait_for_events(2);
    assert_eq!(events[0]["actions"][0]["rule"], "by host");
    assert_eq!(events[1]["actions"][0]["rule"], "else");
}

#[test]
fn a_rule_may_name_headers_without_any_finding() {
    let policy = "[[rule]]\nname = \"no X-A\"\nwhen = { header = [\"x-a\"] }\naction = \"strip\"\n";
    let clir = Setup::new().policy(policy).start();
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", "X-A: 1\r\nX-Ab: 2\r\nx-a: 3\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/", "X-Ab: 2\r\n"));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    assert_eq!(clir.wait_for_events(1)[0]["actions"].as_array().unwrap().len(), 2);
}

#[test]
fn observing_changes_nothing_and_tells_what_would_be() {
    let clir = Setup::new().policy(&(rule(r#""strip""#))).set("policy.mode", r#""observe""#).start();
    let mut client = Carrier::start(clir.address(), Which::Each, vec![Edit::Insert(1, LEAK)]).connect();
    let origin = Origin::new();
    assert_eq!(value_at_the_site(&mut client, &origin, &origin.authority()).as_deref(), Some(NUMBER));
    let event = clir.wait_for_events(1).remove(0);
    assert_eq!(event["actions"][0]["action"], "strip", "{event}");
    assert_eq!(event["actions"][0]["observed"], true);
    assert_eq!(event["verdict"], "forwarded");
    clir.assert_never_wrote(NUMBER);
}
