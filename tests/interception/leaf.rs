//! Which certificate does a client see, and would a strict one accept it?

use std::{
    io::{self, Read, Write},
    net::{Ipv6Addr, TcpStream},
    thread,
};

use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};
use x509_parser::{
    extensions::{GeneralName, ParsedExtension},
    prelude::{FromDer, X509Certificate},
};

use crate::support::{
    Clir, Setup, Wire,
    certificates::{self, Authority, Flaw},
    tls::{self, TlsOrigin},
};

fn stage() -> (Clir, TlsOrigin) {
    (Setup::new().intercept(&Authority::trusted().pem).start(), TlsOrigin::new())
}

const DAY: i64 = 24 * 3600;

/// What every leaf must have (RFC 5280, CA/Browser Forum baseline requirements).
fn assert_sound(leaf: &X509Certificate<'_>, authority: &X509Certificate<'_>) {
    let validity = leaf.validity();
    let now = x509_parser::time::ASN1Time::now().timestamp();
    assert!(validity.not_before.timestamp() <= now - 300, "backdated for clocks that are slow");
    assert!(
        validity.not_after.timestamp() - validity.not_before.timestamp() <= 48 * DAY,
        "47 days at most, and a day of backdating"
    );
    assert!(validity.not_after.timestamp() <= authority.validity().not_after.timestamp());
    assert!(leaf.basic_constraints().unwrap().is_none_or(|basic| !basic.value.ca));
    let purpose = leaf.extended_key_usage().unwrap().expect("a purpose").value;
    assert!(purpose.server_auth && !purpose.any, "{purpose:?}");
    assert_ne!(leaf.public_key().raw, authority.public_key().raw, "a key of its own");
    assert!(leaf.raw_serial().len() >= 8, "a random serial of 64 bits");
    let names = leaf.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    names.for_each(|name| assert!(name.len() <= 64, "{name}"));
    let key_id = |certificate: &X509Certificate<'_>| {
        certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        })
    };
    let issuer_id = leaf.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
        _ => None,
    });
    assert_eq!(issuer_id, key_id(authority), "the authority's key is named");
    assert_eq!(leaf.issuer().as_raw(), authority.subject().as_raw());
    // The signature itself was verified in the handshake.
}

fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let san = leaf.subject_alternative_name().unwrap().expect("names").value;
    san.general_names
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(name) => format!("dns {name}"),
            GeneralName::IPAddress(bytes) => format!("ip {bytes:?}"),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_name_gets_a_dns_name_and_an_address_an_ip_address() {
    let clir = Setup::new().intercept(&Authority::trusted().pem).start();
    let v4 = TlsOrigin::new();
    let v6 = TlsOrigin::with(
        Authority::trusted().server(&["::1"], Flaw::Nothing, &["http/1.1"]),
        Ipv6Addr::LOCALHOST.into(),
    );
    let authority = certificates::parse(&clir.authority());
    let (_, authority) = X509Certificate::from_der(&authority[0]).unwrap();
    for (target, name, expected) in [
        (format!("localhost:{}", v4.port()), "localhost", "dns localhost".to_owned()),
        (v4.authority(), "127.0.0.1", "ip [127, 0, 0, 1]".to_owned()),
        (v6.authority(), "::1", format!("ip {:?}", Ipv6Addr::LOCALHOST.octets())),
    ] {
        let client = clir.tls(&target, name, &["http/1.1"]);
        let shown = client.certificates();
        let (_, leaf) = X509Certificate::from_der(&shown[0]).unwrap();
        assert_eq!(names(&leaf), [expected]);
        assert_sound(&leaf, &authority);
    }
}

#[test]
fn the_authority_is_one() {
    let (clir, _) = stage();
    let der = certificates::parse(&clir.authority());
    assert_eq!(der.len(), 1);
    let (_, authority) = X509Certificate::from_der(&der[0]).unwrap();
    let basic = authority.basic_constraints().unwrap().expect("basic constraints");
    assert!(basic.critical && basic.value.ca);
    let usage = authority.key_usage().unwrap().expect("a key usage");
    assert!(usage.critical && usage.value.key_cert_sign());
    let life = authority.validity().not_after.timestamp() - authority.validity().not_before.timestamp();
    assert!(life <= 3654 * DAY, "ten years at most: {} days", life / DAY);
}

/// Two first visits at once mint once: the second waits for the first.
#[test]
fn first_visits_at_once_see_one_certificate() {
    let (clir, origin) = stage();
    let (address, authority, target) = (clir.address(), clir.authority(), format!("localhost:{}", origin.port()));
    let visit = |_| {
        let (authority, target) = (authority.clone(), target.clone());
        thread::spawn(move || {
            let tunnel = Wire::tunnel(address, &target).into_inner();
            tls::connect(tunnel, "localhost", &authority, &["http/1.1"]).expect("a handshake").certificates()
        })
    };
    let visits: Vec<_> = (0..16).map(visit).collect();
    let mut seen: Vec<_> = visits.into_iter().map(|visit| visit.join().unwrap()[0].clone()).collect();
    seen.dedup();
    assert_eq!(seen.len(), 1);
}

/// As good as the client allows: nothing better than what a browser has today is left unused.
#[test]
fn clients_get_the_newest_version_and_a_hybrid_key_exchange() {
    let (clir, origin) = stage();
    let client = clir.tls(&format!("localhost:{}", origin.port()), "localhost", &["http/1.1"]).into_inner();
    assert_eq!(client.conn.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    let group = client.conn.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
    let site = origin.accept().into_inner();
    assert_eq!(site.conn.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(site.conn.negotiated_key_exchange_group().unwrap().name(), rustls::NamedGroup::X25519MLKEM768);
}

/// A stream that sends a byte at a time, as a hello in many segments comes.
struct Dribble(TcpStream);

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Dribble {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn a_hello_in_pieces_is_a_hello() {
    let (clir, origin) = stage();
    let tunnel = Wire::tunnel(clir.address(), &format!("localhost:{}", origin.port())).into_inner();
    let config = tls::client_config(&clir.authority(), &["http/1.1"]);
    let mut stream = StreamOwned::new(
        ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap(),
        Dribble(tunnel),
    );
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).expect("a handshake");
    }
    assert!(origin.accept().sni().is_some());
}

#[test]
fn a_client_that_does_not_trust_us_fails_alone() {
    let (clir, origin) = stage();
    let target = format!("localhost:{}", origin.port());
    let tunnel = Wire::tunnel(clir.address(), &target).into_inner();
    let outcome = tls::connect(tunnel, "localhost", &Authority::trusted().pem, &["http/1.1"]);
    assert!(outcome.is_err(), "our leaf is not the origin's");
    clir.tls(&target, "localhost", &["http/1.1"]);
    // A rejection is told.
    clir.wait_for_event(|event| event["method"] == "CONNECT" && event["error"].is_string());
}

/// A hello that is none ends the tunnel or passes; it hangs nothing and breaks nothing.
#[test]
fn a_broken_hello_is_survived() {
    let (clir, origin) = stage();
    let target = format!("localhost:{}", origin.port());
    for hello in [
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00".as_slice(),
        b"\x16\x03\x01\xff\xff\x01\xff\xff\xff",
        b"\x16\x03\x01\x00\x00",
        b"\x15\x03\x01\x00\x02\x02\x28",
    ] {
        let mut client = Wire::tunnel(clir.address(), &target);
        client.send(hello);
        client.half_close();
        client.whatever_comes();
    }
    clir.tls(&target, "localhost", &["http/1.1"]);
}
