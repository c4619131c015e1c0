//! Is it the same in a terminal that people use?

use std::{
    fs,
    process::{Command, Output},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::support::{MASKED, Origin, Wire, eventually, setup};

/// A server of its own, with one window of 80×24 for each session. It ends with this.
struct Tmux {
    dir: TempDir,
}

impl Tmux {
    fn run(&self, arguments: &[&str]) -> Output {
        let socket = self.dir.path().join("tmux");
        let mut command = Command::new("tmux");
        command.arg("-S").arg(socket).args(["-u", "-f", "/dev/null"]).args(arguments).current_dir(self.dir.path());
        command.env("TERM", "xterm-256color").env_remove("TMUX").env_remove("NO_COLOR").output().expect("tmux")
    }

    fn start(&self, session: &str, arguments: &str) {
        let clir = env!("CARGO_BIN_EXE_clir");
        let command = format!("{clir} --config clir.toml {arguments}; echo ended with $?; exec sleep 60");
        let output = self.run(&["new-session", "-d", "-x", "80", "-y", "24", "-s", session, &command]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn seen(&self, session: &str) -> String {
        String::from_utf8(self.run(&["capture-pane", "-p", "-t", session]).stdout).unwrap()
    }

    /// Waits until all of these are to be seen at once: a frame may be met half drawn.
    fn wait_for(&self, session: &str, texts: &[&str]) -> String {
        eventually(&format!("{texts:?} on\n{}", self.seen(session)), || {
            Some(self.seen(session)).filter(|seen| texts.iter().all(|text| seen.contains(text)))
        })
    }

    fn press(&self, session: &str, keys: &[&str]) {
        self.run(&[&["send-keys", "-t", session], keys].concat());
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // A terminal that goes away says SIGHUP, by which clir reads its configuration anew: it has to be told to end.
        let panes = self.run(&["list-panes", "-a", "-F", "#{pane_pid}"]).stdout;
        for pid in String::from_utf8_lossy(&panes).lines().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
            let _ = kill_process_group(pid, Signal::TERM);
        }
        self.run(&["kill-server"]);
    }
}

const CONFIGURATION: &str = r#"
[[listener]]
address = "[::]:0"
label = "home"
[access]
deny_targets = ["self"]
[intercept]
mode = "never"
"#;

fn desk() -> Tmux {
    let dir = TempDir::with_prefix("clir-tmux-").unwrap();
    fs::write(dir.path().join("clir.toml"), CONFIGURATION).unwrap();
    Tmux { dir }
}

/// The port that clir says it has.
fn port(tmux: &Tmux) -> u16 {
    eventually("where it listens", || {
        let seen = String::from_utf8(tmux.run(&["capture-pane", "-p", "-J", "-S", "-", "-t", "run"]).stdout).unwrap();
        seen.split_once("listening on [::]:")?.1.split_whitespace().next()?.parse().ok()
    })
}

#[test]
#[ignore = "needs tmux: run by tests/run"]
fn a_number_is_seen_on_its_way_and_the_code_at_the_start() {
    let tmux = desk();
    tmux.start("run", "run");
    let port = port(&tmux);
    // Wherever it has an address, a machine shows the code; one without any is not tested for it.
    fs::write(tmux.dir.path().join("known.toml"), CONFIGURATION.replace(":0\"", ":8080\"")).unwrap();
    let url = setup::clir(tmux.dir.path()).args(["--config", "known.toml", "qr", "--url"]).output().unwrap();
    let said = String::from_utf8_lossy(&url.stderr).into_owned();
    match said.contains("no address that a phone could reach") {
        true => eprintln!("this machine is in no network: no code is looked for"),
        false => drop(tmux.wait_for("run", &[&format!(":{port}/"), "█▀"])),
    }
    tmux.start("watch", "watch");
    tmux.wait_for("watch", &["Nothing has passed yet."]);
    let origin = Origin::new();
    let mut client = Wire::connect(([127, 0, 0, 1], port).into());
    client.send(origin.request("GET", "/start", "x-up-calling-line-id: 447700900123\r\nConnection: close\r\n"));
    let mut site = origin.accept();
    site.head();
    site.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(client.response().status(), 200);
    let seen =
        tmux.wait_for("watch", &["No site received what was found: 1 site was spared your phone number.", "\n q quit"]);
    let row = seen.lines().find(|line| line.starts_with("C ")).unwrap();
    assert!(row.contains("127.0.0.1") && row.contains("msisdn") && row.ends_with("stripped"), "{row}");
    tmux.press("watch", &["/", "severity:high host:nowhere.example", "Enter"]);
    tmux.wait_for("watch", &["0 of 1 shown"]);
    tmux.press("watch", &["c", "Enter"]);
    let head = format!("C x-up-calling-line-id: {MASKED}");
    let seen = tmux.wait_for("watch", &["Head as received", "strip x-up-calling-line-id by rule", &head]);
    assert!(!seen.contains("447700900123"), "{seen}");
    tmux.run(&["resize-window", "-t", "watch", "-x", "40", "-y", "12"]);
    tmux.wait_for("watch", &["more"]);
    tmux.press("watch", &["q", "q"]);
    tmux.wait_for("watch", &["ended with 0"]);
}
