//! Is everything found again, quickly, and after whatever happens to files?

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use ulid::Ulid;

use super::*;

/// 2026-11-22T00:00:00Z, in milliseconds.
const DAY: u64 = 1_795_305_600_000;

/// An event of this second of the day: every tenth leaks a number, and as many are spared.
fn event(number: u64) -> Value {
    let time = DAY + number * 100;
    let finding = json!({ "identifier": "msisdn", "severity": "critical", "confidence": "certain", "origin": "carrier",
        "location": { "part": "header", "name": "X-Msisdn", "index": 0 }, "span": [0, 12] });
    let (found, actions) = match number % 10 {
        0 => (vec![finding], vec![]),
        1 => (vec![finding], vec![json!({ "rule": "strip it", "action": "strip", "header": "X-Msisdn" })]),
        _ => (vec![], vec![]),
    };
    json!({ "v": 1, "id": id(number), "ts": ts(time), "listener": "home", "vantage": "no-carrier",
        "client": format!("192.0.2.{}:5000", number % 50), "scheme": "http", "method": "GET",
        "host": format!("host-{}.example", number % 1000), "port": 80, "target": "/", "version": "HTTP/1.1",
        "headers": [["X-Msisdn", "44770•••••23"]], "findings": found, "actions": actions,
        "verdict": if number % 1000 == 7 { "failed" } else { "forwarded" }, "status": 200 })
}

fn id(number: u64) -> String {
    Ulid::from_parts(DAY + number * 100, u128::from(number) << 40).to_string()
}

fn ts(milliseconds: u64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds.cast_signed()).unwrap().to_string()
}

fn append(dir: &Path, name: &str, numbers: impl Iterator<Item = u64>) {
    let mut text = Vec::new();
    for number in numbers {
        writeln!(text, "{}", event(number)).unwrap();
    }
    let mut file = OpenOptions::new().append(true).create(true).open(dir.join(name)).unwrap();
    file.write_all(&text).unwrap();
}

const FIRST: &str = "events-20261122T000000Z.jsonl";
const SECOND: &str = "events-20261122T000100Z.jsonl";

/// Waits until so many are in it; then nothing more is to come.
fn indexed(index: &Index, rows: u64) -> Reader {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        index.wake();
        if let Ok(reader) = index.reader()
            && reader.rows().is_ok_and(|found| found == rows)
            && index.behind() == 0
        {
            return reader;
        }
        assert!(Instant::now() < until, "{rows} rows: {:?}", index.reader().map(|reader| reader.rows()));
        thread::sleep(Duration::from_millis(20));
    }
}

fn started(dir: &Path) -> (Index, Indexer) {
    let (index, beginning) = Index::new(dir);
    (index, beginning.start(Vec::new()).unwrap())
}

fn page(reader: &mut Reader, wanted: &Wanted) -> Page {
    reader.page(wanted, Instant::now() + Duration::from_secs(60)).unwrap()
}

fn ids(page: &Page) -> Vec<&str> {
    page.rows.iter().map(|row| row.id.as_str()).collect()
}

const ALL: Span = Span { from: 0, to: i64::MAX >> 10 };

