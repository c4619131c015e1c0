//! Who may connect, and where to?
//!
//! Clients outside their classes, targets that lead inside or back to clir, ports, passwords, limits: refused before
//! anything reaches a site.

mod support;

use std::{io::Write, net::TcpStream, process::Stdio};

use support::{Clir, Origin, Setup, Wire, clir, eventually, origin, setup};

/// Asserts that a request to this authority, by GET and by CONNECT, is refused, and returns the answers.
fn assert_refused(clir: &Clir, authority: &str) {
    for request in [
        format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"),
        format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"),
    ] {
        let mut client = clir.connect();
        client.send_anyway(request);
        let head = client.head();
        let refused = (400..500).contains(&head.status()) || head.status() == 508;
        assert!(refused, "{authority} is answered with {head:?}");
    }
}

#[test]
fn a_client_outside_the_classes_is_refused() {
    let clir = Setup::new().set("access.clients", r#"["192.0.2.0/24"]"#).start();
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send_anyway(origin.request("GET", "/", ""));
    let answer = client.whatever_comes();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 403 "), "{:?}", answer.escape_ascii().to_string());
    origin.assert_left_alone();
}

#[test]
fn a_client_inside_a_range_is_served() {
    let clir = Setup::new().set("access.clients", r#"["127.0.0.0/8"]"#).start();
    assert!(clir.connect().try_next_works(&Origin::new()));
}

/// As configured by default: whatever form leads to this machine or its link is refused.
#[test]
fn targets_inside_are_refused_in_every_form() {
    let clir = Setup::new().unset("access.deny_targets").start();
    let origin = Origin::new();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.200.3.4",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "localhost",
        "LOCALHOST",
        "169.254.169.254",
        "0xa9fea9fe",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::1]",
    ] {
        assert_refused(&clir, &format!("{host}:{}", origin.port()));
    }
    origin.assert_left_alone();
    let events = clir.wait_for_events(54);
    assert!(events.iter().all(|event| event["verdict"] == "refused"), "{events:?}");
}

/// Whatever is allowed: on an address of many, and on nobody's, there is no site.
#[test]
fn addresses_that_are_no_host_are_refused_in_every_form() {
    let clir = Setup::new().set("access.deny_targets", "[]").start();
    let origin = Origin::on([0, 0, 0, 0]);
    for host in [
        "0.0.0.0",
        "0",
        "0x0",
        "0.0",
        "000.0.0",
        "[::]",
        "[0:0:0:0:0:0:0:0]",
        "[::ffff:0.0.0.0]",
        "[64:ff9b::]",
        "[2002::]",
        "224.0.0.1",
        "239.255.255.250",
        "0xe0000001",
        "3758096385",
        "0340.0.0.1",
        "224.1",
        "[::ffff:224.0.0.1]",
        "[::ffff:e000:1]",
        "[64:ff9b::e000:1]",
        "[ff02::1]",
        "[ff0e::1]",
        "255.255.255.255",
        "4294967295",
        "0xffffffff",
        "0377.255.65535",
        "[::ffff:255.255.255.255]",
        "[::ffff:ffff:ffff]",
    ] {
        assert_refused(&clir, &format!("{host}:{}", origin.port()));
    }
    origin.assert_left_alone();
}

#[test]
fn a_name_that_leads_inside_is_refused() {
    let name = std::process::Command::new("hostname")
        .output()
        .ok()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let clir = Setup::new().unset("access.deny_targets").start();
    let origin = Origin::new();
    for name in name.iter().map(String::as_str).chain(["localhost", "localhost.", "ip6-localhost"]) {
        let authority = format!("{name}:{}", origin.port());
        let mut client = clir.connect();
        client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
        // A name that this machine does not know leads nowhere, which is as good.
        assert!(client.head().status() >= 400, "{authority}");
    }
    origin.assert_left_alone();
}

#[test]
fn clir_is_no_target_of_its_own() {
    let clir = Setup::new().start();
    let port = clir.address().port();
    for host in ["127.0.0.1", "localhost", "127.1", "[::ffff:127.0.0.1]"] {
        assert_refused(&clir, &format!("{host}:{port}"));
    }
}

