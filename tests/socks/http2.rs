//! Is HTTP/2 in cleartext judged, wherever it comes?

use super::speak::*;
use crate::support::{
    Clir, NUMBER, Setup, Wire,
    h2::{H2Client, H2Origin},
};

/// Asks for two things, of which both are judged.
fn ask_twice(clir: &Clir, client: &mut H2Client, origin: &H2Origin) {
    for path in ["/one", "/two"] {
        let answer = client.get(path, &[("x-up-calling-line-id", NUMBER), ("x-other", "1")]);
        assert_eq!((answer.status(), answer.values("x-from")), (200, vec!["origin".to_owned()]));
        let event = clir.wait_for_event(|event| event["target"] == path);
        assert_eq!((&event["version"], &event["scheme"]), (&"HTTP/2".into(), &"http".into()));
        assert_eq!(event["actions"][0]["action"], "strip");
    }
    let seen = origin.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.values("x-up-calling-line-id").is_empty() && seen.values("x-other") == ["1"]));
}

#[test]
fn with_prior_knowledge_in_tunnels_of_every_kind() {
    let (socks, connect) = (socks().start(), Setup::new().start());
    for is_socks in [true, false] {
        let origin = H2Origin::cleartext();
        let clir = if is_socks { &socks } else { &connect };
        let stream =
            if is_socks { tunnel(clir, origin.address) } else { Wire::tunnel(clir.address(), &origin.authority()) };
        let mut client = H2Client::cleartext(stream.into_inner(), &origin.authority());
        ask_twice(clir, &mut client, &origin);
        assert!(origin.seen().iter().all(|seen| seen.version == http::Version::HTTP_2), "as the client speaks");
    }
}

/// A proxy is asked in full; what the origin speaks, nobody knows beforehand.
#[test]
fn with_prior_knowledge_to_an_explicit_listener() {
    let clir = Setup::new().start();
    let origin = crate::support::Origin::new().serve(|_, body| crate::support::origin::ok(body));
    let authority = origin.address.to_string();
    let mut client = H2Client::cleartext(clir.connect().into_inner(), &authority);
    let answer = client.get("/one", &[("x-up-calling-line-id", NUMBER)]);
    assert_eq!(answer.status(), 200);
    let event = clir.wait_for_event(|event| event["target"] == "/one");
    assert_eq!((&event["version"], &event["actions"][0]["action"]), (&"HTTP/2".into(), &"strip".into()));
    assert!(!origin.heads()[0].has("x-up-calling-line-id"));
    // Nor is it an open door: what is refused over HTTP/1 is refused here.
    let own = clir.address().to_string();
    let mut client = H2Client::cleartext(clir.connect().into_inner(), &own);
    assert_eq!(client.get("/", &[]).status(), 403);
}
