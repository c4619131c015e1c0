//! Does what is known of clients do what the module says, and never lock anybody out?

use std::time::Duration;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::policy::HostSet;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
const START: i64 = 1_790_000_000_000;

fn contact(client: u8, host: &str, program: &str) -> Contact {
    Contact::new(who(client), &Host::parse(host.as_bytes()).unwrap(), program, START)
}

fn who(client: u8) -> Who {
    Who::Address([192, 0, 2, client].into())
}

/// A table with one authority, and a clock.
struct World {
    table: TrustTable,
    now: i64,
}

impl World {
    fn new() -> Self {
        let table = TrustTable::default();
        table.set_authority("01:02:03:04:05:06:07:08:09");
        Self { table, now: START }
    }

    /// One where client 7 has shown trust by its browser, and used it.
    fn trusting() -> Self {
        let world = Self::new();
        assert!(world.table.shows(&who(7), "browser", &world.look()));
        world.accepts("used.example", "browser");
        world
    }

    fn look(&self) -> Look {
        self.table.look(TrustTimes::default(), self.now)
    }

    fn rule(&self, host: &str, program: &str) -> Ruling {
        self.table.rule(&contact(7, host, program), &self.look())
    }

    fn accepts(&self, host: &str, program: &str) {
        self.table.accepts(&contact(7, host, program), &self.look());
    }

    fn rejects(&self, host: &str, program: &str) -> Consequence {
        self.table.rejects(&contact(7, host, program), Rejection::Objection, &self.look())
    }

    /// A connection that was begun at this time ends without a word.
    fn leaves(&self, host: &str, program: &str, began: i64) -> Consequence {
        self.table.rejects(&Contact { began, ..contact(7, host, program) }, Rejection::Silence, &self.look())
    }

    fn passes(&mut self, time: i64) {
        self.now += time;
    }
}

const UNTRUSTED: Ruling = Ruling::Pass(Reason::NotTrusted);
const PINNED: Ruling = Ruling::Pass(Reason::Pinned);
const PROGRAM: Ruling = Ruling::Pass(Reason::Program);

#[test]
fn a_client_passes_until_it_has_shown_trust_and_others_do_after() {
    let world = World::new();
    assert_eq!(world.rule("a.example", "browser"), UNTRUSTED);
    assert!(world.table.shows(&who(7), "browser", &world.look()), "news");
    assert!(!world.table.shows(&who(7), "browser", &world.look()), "none");
    assert_eq!(world.rule("a.example", "browser"), Ruling::Open);
    let other = world.table.rule(&contact(8, "a.example", "browser"), &world.look());
    assert_eq!(other, UNTRUSTED, "another client");
}

#[test]
fn three_rejections_without_success_pin_a_host_for_a_week() {
    let mut world = World::trusting();
    assert_eq!(world.rejects("pinned.example", "app"), Consequence::Nothing);
    assert_eq!(world.rejects("pinned.example", "app"), Consequence::Nothing);
    assert_eq!(world.rule("pinned.example", "app"), Ruling::Open);
    assert_eq!(world.rejects("pinned.example", "app"), Consequence::Pinned);
    assert_eq!(world.rejects("pinned.example", "app"), Consequence::Nothing, "told once");
    assert_eq!(world.rule("pinned.example", "app"), PINNED);
    assert_eq!(world.rule("pinned.example", "browser"), PINNED, "nobody had success there");
    assert_eq!(world.rule("a.example", "app"), Ruling::Open);
    world.passes(7 * DAY - MINUTE);
    assert_eq!(world.rule("pinned.example", "app"), PINNED);
    world.passes(MINUTE);
    assert_eq!(world.rule("pinned.example", "app"), Ruling::Open, "tried again");
    assert_eq!(world.rejects("pinned.example", "app"), Consequence::Pinned, "one look is enough");
    world.passes(7 * DAY);
    world.accepts("pinned.example", "app");
    assert_eq!(world.rejects("pinned.example", "app"), Consequence::Nothing, "an app that has changed its mind");
}

