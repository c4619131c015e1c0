//! How is the proxy's process watched, from its start to its end?

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Wire, eventually, setup};

/// A running clir. When it is dropped it is told to end, and has to do so without any panic behind it.
pub struct Clir {
    pub addresses: Vec<SocketAddr>,
    pub dir: TempDir,
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    ended: bool,
}

impl Clir {
    /// Starts the process and waits until it has said where it listens.
    pub fn spawn(command: &mut Command, dir: TempDir, listeners: usize) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("clir starts");
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let mut clir = Self { addresses: Vec::new(), dir, child, stdout, stderr, ended: false };
        clir.addresses = eventually("clir says where it listens", || {
            if let Some(status) = clir.child.try_wait().unwrap() {
                clir.ended = true;
                panic!("clir ended at once with {status}: {}{}", clir.stdout(), clir.stderr());
            }
            Some(addresses(&clir.stdout())).filter(|found| found.len() == listeners)
        });
        clir
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where the live view is.
    pub fn view(&self) -> SocketAddr {
        let said = self.stdout();
        let line =
            said.lines().find_map(|line| line.strip_prefix("live view    http://")).expect("where the live view is");
        line.split('/').next().unwrap().parse().unwrap()
    }

    /// A raw connection to the proxy.
    pub fn connect(&self) -> Wire<TcpStream> {
        Wire::connect(self.address())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Everything said on standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// Everything said on standard error so far, at the most verbose level.
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Every whole line of the event log so far.
    pub fn events(&self) -> Vec<Value> {
        self.raw_log()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// The event log as text, up to its last line end.
    pub fn raw_log(&self) -> String {
        let mut files: Vec<_> =
            files_below(&self.path("logs")).into_iter().filter(|file| is_event_file(file)).collect();
        files.sort();
        let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap_or_default()).collect();
        let end = text.rfind('\n').map_or(0, |at| at + 1);
        text[..end].to_owned()
    }

    /// Waits until there are at least that many events.
    pub fn wait_for_events(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} events"), || Some(self.events()).filter(|events| events.len() >= count))
    }

    /// Waits for the first event of which `wanted` holds.
    pub fn wait_for_event(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually("an event", || self.events().into_iter().find(|event| wanted(event)))
    }

    /// Waits until standard error holds this text.
    pub fn wait_for_stderr(&self, text: &str) {
        eventually(&format!("{text:?} on standard error"), || self.stderr().contains(text).then_some(()));
    }

    /// The certificate of its authority, as PEM.
    pub fn authority(&self) -> String {
        let is_certificate = |text: &String| text.contains("BEGIN CERTIFICATE") && !text.contains("PRIVATE KEY");
        let texts = files_below(&self.path("certs")).into_iter().filter_map(|file| fs::read_to_string(file).ok());
        texts.into_iter().find(is_certificate).expect("a certificate of the authority")
    }

    /// Asserts that this text stands in no file that clir wrote, and on neither of its outputs.
    pub fn assert_never_wrote(&self, text: &str) {
        for file in files_below(self.dir.path()) {
            let bytes = fs::read(&file).unwrap_or_default();
            assert!(memchr::memmem::find(&bytes, text.as_bytes()).is_none(), "{text} stands in {}", file.display());
        }
        assert!(!self.stdout().contains(text), "{text} stands on standard output");
        assert!(!self.stderr().contains(text), "{text} stands on standard error");
    }

    /// Replaces a file of its directory as careful programs do: written beside it, then renamed.
    pub fn replace(&self, name: &str, text: &str) {
        let beside = self.path(&format!("{name}.new"));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.path(name)).unwrap();
    }

    /// Memory that is resident now, in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the process lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a size") * 1024
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its short name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(status.success(), "kill -{name}");
    }

    /// Stops the process. The signal is asynchronous: on a busy machine some threads go on for a while after it was sent.
    pub fn stop(&self) {
        self.signal("STOP");
        let is_stopped = |stat: String| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
        eventually("every thread stopped", || {
            let mut threads = fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
            let all =
                threads.all(|thread| fs::read_to_string(thread.unwrap().path().join("stat")).is_ok_and(is_stopped));
            all.then_some(())
        });
    }

    /// Waits until the process has ended.
    pub fn wait(&mut self) -> ExitStatus {
        let status = eventually("the end of clir", || self.child.try_wait().unwrap());
        self.ended = true;
        status
    }

    /// Ends it without a word, as a power cut does, and hands back its directory.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.wait();
        self.take_dir()
    }

    /// Hands its directory over, once it has ended.
    pub fn take_dir(&mut self) -> TempDir {
        std::mem::replace(&mut self.dir, TempDir::new().unwrap())
    }

    /// Starts it again in a directory where it ran with one listener.
    pub fn again(dir: TempDir) -> Self {
        let mut command = setup::clir(dir.path());
        Self::spawn(command.args(["--config", "clir.toml", "run", "-vvv"]), dir, 1)
    }
}

impl Drop for Clir {
    fn drop(&mut self) {
        if thread::panicking() {
            // Its last words help, whatever the test complains of.
            let _ = self.child.kill();
            let _ = self.child.wait();
            let stderr = self.stderr();
            let tail = stderr.lines().count().saturating_sub(40);
            eprintln!(
                "clir's last words:\n{}",
                stderr.lines().skip(tail).map(|line| format!("{line}\n")).collect::<String>()
            );
            return;
        }
        if !self.ended {
            self.signal("TERM");
            assert_eq!(self.wait().code(), Some(0), "SIGTERM ends it well: {}", self.stderr());
        }
        assert!(!self.stderr().contains("panicked"), "a panic: {}", self.stderr());
    }
}

fn collect(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let sink = text.clone();
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            sink.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
    text
}

fn addresses(stdout: &str) -> Vec<SocketAddr> {
    let after = |line: &str| Some(line.split_once("listening on ")?.1.split_whitespace().next()?.to_owned());
    stdout.lines().filter_map(after).filter_map(|word| word.trim_end_matches([',', '.', ';']).parse().ok()).collect()
}

fn is_event_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("events-") && name.ends_with(".jsonl")
}

/// The files of the event log of the clir that runs in this directory.
pub fn event_files(dir: &Path) -> Vec<PathBuf> {
    files_below(&dir.join("logs")).into_iter().filter(|file| is_event_file(file)).collect()
}

/// Every file below a directory.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    entries.flatten().flat_map(|entry| below(entry.path())).collect()
}