#[test]
fn a_hundred_thousand_are_found_by_everything_that_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), FIRST, 0..100_000);
    append(dir.path(), SECOND, 100_000..100_001);
    let (index, indexer) = started(dir.path());
    let mut reader = indexed(&index, 100_001);
    let wanted = |terms: &[(Kind, &str)]| Wanted {
        limit: 100,
        terms: terms.iter().map(|(kind, word)| (*kind, vec![(*word).to_owned()])).collect(),
        ..Wanted::default()
    };
    assert_eq!(ids(&page(&mut reader, &wanted(&[])))[..2], [id(100_000), id(99_999)]);
    let failed = page(&mut reader, &Wanted { limit: 500, ..wanted(&[(Kind::Verdict, "failed")]) });
    assert_eq!((failed.rows.len(), failed.next), (100, None));
    let spared = wanted(&[(Kind::Action, "strip"), (Kind::Identifier, "msisdn"), (Kind::Rule, "strip it")]);
    let spared = page(&mut reader, &Wanted { host: Some("HOST-991.".into()), ..spared });
    assert_eq!(
        (spared.rows.len(), spared.rows[0].host.as_str(), spared.rows[0].leaked),
        (100, "host-991.example", false)
    );
    let glob = Wanted { host: Some("host-99?.*".into()), client: Some("192.0.2.41".into()), ..wanted(&[]) };
    assert!(page(&mut reader, &glob).rows.iter().all(|row| row.host == "host-991.example"));
    assert!(page(&mut reader, &wanted(&[(Kind::Rule, "no such rule")])).rows.is_empty());
    let minute = Wanted { from: Some(DAY.cast_signed()), to: Some((DAY + 1000).cast_signed()), ..wanted(&[]) };
    assert_eq!(page(&mut reader, &minute).rows.len(), 10);
    sums_are_right(&reader);
    let (line, event) = reader.line(&id(4711)).unwrap().unwrap();
    assert_eq!((event.id, serde_json::from_slice::<Value>(&line).unwrap()), (id(4711), self::event(4711)));
    assert!(reader.line(&Ulid::from_parts(DAY, 3).to_string()).unwrap().is_none());
    let mode = fs::metadata(dir.path().join(schema::FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    indexer.close();
}

fn sums_are_right(reader: &Reader) {
    let summary = reader.summary(ALL).unwrap();
    assert_eq!((summary.exchanges, summary.with_findings, summary.leaked), (100_001, 20_001, 10_001));
    assert_eq!((summary.hosts, summary.clients, summary.tunnels), (1000, 50, 0));
    let [msisdn] = &summary.identifiers[..] else { panic!("{summary:?}") };
    assert_eq!((msisdn.received, msisdn.spared), (100, 100));
    let start = DAY.cast_signed() / 1000;
    let timeline = reader.timeline(Span { from: start, to: start + 7200 }, 3600).unwrap();
    assert_eq!(timeline.iter().map(|bucket| bucket.exchanges).collect::<Vec<_>>(), [36_000, 36_000]);
    let headers = reader.counts(By::Header, ALL, 5).unwrap();
    assert_eq!((headers[0].key.as_str(), headers[0].found, headers[0].spared), ("x-msisdn", 20_001, 10_000));
    assert_eq!(headers[0].first, DAY.cast_signed());
    assert_eq!(reader.counts(By::Host, ALL, 5).unwrap().len(), 5);
    let last = reader.last(Kind::Rule, "strip it").unwrap();
    assert_eq!(last, Some((DAY + 99_991 * 100).cast_signed()));
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), FIRST, 0..1000);
    let (index, indexer) = started(dir.path());
    let mut reader = indexed(&index, 1000);
    let mut wanted = Wanted { limit: 30, host: Some("host-1".into()), ..Wanted::default() };
    let mut seen = Vec::new();
    loop {
        let page = page(&mut reader, &wanted);
        seen.extend(page.rows.into_iter().map(|row| row.id));
        wanted.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..1000_u64).rev().filter(|n| n.to_string().starts_with('1')).map(id).collect();
    assert_eq!(seen, expected);
    let late = reader.page(&Wanted { before: None, limit: 500, ..wanted }, Instant::now()).unwrap();
    assert!(late.next.is_some() && late.rows.len() < 111, "what takes too long ends, and goes on elsewhere");
    indexer.close();
}

