//! Does clir find over time, and across a restart, what no request shows alone?

#[path = "support/mod.rs"]
mod support;

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use clir::{
    detect::{Part, Scanner, SignatureSet, Subject, behaviour::Observer},
    exchange::{Context, Direction, Fields, InstallationKey, Origin, RequestHead, Scheme, Vantage, Version},
    intercept::{Interceptor, Outcome as Sent},
    sink::{Sightings, Watch},
};
use serde_json::Value;
use support::{Clir, Setup, setup};

const TOKEN: &str = "3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70";

const HOSTS: [&str; 3] = ["news.example", "www.shop.example", "bank.example"];

/// Sends the token to a site that was not visited before, and gives the event. clir is told not to resolve it, and judges
/// it all the same.
fn visit(clir: &Clir, host: &str) -> Value {
    let mut client = clir.connect();
    client.send(format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nUser-Agent: A/1\r\nx-qzt: {TOKEN}\r\n\r\n"));
    assert_eq!(client.response().status(), 403);
    clir.wait_for_event(|event| event["host"] == host)
}

fn start() -> Clir {
    Setup::new().set("access.deny_targets", r#"["*.example"]"#).start()
}

fn detectors(event: &Value) -> Vec<&str> {
    event["findings"].as_array().unwrap().iter().map(|finding| finding["detector"].as_str().unwrap()).collect()
}

fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("logs/sightings.db")
}

/// Ends it and hands back its directory.
fn end(mut clir: Clir) -> tempfile::TempDir {
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0), "{}", clir.stderr());
    std::mem::replace(&mut clir.dir, tempfile::TempDir::new().unwrap())
}

