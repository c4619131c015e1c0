//! Does clir get on with a service manager: sockets that it holds, and what it wants to hear?

mod support;

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::{fd::AsRawFd, unix::net::UnixDatagram},
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use support::{Clir, Origin, PATIENCE, Setup, Wire, eventually, origin};
use tempfile::TempDir;

/// A manager that holds sockets and hears notices.
struct Manager {
    dir: TempDir,
    notices: UnixDatagram,
    sockets: Vec<TcpListener>,
}

impl Manager {
    fn holding(sockets: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let notices = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        notices.set_read_timeout(Some(PATIENCE)).unwrap();
        let sockets = sockets.iter().map(|address| TcpListener::bind(address).unwrap()).collect();
        Self { dir, notices, sockets }
    }

    fn address(&self) -> SocketAddr {
        self.sockets[0].local_addr().unwrap()
    }

    /// As systemd starts it: descriptors from 3 on, and their number, for this process alone.
    fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new("bash");
        let count = self.sockets.len();
        // By way of high numbers: what is to become descriptor 3 may be descriptor 4 now, and the other way round.
        let away = |(at, socket): (usize, &TcpListener)| format!("{}<&{} ", 100 + at, socket.as_raw_fd());
        let back = |at: usize| format!("{}<&{number} {number}<&- ", 3 + at, number = 100 + at);
        let moves: String = self.sockets.iter().enumerate().map(away).chain((0..count).map(back)).collect();
        let line = format!(
            "export LISTEN_PID=$$ LISTEN_FDS={count} NOTIFY_SOCKET={}; exec {:?} --config clir.toml run -vvv {moves}",
            self.dir.path().join("notify").display(),
            env!("CARGO_BIN_EXE_clir"),
        );
        command.args(["-c", &line]).current_dir(dir);
        for name in ["CLIR_CONFIG", "XDG_CONFIG_HOME", "STATE_DIRECTORY", "RUST_LOG", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        command
    }

    /// Waits for a notice with this in it, and returns it.
    fn hears(&self, text: &str) -> String {
        let mut bytes = [0; 4096];
        loop {
            let length = self.notices.recv(&mut bytes).unwrap_or_else(|error| panic!("no {text}: {error}"));
            let notice = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if notice.contains(text) {
                return notice;
            }
        }
    }
}

/// A configuration that listens there, in a directory of its own.
fn configured(address: SocketAddr) -> TempDir {
    let setup = Setup::new().listen(&[&address.to_string()]);
    drop(setup.command());
    setup.dir
}

/// Descriptors are inherited if nobody says otherwise.
fn inheritable(manager: &Manager) {
    for socket in &manager.sockets {
        rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
    }
}

fn run_to_end(manager: &Manager, dir: &Path) -> (Option<i32>, String) {
    inheritable(manager);
    let Output { status, stderr, .. } = manager.command(dir).output().unwrap();
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn a_restart_loses_no_connection() {
    let manager = Manager::holding(&["127.0.0.1:0"]);
    inheritable(&manager);
    let served = Origin::new().serve(|_, _| origin::ok("page"));
    let request = format!("GET {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", served.url("/"));
    let dir = configured(manager.address());
    // It connects before anybody is there.
    let mut early = Wire::connect(manager.address());
    early.send(&request);
    let first = Clir::spawn(&mut manager.command(dir.path()), dir, 1);
    assert_eq!(first.address(), manager.address());
    assert_eq!(early.response().status(), 200);
    let again = configured(manager.address());
    let waiting: Vec<_> = {
        first.signal("TERM");
        manager.hears("STOPPING=1");
        // They ask at once; whether the first or the second answers is no business of theirs.
        let ask = |_| {
            let mut wire = Wire::connect(manager.address());
            wire.send(&request);
            wire
        };
        (0..50).map(ask).collect()
    };
    drop(first);
    let second = Clir::spawn(&mut manager.command(again.path()), again, 1);
    for mut wire in waiting {
        assert_eq!(wire.response().status(), 200);
    }
    drop(second);
}

#[test]
fn what_happens_is_told() {
    let manager = Manager::holding(&["127.0.0.1:0"]);
    inheritable(&manager);
    let dir = configured(manager.address());
    let clir = Clir::spawn(&mut manager.command(dir.path()), dir, 1);
    manager.hears("READY=1");
    clir.signal("HUP");
    let reloading = manager.hears("RELOADING=1");
    let since = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).expect("since when");
    assert!(since.parse::<u64>().unwrap() > 0);
    let ready = manager.hears("READY=1");
    assert!(ready.contains("STATUS=serving\n"), "{ready}");
    // What is not sound is not put in force, and the manager's operator sees so.
    fs::write(clir.path("clir.toml"), "nonsense = 1").unwrap();
    clir.signal("HUP");
    manager.hears("RELOADING=1");
    let status = manager.hears("not sound");
    assert!(status.contains("READY=1"), "{status}");
    clir.signal("TERM");
    manager.hears("STOPPING=1");
}

#[test]
fn signs_of_life_are_given_where_they_are_wanted() {
    let manager = Manager::holding(&["127.0.0.1:0"]);
    inheritable(&manager);
    let dir = configured(manager.address());
    let mut command = manager.command(dir.path());
    let clir = Clir::spawn(command.env("WATCHDOG_USEC", "300000"), dir, 1);
    for _ in 0..3 {
        manager.hears("WATCHDOG=1");
    }
    // A process that stands still gives none.
    clir.stop();
    manager.notices.set_read_timeout(Some(Duration::from_millis(600))).unwrap();
    let mut bytes = [0; 4096];
    while manager.notices.recv(&mut bytes).is_ok() {}
    assert!(manager.notices.recv(&mut bytes).is_err());
    clir.signal("CONT");
    manager.notices.set_read_timeout(Some(PATIENCE)).unwrap();
    manager.hears("WATCHDOG=1");
}

#[test]
fn sockets_that_do_not_fit_are_named() {
    let manager = Manager::holding(&["127.0.0.1:0", "127.0.0.1:0"]);
    let (code, told) = run_to_end(&manager, configured(manager.address()).path());
    let other = manager.sockets[1].local_addr().unwrap();
    assert!(code == Some(1) && told.contains(&format!("a socket on {other}")), "{told}");

    let dir = configured(manager.address());
    let config = fs::read_to_string(dir.path().join("clir.toml")).unwrap();
    fs::write(dir.path().join("clir.toml"), config.replace("\"explicit\"", "\"tproxy\"")).unwrap();
    let (code, told) = run_to_end(&manager, dir.path());
    assert!(code == Some(1) && told.contains("Transparent=yes"), "{told}");
}

/// A number for another process is none for us.
#[test]
fn sockets_of_somebody_else_are_left_alone() {
    let manager = Manager::holding(&["127.0.0.1:0"]);
    let setup = Setup::new();
    let mut command = setup.command();
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1");
    let clir = Clir::spawn(&mut command, setup.dir, 1);
    assert_ne!(clir.address(), manager.address());
    eventually("an answer", || Some(clir.connect()));
}