#[test]
fn an_app_that_pins_a_host_takes_it_from_no_browser() {
    let world = World::trusting();
    world.accepts("used.example", "browser");
    for expected in [Consequence::Nothing, Consequence::Nothing, Consequence::Pinned] {
        assert_eq!(world.rejects("used.example", "app"), expected);
        world.accepts("used.example", "browser");
    }
    assert_eq!(world.rule("used.example", "app"), PINNED);
    assert_eq!(world.rule("used.example", "browser"), Ruling::Open);
}

#[test]
fn a_host_that_succeeded_takes_more_and_longer() {
    let mut world = World::trusting();
    world.accepts("app.example", "app");
    for _ in 0..8 {
        assert_eq!(world.rejects("app.example", "app"), Consequence::Nothing);
    }
    assert_eq!(world.rule("app.example", "app"), Ruling::Open, "it has just succeeded");
    world.passes(10 * MINUTE);
    assert_eq!(world.rejects("app.example", "app"), Consequence::Pinned, "its update pins");
    assert_eq!(world.rule("app.example", "app"), PINNED);
}

#[test]
fn a_program_that_rejects_unrelated_sites_passes_and_no_other() {
    let world = World::trusting();
    for (host, expected) in [
        ("a.one.example", Consequence::Nothing),
        ("b.one.example", Consequence::Nothing),
        ("two.example", Consequence::Nothing),
        ("192.0.2.1", Consequence::Program),
    ] {
        assert_eq!(world.rule(host, "app"), Ruling::Open);
        assert_eq!(world.rejects(host, "app"), expected, "{host}");
    }
    assert_eq!(world.rule("new.example", "app"), PROGRAM);
    assert_eq!(world.rule("new.example", "browser"), Ruling::Open);
    world.accepts("one.more.example", "app");
    assert_eq!(world.rule("new.example", "app"), Ruling::Open, "it trusts after all");
}

#[test]
fn who_trusts_no_longer_passes_after_a_few_sites_and_shows_it_anew() {
    let world = World::trusting();
    for host in ["a.example", "b.example", "c.example"] {
        world.accepts(host, "browser");
    }
    assert_eq!(world.rejects("a.example", "browser"), Consequence::Nothing);
    assert_eq!(world.rejects("b.example", "browser"), Consequence::Nothing);
    assert_eq!(world.rejects("c.example", "browser"), Consequence::Withdrawn);
    assert_eq!(world.rule("d.example", "browser"), UNTRUSTED);
    let (standing, _) = world.table.standing(&who(7), &world.look()).unwrap();
    assert_eq!(standing.state, State::Withdrawn);
    assert_eq!(world.rejects("c.example", "browser"), Consequence::Nothing, "late ones count no more");
    assert!(world.table.shows(&who(7), "browser", &world.look()));
    for host in ["a.example", "d.example"] {
        assert_eq!(world.rule(host, "browser"), Ruling::Open, "{host}");
    }
}

#[test]
fn a_newcomer_at_the_address_is_let_pass_quickly() {
    let world = World::new();
    world.table.shows(&who(7), "tool", &world.look());
    for host in ["a.example", "b.example"] {
        assert_eq!(world.rejects(host, "tool"), Consequence::Nothing);
    }
    assert_eq!(world.rejects("c.example", "tool"), Consequence::Withdrawn, "nothing ever succeeded");
    let world = World::trusting();
    for host in ["a.example", "b.example", "c.example"] {
        world.rejects(host, "browser");
    }
    assert_eq!(world.rule("d.example", "browser"), PROGRAM, "the same browser, elsewhere");
    assert_eq!(world.rule("used.example", "browser"), Ruling::Open, "asked where it had succeeded");
}

