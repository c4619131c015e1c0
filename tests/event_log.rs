//! Is the event log readable after the worst end a process can have?

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use clir::{
    event::{Event, EventLine, Redactor, Values, Verdict},
    exchange::{Context, Fields, InstallationKey, Origin, RequestHead, Scheme, Vantage, Version},
    sink::{EventLog, Settings, segments},
};
use jiff::Timestamp;

const DIRECTORY: &str = "CLIR_TEST_EVENT_DIRECTORY";

fn settings(dir: &Path) -> Settings {
    Settings { dir: dir.into(), keep_days: 1, max_bytes: 1 << 30, segment_bytes: 1 << 22, queue: 1_000 }
}

fn event(number: u64) -> Event {
    let fields: Fields = [("Host", "example.org"), ("User-Agent", "test")].into_iter().collect();
    Event {
        verdict: Verdict::Forwarded,
        status: Some(200),
        request_bytes: number,
        ..Event::begun(
            ulid::Ulid::from_parts(number, 1),
            Timestamp::UNIX_EPOCH,
            Context {
                listener: "test".into(),
                vantage: Vantage::NoCarrier,
                client: ([192, 0, 2, 7], 51344).into(),
                origin: Origin::parse(Scheme::Http, b"example.org").unwrap(),
                led: None,
                known: <_>::default(),
            },
            Arc::new(RequestHead { method: "GET".into(), target: "/".into(), version: Version::Http11, fields }),
        )
    }
}

fn open(dir: &Path) -> (EventLog, clir::sink::Writer) {
    EventLog::open(settings(dir), Redactor::new(Values::Masked, InstallationKey::new([7; 32]))).unwrap()
}

fn read(dir: &Path) -> String {
    segments(dir).unwrap_or_default().iter().map(|file| fs::read_to_string(&file.path).unwrap_or_default()).collect()
}

#[test]
#[ignore = "the process that `killing_the_writer_loses_no_whole_line` starts and kills"]
fn writes_until_it_is_killed() {
    let (log, _writer) = open(Path::new(&env::var_os(DIRECTORY).expect("a directory")));
    (0..u64::MAX).for_each(|number| log.record(event(number)));
}

#[test]
fn killing_the_writer_loses_no_whole_line() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let before = read(dir.path()).len();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "writes_until_it_is_killed"])
            .env(DIRECTORY, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(|| read(dir.path()).len() > before + 500_000);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(segments(dir.path()).unwrap().iter().filter(|file| !is_whole(&file.path)).count(), 0, "{round}");
    }
    let (log, writer) = open(dir.path());
    log.record(event(u64::MAX));
    writer.close();
    let text = read(dir.path());
    assert!(text.ends_with(&format!(
        "\"request_bytes\":{},\"response_bytes\":0,\"duration_us\":0,\"error\":null}}\n",
        u64::MAX
    )));
}

/// Every line but a torn last one is an event.
fn is_whole(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    whole.lines().all(|line| serde_json::from_str::<EventLine>(line).is_ok_and(|event| event.v == 1))
}

/// What is waited for happens in milliseconds; the deadline only ends a test that fails.
fn wait_for(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "nothing was written");
        thread::yield_now();
    }
}

#[test]
fn an_event_is_on_disk_soon_without_closing() {
    let dir = tempfile::tempdir().unwrap();
    let (log, writer) = open(dir.path());
    log.record(event(1));
    wait_for(|| read(dir.path()).ends_with('\n'));
    writer.close();
}
