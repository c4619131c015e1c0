//! Do clients have names, rules and ways of their own, and is a private one left out of the log?

#[path = "support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use support::{Clir, LEAK, MASKED, NUMBER, Origin, Response, Setup, Wire, network, origin::ok, setup};

/// Everything of 127.0.0.0/8 is this machine, so a client can have any of its addresses.
const KITCHEN: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);
const GUEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

const CLIENTS: &str = r#"
[[client]]
name    = "kitchen tablet"
address = ["127.0.0.7"]
policy  = "kitchen.toml"

[[client]]
name    = "guest"
address = ["127.0.0.8/29"]
private = true

[[client.policy]]
name   = "guests show the gateway"
when   = { header = ["x-up-*"] }
action = "keep"
"#;

const KITCHEN_RULES: &str = r#"
[[rule]]
name   = "the kitchen shows stars"
when   = { identifier = ["msisdn"] }
action = "redact"
"#;

fn setup() -> Setup {
    // The guest's network begins at its first address.
    let setup = Setup::new().also(&CLIENTS.replace("127.0.0.8/29", "127.0.0.8/30"));
    std::fs::write(setup.dir.path().join("kitchen.toml"), KITCHEN_RULES).unwrap();
    setup
}

fn connect(from: Ipv4Addr, to: SocketAddr) -> Wire<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    Wire::over(socket.into())
}

fn ask(clir: &Clir, from: Ipv4Addr, url: &str, fields: &str) -> Response {
    let mut client = connect(from, clir.address());
    client.send(format!("GET {url} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"));
    client.response()
}

fn event_of(clir: &Clir, client: Ipv4Addr) -> Value {
    clir.wait_for_event(|event| event["client"].as_str().unwrap().starts_with(&format!("{client}:")))
}

#[test]
fn rules_of_a_clients_own_come_first_and_are_nobody_elses() {
    let clir = setup().start();
    let site = Origin::new().serve(|_, _| ok(""));
    for (from, expected) in [(KITCHEN, Some("************")), (GUEST, Some(NUMBER)), (Ipv4Addr::LOCALHOST, None)] {
        ask(&clir, from, &site.url("/"), &format!("{LEAK}\r\n"));
        let received = site.heads().pop().unwrap().value("x-up-calling-line-id");
        assert_eq!(received.as_deref(), expected, "{from}");
    }
    assert_eq!(event_of(&clir, KITCHEN)["client_name"], "kitchen tablet");
    assert_eq!(event_of(&clir, KITCHEN)["actions"][0]["rule"], "the kitchen shows stars");
    assert_eq!(event_of(&clir, GUEST)["client_name"], "guest");
    assert_eq!(event_of(&clir, Ipv4Addr::LOCALHOST).get("client_name"), None);
}

#[test]
fn a_private_client_leaves_hosts_and_names_in_the_log_and_nothing_else() {
    for values in ["masked", "full", "names"] {
        let clir = setup().set("log.values", &format!("{values:?}")).start();
        let site = Origin::new().serve(|_, _| ok(""));
        let fields = format!("{LEAK}\r\nX-Tell: whispered\r\nCookie: a=whispered\r\n");
        ask(&clir, GUEST, &site.url("/whispered/447700900123?q=whispered"), &fields);
        // What is refused may hold anything in any place.
        let mut client = connect(GUEST, clir.address());
        client.send("GET whispered HTTP/1.1\r\nHost: whispered.example\r\nX-Tell: whispered\r\n\r\n");
        assert_eq!(client.response().head.status(), 400);
        let events = clir.wait_for_events(2);
        let event = &events[0];
        assert_eq!((&event["host"], &event["target"]), (&json!("127.0.0.1"), &json!("/•")));
        let names: Vec<_> = event["headers"].as_array().unwrap().iter().map(|field| field[0].clone()).collect();
        assert_eq!(names, ["Host", "x-up-calling-line-id", "X-Tell", "Cookie"]);
        assert!(event["headers"].as_array().unwrap().iter().all(|field| field[1] == "•"), "{event}");
        let finding = event["findings"].as_array().unwrap().iter().find(|finding| finding["identifier"] == "msisdn");
        assert_eq!((finding.unwrap()["severity"].as_str(), finding.unwrap().get("digest")), (Some("critical"), None));
        assert_eq!(events[1]["target"], "•");
        clir.assert_never_wrote(NUMBER);
        clir.assert_never_wrote("whispered");
    }
}

#[test]
fn the_default_log_shows_hosts_names_and_masked_values() {
    let clir = setup().start();
    let site = Origin::new().serve(|_, _| ok(""));
    ask(&clir, KITCHEN, &site.url("/page"), &format!("{LEAK}\r\n"));
    let event = event_of(&clir, KITCHEN);
    assert_eq!((&event["target"], &event["headers"][1][1]), (&json!("/page"), &json!(MASKED)));
    clir.assert_never_wrote(NUMBER);
}

