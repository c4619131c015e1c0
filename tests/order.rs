//! Does the same head say the same, whatever order its fields stand in?
//!
//! Work on one head is bounded, and bounds are where order creeps in: what comes first is looked at, the rest is not. So
//! heads here are crowded: many fields that tell, much that is encoded.

use std::sync::{Arc, LazyLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use clir::{
    detect::{Confidence, Identifier, Identities, Identity, Part, Scanner, Severity, SignatureSet, Subject},
    exchange::{Direction, Fields, Sensitive},
};
use proptest::prelude::*;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let own = [(Identifier::Msisdn, "+44 7700 900123"), (Identifier::Account, "me@example.org")];
    let own = own.map(|(kind, value)| Identity::new("own".into(), kind, &Sensitive::new(value.to_owned())).unwrap());
    Scanner::new(Arc::new(SignatureSet::builtin())).with_identities(Arc::new(Identities::new(own.into())))
});

/// Field, place in it, and what was found there.
type Told = (usize, usize, usize, Identifier, Severity, Confidence);

/// What is found with the fields in this order, told by where they stood at first.
fn told(pairs: &[(String, String)], order: &[usize], direction: Direction) -> Vec<Told> {
    let fields: Fields = order.iter().map(|&at| pairs[at].clone()).collect();
    let target = (direction == Direction::Request).then_some(&b"/?tel=NDQ3NzAwOTAwMTIz"[..]);
    let found = SCANNER.scan(&Subject { direction, part: Part::Header, target, fields: &fields, cleartext: true });
    let place = |part, index: usize| if part == Part::Target { usize::MAX } else { order[index] };
    let mut told: Vec<Told> = found
        .into_iter()
        .map(|f| {
            let at = place(f.location.part, f.location.index);
            (at, f.span.start, f.span.end, f.identifier, f.severity, f.confidence)
        })
        .collect();
    told.sort();
    told
}

fn value() -> impl Strategy<Value = String> {
    let number = "(447700900|0101012345678|49015420323)[0-9]{3}";
    prop_oneof![
        number,
        number.prop_map(|number| STANDARD.encode(number)),
        number.prop_map(|number| STANDARD.encode(STANDARD.encode(format!("{{\"imsi\":\"{number}\"}}")))),
        (number, 1..40_usize).prop_map(|(number, times)| format!("{number};").repeat(times)),
        (number, 1..60_usize).prop_map(|(number, times)| format!("tel={};", STANDARD.encode(number)).repeat(times)),
        "[ -~]{0,300}",
        Just("me%40example.org ".repeat(80)),
    ]
}

const NAMES: &[&str] = &[
    "x-msisdn",
    "x-imsi",
    "x-up-calling-line-id",
    "X-Acme-Subscriber-Id",
    "X-Acme-IMEI",
    "Cookie",
    "Set-Cookie",
    "Referer",
    "Location",
    "Forwarded",
    "User-Agent",
    "X-Zq",
];

fn field() -> impl Strategy<Value = (String, String)> {
    (prop::sample::select(NAMES).prop_map(str::to_owned), value())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_order_says_the_same(
        (pairs, order) in prop::collection::vec(field(), 1..80).prop_flat_map(|pairs| {
            let order: Vec<usize> = (0..pairs.len()).collect();
            (Just(pairs), Just(order).prop_shuffle())
        }),
        response: bool,
    ) {
        let direction = if response { Direction::Response } else { Direction::Request };
        let straight: Vec<usize> = (0..pairs.len()).collect();
        prop_assert_eq!(told(&pairs, &straight, direction), told(&pairs, &order, direction));
    }
}

/// A number that is encoded is found among many others that are, first or last.
#[test]
fn a_crowd_hides_nothing() {
    let leak = ("x-msisdn".to_owned(), STANDARD.encode("447700900456"));
    for crowd in [1, 10, 30, 60, 100] {
        let other = ("X-Acme-Imsi".to_owned(), STANDARD.encode("no number at all"));
        let mut pairs = vec![other; crowd];
        pairs.push(leak.clone());
        let straight: Vec<usize> = (0..pairs.len()).collect();
        let backward: Vec<usize> = straight.iter().rev().copied().collect();
        for order in [straight, backward] {
            let told = told(&pairs, &order, Direction::Request);
            let hit = told.iter().any(|&(at, _, _, identifier, ..)| (at, identifier) == (crowd, Identifier::Msisdn));
            assert!(hit, "among {crowd}: {told:?}");
        }
    }
}
