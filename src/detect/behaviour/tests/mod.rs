//! Is what many requests show found, and nothing where one application could have sent it?

mod contrast;

use std::time::Instant;

use proptest::prelude::*;

use super::{Behaviour, Passage, join};
use crate::{
    detect::{Confidence, Finding, Identifier, InsertedBy, Part, Scanner, Severity, SignatureSet, Subject},
    exchange::{Direction, Fields, InstallationKey, Vantage},
};

const TOKEN: &str = "3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70";
const SITES: [&str; 4] = ["news.example", "www.shop.example", "bank.test", "www.example.com"];

/// A request to be looked at; the rest is as usual.
#[derive(Clone, Copy)]
struct Request<'a> {
    client: &'a str,
    host: &'a str,
    vantage: Option<Vantage>,
    cleartext: bool,
    app: &'a str,
    accept: &'a str,
    field: (&'a str, &'a str),
    /// The field stands first, and not last.
    is_first: bool,
    now: i64,
}

const USUAL: Request<'_> = Request {
    client: "192.0.2.7",
    host: "news.example",
    vantage: Some(Vantage::BeyondCarrier),
    cleartext: true,
    app: "Mozilla/5.0 (Linux; Android 14)",
    accept: "*/*",
    field: ("X-Qzt", TOKEN),
    is_first: false,
    now: 1_700_000_000,
};

fn behaviour() -> Behaviour {
    Behaviour::new(&InstallationKey::new([7; 32]))
}

fn head(request: &Request<'_>) -> Fields {
    let mut head = [("Host", request.host), ("User-Agent", request.app), ("Accept", request.accept), request.field];
    if request.is_first {
        head.rotate_right(1);
    }
    head.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect()
}

fn passage<'a>(request: &Request<'a>) -> Passage<'a> {
    Passage { client: request.client.as_bytes(), host: request.host, vantage: request.vantage, now: request.now }
}

fn look(behaviour: &Behaviour, request: Request<'_>) -> Vec<Finding> {
    let fields = head(&request);
    let (direction, part, cleartext) = (Direction::Request, Part::Header, request.cleartext);
    behaviour.request(passage(&request), &Subject { direction, part, target: Some(b"/"), fields: &fields, cleartext })
}

