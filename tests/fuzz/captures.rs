//! Does a capture or an event log of any content bring down the commands that read it, or speak to the terminal?

use std::{
    fs::{self, File},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use clir::{event::EventLine, sink::segments};
use tempfile::TempDir;

use super::engine::{Outcome, fuzz, outcome};

/// Processes are slow to start, so many short captures are tried rather than few long ones.
const LONGEST: usize = 16 * 1024;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(5);

const WORDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"Host: example.org\r\n",
    b"\r\n",
    b"x-msisdn: 447700900123\r\n",
    b"Content-Length: 5\r\n",
    b"{\"id\":1,\"method\":\"GET\",\"host\":\"example.org\",\"path\":\"/\",\"headers\":[]}\n",
    b"[\"x-msisdn\",\"447700900123\"]",
    b"\"log\":{\"entries\":[",
    b"\"request\":{\"method\":\"GET\",\"url\":\"http://example.org/\",\"headers\":[]}",
    b"\x1b[31m",
    b"\xe2\x80\xae",
    b"\\u001b",
    b"null",
    b"{}",
    b"[]",
];

/// A directory with the input in it, and what a command said about it.
struct Place(TempDir);

struct Said {
    status: ExitStatus,
    out: Vec<u8>,
    errors: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs clir with this input. Files instead of pipes: neither side can make the other wait.
    fn run(&self, arguments: &[&str], input: &[u8]) -> Said {
        let path = |name: &str| self.0.path().join(name);
        fs::write(path("in"), input).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_clir"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .stdin(Stdio::from(File::open(path("in")).unwrap()))
            .stdout(Stdio::from(File::create(path("out")).unwrap()))
            .stderr(Stdio::from(File::create(path("errors")).unwrap()))
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{arguments:?} does not come to an end");
            }
            thread::sleep(Duration::from_millis(1));
        };
        let errors = String::from_utf8_lossy(&fs::read(path("errors")).unwrap()).into_owned();
        Said { status, out: fs::read(path("out")).unwrap(), errors }
    }
}

impl Said {
    /// The command ended by its own will.
    fn check(&self) {
        assert!(matches!(self.status.code(), Some(0 | 1 | 3)), "{:?}: {}", self.status, self.errors);
    }

    /// Moreover, nothing that it says acts on a terminal or makes text read otherwise than it stands.
    fn check_text(&self) {
        self.check();
        let text = [&self.out, self.errors.as_bytes()].concat();
        let acts = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t');
        assert!(!text.iter().any(acts), "a control byte in {}", text.escape_ascii());
        assert!(!String::from_utf8_lossy(&text).contains('\u{202e}'), "text that turns its direction");
    }

    /// What it complained about, without what differs from input to input.
    fn outcome(&self) -> Outcome {
        let complaints = self.errors.lines().map(|line| line.split_inclusive(' ').skip(4).take(6).collect::<String>());
        let mut complaints: Vec<_> = complaints.collect();
        complaints.sort();
        complaints.dedup();
        outcome((self.status.code(), complaints, self.out.split(|&byte| byte == b'\n').count().min(5)))
    }
}

#[test]
fn captures() {
    let place = Place::new();
    fuzz("captures", LONGEST, WORDS, |input| {
        let said = place.run(&["scan", "-", "--output", "jsonl"], input);
        said.check_text();
        for line in said.out.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let told: serde_json::Value = serde_json::from_slice(line).expect("one JSON object a line");
            assert!(told.get("id").is_some() && told.get("findings").is_some_and(serde_json::Value::is_array));
        }
        said.outcome()
    });
}

#[test]
fn captures_told_to_people() {
    let place = Place::new();
    fuzz("captures", LONGEST, WORDS, |input| {
        let format = ["raw", "jsonl", "har"][input.len() % 3];
        let scanned = place.run(&["scan", "-", "--format", format], input);
        scanned.check_text();
        let explained = place.run(&["explain"], input);
        explained.check_text();
        outcome((scanned.outcome(), explained.outcome()))
    });
}

#[test]
fn logs() {
    let place = Place::new();
    let logs = place.0.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let segment = logs.join("events-20261122T000000Z.jsonl");
    fs::write(&segment, "").unwrap();
    assert_eq!(segments(&logs).unwrap().len(), 1, "the log is read from where it is written");
    fuzz("logs", LONGEST, WORDS, |input| {
        fs::write(&segment, input).unwrap();
        let sound = input.split(|&byte| byte == b'\n').filter(|line| serde_json::from_slice::<EventLine>(line).is_ok());
        let sound = sound.count();
        let mut outcomes = Vec::new();
        for output in ["text", "jsonl", "har"] {
            let said = place.run(&["log", "--dir", "logs", "--output", output], b"");
            // The others hand on what stands in the file.
            if output == "text" {
                said.check_text();
            } else {
                said.check();
            }
            outcomes.push(said.outcome());
        }
        outcome((outcomes, sound.min(5)))
    });
}
