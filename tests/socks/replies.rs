//! Which reply does which request get?

use std::process::Command;

use super::speak::*;
use crate::support::{Clir, LEAK, MASKED, Origin, origin};

const PASSWORD: &str = "correct horse";

/// The entry of `access.users` for somebody with that password.
fn user(name: &str) -> String {
    use argon2::{Argon2, Params, PasswordHasher as _};
    // Weak on purpose, so that tests are quick.
    let weak = Argon2::from(Params::new(8, 1, 1, None).unwrap());
    format!("[\"{name}:{}\"]", weak.hash_password(PASSWORD.as_bytes()).unwrap())
}

fn curl(clir: &Clir, scheme: &str, user: Option<&str>, url: &str) -> (Option<i32>, String) {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "20", "--noproxy", "", "-H", LEAK]);
    if let Some(user) = user {
        command.args(["--proxy-user", user]);
    }
    let output = command.args(["--proxy", &format!("{scheme}://{}", clir.address()), url]).output().expect("curl");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
#[ignore = "needs curl: tests/run installs it"]
fn curl_works_with_and_without_a_password() {
    let served = Origin::new().serve(|_, body| origin::ok(body));
    let url = format!("http://localhost:{}/", served.address.port());
    let open = socks().start();
    for scheme in ["socks5", "socks5h"] {
        assert_eq!(curl(&open, scheme, None, &url).0, Some(0), "{scheme}");
        assert_eq!(curl(&open, scheme, Some("any:one"), &url).0, Some(0), "{scheme}: who offers a login needs none");
    }
    let event = open.wait_for_event(|event| event["method"] == "GET");
    assert_eq!((&event["host"], &event["headers"][3][1]), (&"localhost".into(), &MASKED.into()));
    let closed = socks().set("access.users", &user("phone")).start();
    assert_eq!(curl(&closed, "socks5h", Some(&format!("phone:{PASSWORD}")), &url).0, Some(0));
    for wrong in [None, Some("phone:wrong"), Some("nobody:wrong")] {
        assert_eq!(curl(&closed, "socks5h", wrong, &url).0, Some(97), "{wrong:?}");
    }
    assert_eq!(closed.wait_for_events(5).iter().filter(|event| event["status"] == 407).count(), 3);
    closed.assert_never_wrote(PASSWORD);
    assert!(served.heads().iter().all(|head| !head.has("x-up-calling-line-id")), "judged like any other");
}

#[test]
fn logins_are_checked() {
    let origin = Origin::new();
    let clir = socks().set("access.users", &user("phone")).start();
    let mut none = clir.connect();
    none.send([5, 1, 0]);
    assert_eq!(none.whatever_comes(), [5, 0xff]);
    let login = |password: &str| {
        let mut wire = clir.connect();
        wire.send([5, 2, 0, 2]);
        assert_eq!(wire.exactly(2), [5, 2]);
        let length = |text: &str| u8::try_from(text.len()).unwrap();
        wire.send([&[1, 5][..], b"phone", &[length(password)], password.as_bytes()].concat());
        let verdict = wire.exactly(2);
        (wire, verdict)
    };
    let (mut wrong, verdict) = login("guess");
    assert_eq!((verdict[1] != 0, wrong.whatever_comes()), (true, Vec::new()));
    let (mut right, verdict) = login(PASSWORD);
    assert_eq!(verdict, [1, 0]);
    assert_eq!(ask(&mut right, &request(1, "127.0.0.1", origin.port())), 0);
    right.send("hello, \0");
    assert_eq!(origin.accept().exactly(8), b"hello, \0");
}

#[test]
fn what_is_not_served_is_refused_by_its_own_code() {
    let clir = socks().set("access.deny_targets", r#"["self", "192.0.2.0/24", "*.evil.example"]"#).start();
    let own = clir.address();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (what, request, reply) in [
        ("BIND", request(2, "127.0.0.1", 80), 7),
        ("UDP ASSOCIATE", request(3, "0.0.0.0", 0), 7),
        ("an unknown command", request(9, "127.0.0.1", 80), 7),
        ("a denied address", request(1, "192.0.2.1", 80), 2),
        ("a denied name", request(1, "www.evil.example", 80), 2),
        ("clir itself", request(1, "127.0.0.1", own.port()), 2),
        ("port 25", request(1, "127.0.0.1", 25), 2),
        ("nobody there", request(1, "127.0.0.1", free), 5),
        ("no such name", request(1, "no-such-name.invalid", 80), 4),
        ("no name", request(1, "a b", 80), 1),
        ("port 0", request(1, "127.0.0.1", 0), 1),
    ] {
        let mut wire = greeted(&clir);
        assert_eq!(ask(&mut wire, &request), reply, "{what}");
        assert_eq!(wire.whatever_comes(), b"", "{what}: that was the last word");
    }
    let mut odd = greeted(&clir);
    assert_eq!(ask(&mut odd, &[5, 1, 0, 9, 0, 0]), 8);
    let events = clir.wait_for_events(11);
    assert!(events.iter().all(|event| event["verdict"] == "refused" || event["verdict"] == "failed"), "{events:?}");
    let methods: Vec<_> = events.iter().map(|event| event["method"].as_str().unwrap()).collect();
    assert_eq!(methods[..3], ["BIND", "UDP-ASSOCIATE", "UNKNOWN"]);
}

#[test]
fn who_speaks_something_else_or_nothing_is_let_go() {
    let clir = socks().set("timeouts.handshake", r#""1s""#).start();
    for noise in
        [&b"GET http://example.org/ HTTP/1.1\r\n\r\n"[..], &[4, 1, 0, 80, 127, 0, 0, 1, 0], &[5, 0], &[5, 200, 1], b""]
    {
        let mut wire = clir.connect();
        wire.send_anyway(noise);
        assert_eq!(wire.whatever_comes(), b"", "{noise:?}");
    }
}
