//! Do passwords and links go together?

use std::net::SocketAddr;

use base64ct::{Base64, Encoding as _};

use crate::{
    far::{Far, get, user},
    support::{Origin, origin},
};

/// With this password, or none.
fn ask(far: &Far, site: SocketAddr, password: Option<&str>) -> u16 {
    let field = password.map_or_else(String::new, |password| {
        let pair = Base64::encode_string(format!("alice:{password}").as_bytes());
        format!("Proxy-Authorization: Basic {pair}\r\n")
    });
    let mut wire = far.clir.connect();
    wire.send(get(site, &field));
    wire.head().status()
}

fn open_to_all() -> Far {
    Far::with(|setup| setup.set("access.clients", r#"["any"]"#).set("access.users", &user()))
}

#[test]
fn a_link_spares_the_password() {
    let far = open_to_all();
    let site = Origin::new().serve(|_, _| origin::ok("a page"));
    assert_eq!(ask(&far, site.address, None), 407);
    assert_eq!(ask(&far, site.address, Some("secret")), 200);
    let event = far.clir.wait_for_event(|event| event["status"] == 200);
    assert_eq!(event["user"], "alice", "{event}");
    // The page asks for no password either.
    let path = far.link(&["--user", "alice's phone"]);
    assert_eq!(far.open("POST", &path, "do=claim").status(), 200);
    assert_eq!(ask(&far, site.address, None), 200);
    let event = far.clir.wait_for_event(|event| event["user"] == "alice's phone");
    assert_eq!(event["status"], 200, "{event}");
    assert_eq!(far.open("POST", &path, "do=end").status(), 200);
    assert_eq!(ask(&far, site.address, None), 407);
    far.assert_secret(&path);
}

#[test]
fn who_guesses_passwords_is_slowed_down_and_who_knows_one_is_not() {
    let far = open_to_all();
    let site = Origin::new().serve(|_, _| origin::ok("a page"));
    assert_eq!(ask(&far, site.address, Some("secret")), 200);
    let statuses: Vec<_> = (0..21).map(|_| ask(&far, site.address, Some("guess"))).collect();
    assert!(statuses[..20].iter().all(|&status| status == 407) && statuses[20] == 429, "{statuses:?}");
    assert_eq!(ask(&far, site.address, Some("secret")), 200, "what was right a moment ago is");
    assert_eq!(ask(&far, site.address, None), 407, "and everybody is asked");
    far.clir.wait_for_stderr("refused client=127.0.0.1 reason=wrong-credentials");
}
