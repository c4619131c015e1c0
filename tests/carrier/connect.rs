//! Is the number found where a carrier puts it into a CONNECT, or where cleartext stands inside one?

use crate::support::{
    LEAK, MASKED, NUMBER, Origin, Setup, Wire,
    carrier::Carrier,
    certificates::Authority,
    origin,
    tls::{self, TlsOrigin},
};

#[test]
fn the_head_of_connect_is_scanned() {
    for mode in ["never", "always"] {
        let clir = Setup::new().set("intercept.mode", &format!("{mode:?}")).start();
        let carrier = Carrier::leaking(clir.address());
        let origin = Origin::new();
        let mut client = Wire::tunnel(carrier.address, &origin.authority());
        client.send("\0not HTTP");
        let mut site = origin.accept();
        assert_eq!(site.exactly(9), b"\0not HTTP", "nothing of the head reaches the site");
        drop((client, site));
        let event = clir.wait_for_event(|event| event["method"] == "CONNECT");
        assert_eq!(event["findings"][0]["identifier"], "msisdn", "{event}");
        assert_eq!(event["findings"][0]["location"]["index"], 1);
        assert_eq!(event["headers"][1][1], MASKED);
        clir.assert_never_wrote(NUMBER);
    }
}

#[test]
fn cleartext_inside_connect_is_inspected() {
    for mode in ["never", "always"] {
        let clir = Setup::new().set("intercept.mode", &format!("{mode:?}")).start();
        let origin = Origin::new();
        let authority = origin.authority();
        let mut client = Wire::tunnel(clir.address(), &authority);
        client.send(format!("GET /inside HTTP/1.1\r\nHost: {authority}\r\nX-A: 1\r\n{LEAK}\r\nX-B: 2\r\n\r\n"));
        let mut site = origin.accept();
        assert_eq!(site.head(), &format!("GET /inside HTTP/1.1\r\nHost: {authority}\r\nX-A: 1\r\nX-B: 2\r\n\r\n"));
        site.send(origin::ok("seen"));
        assert_eq!(client.response().text(), "seen");
        drop(client);
        let event = clir.wait_for_event(|event| event["method"] == "GET");
        assert_eq!(event["scheme"], "http", "{event}");
        assert_eq!(event["target"], "/inside");
        assert_eq!(event["findings"][0]["location"]["index"], 2);
        clir.assert_never_wrote(NUMBER);
    }
}

/// A rule that blocks what a carrier put into the head of CONNECT refuses the tunnel itself.
#[test]
fn a_blocked_connect_opens_no_tunnel() {
    let clir = Setup::new()
        .policy("[[rule]]\nname = \"no\"\nwhen = { identifier = [\"msisdn\"] }\naction = { block = 451 }\n")
        .start();
    let origin = Origin::new();
    let mut client = Carrier::leaking(clir.address()).connect();
    let authority = origin.authority();
    client.send(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"));
    assert_eq!(client.head().status(), 451);
    origin.assert_left_alone();
    assert_eq!(clir.wait_for_events(1)[0]["verdict"], "blocked");
}

/// Where a number is the host itself, nothing may have been found in it; it is not written down all the same.
#[test]
fn a_number_that_is_the_host_is_written_nowhere() {
    for setup in [Setup::new(), Setup::new().intercept(&Authority::trusted().pem)] {
        let (clir, site) = (setup.start(), TlsOrigin::new());
        let name = format!("{NUMBER}.localhost");
        for host in [name.as_str(), "localhost"] {
            let tunnel = Wire::tunnel(clir.address(), &format!("{host}:{}", site.port()));
            // Nobody has a certificate for it; what counts is that it was asked for.
            let _ = tls::connect(tunnel.into_inner(), &name, &clir.authority(), &[]);
        }
        let mut client = clir.connect();
        client.send(format!("GET http://{name}:{} HTTP/1.1\r\nHost: {name}:{0}\r\n\r\n", origin::closed_port()));
        assert_eq!(client.response().status(), 502);
        client.send(format!("GET http://{name}:0/ HTTP/1.1\r\nHost: {name}:0\r\n\r\n"));
        assert_eq!(client.response().status(), 400);
        let events = clir.wait_for_events(4);
        let masked = format!("{MASKED}.localhost");
        let is_first = |event: &&serde_json::Value| event["host"] == masked.as_str() && event["method"] == "CONNECT";
        let connect = events.iter().find(is_first).expect("the first tunnel");
        assert_eq!(connect["tunnel"]["sni"], masked.as_str(), "{connect}");
        assert!(events.iter().any(|event| event["host"] == "localhost" && event["tunnel"]["sni"] == masked.as_str()));
        clir.assert_never_wrote(NUMBER);
    }
}