#[test]
fn clir_on_every_address_is_no_target_of_its_own() {
    let clir = Setup::new().listen(&["[::]:0"]).start();
    let port = clir.address().port();
    let mut client = Wire::connect(([127, 0, 0, 1], port).into());
    let origin = Origin::new();
    client.send(origin.request("GET", "/", ""));
    let mut site = origin.accept();
    site.head();
    site.send(origin::ok("by IPv4"));
    assert_eq!(client.response().text(), "by IPv4");
    for host in ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "0.0.0.0"] {
        let authority = format!("{host}:{port}");
        let mut client = Wire::connect(([127, 0, 0, 1], port).into());
        client.send(format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"));
        let status = client.head().status();
        assert!((400..500).contains(&status) || status == 508, "{authority}: {status}");
    }
}

/// A port of another machine that is forwarded to clir, as a router does: what comes back says no site, so it ends.
#[test]
fn a_way_back_through_another_machine_ends_at_once() {
    let clir = Setup::new().start();
    let (router, back) = (Origin::on([127, 0, 0, 2]), clir.address());
    let authority = router.authority();
    let forward = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut from, mut to) = (router.accept().into_inner(), TcpStream::connect(back).unwrap());
            let (mut answers, mut client) = (to.try_clone().unwrap(), from.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut answers, &mut client));
        }
        router
    });
    let request = format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    let mut client = clir.connect();
    client.send(&request);
    assert_eq!(client.response().status(), 400);
    let mut tunnel = Wire::tunnel(clir.address(), &authority);
    tunnel.send(format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    assert_eq!(tunnel.response().status(), 400);
    let router = forward.join().unwrap();
    router.assert_left_alone();
    assert_eq!(clir.wait_for_events(5).len(), 5, "a request and its return; a tunnel, a request and its return");
}