#[test]
fn a_supercookie_is_known_again_after_a_restart() {
    let clir = start();
    assert!(detectors(&visit(&clir, "news.example")).is_empty());
    assert!(detectors(&visit(&clir, "www.shop.example")).is_empty());
    assert_eq!(detectors(&visit(&clir, "bank.example")), ["behaviour-cross-site"]);
    let dir = end(clir);
    let mode = fs::metadata(database(dir.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let stored = fs::read(database(dir.path())).unwrap();
    for clear in [TOKEN, "x-qzt", "shop", "127.0.0.1"] {
        assert!(memchr::memmem::find(&stored, clear.as_bytes()).is_none(), "{clear} is stored");
    }

    let again = Clir::again(dir);
    let event = visit(&again, "garden.example");
    assert_eq!(detectors(&event), ["behaviour-cross-site"]);
    let evidence = &event["findings"][0]["evidence"];
    assert_eq!((&evidence["count"], evidence["hosts"].as_array().unwrap().len()), (&4.into(), 4), "{event}");
    assert!(evidence["first"].as_str().unwrap() <= evidence["last"].as_str().unwrap());
    assert_ne!(event["headers"][2][1], TOKEN, "what was found is masked");
}

#[test]
fn the_policy_acts_on_what_many_requests_show() {
    let clir = start();
    for host in ["news.example", "www.shop.example"] {
        visit(&clir, host);
    }
    let event = visit(&clir, "bank.example");
    assert_eq!(event["actions"][0]["rule"], "strip what names the subscriber", "{event}");
    assert_eq!(event["actions"][0]["header"], "x-qzt");
}

#[test]
fn a_database_that_cannot_be_read_is_moved_aside() {
    let clir = start();
    visit(&clir, "news.example");
    let dir = end(clir);
    for spoilt in [&b"this is no database, whatever its name says"[..], &[0x53; 9000]] {
        fs::write(database(dir.path()), spoilt).unwrap();
        let output = output(&dir);
        assert!(output.contains("was moved to"), "{output}");
    }
    let aside = fs::read_dir(dir.path().join("logs")).unwrap().flatten();
    let aside = aside.filter(|file| file.file_name().to_string_lossy().contains("unreadable")).count();
    assert_eq!(aside, 2);
    let again = Clir::again(dir);
    for host in ["garden.example", "www.shop.example"] {
        assert!(detectors(&visit(&again, host)).is_empty(), "what was seen before is forgotten");
    }
    assert_eq!(detectors(&visit(&again, "bank.example")), ["behaviour-cross-site"]);
}

#[test]
fn a_database_that_cannot_be_had_keeps_nobody_from_being_watched() {
    let setup = Setup::new().set("access.deny_targets", r#"["*.example"]"#);
    fs::create_dir_all(setup.dir.path().join("logs/sightings.db")).unwrap();
    let clir = setup.start();
    let shown: Vec<usize> = HOSTS.iter().map(|host| detectors(&visit(&clir, host)).len()).collect();
    assert_eq!(shown, [0, 0, 1]);
    assert!(clir.stderr().contains("will be forgotten at the end"), "{}", clir.stderr());
}

#[test]
fn it_can_be_switched_off() {
    let clir = Setup::new().set("access.deny_targets", r#"["*.example"]"#).set("behaviour.enabled", "false").start();
    assert!(HOSTS.iter().all(|host| detectors(&visit(&clir, host)).is_empty()));
    assert!(!database(clir.dir.path()).exists());
    let wrong = Setup::new().set("behaviour.enabled", "\"yes\"").set("behaviour.sites", "3").run_to_end();
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert!(wrong.status.code() == Some(1) && told.contains("behaviour.enabled") && told.contains("sites"), "{told}");
}

#[test]
fn what_is_older_than_events_are_kept_is_forgotten() {
    let clir = start();
    HOSTS[..2].iter().for_each(|host| drop(visit(&clir, host)));
    let dir = end(clir);
    let stored = || rusqlite::Connection::open(database(dir.path())).unwrap();
    let aged = stored().execute("UPDATE client SET last = last - 31 * 86400", []).unwrap();
    assert_eq!(aged, 1);
    let mut state: String = stored().query_row("SELECT state FROM client", [], |row| row.get(0)).unwrap();
    let mut parsed: Value = serde_json::from_str(&state).unwrap();
    parsed["last"] = (parsed["last"].as_i64().unwrap() - 31 * 86_400).into();
    state = parsed.to_string();
    stored().execute("UPDATE client SET state = ?1", [state]).unwrap();
    let again = Clir::again(dir);
    assert!(detectors(&visit(&again, HOSTS[2])).is_empty());
}

/// Over sockets: what the third stranger receives no longer has the field, and those before had it.
#[test]
fn the_third_site_does_not_receive_it() {
    let clir = Setup::new().naming(&HOSTS).start();
    let origin = support::Origin::new();
    let port = origin.port();
    let site = origin.serve(|_, _| support::origin::ok("seen"));
    let receives = |host: &str| -> String {
        let fields = format!("Host: {host}:{port}\r\nUser-Agent: A/1\r\nx-qzt: {TOKEN}\r\nAccept: */*\r\n\r\n");
        let mut client = clir.connect();
        client.send(format!("GET http://{host}:{port}/ HTTP/1.1\r\n{fields}"));
        assert_eq!(client.response().status(), 200);
        String::from_utf8(site.heads().pop().unwrap().0).unwrap()
    };
    let own = |host: &str, token: &str| {
        format!("GET / HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: A/1\r\n{token}Accept: */*\r\n\r\n")
    };
    let line = format!("x-qzt: {TOKEN}\r\n");
    assert_eq!(receives(HOSTS[0]), own(HOSTS[0], &line));
    assert_eq!(receives(HOSTS[1]), own(HOSTS[1], &line));
    assert_eq!(receives(HOSTS[2]), own(HOSTS[2], ""));
    assert_eq!(receives(HOSTS[0]), own(HOSTS[0], ""), "what is known is known everywhere");
}

/// The whole way from the sighting to the edit, without the sockets.
#[test]
fn what_is_shown_is_stripped_from_then_on_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let key = InstallationKey::new([7; 32]);
    let watch = Watch { keep_days: 30, compares: false, tells_hosts: false };
    let policy = clir::config::load(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/clir.toml"))).unwrap();
    let scanner = Scanner::new(Arc::new(SignatureSet::builtin()));
    let sends = |sightings: &Sightings, host: &str| -> bool {
        let door = Interceptor::new(scanner.clone(), policy.config.policy.clone(), Arc::default(), key.clone())
            .observed_by(Some(Arc::new(sightings.clone())));
        let context = Context {
            listener: "test".into(),
            vantage: Vantage::BeyondCarrier,
            client: ([192, 0, 2, 7], 1234).into(),
            origin: Origin::parse(Scheme::Http, host.as_bytes()).unwrap(),
            led: None,
        };
        let fields = [("Host", host), ("User-Agent", "A/1"), ("X-Qzt", TOKEN), ("Accept", "*/*")];
        let fields: Fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
        let head = RequestHead { method: "GET".into(), target: "/".into(), version: Version::Http11, fields };
        match door.request(&context, &head, jiff::civil::date(2026, 11, 22)).outcome {
            Sent::Unchanged => true,
            Sent::Edited(head) => head.fields.first("x-qzt").is_some(),
            Sent::Blocked(_) => panic!("blocked"),
        }
    };
    let (sightings, keeper) = Sightings::open(dir.path(), &key, watch).unwrap();
    assert_eq!(HOSTS.map(|host| sends(&sightings, host)), [true, true, false]);
    assert!(!sends(&sightings, HOSTS[0]));
    keeper.close();
    let (again, keeper) = Sightings::open(dir.path(), &key, watch).unwrap();
    assert!(!sends(&again, "garden.example") && !sends(&again, HOSTS[0]));
    keeper.close();
}

/// Whoever comes and goes, in memory and on disk: a client of which little is missing is not forgotten for them.
#[test]
fn a_crowd_does_not_push_out_who_has_shown_something() {
    let dir = tempfile::tempdir().unwrap();
    let key = InstallationKey::new([7; 32]);
    let watch = Watch { keep_days: 30, compares: false, tells_hosts: false };
    let looks = |sightings: &Sightings, client: u32, host: &str, token: &str| -> usize {
        let origin = Origin::parse(Scheme::Http, host.as_bytes()).unwrap();
        let client = (client.to_be_bytes(), 1234).into();
        let context = Context { listener: "test".into(), vantage: Vantage::BeyondCarrier, client, origin, led: None };
        let fields: Fields = [("User-Agent", "A/1"), ("X-Qzt", token), ("Accept", "*/*")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let (direction, part) = (Direction::Request, Part::Header);
        let subject = Subject { direction, part, target: Some(b"/"), fields: &fields, cleartext: true };
        sightings.request(&context, &subject).len()
    };
    let (sightings, keeper) = Sightings::open(dir.path(), &key, watch).unwrap();
    for host in &HOSTS[..2] {
        assert_eq!(looks(&sightings, 0x0a00_0001, host, TOKEN), 0);
    }
    for client in 0..20_000_u32 {
        let token = format!("{:08x}{TOKEN}", client.wrapping_mul(0x9e37_79b9));
        assert_eq!(looks(&sightings, 0x0a01_0000 + client, HOSTS[0], &token), 0);
    }
    keeper.close();
    let stored = rusqlite::Connection::open(dir.path().join("sightings.db")).unwrap();
    let rows: i64 = stored.query_row("SELECT count(*) FROM client", [], |row| row.get(0)).unwrap();
    assert!((8000..=8192).contains(&rows), "{rows}");
    let (again, keeper) = Sightings::open(dir.path(), &key, watch).unwrap();
    assert_eq!(looks(&again, 0x0a00_0001, HOSTS[2], TOKEN), 1);
    keeper.close();
}

/// What a run that is ended at once says.
fn output(dir: &tempfile::TempDir) -> String {
    let mut command = setup::clir(dir.path());
    command.args(["--config", "clir.toml", "run"]);
    let mut clir = Clir::spawn(&mut command, tempfile::TempDir::new().unwrap(), 1);
    clir.signal("TERM");
    assert_eq!(clir.wait().code(), Some(0));
    clir.stderr()
}

/// What `scan` tells of each request of a capture.
fn scan(name: &str, text: &str, arguments: &[&str]) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), text).unwrap();
    let mut command = setup::clir(dir.path());
    let output = command.args(["scan", "--output", "jsonl", name]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(lines: &[Value]) -> Vec<usize> {
    lines.iter().map(|line| detectors(line).len()).collect()
}

#[test]
fn a_capture_is_read_in_its_order() {
    let line = |client: &str, host: &str| {
        serde_json::json!({"id": host, "host": host, "client": client, "ts": "2026-11-22T14:00:00Z",
            "headers": [["Host", host], ["x-qzt", TOKEN], ["X-Api-Key", TOKEN]]})
    };
    let text = |clients: [&str; 3]| -> String {
        clients.iter().zip(HOSTS).map(|(client, host)| format!("{}\n", line(client, host))).collect()
    };
    let one = text(["192.0.2.7:1001", "192.0.2.7:1002", "192.0.2.7:1003"]);
    let lines = scan("one.jsonl", &one, &["--stateful"]);
    assert_eq!(counts(&lines), [0, 0, 1]);
    assert_eq!(lines[2]["findings"][0]["location"]["name"], "x-qzt");
    assert_eq!(lines[2]["findings"][0]["evidence"]["first"], "2026-11-22T14:00:00.000Z");
    assert_eq!(counts(&scan("one.jsonl", &one, &[])), [0, 0, 0], "stateless unless asked");
    let three = text(["192.0.2.7", "192.0.2.8", "192.0.2.9"]);
    assert_eq!(counts(&scan("three.jsonl", &three, &["--stateful"])), [0, 0, 0], "three clients");
}

#[test]
fn archives_and_raw_captures_are_watched_as_well() {
    let entry = |at: usize, host: &str| {
        serde_json::json!({"startedDateTime": format!("2026-11-22T14:00:0{at}.500+00:00"), "request":
            {"method": "GET", "url": format!("http://{host}/"), "headers": [{"name": "X-Qzt", "value": TOKEN}]}})
    };
    let entries: Vec<Value> = HOSTS.iter().enumerate().map(|(at, host)| entry(at, host)).collect();
    let archive = serde_json::json!({"log": {"version": "1.2", "entries": entries}}).to_string();
    let lines = scan("browser.har", &archive, &["--stateful"]);
    assert_eq!(counts(&lines), [0, 0, 1]);
    let evidence = &lines[2]["findings"][0]["evidence"];
    assert_eq!((&evidence["first"], &evidence["count"]), (&"2026-11-22T14:00:00.000Z".into(), &3.into()));
    assert_eq!(evidence["last"], "2026-11-22T14:00:02.000Z");
    let raw: String = HOSTS.map(|host| format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Qzt: {TOKEN}\r\n\r\n")).concat();
    let lines = scan("dump.http", &raw, &["--stateful"]);
    assert_eq!((counts(&lines), &lines[2]["findings"][0]["evidence"]["first"]), (vec![0, 0, 1], &Value::Null));
}
