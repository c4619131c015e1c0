//! Does the source keep to the shape that it claims?
//!
//! Reads `src` as text: arrows between rooms point down, pure rooms name no socket, file or clock, files are short and
//! begin with their question, nothing unwraps outside tests. Each check is held against a sample that breaks it.

mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use source::Source;

/// Every room and the floor it stands on (`DESIGN.md` has the map).
const FLOORS: &[(&str, u8)] = &[
    ("main", 8),
    ("cli", 7),
    ("proxy", 6),
    ("probe", 6),
    ("config", 6),
    ("reflect/server", 6),
    ("admin", 6),
    ("sink", 5),
    ("portal", 5),
    ("reflect", 5),
    ("report", 5),
    ("claim", 5),
    ("alert", 5),
    ("intercept", 4),
    ("event", 4),
    ("policy", 3),
    ("gateway", 3),
    ("detect", 2),
    ("listen", 2),
    ("exchange", 1),
    ("sniff", 1),
    ("tls", 1),
    ("telemetry", 1),
];

/// Rooms of one floor that do not know each other, in either direction.
const STRANGERS: &[(&str, &str)] = &[
    ("proxy", "config"),
    ("config", "proxy"),
    ("admin", "proxy"),
    ("admin", "config"),
    ("proxy", "admin"),
    ("config", "admin"),
];

/// Rooms of pure judgement: time and bytes are passed in.
const PURE: &[&str] = &["exchange", "sniff", "detect", "policy", "intercept", "event", "portal", "reflect", "report"];

/// What no pure room names.
const IMPURE: &[&str] = &[
    "tokio",
    "hyper",
    "hyper_util",
    "socket2",
    "notify",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "std::fs",
    "fs::File",
    "std::env",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "Utc::now",
];

/// What ends a process or a task where it should end an exchange.
const ABRUPT: &[&str] =
    &[".unwrap()", ".unwrap_err()", ".expect(", ".expect_err(", "panic!(", "todo!(", "unimplemented!(", "dbg!("];

/// Where one of [`ABRUPT`] may stand outside tests, how often, and why. The list may only shrink.
const EXCUSED: &[(&str, usize, &str)] = &[];

/// Crates that must not come in, and why.
const BANNED: &[(&str, &str)] = &[
    ("ring", "aws-lc-rs is the one provider of cryptography"),
    ("openssl", "rustls is the one TLS stack"),
    ("openssl-sys", "rustls is the one TLS stack"),
    ("native-tls", "rustls is the one TLS stack"),
    ("serde_yaml", "unmaintained, and configuration is TOML"),
    ("chrono", "jiff is the one calendar"),
    ("anyhow", "a library names its errors"),
];

const LONGEST: usize = 400;

#[test]
fn every_room_has_a_floor() {
    let known: BTreeSet<_> = FLOORS.iter().map(|(room, _)| *room).chain(["lib"]).collect();
    let rooms: BTreeSet<_> = sources().iter().map(Source::room).collect();
    let strange: Vec<_> = rooms.iter().filter(|room| !known.contains(room.as_str())).collect();
    assert!(strange.is_empty(), "rooms without a floor: {strange:?}");
}

#[test]
fn arrows_point_down() {
    assert_none(sources().iter().flat_map(upward).collect());
}

#[test]
fn rooms_of_one_floor_do_not_go_round_in_circles() {
    assert_none(circles(&sources()));
}

#[test]
fn pure_rooms_name_no_socket_file_or_clock() {
    assert_none(sources().iter().flat_map(impure).collect());
}

/// The judgement of a room that has plumbing in a folder of its own names none of it.
#[test]
fn a_pure_room_does_not_name_its_own_server() {
    assert_none(sources().iter().flat_map(names_own_server).collect());
}

#[test]
fn files_are_short_and_begin_with_their_question() {
    let mut all = sources();
    all.extend(Source::all_below(&root().join("tests"), &root()));
    all.extend(Source::all_below(&root().join("benches"), &root()));
    assert_none(all.iter().flat_map(misshapen).collect());
}

#[test]
fn nothing_ends_abruptly_outside_tests() {
    let mut faults = Vec::new();
    let mut excused: BTreeMap<_, _> = EXCUSED.iter().map(|(path, count, _)| (path.to_string(), *count)).collect();
    for source in sources() {
        let found = abrupt(&source);
        let allowed = excused.remove(&source.path).unwrap_or(0);
        if found.len() > allowed {
            faults.extend(found);
        } else if found.len() < allowed {
            faults.push(format!("{}: {} excused, {} left: shrink the list", source.path, allowed, found.len()));
        }
    }
    faults.extend(excused.keys().map(|path| format!("{path}: excused, but gone: shrink the list")));
    assert_none(faults);
}

#[test]
fn a_test_that_is_left_out_says_why() {
    let mut all = sources();
    all.extend(Source::all_below(&root().join("tests"), &root()));
    let silent = |source: &Source| {
        source.code().contains(concat!("#[", "ignore]")).then(|| format!("{}: no reason", source.path))
    };
    assert_none(all.iter().filter_map(silent).collect());
}

#[test]
fn no_banned_crate_came_in() {
    // The lock file also names what optional features would bring; the tree is what is built here.
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let tree = ["tree", "--locked", "--edges", "normal,build", "--prefix", "none"];
    let output = Command::new(cargo).args(tree).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_none(banned(&String::from_utf8_lossy(&output.stdout)));
}