#[test]
fn trust_that_nothing_confirms_expires_and_use_confirms_it() {
    let mut world = World::trusting();
    world.passes(29 * DAY);
    world.accepts("used.example", "browser");
    world.passes(29 * DAY);
    assert_eq!(world.rule("used.example", "browser"), Ruling::Open);
    world.passes(DAY);
    assert_eq!(world.rule("used.example", "browser"), UNTRUSTED);
    assert_eq!(world.table.standing(&who(7), &world.look()).unwrap().0.state, State::Expired);
}

#[test]
fn trust_is_in_one_authority() {
    let world = World::trusting();
    world.table.set_authority("FF:02:03:04:05:06:07:08:09");
    assert_eq!(world.rule("used.example", "browser"), UNTRUSTED);
    world.accepts("used.example", "browser");
    assert_eq!(world.rule("used.example", "browser"), UNTRUSTED, "what was agreed before proves nothing");
    assert!(world.table.shows(&who(7), "browser", &world.look()));
    assert_eq!(world.rule("used.example", "browser"), Ruling::Open);
}

#[test]
fn what_is_forgotten_is_tried_again_and_who_is_forgotten_passes() {
    let world = World::trusting();
    for host in ["x.pinned.example", "y.pinned.example"] {
        (0..3).for_each(|_| _ = world.rejects(host, "app"));
    }
    let hosts = |pattern: &str| Some(HostSet::parse(&[pattern]).unwrap());
    assert_eq!(world.table.forget(&Forget { who: Some(who(8)), hosts: None }), 0);
    assert_eq!(world.table.forget(&Forget { who: None, hosts: hosts("x.pinned.example") }), 1);
    assert_eq!(world.rule("x.pinned.example", "app"), Ruling::Open);
    assert_eq!(world.rule("y.pinned.example", "app"), PINNED);
    assert_eq!(world.table.forget(&Forget { who: Some(who(7)), hosts: None }), 1);
    assert_eq!(world.rule("y.pinned.example", "app"), UNTRUSTED);
}

#[test]
fn what_is_stored_is_there_again() {
    let world = World::trusting();
    (0..3).for_each(|_| _ = world.rejects("pinned.example", "app"));
    let kept = world.table.take_changed(world.now, false);
    assert!(world.table.take_changed(world.now, true).is_empty(), "once");
    let again = World::new();
    for kept in kept {
        let Kept::As(who, known) = kept else { panic!("{kept:?}") };
        let text = serde_json::to_string(&known).unwrap();
        again.table.restore(who, serde_json::from_str(&text).unwrap());
    }
    assert_eq!(again.rule("pinned.example", "app"), PINNED);
    assert_eq!(again.rule("a.example", "browser"), Ruling::Open);
    let (_, passing) = again.table.standing(&who(7), &again.look()).unwrap();
    let told: Vec<_> = passing.iter().map(|passed| (passed.host.as_deref(), passed.reason, passed.count)).collect();
    assert_eq!(told, [(Some("pinned.example"), Reason::Pinned, 1)]);
}

#[test]
fn what_is_remembered_stays_small_and_the_pinned_stay_longest() {
    let mut world = World::trusting();
    (0..3).for_each(|_| _ = world.rejects("pinned.example", "app"));
    for number in 0..2000_u32 {
        world.now += SECOND;
        world.accepts(&format!("h{number}.example"), "browser");
        world
            .table
            .rule(&Contact { who: Who::Address([10, 9, 1, 1].into()), ..contact(1, "a.example", "x") }, &world.look());
        let stranger = Who::Address(std::net::Ipv4Addr::from(0x0a00_0000 + number).into());
        world.table.rule(&Contact { who: stranger, ..contact(1, "a.example", "x") }, &world.look());
    }
    assert_eq!(world.rule("pinned.example", "app"), PINNED);
    assert!(world.table.standings(&world.look()).len() <= 2048);
    let Kept::As(_, known) = world.table.take_changed(world.now, true).into_iter().find(is_seventh).unwrap() else {
        panic!("it is known")
    };
    assert!(known.hosts.len() <= 256, "{}", known.hosts.len());
}

