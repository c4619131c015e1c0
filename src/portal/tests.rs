//! Is what a phone is shown right?

use std::net::Ipv4Addr;

use plist::Value;

use super::*;

fn portal() -> Portal {
    Portal {
        pem: "-----BEGIN CERTIFICATE-----\n".into(),
        der: vec![0x30, 0x82, 1, 2],
        fingerprint: (0..32).map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"),
        subject: "clir <\"test\"> authority".into(),
        interception: Interception::Auto,
    }
}

fn visit(target: &str) -> Visit<'_> {
    Visit {
        method: "GET",
        target,
        scheme: Scheme::Http,
        way: Way::Through,
        client: Ipv4Addr::new(192, 0, 2, 7).into(),
        proxy: ([192, 0, 2, 10], 8080).into(),
        is_proxy: true,
        vantage: Vantage::NoCarrier,
        agent: "",
        trust: Standing::Unknown,
        pinned: Vec::new(),
        entropy: [7; 32],
    }
}

fn entropy(seed: u8) -> [u8; 32] {
    std::array::from_fn(|at| seed.wrapping_mul(40).wrapping_add(at as u8))
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

fn field<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.fields.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

fn page(visit: &Visit<'_>) -> String {
    text(&answer(&portal(), visit)).to_owned()
}

#[test]
fn the_page_says_where_the_visitor_stands() {
    let through = page(&visit("/"));
    assert!(through.contains("clir is in between") && through.contains("https://clir.test/trusted.svg"));
    let direct = page(&Visit { way: Way::Direct, ..visit("/") });
    assert!(direct.contains("do not pass through it yet") && !direct.contains("trusted.svg"));
    let inside = page(&Visit { scheme: Scheme::Https, ..visit("/") });
    assert!(inside.contains("The certificate is trusted") && !inside.contains("trusted.svg"));
    for vantage in [Vantage::BeforeCarrier, Vantage::BeyondCarrier, Vantage::NoCarrier] {
        assert!(page(&Visit { vantage, ..visit("/") }).contains(vantage.coverage()));
    }
}

#[test]
fn the_page_says_what_is_known_of_the_visitors_trust() {
    let of = |trust| page(&Visit { trust, ..visit("/") });
    assert!(of(Standing::Unknown).contains("If this browser trusts the certificate"));
    assert!(of(Standing::Trusted).contains("has shown that it trusts"));
    assert!(of(Standing::Withdrawn).contains("passes unread again"));
    let never = Portal { interception: Interception::Never, ..portal() };
    let never = answer(&never, &Visit { trust: Standing::Trusted, ..visit("/") });
    assert!(!text(&never).contains("has shown that it trusts"), "nothing is opened for anybody");
    let pinned = page(&Visit { pinned: vec!["<b>.example".into()], ..visit("/") });
    assert!(pinned.contains("<code>&#60;b&#62;.example</code>"), "{pinned}");
}

#[test]
fn what_is_shown_is_escaped_and_needs_no_script() {
    let page = page(&visit("/"));
    assert!(page.contains("clir &#60;&#34;test&#34;&#62; authority"), "{page}");
    assert!(!page.contains("<script") && !page.contains("onclick"));
    // Whatever the page loads it loads from here.
    let sources: Vec<_> = page.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(sources.iter().all(|source| source.starts_with('/') || source.starts_with("https://clir.test/")));
}

#[test]
fn files_come_under_their_types_and_names() {
    for (target, content_type, disposition) in [
        ("/ca.pem", "application/x-pem-file", "attachment; filename=\"clir-ca.pem\""),
        ("/ca.crt", "application/x-x509-ca-cert", "attachment; filename=\"clir-ca.crt\""),
        ("/ca.der", "application/pkix-cert", "attachment; filename=\"clir-ca.der\""),
        ("/clir.mobileconfig", "application/x-apple-aspen-config", "inline; filename=\"clir.mobileconfig\""),
        ("/proxy.pac", "application/x-ns-proxy-autoconfig", ""),
        ("/qr.svg", "image/svg+xml", ""),
    ] {
        let answer = answer(&portal(), &visit(target));
        assert_eq!((answer.status, answer.content_type), (200, content_type), "{target}");
        assert_eq!(field(&answer, "content-disposition"), disposition, "{target}");
    }
}

#[test]
fn profiles_are_property_lists_with_stable_names_and_fresh_numbers() {
    let read = |target: &str, entropy| {
        let answer = answer(&portal(), &Visit { entropy, ..visit(target) });
        Value::from_reader_xml(answer.body.as_slice()).unwrap().into_dictionary().unwrap()
    };
    for target in ["/clir.mobileconfig", "/wifi.mobileconfig?ssid=caf%C3%A9+%26+bar"] {
        let (first, second) = (read(target, entropy(1)), read(target, entropy(2)));
        assert_eq!(first["PayloadIdentifier"], second["PayloadIdentifier"]);
        assert_ne!(first["PayloadUUID"], second["PayloadUUID"]);
        assert_eq!(first["PayloadType"].as_string(), Some("Configuration"));
        let payload = first["PayloadContent"].as_array().unwrap()[0].as_dictionary().unwrap();
        assert_ne!(payload["PayloadUUID"], first["PayloadUUID"]);
        match payload["PayloadType"].as_string().unwrap() {
            "com.apple.security.root" => assert_eq!(payload["PayloadContent"].as_data(), Some(&[0x30, 0x82, 1, 2][..])),
            "com.apple.wifi.managed" => {
                assert_eq!(payload["SSID_STR"].as_string(), Some("café & bar"));
                assert_eq!(payload["ProxyServer"].as_string(), Some("192.0.2.10"));
                assert_eq!(payload["ProxyServerPort"].as_unsigned_integer(), Some(8080));
            }
            other => panic!("{other}"),
        }
    }
    for target in
        ["/wifi.mobileconfig", "/wifi.mobileconfig?ssid=", "/wifi.mobileconfig?ssid=123456789012345678901234567890123"]
    {
        assert_eq!(answer(&portal(), &visit(target)).status, 400, "{target}");
    }
}

#[test]
fn the_script_names_the_proxy_and_fails_as_asked() {
    let script = |target, proxy: &str| {
        text(&answer(&portal(), &Visit { proxy: proxy.parse().unwrap(), ..visit(target) })).to_owned()
    };
    assert!(script("/proxy.pac", "192.0.2.10:8080").contains("return \"PROXY 192.0.2.10:8080\";"));
    assert!(
        script("/proxy.pac?fail=open", "[2001:db8::1]:8080").contains("return \"PROXY [2001:db8::1]:8080; DIRECT\";")
    );
    assert!(script("/proxy.pac?fail=x", "192.0.2.10:8080").contains("8080\";"));
}

#[test]
fn only_what_is_there_is_served() {
    assert_eq!(answer(&portal(), &visit("/admin")).status, 404);
    let posted = answer(&portal(), &Visit { method: "POST", ..visit("/") });
    assert_eq!((posted.status, field(&posted, "allow")), (405, "GET, HEAD"));
    assert!(field(&answer(&portal(), &visit("/")), "content-security-policy").starts_with("default-src 'none'"));
}

#[test]
fn a_code_for_a_terminal_has_a_line_for_two_rows() {
    let code = qr::terminal("http://192.0.2.10:8080/");
    let lines: Vec<_> = code.lines().collect();
    assert!((14..=22).contains(&lines.len()), "{code}");
    assert!(lines.iter().all(|line| line.chars().count() == lines[0].chars().count() && line.chars().count() <= 80));
    assert_eq!(qr::terminal(&"x".repeat(10_000)), "");
}
