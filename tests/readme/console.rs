//! Does every command print what README.md prints below it?
//!
//! What differs from run to run (times, ports, fingerprints) is masked on both sides, nothing else. Ports and the site
//! that only the internet has are replaced on the way in and out.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    thread,
};

use tempfile::TempDir;

use super::{
    blocks::{Block, blocks, read, root},
    site,
    support::{Clir, Wire, eventually, setup},
};

#[test]
fn what_is_printed_is_what_comes_out() {
    let mut desk = Desk::new();
    let mut compared = 0;
    for block in blocks("console") {
        for (command, expected) in commands(&block) {
            let output = desk.type_in(&command);
            if !expected.is_empty() {
                assert_eq!(masked(&output), masked(&expected), "README.md, line {}: {command}", block.line);
                compared += 1;
            }
        }
    }
    assert!(compared >= 6, "only {compared} outputs were compared");
    let event = blocks("json").remove(0);
    let happened = desk.event.expect("the run on one machine writes an event");
    assert_eq!(masked_event(&happened), masked_event(event.text.trim_end()), "README.md, line {}", event.line);
}

/// Each command with the lines below it.
fn commands(block: &Block) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.text.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command.to_owned(), String::new())),
            None => commands.last_mut().expect("a command comes first").1 += &format!("{line}\n"),
        }
    }
    commands
}

/// Where the commands are typed: a directory like a clone, with the binary where cargo puts it.
struct Desk {
    clir: Option<Clir>,
    dir: Option<TempDir>,
    site: SocketAddr,
    /// The event of the last request to a site on this machine.
    event: Option<String>,
}

impl Desk {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let site = listener.local_addr().unwrap();
        thread::spawn(move || site::serve(&listener));
        Self { clir: None, dir: Some(clone()), site, event: None }
    }

    fn type_in(&mut self, command: &str) -> String {
        match command.strip_prefix("cargo run --release") {
            // The site answers already.
            Some(" --example site") => String::new(),
            Some(arguments) => self.start(arguments.strip_prefix(" -- ").unwrap_or_default()),
            None if command.starts_with("curl ") => self.curl(command),
            None => self.shell(command),
        }
    }

    /// A new proxy, in a directory of its own as the first one had.
    fn start(&mut self, arguments: &str) -> String {
        self.clir = None;
        let dir = self.dir.take().unwrap_or_else(clone);
        let mut command = setup::clir(dir.path());
        let clir = Clir::spawn(command.args(arguments.split_whitespace()), dir, 1);
        let banner = eventually("the whole banner", || Some(clir.stdout()).filter(|text| text.contains("\nevents ")));
        let banner = banner.replace(&clir.address().to_string(), "[::]:8080");
        self.clir = Some(clir);
        banner
    }

    fn path(&self) -> &Path {
        match (&self.clir, &self.dir) {
            (Some(clir), _) => clir.dir.path(),
            (None, Some(dir)) => dir.path(),
            (None, None) => unreachable!("a proxy takes the directory along"),
        }
    }

    fn shell(&self, command: &str) -> String {
        let path = format!("{}:{}", self.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.path()).env("PATH", path);
        for name in ["CLIR_CONFIG", "XDG_CONFIG_HOME", "STATE_DIRECTORY", "RUST_LOG"] {
            shell.env_remove(name);
        }
        let output = shell.output().expect("a shell");
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        text.replace(&self.site.to_string(), "example.org")
    }

    /// The site on this machine stands in for the one on the internet.
    fn curl(&mut self, command: &str) -> String {
        let clir = self.clir.as_ref().expect("the proxy runs");
        let proxy = clir.address();
        let before = clir.events().len();
        let site = format!("http://{}/", self.site);
        let is_local = command.contains("http://127.0.0.1:8000/");
        let command = command.replace("http://127.0.0.1:8080", &format!("http://{proxy}"));
        let command = command.replace("http://127.0.0.1:8000/", &site).replace("http://example.org/", &site);
        let output = match Command::new("curl").arg("--version").output() {
            // On a terminal, curl shows no progress beside what it prints there.
            Ok(_) => self.shell(&command.replacen("curl ", "curl --silent ", 1)),
            Err(_) => by_hand(&words(&command), proxy),
        };
        let output = output.replace("example.org", "127.0.0.1:8000").replace(&self.site.to_string(), "127.0.0.1:8000");
        let clir = self.clir.as_ref().expect("the proxy runs");
        clir.wait_for_events(before + 1);
        if is_local {
            let line = clir.raw_log().lines().last().unwrap_or_default().to_owned();
            self.event = Some(line.replace(&self.site.to_string(), "127.0.0.1:8000"));
        }
        output
    }
}