#[test]
fn ranges_and_names_can_be_denied() {
    let clir = Setup::new()
        .set("access.deny_targets", r#"["self", "127.0.0.2/32", "*.blocked.example", "localhost"]"#)
        .start();
    let (free, denied) = (Origin::new(), Origin::on([127, 0, 0, 2]));
    assert_refused(&clir, &denied.authority());
    assert_refused(&clir, "a.blocked.example:80");
    assert_refused(&clir, "A.B.BLOCKED.example:80");
    assert_refused(&clir, &format!("localhost:{}", free.port()));
    denied.assert_left_alone();
    free.assert_left_alone();
    assert!(clir.connect().try_next_works(&free));
}

#[test]
fn no_tunnel_leads_to_port_25() {
    let clir = Setup::new().start();
    let mut client = clir.connect();
    client.send("CONNECT 127.0.0.1:25 HTTP/1.1\r\nHost: 127.0.0.1:25\r\n\r\n");
    assert_eq!(client.head().status(), 403);
}

/// The entry for `access.users` that `clir passwd` makes of a password.
fn user(name: &str, password: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut child = setup::clir(dir.path())
        .args(["passwd", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("clir runs");
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let start = text.find(&format!("{name}:$argon2")).unwrap_or_else(|| panic!("no entry in {text:?}"));
    text[start..].split(|char: char| char.is_whitespace() || char == '"' || char == '\'').next().unwrap().to_owned()
}

#[test]
fn with_users_nobody_else_is_served() {
    let clir = Setup::new().set("access.users", &format!("[{:?}]", user("phone", "open sesame"))).start();
    let origin = Origin::new();
    // phone:wrong, nobody:open sesame, and things that are no credentials at all
    let wrong = [
        "",
        "Basic cGhvbmU6d3Jvbmc=",
        "Basic bm9ib2R5Om9wZW4gc2VzYW1l",
        "Basic !!!",
        "Basic",
        "Bearer cGhvbmU6b3BlbiBzZXNhbWU=",
        "Basic cGhvbmU=",
    ];
    for value in wrong {
        let field = if value.is_empty() { String::new() } else { format!("Proxy-Authorization: {value}\r\n") };
        let authority = origin.authority();
        for request in [
            origin.request("GET", "/", &field),
            format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{field}\r\n"),
        ] {
            let mut client = clir.connect();
            client.send(request);
            let head = client.head();
            assert_eq!(head.status(), 407, "{value}");
            assert!(
                head.value("proxy-authenticate").is_some_and(|value| value.starts_with("Basic realm=")),
                "{head:?}"
            );
        }
    }
    origin.assert_left_alone();
    // phone:open sesame
    let right = "Proxy-Authorization: basic cGhvbmU6b3BlbiBzZXNhbWU=\r\n";
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", right));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/", ""), "the site does not learn the password");
    site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.response().status(), 200);
    let authority = origin.authority();
    client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{right}\r\n"));
    assert_eq!(client.head().status(), 200);
    // Inside the tunnel nobody is asked again.
    client.send(format!("GET /inside HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head().start_line(), "GET /inside HTTP/1.1");
    site.send(origin::ok("inside"));
    assert_eq!(client.response().text(), "inside");
    clir.wait_for_events(2);
    clir.assert_never_wrote("cGhvbmU6b3BlbiBzZXNhbWU=");
    clir.assert_never_wrote("open sesame");
}

#[test]
fn a_head_too_large_is_431() {
    let clir = Setup::new().set("limits.header_bytes", "8192").set("limits.headers", "50").start();
    let origin = Origin::new();
    let many: String = (0..60).map(|n| format!("X-{n}: 1\r\n")).collect();
    for fields in [format!("X-Big: {}\r\n", "v".repeat(9000)), many] {
        let mut client = clir.connect();
        client.send_anyway(origin.request("GET", "/", &fields));
        assert_eq!(client.head().status(), 431);
    }
    let mut client = clir.connect();
    client.send_anyway(origin.request("GET", &format!("/{}", "p".repeat(9000)), ""));
    let status = client.head().status();
    assert!(status == 414 || status == 431, "{status}");
    origin.assert_left_alone();
    assert!(clir.connect().try_next_works(&origin), "one head too large spoils nothing else");
}

/// An endless head is refused at its limit and not read for ever.
#[test]
fn an_endless_head_is_cut_off() {
    let clir = Setup::new().start();
    let mut client = clir.connect();
    client.send("GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n");
    for n in 0..10_000 {
        client.send_anyway(format!("X-{n}: {}\r\n", "v".repeat(1000)));
    }
    let answer = client.whatever_comes();
    // Whoever still sends may miss the answer to a reset; more than this nobody gets.
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431 "), "{:?}", answer.escape_ascii().to_string());
    assert!(clir.connect().try_next_works(&Origin::new()));
}

/// Whatever becomes of a connection, it has its place until it ends.
#[test]
fn tunnels_and_switched_connections_are_connections() {
    let (clir, origin) = (Setup::new().set("limits.connections_per_client", "2").start(), Origin::new());
    let tunnel = Wire::tunnel(clir.address(), &origin.authority());
    let far = origin.accept();
    let mut switched = clir.connect();
    switched.send(origin.request("GET", "/", "Connection: Upgrade\r\nUpgrade: echo\r\n"));
    let mut site = origin.accept();
    site.head();
    site.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    assert_eq!(switched.head().status(), 101);
    let third = clir.connect();
    assert_eq!(third.whatever_head().map(|head| head.status()), Some(429));
    drop((tunnel, far));
    let connect = format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", origin.authority());
    eventually("a place that was given back", || {
        let mut client = clir.connect();
        client.send_anyway(&connect);
        client.whatever_head().filter(|head| head.status() == 200)
    });
}

#[test]
fn connections_of_one_client_are_limited() {
    let clir = Setup::new().set("limits.connections_per_client", "2").start();
    let origin = Origin::new();
    let mut held: Vec<Wire<TcpStream>> = Vec::new();
    let request = origin.request("GET", "/", "");
    let served = origin.serve(|_, _| origin::ok("served"));
    for _ in 0..2 {
        let mut client = clir.connect();
        client.send(&request);
        assert_eq!(client.response().text(), "served");
        held.push(client);
    }
    let mut third = clir.connect();
    third.send_anyway(&request);
    let answer = String::from_utf8_lossy(&third.whatever_comes()).into_owned();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 503 ") || answer.starts_with("HTTP/1.1 429 "),
        "{answer}"
    );
    assert_eq!(served.heads().len(), 2);
    held.pop();
    eventually("a place that was given back", || {
        let mut client = clir.connect();
        client.send_anyway(&request);
        client.whatever_head().filter(|head| head.status() == 200)
    });
}

impl Wire<TcpStream> {
    fn whatever_head(mut self) -> Option<support::Head> {
        self.try_head().ok()
    }
}

#[test]
fn without_users_a_stray_password_goes_no_further() {
    let clir = Setup::new().start();
    let origin = Origin::new();
    let mut client = clir.connect();
    client.send(origin.request("GET", "/", "Proxy-Authorization: Basic cGhvbmU6b3BlbiBzZXNhbWU=\r\n"));
    let mut site = origin.accept();
    assert_eq!(site.head(), &origin.received("GET", "/", ""));
    site.send(origin::ok(""));
    assert_eq!(client.response().status(), 200);
    clir.wait_for_events(1);
    clir.assert_never_wrote("cGhvbmU6b3BlbiBzZXNhbWU=");
    assert!(clir::event_files(clir.dir.path()).len() == 1);
}
