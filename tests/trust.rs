//! Is TLS opened for those who trust clir's authority, for as long as they do, and for nobody and nothing else?

#[path = "support/mod.rs"]
mod support;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    sync::Arc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use support::{
    Clir, NUMBER, Setup, Wire,
    certificates::{Authority, Flaw},
    eventually, origin, setup,
    tls::{self, ClientStream, TlsOrigin},
};

/// Everything of 127.0.0.0/8 is this machine: clients and sites can have any of its addresses.
const PHONE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 71);
const TABLET: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 72);

/// Sites that are unrelated, and one name.
const SITES: [&str; 6] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "localhost"];

fn auto() -> Setup {
    Setup::new().intercept(&Authority::trusted().pem).set("intercept.mode", r#""auto""#)
}

/// One site under several addresses, which answers every request.
struct World {
    clir: Clir,
    port: u16,
}

impl World {
    fn new(setup: Setup) -> Self {
        Self::with(setup.start())
    }

    fn with(clir: Clir) -> Self {
        let config = Authority::trusted().server(&SITES, Flaw::Nothing, &["http/1.1"]);
        let site = TlsOrigin::with(config, Ipv4Addr::UNSPECIFIED.into());
        let port = site.port();
        // It ends with the test's process.
        thread::spawn(move || {
            loop {
                let Some(mut far) = site.accepted() else {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                };
                thread::spawn(move || {
                    while far.try_head().is_ok() {
                        far.send(origin::ok("inside"));
                    }
                });
            }
        });
        Self { clir, port }
    }

    /// TLS through the proxy, by a client that trusts these authorities.
    fn tls(&self, from: Ipv4Addr, host: &str, roots: &str) -> io::Result<Wire<ClientStream>> {
        let port = if host == "clir.test" { 443 } else { self.port };
        let mut client = connect(from, self.clir.address());
        client.send(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"));
        assert_eq!(client.head().status(), 200);
        tls::connect(client.into_inner(), host, roots, &["http/1.1"])
    }

    fn ask(&self, from: Ipv4Addr, host: &str, roots: &str) -> io::Result<String> {
        let mut client = self.tls(from, host, roots)?;
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        Ok(client.response().text())
    }

    /// A client that trusts the sites' authority alone: it works where clir passes it through, and nowhere else.
    fn passes(&self, from: Ipv4Addr, host: &str) -> bool {
        self.ask(from, host, &Authority::trusted().pem).is_ok()
    }

    /// A client that trusts clir's authority alone: it works where clir opens its tunnel, and nowhere else.
    fn is_opened(&self, from: Ipv4Addr, host: &str) -> bool {
        self.ask(from, host, &self.clir.authority()).is_ok()
    }

    /// What the portal's page does where the authority is trusted.
    fn shows_trust(&self, from: Ipv4Addr) {
        self.ask(from, "clir.test", &self.clir.authority()).expect("the portal");
    }

    /// A client with a certificate of its own mind, until clir has said so often that it does not accept ours.
    fn rejects(&self, from: Ipv4Addr, host: &str, times: usize) {
        for _ in 0..times {
            let before = self.rejections();
            assert!(!self.passes(from, host), "{host} is opened");
            eventually("the rejection is noticed", || (self.rejections() > before).then_some(()));
        }
    }

    fn view(&self, line: &str, fields: &str, body: &str) -> Value {
        let (address, length) = (self.clir.view(), body.len());
        let mut wire = Wire::connect(address);
        wire.send(format!("{line} HTTP/1.1\r\nHost: {address}\r\n{fields}Content-Length: {length}\r\n\r\n{body}"));
        let response = wire.response();
        assert_eq!(response.status(), 200, "{line}: {}", response.text());
        serde_json::from_slice(&response.body).unwrap()
    }

    fn rejections(&self) -> usize {
        let is_one = |event: &&Value| event["error"].as_str().is_some_and(|error| error.contains("does not accept"));
        self.clir.events().iter().filter(is_one).count()
    }

    /// What `clir trust` says, with these arguments.
    fn trust(&self, arguments: &[&str]) -> String {
        let mut command = setup::clir(self.clir.dir.path());
        let output = command.args(["--config", "clir.toml", "trust"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn listed(&self) -> Vec<Value> {
        self.trust(&["--output", "jsonl"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn reason(&self, from: Ipv4Addr, host: &str) -> Value {
        let events = self.clir.events();
        let is_it = |event: &&Value| {
            let client = event["client"].as_str().unwrap();
            client.starts_with(&format!("{from}:")) && event["host"] == host && event["verdict"] == "tunnelled"
        };
        events.iter().rfind(is_it).map_or(Value::Null, |event| event["tunnel"]["reason"].clone())
    }
}

fn connect(from: Ipv4Addr, to: SocketAddr) -> Wire<std::net::TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    Wire::over(socket.into())
}

/// Whether the one client that is known stands like this.
fn is(world: &World, state: &str) -> Option<()> {
    world.listed().first().is_some_and(|line| line["state"] == state).then_some(())
}

fn restarted(world: World) -> World {
    let mut clir = world.clir;
    clir.signal("TERM");
    clir.wait();
    World { clir: Clir::again(clir.take_dir()), port: world.port }
}

#[test]
fn a_client_passes_until_it_shows_trust_and_nobody_else_is_opened() {
    let world = World::new(auto().unset("intercept.mode"));
    assert!(world.clir.stdout().contains("intercept.mode = \"auto\""), "{}", world.clir.stdout());
    assert!(world.passes(PHONE, "localhost"), "nothing is known of it");
    eventually("the reason", || (world.reason(PHONE, "localhost") == "not-trusted").then_some(()));
    // A handshake alone is no proof: who leaves after it may have looked at the certificate only then.
    drop(world.tls(PHONE, "clir.test", &world.clir.authority()).unwrap());
    assert!(world.passes(PHONE, "localhost"));
    world.shows_trust(PHONE);
    assert!(world.is_opened(PHONE, "localhost") && world.is_opened(PHONE, "127.0.0.1"));
    assert!(world.passes(TABLET, "localhost"), "another client");
    world.clir.wait_for_event(|event| event["method"] == "GET" && event["host"] == "localhost");
}

#[test]
fn it_survives_a_restart_and_is_nobody_elses_to_read() {
    let world = World::new(auto());
    world.shows_trust(PHONE);
    world.rejects(PHONE, "127.0.0.2", 3);
    let world = restarted(world);
    assert!(world.is_opened(PHONE, "localhost") && world.passes(PHONE, "127.0.0.2"));
    let mode = |name: &str| world.clir.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("logs"), mode("logs/trust.db")), (0o700, 0o600));
    // A power cut soon after takes nothing along that was stored.
    eventually("it is listed", || (world.listed().len() == 2).then_some(()));
    let port = world.port;
    let world = World { clir: Clir::again(world.clir.kill()), port };
    assert!(world.is_opened(PHONE, "localhost") && world.passes(PHONE, "127.0.0.2"));
}

#[test]
fn what_pins_its_certificate_fails_three_times_and_is_told() {
    let world = World::new(auto());
    world.shows_trust(PHONE);
    assert!(world.is_opened(PHONE, "127.0.0.1"));
    world.rejects(PHONE, "127.0.0.2", 3);
    assert!(world.passes(PHONE, "127.0.0.2"));
    eventually("the reason", || (world.reason(PHONE, "127.0.0.2") == "pinned").then_some(()));
    assert!(world.is_opened(PHONE, "127.0.0.1"), "nothing else passes");
    let told = world.clir.wait_for_event(|event| {
        event["error"].as_str().is_some_and(|error| error.ends_with("passes unread for this client from now on"))
    });
    assert_eq!((&told["host"], &told["verdict"]), (&json!("127.0.0.2"), &json!("failed")));
    assert_eq!(world.clir.stderr().matches("passes unread for this client from now on").count(), 1, "once");
    let mut page = connect(PHONE, world.clir.address());
    page.send("GET http://clir.test/ HTTP/1.1\r\nHost: clir.test\r\nConnection: close\r\n\r\n");
    let page = page.response().text();
    assert!(page.contains("has shown that it trusts") && page.contains("<code>127.0.0.2</code>"), "{page}");
    world.trust(&["forget", "--host", "127.0.0.2"]);
    eventually("it is tried again", || (!world.passes(PHONE, "127.0.0.2")).then_some(()));
}

#[test]
fn the_live_view_lists_it_and_forgets_it() {
    let world = World::new(auto().with_view());
    let listed = |host: Value| {
        let items = world.view("GET /api/v1/passed", "", "")["items"].take();
        items.as_array().unwrap().iter().find(|item| item["host"] == host).cloned()
    };
    assert!(world.passes(PHONE, "127.0.0.2") && listed(Value::Null).unwrap()["reason"] == "not-trusted");
    world.shows_trust(PHONE);
    world.rejects(PHONE, "127.0.0.2", 3);
    eventually("it is listed", || listed("127.0.0.2".into()).filter(|item| item["reason"] == "pinned"));
    let fields = "Content-Type: application/json\r\nX-Clir: 1\r\n";
    let which = r#"{"client":"127.0.0.71","host":"127.0.0.2"}"#;
    assert_eq!(world.view("POST /api/v1/passed/forget", fields, which)["forgotten"], 1);
    eventually("it is tried again", || (!world.passes(PHONE, "127.0.0.2")).then_some(()));
}

#[test]
fn who_leaves_without_a_word_has_rejected_it_too() {
    let world = World::new(auto());
    world.shows_trust(PHONE);
    assert!(world.is_opened(PHONE, "127.0.0.1"));
    // Some look at the certificate only when the handshake is finished.
    eventually("it passes", || {
        drop(world.tls(PHONE, "127.0.0.2", &world.clir.authority()));
        world.listed().iter().any(|line| line["reason"] == "pinned").then_some(())
    });
    assert!(world.passes(PHONE, "127.0.0.2") && world.is_opened(PHONE, "127.0.0.1"));
}

#[test]
fn pins_and_trust_end_by_themselves() {
    let world = World::new(auto().set("intercept.pinned_for", r#""2s""#).set("intercept.trusted_for", r#""1h""#));
    world.shows_trust(PHONE);
    assert!(world.is_opened(PHONE, "127.0.0.1"));
    world.rejects(PHONE, "127.0.0.2", 3);
    assert!(world.passes(PHONE, "127.0.0.2"));
    eventually("it is tried again", || (!world.passes(PHONE, "127.0.0.2")).then_some(()));
    eventually("one look is enough", || world.passes(PHONE, "127.0.0.2").then_some(()));
    let config = std::fs::read_to_string(world.clir.path("clir.toml")).unwrap();
    world.clir.replace("clir.toml", &config.replace("\"1h\"", "\"500ms\""));
    eventually("trust has ended", || world.passes(PHONE, "127.0.0.1").then_some(()));
    eventually("it is listed", || is(&world, "expired"));
}

#[test]
fn who_trusts_no_longer_passes_after_a_few_sites() {
    let world = World::new(auto());
    world.shows_trust(PHONE);
    for host in &SITES[..3] {
        assert!(world.is_opened(PHONE, host));
    }
    for host in &SITES[..3] {
        world.rejects(PHONE, host, 1);
    }
    eventually("it passes everywhere", || SITES.iter().all(|host| world.passes(PHONE, host)).then_some(()));
    eventually("it is listed", || is(&world, "withdrawn"));
    world.shows_trust(PHONE);
    assert!(SITES.iter().all(|host| world.is_opened(PHONE, host)), "it trusts again");
}

#[test]
fn a_newcomer_at_an_address_is_not_kept_out() {
    let world = World::new(auto());
    world.shows_trust(PHONE);
    for host in &SITES[..3] {
        world.rejects(PHONE, host, 1);
    }
    eventually("it is noticed", || is(&world, "withdrawn"));
    assert!(SITES.iter().all(|host| world.passes(PHONE, host)), "three sites are enough");
}

#[test]
fn trust_in_an_authority_that_was_rotated_is_no_trust() {
    let world = World::new(auto());
    world.shows_trust(PHONE);
    assert!(world.is_opened(PHONE, "localhost"));
    let rotated = setup::clir(world.clir.dir.path()).args(["--config", "clir.toml", "ca", "rotate", "--yes"]).output();
    assert!(rotated.unwrap().status.success());
    world.clir.signal("HUP");
    world.clir.wait_for_stderr("the certificate authority was replaced");
    assert!(world.passes(PHONE, "localhost"));
    eventually("it is listed", || is(&world, "other-authority"));
    let new = std::fs::read_to_string(world.clir.path("certs/clir-ca.pem")).unwrap();
    world.ask(PHONE, "clir.test", &new).unwrap();
    world.ask(PHONE, "localhost", &new).expect("it is opened, under the new one");
}

#[test]
fn a_client_of_its_own_ways_keeps_them() {
    let ways = "[[client]]\nname = \"open\"\naddress = [\"127.0.0.71\"]\nintercept = \"always\"\n\
                [[client]]\nname = \"shut\"\naddress = [\"127.0.0.72\"]\nintercept = \"never\"\n\
                [[client]]\nname = \"picky\"\naddress = [\"127.0.0.73\"]\nbypass = [\"localhost\"]\n";
    let world = World::new(auto().also(ways));
    let picky = Ipv4Addr::new(127, 0, 0, 73);
    for client in [TABLET, picky] {
        world.shows_trust(client);
    }
    assert!(world.is_opened(PHONE, "localhost") && world.passes(TABLET, "localhost"));
    assert!(world.passes(picky, "localhost") && world.is_opened(picky, "127.0.0.1"));
    eventually("a name", || (world.listed().iter().any(|line| line["client_name"] == "picky")).then_some(()));
    assert!(world.trust(&["--client", "picky"]).starts_with("127.0.0.73 (picky): trusts"), "by its name");
}

#[test]
fn what_is_forgotten_has_to_be_shown_anew() {
    let world = World::new(auto());
    assert_eq!(world.trust(&[]), "no client is known yet\n");
    for client in [PHONE, TABLET] {
        world.shows_trust(client);
    }
    eventually("both are listed", || (world.listed().len() == 2).then_some(()));
    let said = world.trust(&["forget", "--client", "127.0.0.71"]);
    assert!(said.starts_with("1 client forgotten"), "{said}");
    eventually("it passes", || world.passes(PHONE, "localhost").then_some(()));
    assert!(world.is_opened(TABLET, "localhost"));
    let mut unknown = setup::clir(world.clir.dir.path());
    let unknown =
        unknown.args(["--config", "clir.toml", "trust", "forget", "--client", "192.0.2.99"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no client is known as \"192.0.2.99\""));
}

/// A number that is a host's name is written nowhere, and the host is known again all the same.
#[test]
fn a_host_that_is_a_number_is_kept_without_it() {
    let world = World::new(auto());
    world.shows_trust(PHONE);
    assert!(world.is_opened(PHONE, "127.0.0.1"));
    world.rejects(PHONE, &format!("{NUMBER}.localhost"), 3);
    eventually("it is listed", || world.listed().iter().any(|line| line["host"] == "•••23.localhost").then_some(()));
    assert!(world.trust(&["--host", "*.localhost"]).contains("•••23.localhost passes unread since"));
    world.clir.assert_never_wrote(NUMBER);
}

#[test]
fn many_clients_are_told_apart_under_load() {
    let world = Arc::new(World::new(auto()));
    world.shows_trust(PHONE);
    let working: Vec<_> = (0..4)
        .map(|worker| {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                for round in 0..10 {
                    let host = SITES[(worker + round) % SITES.len()];
                    assert!(world.is_opened(PHONE, host), "{host}");
                    assert!(world.passes(TABLET, host), "{host}");
                }
            })
        })
        .collect();
    working.into_iter().for_each(|worker| worker.join().unwrap());
}

/// Beyond the carrier many phones share an address: who logs in is who it is.
#[test]
fn users_are_clients_of_their_own_beyond_the_carrier() {
    let user = |name: &str| format!("{name}:{HASH}");
    let users = format!("[{:?}, {:?}]", user("alice"), user("bob"));
    let world = World::new(auto().set("access.users", &users));
    let tls = |from: Ipv4Addr, credentials: &str, host: &str, roots: &str| {
        let port = if host == "clir.test" { 443 } else { world.port };
        let mut client = connect(from, world.clir.address());
        client.send(format!(
            "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic {credentials}\r\n\r\n"
        ));
        assert_eq!(client.head().status(), 200);
        let mut client = tls::connect(client.into_inner(), host, roots, &["http/1.1"])?;
        client.send(format!("GET / HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"));
        io::Result::Ok(client.response().text())
    };
    let (ours, theirs) = (world.clir.authority(), &Authority::trusted().pem);
    tls(PHONE, ALICE, "clir.test", &ours).expect("the portal");
    assert!(tls(TABLET, ALICE, "localhost", &ours).is_ok(), "alice, from another address");
    assert!(tls(PHONE, BOB, "localhost", theirs).is_ok(), "bob passes at the address where alice was");
    eventually("both are listed", || {
        let listed = world.listed();
        let stands =
            |client: &str, state: &str| listed.iter().any(|line| line["client"] == client && line["state"] == state);
        (stands("user alice", "trusted") && stands("user bob", "not-trusted")).then_some(())
    });
}

/// Of the password "open sesame", which alice and bob share here.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$SIJhJXiL+5YLDuRSEGiBkw$zThKKJxZtcsJ0KqgUQQOepgXtaY2e2j/IWK+qSn3UpE";
const ALICE: &str = "YWxpY2U6b3BlbiBzZXNhbWU=";
const BOB: &str = "Ym9iOm9wZW4gc2VzYW1l";