/// Whatever SQLite thinks of the sizes of tables, it walks through none that grows with the events.
#[test]
fn nothing_is_walked_through_from_end_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let database = schema::open(dir.path()).unwrap();
    for question in walk::QUESTIONS.iter().chain(&sums::QUESTIONS) {
        let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {question}")).unwrap();
        let count = explain.parameter_count();
        let plan =
            explain.query_map(rusqlite::params_from_iter(vec![0; count]), |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<_> = plan.map(Result::unwrap).collect();
        let tables = ["exchange", "mark", "minute", "presence", "sighting", "site"];
        let walks = |step: &&String| tables.iter().any(|table| step.starts_with(&format!("SCAN {table}")));
        assert_eq!(plan.iter().find(walks), None, "{question}: {plan:?}");
    }
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Watcher for Told {
    fn saw(&mut self, _event: &EventLine, row: &Row) {
        self.0.lock().unwrap().push(row.id.clone());
    }

    fn is_waiting(&self) -> bool {
        true
    }
}

#[test]
fn a_restart_goes_on_where_it_was_and_tells_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), FIRST, 0..10);
    let (index, indexer) = started(dir.path());
    indexed(&index, 10);
    indexer.close();
    append(dir.path(), FIRST, 10..20);
    append(dir.path(), SECOND, 20..21);
    let told = Told::default();
    let (index, beginning) = Index::new(dir.path());
    let indexer = beginning.start(vec![Box::new(told.clone())]).unwrap();
    indexed(&index, 21);
    // Half a line is none yet, and what is no event is passed over.
    let mut file = OpenOptions::new().append(true).open(dir.path().join(SECOND)).unwrap();
    let line = format!("no event\n{}\n", event(21));
    file.write_all(&line.as_bytes()[..40]).unwrap();
    index.wake();
    file.write_all(&line.as_bytes()[40..]).unwrap();
    indexed(&index, 22);
    assert_eq!(*told.0.lock().unwrap(), [id(20), id(21)]);
    indexer.close();
}

#[test]
fn what_is_deleted_or_damaged_is_made_anew_from_the_lines() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), FIRST, 0..100);
    for damage in [None, Some(&b"this is no database, whatever its name says"[..])] {
        let (index, indexer) = started(dir.path());
        let reader = indexed(&index, 100);
        assert_eq!(reader.summary(ALL).unwrap().exchanges, 100);
        indexer.close();
        drop(reader);
        schema::remove(&dir.path().join(schema::FILE)).unwrap();
        if let Some(damage) = damage {
            fs::write(dir.path().join(schema::FILE), damage).unwrap();
        }
    }
    let (index, indexer) = started(dir.path());
    indexed(&index, 100);
    indexer.close();
}

#[test]
fn what_is_let_go_is_gone_from_everything() {
    let dir = tempfile::tempdir().unwrap();
    append(dir.path(), FIRST, 0..8_000);
    append(dir.path(), SECOND, 8_000..12_000);
    let (index, indexer) = started(dir.path());
    indexed(&index, 12_000);
    fs::remove_file(dir.path().join(FIRST)).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let mut reader = index.reader().unwrap();
    // The minute in which the last of the first file was belongs to the second as well.
    while reader.rows().unwrap() > 4_600 {
        assert!(Instant::now() < until, "{:?}", reader.rows());
        thread::sleep(Duration::from_millis(50));
        index.wake();
    }
    let all = page(&mut reader, &Wanted { limit: 500, host: Some("host-77.".into()), ..Wanted::default() });
    assert_eq!(all.rows.len(), 4);
    assert!(reader.line(&id(5)).unwrap().is_none() && reader.line(&id(9_000)).unwrap().is_some());
    let sum = |question: &str| reader.database.query_row(question, [], |row| row.get::<_, i64>(0)).unwrap();
    let tags = 4_000 * 3 + 800 * 3 + 400 * 2;
    assert_eq!(
        sum("SELECT sum(count) FROM term"),
        tags,
        "host, client, verdict; found, severity, identifier; action, rule"
    );
    assert_eq!(sum("SELECT sum(count) FROM combo"), 4_000);
    let oldest = entry::block_of(entry::key_at((DAY + 800_000).cast_signed()));
    assert_eq!(sum("SELECT min(block) FROM mark"), oldest);
    indexer.close();
}
