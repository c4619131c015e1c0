//! Do the two configurations of README.md work together?

use std::{fs, path::Path};

use super::pair::{SECRET, user};
use crate::support::{Clir, Origin, Setup, origin, origin::closed_port, setup};

/// A block of the README, by its name.
fn block(name: &str) -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let from = readme.split(&format!("```toml {name}\n")).nth(1).expect("the block");
    from.split("```").next().unwrap().to_owned()
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} stands in the README");
    text.replace(from, to)
}

/// Starts clir with this configuration, but on loopback, where tests are.
fn start(config: &str, allow: &str) -> Clir {
    let dir = Setup::new().dir;
    let config = if config.contains("[access]\n") {
        replaced(config, "[access]\n", &format!("[access]\n{allow}\n"))
    } else {
        format!("[access]\n{allow}\n{config}")
    };
    fs::write(dir.path().join("clir.toml"), config).unwrap();
    let mut command = setup::clir(dir.path());
    command.args(["--config", "clir.toml", "run", "-vvv"]).env("CLIR_EXIT_SECRET", SECRET);
    Clir::spawn(&mut command, dir, 1)
}

#[test]
fn both_sides_are_complete() {
    let allow = r#"deny_targets = ["self"]"#;
    let port = closed_port();
    let exit = replaced(&block("exit.toml"), "[::]:8443", &format!("127.0.0.1:{port}"));
    let exit = replaced(&exit, "\"exit.example\"", "\"127.0.0.1\"");
    let hash = exit.split("users   = [\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let exit = start(&replaced(&exit, &hash, &user().replace("near:", "home:")), allow);

    let roots = exit.path("exported.pem");
    fs::write(&roots, exit.authority()).unwrap();
    let home = replaced(&block("home.toml"), "[::]:8080", "127.0.0.1:0");
    let home = replaced(&home, "exit.example:8443", &format!("127.0.0.1:{port}"));
    let home = start(&replaced(&home, "exit-ca.pem", roots.to_str().unwrap()), allow);

    let site = Origin::new().serve(|_, _| origin::ok("hello"));
    let mut client = home.connect();
    client.send(format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", site.url("/"), site.address));
    assert_eq!(client.response().text(), "hello");
    assert_eq!(home.wait_for_event(|event| event["method"] == "GET")["via"], "exit");
    exit.wait_for_event(|event| event["method"] == "GET" && event.get("hop").is_some());
}
