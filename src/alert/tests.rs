//! Is told what is new, once, and nothing of the value?

use std::sync::Arc;

use super::{
    glance::Glance,
    headers::{Headers, Key, Place},
    store::{Change, Store},
    watch::Watching,
    *,
};
use crate::{
    detect::{Confidence, Finding, Identifier, InsertedBy, Location, Part, Severity},
    event::{Applied, Verdict},
    exchange::{Context, Direction, Fields, Known, Origin, RequestHead, Vantage, Version},
};

const NUMBER: &str = "447700900123";
const NAME: &str = "x-up-calling-line-id";

fn key() -> InstallationKey {
    InstallationKey::new([7; 32])
}

/// Both who glances and who judges, without the threads.
struct Both {
    glance: Glance,
    watching: Watching,
    handed_over: u32,
}

impl Both {
    fn take(&mut self, event: &Event, now: Timestamp) -> Vec<Alert> {
        let Some(sign) = self.glance.look(event, self.watching.forgotten(), now.as_second()) else { return Vec::new() };
        self.handed_over += 1;
        let alerts = self.watching.take(event, &sign.changes, now);
        self.glance.keep(sign);
        alerts
    }
}

fn watching() -> Both {
    let glance = Glance::new(&key(), Arc::new(Mutex::new(Headers::default())), 5);
    let watching = Watching::new(Redactor::new(Values::Masked, key()), key(), 5);
    Both { glance, watching, handed_over: 0 }
}

/// A request to this host, into which a carrier has put the number, if it has.
fn event(host: &str, number: Option<&'static str>) -> Event {
    let fields: Fields = [("Host", "a")].into_iter().chain(number.map(|number| (NAME, number))).collect();
    let head = RequestHead { method: "GET".into(), target: "/".into(), version: Version::Http11, fields };
    let context = Context {
        listener: "far".into(),
        vantage: Vantage::BeyondCarrier,
        client: ([192, 0, 2, 7], 51344).into(),
        origin: Origin::parse(Scheme::Http, host.as_bytes()).unwrap(),
        led: None,
        known: Known::default(),
    };
    let begun = Event::begun(ulid::Ulid::from_parts(1, 1), Timestamp::UNIX_EPOCH, context, Arc::new(head));
    Event { verdict: Verdict::Forwarded, findings: number.map(finding).into_iter().collect(), ..begun }
}

fn finding(number: &'static str) -> Finding {
    Finding {
        identifier: Identifier::Msisdn,
        severity: Severity::Critical,
        confidence: Confidence::Certain,
        origin: InsertedBy::Carrier,
        origin_reason: "",
        location: Location {
            name: NAME.into(),
            direction: Direction::Request,
            part: Part::Header,
            index: 1,
            in_name: false,
        },
        span: 0..number.len(),
        value: number.into(),
        detector: "test",
        signature: None,
        evidence: None,
    }
}

fn stripped(event: Event) -> Event {
    let action = Applied { rule: "r".into(), action: "strip", header: NAME.into(), observed: false };
    Event { actions: vec![action], ..event }
}

fn kinds(alerts: &[Alert]) -> Vec<&'static str> {
    alerts.iter().map(|alert| alert.kind.as_str()).collect()
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

#[test]
fn a_leak_is_told_once_for_each_site_and_what_was_withheld_is_none() {
    let mut watching = watching();
    assert_eq!(kinds(&watching.take(&stripped(event("a.example", Some(NUMBER))), now())), ["carrier-header-started"]);
    let first = watching.take(&event("www.a.example", Some(NUMBER)), now());
    assert_eq!(kinds(&first), ["first-leak"]);
    let alert = &first[0];
    assert_eq!((&*alert.details.value, &*alert.details.first), ("44770•••••23", "ever"));
    assert!(alert.words.starts_with("www.a.example received a phone number in the header"), "{}", alert.words);
    assert!(watching.take(&event("cdn.a.example", Some(NUMBER)), now()).is_empty(), "the same site");
    let other = watching.take(&event("b.example", Some(NUMBER)), now());
    assert_eq!((kinds(&other), &*other[0].details.first), (vec!["first-leak"], "site"));
    let second = watching.take(&event("b.example", Some("447700900456")), now());
    assert_eq!(&*second[0].details.first, "ever", "another number");
}

