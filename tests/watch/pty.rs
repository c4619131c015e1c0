//! What is on a terminal of this size, and what was written to it?

use std::{
    fs::File,
    io::{Read as _, Write as _},
    num::NonZero,
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

use super::support::{eventually, setup};

/// A program on a terminal of its own.
pub struct Pty {
    pub child: Child,
    keys: File,
    master: OwnedFd,
    slave: OwnedFd,
    written: Arc<Mutex<Written>>,
}

struct Written {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

impl Pty {
    /// Starts clir there, with a terminal that it controls.
    pub fn clir(dir: &Path, arguments: &[&str], (columns, rows): (u16, u16), environment: &[(&str, &str)]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&master, size(columns, rows)).unwrap();
        let clir = setup::clir(dir);
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(clir.get_program()).args(arguments).current_dir(dir);
        for (name, value) in clir.get_envs() {
            assert!(value.is_none());
            command.env_remove(name);
        }
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color").envs(environment.iter().copied());
        let child = command.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().expect("setsid, of util-linux");
        let written = Written { screen: vt100::Parser::new(many(rows), many(columns), 0), bytes: Vec::new() };
        let written = Arc::new(Mutex::new(written));
        collect(File::from(master.try_clone().unwrap()), written.clone());
        Self { child, keys: File::from(master.try_clone().unwrap()), master, slave, written }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.written.lock().unwrap().screen.screen_mut().set_size(many(rows), many(columns));
        tcsetwinsize(&self.master, size(columns, rows)).unwrap();
    }

    /// What a person sees.
    pub fn seen(&self) -> String {
        self.written.lock().unwrap().screen.screen().contents()
    }

    /// Everything that was written, escapes and all.
    pub fn bytes(&self) -> Vec<u8> {
        self.written.lock().unwrap().bytes.clone()
    }

    /// Waits until the screen is so. A frame may be met half drawn, so that all of it has to be in one condition.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        eventually(&format!("{what} on a screen with\n{}", self.seen()), || {
            Some(self.seen()).filter(|seen| is_so(seen))
        })
    }

    /// Waits until this is to be seen.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?}"), |seen| seen.contains(text))
    }

    /// Waits until all of these are to be seen at once.
    pub fn wait_for_all(&self, texts: &[&str]) -> String {
        self.wait_until(&format!("{texts:?}"), |seen| texts.iter().all(|text| seen.contains(text)))
    }

    /// Waits until the program has ended.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the end of the program", || self.child.try_wait().unwrap())
    }

    /// Whether the terminal is as a shell wants it: lines, echo, the ordinary screen and a cursor.
    pub fn is_given_back(&self) -> bool {
        let modes = tcgetattr(self.slave.as_fd()).unwrap().local_modes;
        let written = self.written.lock().unwrap();
        let screen = written.screen.screen();
        modes.contains(LocalModes::ICANON | LocalModes::ECHO) && !screen.alternate_screen() && !screen.hide_cursor()
    }

    /// The process of clir itself, whose parent is the one that we have started.
    pub fn process(&self) -> String {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let own = self.child.id().to_string();
        let children = std::fs::read_to_string(children).unwrap_or_default();
        children.split_whitespace().next().map_or(own, str::to_owned)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            let _ = Command::new("kill").args(["-KILL", &self.process()]).status();
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn many(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn collect(mut master: File, written: Arc<Mutex<Written>>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = master.read(&mut buffer) {
            let mut written = written.lock().unwrap();
            written.bytes.extend_from_slice(&buffer[..length]);
            written.screen.process(&buffer[..length]);
        }
    });
}