/// What a clone holds, with the two things changed that a test cannot have: the port, and no site on loopback.
fn clone() -> TempDir {
    let dir = TempDir::with_prefix("clir-readme-").unwrap();
    let at = |name: &str| dir.path().join(name);
    for folder in ["config", "examples", "signatures", "target/release"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    let config = read(&root().join("config/clir.toml"));
    let config = changed(&config, "\"[::]:8080\"", "\"127.0.0.1:0\"");
    let config = changed(&config, "[\"loopback\", \"link-local\", \"self\"]", "[\"link-local\", \"self\"]");
    fs::write(at("config/clir.toml"), config).unwrap();
    fs::copy(root().join("config/policy.toml"), at("config/policy.toml")).unwrap();
    let loopback = read(&root().join("examples/loopback.toml"));
    fs::write(at("examples/loopback.toml"), loopback + "\n[[listener]]\naddress = \"127.0.0.1:0\"\n").unwrap();
    for block in blocks("toml") {
        if let Some(name) = &block.name {
            fs::write(at(name), &block.text).unwrap();
        }
    }
    for binary in ["target/release/clir", "clir"] {
        symlink(env!("CARGO_BIN_EXE_clir"), at(binary)).unwrap();
    }
    dir
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} stands once in the configuration");
    text.replace(from, to)
}

/// The words of a command line in which only single quotes are used.
fn words(command: &str) -> Vec<String> {
    let pieces = command.split('\'').enumerate();
    pieces
        .flat_map(|(at, piece)| match at % 2 {
            0 => piece.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            _ => vec![piece.to_owned()],
        })
        .collect()
}

/// Where there is no curl: its request over a socket, and what it would print.
fn by_hand(words: &[String], proxy: SocketAddr) -> String {
    let after = |option: &str| words.iter().position(|word| word == option).map(|at| words[at + 1].as_str());
    let url = words.last().unwrap();
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let header = after("--header").map(|header| format!("{header}\r\n")).unwrap_or_default();
    let fields = "User-Agent: curl/0\r\nAccept: */*\r\nProxy-Connection: Keep-Alive\r\n";
    let mut wire = Wire::connect(proxy);
    wire.send(format!("GET {url} HTTP/1.1\r\nHost: {host}\r\n{fields}{header}\r\n"));
    let response = wire.response();
    match after("-w") {
        Some(format) => format.replace("%{http_code}", &response.head.status().to_string()).replace("\\n", "\n"),
        None => response.text(),
    }
}

/// Hides what no two runs have in common.
fn masked(text: &str) -> String {
    text.lines().map(|line| masked_line(line.trim_end_matches('\r')) + "\n").collect()
}

fn masked_line(line: &str) -> String {
    for varying in ["  SHA-256    ", "live view    ", "signatures   ", "User-Agent: curl/"] {
        if line.starts_with(varying) {
            return format!("{varying}*");
        }
    }
    if let Some((before, digest)) = line.rsplit_once(' ').filter(|(_, word)| word.len() == 64 && !word.contains('.')) {
        assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
        return format!("{before} *");
    }
    match line.get(..19).filter(|time| time.len() == 19 && time.as_bytes()[4] == b'-' && time.as_bytes()[16] == b':') {
        Some(time) => line.replace(time, "*"),
        None => line.to_owned(),
    }
}

/// An event's line, keys in their order, without what no two runs have in common.
fn masked_event(line: &str) -> String {
    let mut line = line.to_owned();
    for key in ["id", "ts", "client", "port", "digest", "response_bytes", "duration_us"] {
        line = masked_value(&line, &format!("\"{key}\":"));
    }
    masked_value(&line, "[\"User-Agent\",")
}

fn masked_value(line: &str, before: &str) -> String {
    let (start, rest) = line.split_once(before).unwrap_or_else(|| panic!("no {before} in {line}"));
    let end = rest.find([',', '}', ']']).expect("an end");
    format!("{start}{before}*{}", &rest[end..])
}