#[test]
fn rules_name_clients_and_the_log_is_asked_by_name() {
    let policy = r#"
[[rule]]
name   = "not in the kitchen"
when   = { header = ["x-secret"] }
to     = { client = ["kitchen tablet"] }
action = { block = 451 }
"#;
    let clir = setup().policy(policy).start();
    let site = Origin::new().serve(|_, _| ok(""));
    let secret = |from| ask(&clir, from, &site.url("/"), "X-Secret: 1\r\n").head.status();
    assert_eq!((secret(KITCHEN), secret(GUEST)), (451, 200));
    clir.wait_for_events(2);
    let log = |arguments: &[&str]| {
        let output =
            setup::clir(clir.dir.path()).args(["--config", "clir.toml", "log"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let kitchen = log(&["--client", "kitchen tablet"]);
    assert!(
        kitchen.starts_with("20") && kitchen.contains("  kitchen tablet   GET ") && kitchen.contains("451"),
        "{kitchen}"
    );
    assert!(!kitchen.contains("guest") && log(&["--client", "nobody"]).is_empty());
    assert_eq!(log(&["--client", "127.0.0.9", "--output", "jsonl"]).lines().count(), 1);
}

#[test]
fn tunnels_are_opened_client_by_client() {
    let authority = support::certificates::Authority::trusted();
    let ways =
        "[[client]]\nname = \"open\"\naddress = [\"127.0.0.7\"]\nintercept = \"always\"\nbypass = [\"localhost\"]\n";
    let clir = Setup::new().intercept(&authority.pem).set("intercept.mode", r#""never""#).also(ways).start();
    let site = support::tls::TlsOrigin::new();
    let tunnel = |from: Ipv4Addr, name: &str| {
        let mut client = connect(from, clir.address());
        client.send(format!("CONNECT {name}:{0} HTTP/1.1\r\nHost: {name}:{0}\r\n\r\n", site.port()));
        assert_eq!(client.head().status(), 200);
        let roots = format!("{}{}", clir.authority(), authority.pem);
        drop(support::tls::connect(client.into_inner(), name, &roots, &["http/1.1"]).unwrap());
        drop(site.accept());
    };
    tunnel(KITCHEN, "127.0.0.1");
    tunnel(KITCHEN, "localhost");
    tunnel(GUEST, "127.0.0.1");
    let verdict = |client: Ipv4Addr, host: &str| {
        let is_it = |event: &Value| {
            event["client"].as_str().unwrap().starts_with(&format!("{client}:")) && event["host"] == host
        };
        let event = clir.wait_for_event(is_it);
        (event["verdict"].clone(), event["tunnel"]["reason"].clone())
    };
    assert_eq!(verdict(KITCHEN, "127.0.0.1").0, "intercepted");
    assert_eq!(verdict(KITCHEN, "localhost"), (json!("tunnelled"), json!("bypass")));
    assert_eq!(verdict(GUEST, "127.0.0.1"), (json!("tunnelled"), json!("never")));
}

#[test]
fn clients_are_taken_up_while_it_runs() {
    let clir = setup().start();
    let site = Origin::new().serve(|_, _| ok(""));
    let mut client = connect(KITCHEN, clir.address());
    let mut ask = || {
        client.send(format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", site.url("/")));
        client.response();
        clir.events().last().map_or(Value::Null, |event| event["client_name"].clone())
    };
    ask();
    let config = std::fs::read_to_string(clir.path("clir.toml")).unwrap();
    clir.replace("clir.toml", &config.replace("kitchen tablet", "cellar"));
    support::eventually("the new name", || (ask() == "cellar").then_some(()));
}

/// A bridge of one cable: the client's end has a card that clir's end sees.
#[test]
#[ignore = "needs a network of its own, which takes root: tests/run runs it"]
fn a_client_is_known_by_its_card_in_both_families() {
    network::own("a_client_is_known_by_its_card_in_both_families", &[], || {
        for command in [
            "mkdir -p /run/netns",
            "mount -t tmpfs none /run/netns",
            "ip netns add phone",
            "ip link add home type veth peer name wifi netns phone",
            "ip address add 192.168.77.1/24 dev home",
            "ip address add fd00:77::1/64 dev home nodad",
            "ip link set home up",
            "ip -n phone link set wifi address 02:00:5e:10:00:07",
            "ip -n phone address add 192.168.77.9/24 dev wifi",
            "ip -n phone address add fd00:77::9/64 dev wifi nodad",
            "ip -n phone link set wifi up",
        ] {
            network::run(command);
        }
        let clients = "[[client]]\nname = \"phone\"\nmac = [\"02-00-5E-10-00-07\"]\n\
            [[client]]\nname = \"lease\"\naddress = [\"192.168.77.0/24\"]\n";
        let clir = Setup::new().listen(&["[::]:0"]).also(clients).start();
        let port = clir.address().port();
        let site = Origin::on(Ipv4Addr::new(192, 168, 77, 1)).serve(|_, _| ok(""));
        for (proxy, client) in [("192.168.77.1", "192.168.77.9"), ("[fd00:77::1]", "fd00:77::9")] {
            network::run(&format!(
                "ip netns exec phone curl -sf --retry 5 --retry-connrefused -x http://{proxy}:{port} {}",
                site.url("/")
            ));
            let event = clir.wait_for_event(|event| event["client"].as_str().unwrap().contains(client));
            assert_eq!(event["client_name"], "phone", "{event}");
        }
        network::run("ip -n phone link set wifi address 02:00:5e:10:00:08");
        network::run("ip neighbour flush dev home");
        network::run("sleep 11");
        network::run(&format!("ip netns exec phone curl -sf -x http://192.168.77.1:{port} {}", site.url("/again")));
        let event = clir.wait_for_event(|event| event["target"] == "/again");
        assert_eq!(event["client_name"], "lease", "another card at the same address");
    });
}
