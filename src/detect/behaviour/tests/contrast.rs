//! Is a name found out that somebody on the way adds, and no name that the phone sends itself?

use super::*;

/// Requests of two applications on the sheltered side.
fn shelter(behaviour: &Behaviour, request: Request<'_>) {
    for turn in 0..6 {
        look(behaviour, Request { app: ["A/1", "B/1"][turn % 2], ..request });
    }
}

/// A name whose value is another each time, from two applications to unrelated sites.
fn expose(behaviour: &Behaviour, request: Request<'_>) -> Vec<Finding> {
    let mut shown = Vec::new();
    for (turn, host) in SITES.into_iter().enumerate() {
        let value = format!("90012345678{turn}");
        let field = (request.field.0, value.as_str());
        shown = look(behaviour, Request { host, field, app: ["A/1", "B/1"][turn % 2], ..request });
    }
    shown
}

/// Standing in the middle, spelt like the rest.
const INSIDE_HEAD: Request<'_> = Request { is_first: true, field: ("X-Qzt", ""), ..USUAL };

#[test]
fn a_name_on_cleartext_only_was_added_on_the_way() {
    let behaviour = behaviour();
    let inside = Request { cleartext: false, field: ("X-Own", "900"), ..USUAL };
    assert!(expose(&behaviour, INSIDE_HEAD).is_empty(), "no request inside TLS was seen yet");
    shelter(&behaviour, inside);
    let shown = expose(&behaviour, INSIDE_HEAD);
    assert_eq!((detectors(&shown), shown[0].origin), (vec!["behaviour-cleartext-only"], InsertedBy::Carrier));
    assert_eq!((shown[0].severity, shown[0].evidence.as_ref().unwrap().hosts.len()), (Severity::Medium, 4));
    assert!(expose(&behaviour, Request { field: ("x_own", ""), ..INSIDE_HEAD }).is_empty(), "sent inside TLS too");
    let seldom = Request { field: ("X-Seldom", "900123456789"), app: "A/1", ..INSIDE_HEAD };
    assert!(round(&behaviour, seldom).is_empty(), "one application's");
    let home = Request { vantage: Some(Vantage::NoCarrier), ..INSIDE_HEAD };
    assert_eq!(expose(&behaviour, home)[0].origin, InsertedBy::Unknown, "no carrier stands there");
    look(&behaviour, Request { field: USUAL.field, ..inside });
    assert!(expose(&behaviour, INSIDE_HEAD).is_empty(), "taken back once it is seen inside TLS");
}

#[test]
fn a_word_that_was_added_is_found_as_well() {
    let behaviour = behaviour();
    shelter(&behaviour, Request { cleartext: false, field: ("Accept", "*/*"), ..USUAL });
    let mut shown = Vec::new();
    for (turn, host) in SITES.into_iter().enumerate() {
        let app = ["A/1", "B/1"][turn % 2];
        shown = look(&behaviour, Request { host, app, field: ("X-Rat", "lte"), ..INSIDE_HEAD });
    }
    assert_eq!(detectors(&shown), ["behaviour-cleartext-only"]);
    assert_eq!((shown[0].identifier, shown[0].severity), (Identifier::Network, Severity::Low));
}

#[test]
fn a_name_on_cellular_only_was_added_on_the_way() {
    let home = Request { vantage: Some(Vantage::NoCarrier), client: "192.168.1.7", field: ("X-Own", "900"), ..USUAL };
    let behaviour = behaviour().comparing(true);
    shelter(&behaviour, home);
    let shown = expose(&behaviour, INSIDE_HEAD);
    assert_eq!((detectors(&shown), shown[0].origin), (vec!["behaviour-listener"], InsertedBy::Carrier));
    assert!(expose(&behaviour, Request { field: ("X-Own", ""), ..INSIDE_HEAD }).is_empty());
    assert!(expose(&behaviour, Request { field: ("X-New", ""), ..home }).is_empty());
    look(&behaviour, Request { cleartext: false, field: ("X-Qzt", "1"), ..USUAL });
    assert!(expose(&behaviour, INSIDE_HEAD).is_empty(), "the phone sends it, be it inside TLS");

    let one = super::behaviour();
    shelter(&one, home);
    assert!(expose(&one, INSIDE_HEAD).is_empty(), "only where listeners differ");
}

#[test]
fn what_is_always_added_by_another_hand_is_found_without_any_contrast() {
    let odd = Request { field: ("x_qzt", ""), ..USUAL };
    let shown = expose(&behaviour(), odd);
    assert_eq!((detectors(&shown), shown[0].origin), (vec!["behaviour-position"], InsertedBy::Carrier));
    assert_eq!((shown[0].identifier, shown[0].severity), (Identifier::SubscriberId, Severity::Medium));
    assert!(expose(&behaviour(), USUAL).is_empty(), "appended only");
    assert!(expose(&behaviour(), Request { is_first: true, ..odd }).is_empty(), "spelt otherwise only");
    assert!(expose(&behaviour(), Request { vantage: Some(Vantage::NoCarrier), ..odd }).is_empty(), "no other hand");
    let behaviour = behaviour();
    look(&behaviour, Request { app: "A/1", field: ("X-Qzt", "900123456780"), ..INSIDE_HEAD });
    assert!(expose(&behaviour, odd).is_empty(), "not always");
}

#[test]
fn what_stands_on_a_visit_was_not_added_by_the_page() {
    let script = Request { is_first: true, ..USUAL };
    let visit = Request { accept: "text/html,*/*;q=0.8", ..script };
    for field in [("X-Qzt", "447700900123"), ("X-Session-Ref", TOKEN)] {
        let shown = round(&behaviour(), Request { field, ..visit });
        assert_eq!((detectors(&shown), shown[0].confidence), (vec!["behaviour-cross-site"], Confidence::Likely));
        assert!(round(&behaviour(), Request { field, ..script }).is_empty(), "a script's, or an application's");
        assert_eq!(round(&behaviour(), Request { field, ..USUAL }).len(), 1, "after the browser's last");
        let view = Request { field, app: "Mozilla/5.0 (Linux; Android 14; wv)", ..visit };
        assert!(round(&behaviour(), view).is_empty(), "an application shows a page");
    }
}

#[test]
fn two_signs_together_are_certain() {
    let behaviour = behaviour();
    let field = ("X-Qzt", TOKEN);
    shelter(&behaviour, Request { cleartext: false, field: ("Accept", "*/*"), ..USUAL });
    let mut shown = Vec::new();
    for (turn, host) in SITES.into_iter().enumerate() {
        shown = look(&behaviour, Request { host, field, app: ["A/1", "B/1"][turn % 2], ..INSIDE_HEAD });
    }
    assert_eq!((detectors(&shown), shown[0].origin), (vec!["behaviour-cross-site"], InsertedBy::Carrier));
    assert_eq!((shown[0].confidence, shown[0].severity), (Confidence::Certain, Severity::High));
}