#[test]
fn what_is_known_is_not_handed_over() {
    let mut watching = watching();
    let leaks = event("a.example", Some(NUMBER));
    let events = [leaks.clone(), stripped(leaks), event("a.example", None), event("a.example", None)];
    for _ in 0..9 {
        events.iter().for_each(|event| drop(watching.take(event, now())));
    }
    assert_eq!(watching.handed_over, 1);
    watching.take(&event("b.a.example", Some(NUMBER)), now());
    watching.take(&event("b.a.example", Some("447700900456")), now());
    assert_eq!(watching.handed_over, 3, "another host, another number");
}

/// What had to make room is new again.
#[test]
fn what_the_judge_has_forgotten_is_handed_over_again() {
    let mut watching = watching();
    let event = event("a.example", Some(NUMBER));
    watching.take(&event, now());
    assert!(watching.glance.look(&event, 0, 0).is_none());
    assert!(watching.glance.look(&event, 1, 0).is_some());
}

#[test]
fn nothing_of_the_value_is_told_wherever_it_stands() {
    let host = "id-447700900123.a.example";
    let mut watching = watching();
    for is_private in [false, true] {
        let mut event = event(host, Some(NUMBER));
        event.context.known.is_private = is_private;
        event.context.listener = if is_private { "one".into() } else { "other".into() };
        let alerts = watching.take(&event, now());
        assert!(!alerts.is_empty());
        for alert in alerts {
            assert!(!alert.line().contains(NUMBER), "{}", alert.line());
            assert!(!is_private || alert.details.value == "•", "{}", alert.line());
        }
    }
}

#[test]
fn headers_that_start_and_stop_are_told() {
    let mut watching = watching();
    let there = stripped(event("a.example", Some(NUMBER)));
    let alerts = watching.take(&there, now());
    assert_eq!(kinds(&alerts), ["carrier-header-started"]);
    (0..12).for_each(|_| assert!(watching.take(&there, now()).is_empty()));
    let secure = Event {
        context: Context { origin: Origin::parse(Scheme::Https, b"a.example").unwrap(), ..there.context.clone() },
        ..event("a.example", None)
    };
    (0..9).for_each(|_| assert!(watching.take(&secure, now()).is_empty(), "inside TLS nobody can insert anything"));
    let stopped: Vec<_> = (0..9).flat_map(|_| watching.take(&event("a.example", None), now())).collect();
    assert_eq!(kinds(&stopped), ["carrier-header-stopped"]);
    assert!(stopped[0].words.contains(NAME) && stopped[0].exchange.is_some());
    assert_eq!(kinds(&watching.take(&there, now())), ["carrier-header-started"]);
}

#[test]
fn another_address_is_no_news() {
    let mut watching = watching();
    let mut event = stripped(event("a.example", Some(NUMBER)));
    assert_eq!(watching.take(&event, now()).len(), 1);
    event.context.client = ([192, 0, 2, 8], 1).into();
    assert!(watching.take(&event, now()).is_empty());
    event.context.known.client = Some("tablet".into());
    assert_eq!(watching.take(&event, now()).len(), 1, "a client of its own");
}

#[test]
fn what_is_known_survives_and_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let key: Key = [3; 16];
    let mut store = Store::open(dir.path());
    store.remember(&[Change::Seen(key, 5), Change::Seen([4; 16], 6), Change::Gone([4; 16])]);
    store.remember_places(&[(key, Place::default())]);
    for number in 0..1_010 {
        store.keep(&Arc::new(Alert::new(now(), Kind::FirstLeak, format!("alert {number}"))));
    }
    assert_eq!(store.last(5000).len(), 1000);
    drop(store);
    let again = Store::open(dir.path());
    assert_eq!((again.seen(), again.places().len()), (vec![(key, 5)], 1));
    let last = again.last(5000);
    assert_eq!((last.len(), &*last[0].words), (1000, "alert 1009"));
}

#[test]
fn a_crowd_of_leaks_is_judged_and_all_is_handed_over() {
    let dir = tempfile::tempdir().unwrap();
    let (alerts, judging) = Alerts::open(dir.path(), &key(), 5).unwrap();
    let mut told = alerts.subscribe();
    let mut witness = judging.witness();
    witness.saw(&event("a.example", Some(NUMBER)));
    judging.close();
    assert_eq!(kinds(&alerts.last(9).iter().map(|alert| Alert::clone(alert)).collect::<Vec<_>>()).len(), 2);
    assert_eq!(told.try_recv().unwrap().kind, Kind::CarrierHeaderStarted);
    assert_eq!(alerts.dropped(), 0);
}