fn is_seventh(kept: &Kept) -> bool {
    matches!(kept, Kept::As(found, _) if *found == who(7))
}

#[test]
fn a_phone_that_leaves_its_network_has_rejected_nothing() {
    let mut world = World::trusting();
    world.accepts("other.example", "browser");
    let began = world.now;
    world.passes(SECOND);
    for host in ["used.example", "other.example", "new.example", "pinned.example", "pinned.example", "pinned.example"] {
        assert_eq!(world.leaves(host, "browser", began), Consequence::Nothing, "all were under way");
    }
    for expected in [Consequence::Nothing, Consequence::Pinned] {
        world.passes(SECOND);
        assert_eq!(world.leaves("pinned.example", "app", world.now), expected, "one after the other");
    }
}

#[test]
fn a_program_is_one_with_and_without_a_name() {
    let program = |ja4: &str| contact(7, "a.example", ja4).program;
    assert_eq!(program("t13d1516h2_8daaf6152771_02713d6af862"), program("t13i1514h1_8daaf6152771_02713d6af862"));
}

#[test]
fn numbers_in_names_are_not_kept() {
    let host = |name: &str| contact(7, name, "x").host.to_string();
    assert_eq!(host("447700900123.Example"), "•••23.example");
    assert_eq!(host("ec2-18-197-12-34.example"), "ec2-18-197-12-34.example");
    assert_eq!(host("192.0.2.123"), "192.0.2.123");
}

#[derive(Clone, Debug)]
enum Step {
    Rule,
    Accept,
    Reject,
    Show,
    Wait(i64),
}

fn step() -> impl Strategy<Value = (Step, u8, u8)> {
    let kind = prop_oneof![
        3 => Just(Step::Rule),
        2 => Just(Step::Accept),
        4 => Just(Step::Reject),
        1 => Just(Step::Show),
        1 => (0..40 * DAY).prop_map(Step::Wait),
    ];
    (kind, 0..12_u8, 0..3_u8)
}

proptest! {
    /// Whatever happened before: an app never fails more than a few times in a row before it gets through, a client that
    /// showed nothing is never opened, and what is stored rules alike.
    #[test]
    fn nobody_is_locked_out(steps in vec(step(), 0..120), host in 0..12_u8, program in 0..3_u8) {
        let mut world = World::new();
        for (step, host, program) in steps {
            let (host, program) = (format!("h{host}.example"), format!("p{program}"));
            match step {
                Step::Rule => _ = world.rule(&host, &program),
                Step::Accept => world.accepts(&host, &program),
                Step::Reject => _ = world.rejects(&host, &program),
                Step::Show => _ = world.table.shows(&who(7), &program, &world.look()),
                Step::Wait(time) => world.passes(time),
            }
            prop_assert_eq!(world.table.rule(&contact(9, &host, &program), &world.look()), UNTRUSTED);
        }
        // It may have succeeded just now.
        world.passes(10 * MINUTE);
        let (host, program) = (format!("h{host}.example"), format!("p{program}"));
        let mut failures = 0;
        while world.rule(&host, &program) == Ruling::Open {
            world.rejects(&host, &program);
            failures += 1;
            prop_assert!(failures <= 6);
        }
        for kept in world.table.take_changed(world.now, true) {
            let Kept::As(who, known) = kept else { continue };
            let again: Acquaintance = serde_json::from_str(&serde_json::to_string(&known).unwrap()).unwrap();
            prop_assert_eq!(&again, &known);
            let look = Look { now: world.now + 7 * DAY, times: TrustTimes { pinned: Duration::from_secs(1), ..world.look().times }, ..world.look() };
            let mut again = again;
            let ruled = again.rule(&contact(7, &host, &program), &look);
            prop_assert!(ruled == Ruling::Open || !known.trusts(&look), "{} {:?}", who, ruled);
        }
    }
}