/// Another one for each turn.
fn token(turn: u64) -> String {
    format!("{:032x}", u128::from(turn + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// The field to each of the sites; what the last one shows.
fn round(behaviour: &Behaviour, request: Request<'_>) -> Vec<Finding> {
    SITES.map(|host| look(behaviour, Request { host, ..request })).into_iter().last().unwrap()
}

fn detectors(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.detector).collect()
}

#[test]
fn one_value_to_three_strangers_is_a_supercookie() {
    let behaviour = behaviour();
    let shown = SITES.map(|host| look(&behaviour, Request { host, is_first: true, ..USUAL }));
    assert_eq!(shown.each_ref().map(Vec::len), [0, 0, 1, 1]);
    let finding = &shown[3][0];
    assert_eq!((finding.identifier, finding.severity), (Identifier::SubscriberId, Severity::High));
    assert_eq!((finding.confidence, finding.origin), (Confidence::Likely, InsertedBy::Unknown));
    assert_eq!((finding.detector, finding.span.clone()), ("behaviour-cross-site", 0..TOKEN.len()));
    assert_eq!((&finding.value[..], finding.location.index), (TOKEN.as_bytes(), 0));
    let evidence = finding.evidence.as_ref().unwrap();
    assert_eq!((evidence.count, evidence.first, evidence.last), (4, USUAL.now, USUAL.now));
    assert_eq!(evidence.hosts.len(), 4);
    assert!(look(&behaviour, Request { client: "192.0.2.8", ..USUAL }).is_empty(), "another client's");
    assert!(look(&behaviour, Request { field: ("X-Other", TOKEN), ..USUAL }).is_empty(), "another name");
}

#[test]
fn position_and_spelling_only_tell_by_whom() {
    let behaviour = behaviour();
    let odd = Request { field: ("x-qzt", TOKEN), ..USUAL };
    assert!(look(&behaviour, odd).is_empty());
    assert_eq!(round(&behaviour, odd)[0].origin, InsertedBy::Carrier);
    let home = Request { vantage: Some(Vantage::NoCarrier), client: "192.0.2.9", ..odd };
    assert_eq!(round(&behaviour, home)[0].origin, InsertedBy::Handset);
}

#[test]
fn what_applications_send_stays_silent() {
    for field in [
        ("X-Api-Key", TOKEN),
        ("Authorization", "Bearer 3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70"),
        ("X-App-Id", "123456789012345"),
        ("X-Fb-App", "123456789012345"),
        ("X-Owner", "123456789012345"),
        ("X-Bundle", "com.example.shop.android"),
        ("X-Flavour", "com.example.shop.android"),
        ("X-Client-Version", "4.12.1-2024110701"),
        ("If-None-Match", "\"3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70\""),
        ("Accept-Language", "en-GB,en;q=0.9"),
        ("X-Request-Id", TOKEN),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("X-Kind", "text/html; charset=utf-8"),
        ("X-When", "1763820131123"),
        ("Cookie", "id=3f2b8c1e77aa4d1c9a1e0b5c2d9e8f70"),
    ] {
        let sent = Request { field, is_first: true, ..USUAL };
        assert!(round(&behaviour(), sent).is_empty(), "{}", field.0);
    }
}

#[test]
fn one_party_with_several_domains_is_no_stranger_to_itself() {
    let behaviour = behaviour();
    let field = ("X-Acmetrics-Install", TOKEN);
    for host in
        ["in.acmetrics.example", "acmetrics-eu.test", "acmetrics.com", "acmetricscdn.net", "192.0.2.1", "nas.local"]
    {
        assert!(look(&behaviour, Request { host, field, ..USUAL }).is_empty());
    }
    for host in ["www.google.de", "firebase.googleapis.com", "s.youtube.com", "app-measurement.com", "shop.example"] {
        assert!(look(&behaviour, Request { host, ..USUAL }).is_empty());
    }
}

#[test]
fn another_value_each_time_is_none() {
    let behaviour = behaviour();
    for turn in 0..200 {
        let value = token(turn);
        let host = SITES[turn as usize % 4];
        assert!(look(&behaviour, Request { host, field: ("X-Qzt", &value), ..USUAL }).is_empty());
    }
    assert_eq!(behaviour.sizes().1, 8, "such a name keeps few values");
}

#[test]
fn what_an_answer_gave_out_is_the_sites_own() {
    let behaviour = behaviour();
    let cookie: Fields = [("Set-Cookie", format!("k={TOKEN}; Path=/"))].into_iter().collect();
    behaviour.response(passage(&USUAL), &cookie);
    assert!(round(&behaviour, USUAL).is_empty());
    let echoed = Request { client: "192.0.2.8", ..USUAL };
    look(&behaviour, echoed);
    behaviour.response(passage(&echoed), &cookie);
    assert_eq!(round(&behaviour, echoed).len(), 1, "an answer that repeats what it was sent gives out nothing");
}

#[test]
fn inside_tls_one_application_may_have_a_key() {
    let behaviour = behaviour();
    let inside = Request { cleartext: false, app: "Shop/4.1 okhttp/4.9.3", ..USUAL };
    let alone = round(&behaviour, inside);
    assert_eq!((alone[0].confidence, alone[0].origin), (Confidence::Possible, InsertedBy::Handset));
    let shown = look(&behaviour, Request { app: "News/2 okhttp/4.9.3", ..inside });
    assert_eq!((detectors(&shown), shown[0].origin), (vec!["behaviour-cross-site"], InsertedBy::Handset));
    assert_eq!(shown[0].confidence, Confidence::Likely);
    let browser = Request { app: USUAL.app, client: "192.0.2.8", ..inside };
    assert_eq!(round(&behaviour, browser)[0].origin, InsertedBy::Handset);
}

#[test]
fn what_was_found_already_becomes_surer() {
    let behaviour = behaviour();
    let scanner = Scanner::new(SignatureSet::builtin().into());
    let request = Request { field: ("X-UIDH", "OTgxNTk2NDk0ADJVquRu5NS5+rSbBANlrp+13QL7CXLGsFHpMi4LsUHw"), ..USUAL };
    let shown = round(&behaviour, request);
    let fields = head(&request);
    let subject =
        Subject { direction: Direction::Request, part: Part::Header, target: None, fields: &fields, cleartext: true };
    let mut found = scanner.scan(&subject);
    join(&mut found, shown);
    assert_eq!(detectors(&found), ["signature"]);
    assert_eq!((found[0].confidence, found[0].origin), (Confidence::Certain, InsertedBy::Carrier));
    assert_eq!(found[0].evidence.as_ref().unwrap().count, 4);
}

#[test]
fn what_is_stored_is_taken_back() {
    let behaviour = behaviour();
    SITES[..2].iter().for_each(|host| drop(look(&behaviour, Request { host, ..USUAL })));
    let kept = behaviour.take_changed(false);
    assert_eq!((kept.len(), behaviour.take_changed(true).len()), (1, 0));
    assert!(!kept[0].state.contains(TOKEN) && !kept[0].state.contains("example"));
    let again = self::behaviour();
    kept.iter().for_each(|kept| again.restore(kept).unwrap());
    let shown = look(&again, Request { host: SITES[2], now: USUAL.now + 60, ..USUAL });
    let evidence = shown[0].evidence.as_ref().unwrap();
    assert_eq!((evidence.count, evidence.first, evidence.last), (3, USUAL.now, USUAL.now + 60));
    let other_key = Behaviour::new(&InstallationKey::new([8; 32]));
    kept.iter().for_each(|kept| other_key.restore(kept).unwrap());
    assert!(look(&other_key, Request { host: SITES[2], ..USUAL }).is_empty());
    assert!(again.restore(&super::Kept { state: "{\"values\":3}".into(), ..kept[0].clone() }).is_err());
}

#[test]
fn counts_are_stored_seldom_and_old_sightings_forgotten() {
    let behaviour = behaviour();
    round(&behaviour, USUAL);
    assert_eq!(behaviour.take_changed(false).len(), 1);
    look(&behaviour, Request { now: USUAL.now + 1, ..USUAL });
    assert_eq!((behaviour.take_changed(false).len(), behaviour.take_changed(true).len()), (0, 1), "nothing was learnt");
    let new = Request { field: ("X-New", TOKEN), now: USUAL.now + 9, ..USUAL };
    SITES[..2].iter().for_each(|host| drop(look(&behaviour, Request { host, ..new })));
    behaviour.forget_before(USUAL.now + 5);
    assert!(look(&behaviour, USUAL).is_empty(), "forgotten");
    assert_eq!(look(&behaviour, Request { host: SITES[2], ..new }).len(), 1, "not forgotten");
    behaviour.forget_before(USUAL.now + 99);
    assert_eq!(behaviour.sizes(), (0, 0));
}

#[test]
fn sites_are_named_only_where_that_is_allowed() {
    let named = |behaviour: &Behaviour| -> Vec<Option<String>> {
        let shown = round(behaviour, USUAL);
        let hosts = &shown[0].evidence.as_ref().unwrap().hosts;
        hosts.iter().map(|host| host.name.as_ref().map(ToString::to_string)).collect()
    };
    assert_eq!(named(&behaviour()), vec![None; 4]);
    let telling = behaviour().telling_hosts(true);
    let names = ["news.example", "shop.example", "bank.test", "example.com"].map(|name| Some(name.to_owned()));
    assert_eq!(named(&telling), names);
    let kept = telling.take_changed(true);
    assert!(!kept[0].state.contains("example"));
    let again = behaviour().telling_hosts(true);
    again.restore(&kept[0]).unwrap();
    assert_eq!(named(&again), names, "learnt anew");
}

#[test]
fn what_is_appended_to_a_long_head_is_seen() {
    let behaviour = behaviour();
    let mut shown = Vec::new();
    for host in SITES {
        let mut fields: Fields = (0..190).map(|turn| (format!("X-N{turn}"), token(turn))).collect();
        fields.push("X-Qzt", TOKEN);
        let (direction, part) = (Direction::Request, Part::Header);
        let subject = Subject { direction, part, target: None, fields: &fields, cleartext: true };
        shown = behaviour.request(passage(&Request { host, ..USUAL }), &subject);
    }
    assert!(shown.iter().any(|finding| finding.location.index == 190));
}

#[test]
fn each_value_of_a_name_is_found_for_itself() {
    let behaviour = behaviour();
    for turn in 0..20 {
        let value = token(turn);
        assert_eq!(round(&behaviour, Request { field: ("X-Qzt", &value), ..USUAL }).len(), 1, "value {turn}");
    }
}

#[test]
fn memory_is_bounded_whoever_comes() {
    let behaviour = behaviour();
    for turn in 0..100_000_u64 {
        let client = (turn % 20_000).to_string();
        let name = format!("X-N{}", turn % 997);
        let value = token(turn);
        look(&behaviour, Request { client: &client, field: (&name, &value), ..USUAL });
    }
    let (clients, values) = behaviour.sizes();
    assert!((8000..=8192).contains(&clients) && values <= 131_072, "{clients} clients, {values} values");
    (0..20_000).for_each(|turn| {
        let value = token(turn);
        look(&behaviour, Request { field: (&format!("X-N{turn}"), &value), ..USUAL });
    });
    assert!(behaviour.sizes().1 <= values + 256, "one client takes up its share and no more");
    assert_eq!(round(&behaviour, USUAL).len(), 1, "whoever comes now is remembered");
}

#[test]
fn who_has_shown_something_is_pushed_out_last() {
    let behaviour = behaviour();
    let watched = |turn: u64| format!("watched {turn}");
    let [first, second, third] = [0, 1, 2].map(|at| SITES[at]);
    (0..100).for_each(|turn| {
        for host in [first, second] {
            assert!(look(&behaviour, Request { client: &watched(turn), host, ..USUAL }).is_empty());
        }
    });
    for turn in 0..50_000_u64 {
        look(&behaviour, Request { client: &turn.to_string(), field: ("X-Qzt", &token(turn)), ..USUAL });
    }
    let forgotten = behaviour.take_forgotten().len();
    assert!((10_000..50_000).contains(&forgotten) && behaviour.take_forgotten().is_empty(), "{forgotten}");
    let found =
        (0..100).filter(|&turn| !look(&behaviour, Request { client: &watched(turn), host: third, ..USUAL }).is_empty());
    assert_eq!(found.count(), 100);
}

/// Were all of the room taken by those who have shown something, nobody else could begin to.
#[test]
fn newcomers_have_room() {
    let behaviour = behaviour();
    for turn in 0..20_000_u64 {
        for host in &SITES[..2] {
            look(&behaviour, Request { client: &turn.to_string(), host, ..USUAL });
        }
    }
    for host in &SITES[..2] {
        assert!(look(&behaviour, Request { client: "new", host, ..USUAL }).is_empty());
        (0..500_u64).for_each(|turn| drop(look(&behaviour, Request { client: &format!("other {turn}"), ..USUAL })));
    }
    assert_eq!(look(&behaviour, Request { client: "new", host: SITES[2], ..USUAL }).len(), 1);
}

#[test]
#[ignore = "a measurement; run with --ignored --nocapture and optimisation"]
fn cost() {
    let behaviour = behaviour();
    let measure = |what: &str, request: Request<'_>| {
        let mut fields = head(&request);
        for name in ["Accept-Language", "Accept-Encoding", "Connection", "Cookie", "Referer", "DNT", "Sec-Fetch-Mode"] {
            fields.push(name, "ordinary");
        }
        let (direction, part, cleartext) = (Direction::Request, Part::Header, request.cleartext);
        let subject = Subject { direction, part, target: None, fields: &fields, cleartext };
        let start = Instant::now();
        (0..200_000).for_each(|_| drop(std::hint::black_box(behaviour.request(passage(&request), &subject))));
        println!("{what}: {:?}", start.elapsed() / 200_000);
    };
    round(&behaviour, Request { client: "192.0.2.8", ..USUAL });
    measure("all ordinary, cleartext", Request { field: ("Range", "bytes=0-"), ..USUAL });
    measure("all ordinary, TLS", Request { field: ("Range", "bytes=0-"), cleartext: false, ..USUAL });
    measure("one unusual word", Request { field: ("X-Qzt", "on"), ..USUAL });
    measure("one unusual token", USUAL);
    measure("a supercookie", Request { client: "192.0.2.8", ..USUAL });
}

proptest! {
    #[test]
    fn any_bytes_are_fine(
        fields in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..24), prop::collection::vec(any::<u8>(), 0..80)), 0..8),
        hosts in prop::collection::vec("[a-z0-9.:-]{0,20}", 1..6),
        cleartext: bool,
    ) {
        let behaviour = behaviour();
        let fields: Fields = fields.into_iter().chain([(b"X-Qzt".to_vec(), TOKEN.into())]).collect();
        for host in hosts.iter().map(String::as_str).chain(SITES) {
            let subject = Subject { direction: Direction::Request, part: Part::Header, target: None, fields: &fields, cleartext };
            for finding in behaviour.request(Passage { host, ..passage(&USUAL) }, &subject) {
                let field = fields.get(finding.location.index).unwrap();
                prop_assert_eq!(field.value.get(finding.span.clone()), Some(&finding.value[..]));
            }
            behaviour.response(passage(&USUAL), &fields);
        }
    }
}