/// Each check must find what it looks for, or it proves nothing.
#[test]
fn bad_samples_are_caught() {
    let sample = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let up = sample(
        "src/detect/a.rs",
        "//! Q?\nuse crate::{exchange::Fields, policy::{Rule, X}};\nfn f() { crate::sink::x() }",
    );
    assert_eq!(upward(&up).len(), 2, "{:?}", upward(&up));
    assert_eq!(upward(&sample("src/proxy/a.rs", "use crate::config::Config;")).len(), 1);
    assert_eq!(upward(&sample("src/config/a.rs", "use crate::proxy;")).len(), 1);
    assert_eq!(upward(&sample("src/sniff/mod.rs", "use super::cli::Failure;")).len(), 1);
    assert!(upward(&sample("src/cli/a.rs", "use crate::{proxy, config::{self, Config}}; // crate::main")).is_empty());
    let round =
        [sample("src/event/a.rs", "use crate::intercept::X;"), sample("src/intercept/a.rs", "use crate::event::Y;")];
    assert_eq!(circles(&round).len(), 1);
    assert!(circles(&round[..1]).is_empty());
    assert_eq!(
        impure(&sample("src/policy/a.rs", "fn f() { let t = std::time::Instant::now(); tokio::spawn(g()); }")).len(),
        2
    );
    assert!(impure(&sample("src/policy/a.rs", "// tokio is elsewhere\nconst A: &str = \"tokio\";")).is_empty());
    assert!(impure(&sample("src/sink/a.rs", "use tokio::fs;")).is_empty());
    assert!(impure(&sample("src/reflect/server/a.rs", "use tokio::net;")).is_empty());
    assert_eq!(impure(&sample("src/reflect/a.rs", "use tokio::net;")).len(), 1);
    assert_eq!(upward(&sample("src/reflect/a.rs", "use crate::proxy::Admission;")).len(), 1);
    assert!(upward(&sample("src/reflect/server/a.rs", "use crate::{proxy, reflect::Seen};")).is_empty());
    assert_eq!(names_own_server(&sample("src/reflect/a.rs", "use super::server::serve;")).len(), 1);
    assert!(names_own_server(&sample("src/reflect/mod.rs", "pub mod server;")).is_empty());
    assert_eq!(misshapen(&sample("src/a.rs", "use x;\n")).len(), 1);
    assert_eq!(misshapen(&sample("src/a.rs", &format!("//! Q?\n{}", "x\n".repeat(LONGEST)))).len(), 1);
    assert_eq!(
        abrupt(&sample("src/a.rs", "fn f() { a.unwrap(); }\n#[cfg(test)]\nmod tests { fn g() { b.expect(\"}\"); } }"))
            .len(),
        1
    );
    assert!(abrupt(&sample("src/a.rs", "fn f() { parser.expect(); }")).is_empty());
    assert!(abrupt(&sample("src/a/tests.rs", "fn f() { a.unwrap(); }")).is_empty());
    assert_eq!(banned("clir v0.1.0\nring v0.17.14\n").len(), 1);
}

fn upward(source: &Source) -> Vec<String> {
    let room = source.room();
    let wrong = |to: &String| floor(to) > floor(&room) || STRANGERS.contains(&(room.as_str(), to.as_str()));
    let rooms: Vec<_> = FLOORS.iter().map(|(name, _)| *name).collect();
    let arrows = source.arrows(&rooms).into_iter();
    arrows
        .filter(|_| room != "lib")
        .filter(wrong)
        .map(|to| format!("{}: {room} must not know {to}", source.path))
        .collect()
}

fn floor(room: &str) -> u8 {
    FLOORS.iter().find(|(name, _)| *name == room).map_or(0, |(_, floor)| *floor)
}

fn circles(sources: &[Source]) -> Vec<String> {
    let rooms: Vec<_> = FLOORS.iter().map(|(name, _)| *name).collect();
    let of = |source: &Source| source.arrows(&rooms).into_iter().map(move |to| (source.room(), to)).collect::<Vec<_>>();
    let arrows: BTreeSet<(String, String)> =
        sources.iter().flat_map(of).filter(|(from, to)| from != to && from != "lib").collect();
    let back = |(from, to): &&(String, String)| from < to && arrows.contains(&(to.clone(), from.clone()));
    arrows.iter().filter(back).map(|(one, other)| format!("{one} and {other} know each other")).collect()
}

fn impure(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.room().as_str()) || source.is_test() {
        return Vec::new();
    }
    let code = source.code();
    let named = IMPURE.iter().filter(|name| source::names(&code, name));
    named.map(|name| format!("{}: a pure room names {name}", source.path)).collect()
}

fn names_own_server(source: &Source) -> Vec<String> {
    let is_judgement = source.room() == "reflect" && !source.is_test();
    let named = is_judgement && source::names(&source.code().replace("pub mod server;", ""), "server");
    named.then(|| format!("{}: judgement names the server", source.path)).into_iter().collect()
}

fn misshapen(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let long = (lines > LONGEST).then(|| format!("{}: {lines} lines, {LONGEST} are enough", source.path));
    let mute = (!source.text.starts_with("//! ")).then(|| format!("{}: the first line says no question", source.path));
    long.into_iter().chain(mute).collect()
}

fn abrupt(source: &Source) -> Vec<String> {
    if source.is_test() {
        return Vec::new();
    }
    // A method of ours may be called `expect`; it is not given a message.
    let code = source.code().replace(".expect()", "");
    let at =
        |word: &&str| code.matches(*word).map(|_| format!("{}: {word} outside tests", source.path)).collect::<Vec<_>>();
    ABRUPT.iter().flat_map(at).collect()
}

fn banned(tree: &str) -> Vec<String> {
    let is_in = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    BANNED.iter().filter(|(name, _)| is_in(name)).map(|(name, why)| format!("{name}: {why}")).collect()
}

fn sources() -> Vec<Source> {
    Source::all_below(&root().join("src"), &root())
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
