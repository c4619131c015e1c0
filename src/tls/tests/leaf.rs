//! Do strict clients accept a leaf, for every kind of host?

use rustls::{ProtocolVersion, version};
use x509_parser::extensions::{GeneralName, ParsedExtension};

use super::{
    super::{LeafCache, LeafError},
    *,
};

fn leaf_of(met: &Met) -> Vec<u8> {
    let certificates = met.client.peer_certificates().unwrap();
    assert_eq!(certificates.len(), 1, "the root is not sent");
    certificates[0].to_vec()
}

fn visit(cache: &LeafCache, client: &Arc<ClientConfig>, name: &str, time: SystemTime) -> Met {
    let host = if name.contains(':') { host(&format!("[{name}]")) } else { host(name) };
    let server = cache.server_config(&host, &[b"h2", b"http/1.1"], time).unwrap();
    meet(client, &server, name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn cache() -> (TempDir, CertAuthority, LeafCache) {
    let (dir, authority) = authority();
    (dir, authority.clone(), LeafCache::new(authority, 64))
}

#[test]
fn names_and_addresses_of_every_kind_are_accepted() {
    let (_dir, authority, cache) = cache();
    let client = Arc::new(phone(&authority, now()));
    let long = format!("{0}.{0}.{0}.{1}.example", "a".repeat(61), "b".repeat(50));
    assert!(long.len() > 240);
    let names =
        ["example.org", "a_b.example.org", "xn--bcher-kva.example", "router", "192.0.2.1", "2001:db8::1", &long];
    for name in names {
        visit(&cache, &client, name, now());
    }
}

#[test]
fn a_leaf_is_what_clients_demand() {
    let (_dir, authority, cache) = cache();
    let client = Arc::new(phone(&authority, now()));
    let der = leaf_of(&visit(&cache, &client, "example.org", now()));
    let leaf = parsed(&der);
    let root = parsed(authority.certificate_der());
    assert_eq!(leaf.subject().iter().count(), 0);
    assert_eq!(leaf.issuer().as_raw(), root.subject().as_raw());
    let san = leaf.subject_alternative_name().unwrap().unwrap();
    assert!(san.critical);
    assert_eq!(san.value.general_names, [GeneralName::DNSName("example.org")]);
    assert!(!leaf.basic_constraints().unwrap().unwrap().value.ca);
    let usage = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && !usage.client_auth && !usage.any);
    let usage = leaf.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.digital_signature() && !usage.value.key_cert_sign());
    assert_eq!(leaf.raw_serial().len(), 16);
    assert!(leaf.raw_serial()[0] < 0x80);
    assert_ne!(leaf.public_key().raw, root.public_key().raw, "its key is its own");
    assert_eq!(leaf.signature_algorithm.algorithm, x509_parser::oid_registry::OID_SIG_ECDSA_WITH_SHA256);
    assert_eq!(key_ids(&leaf).1, key_ids(&root).0);
    let life = leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp();
    assert!(life <= 47 * 86_400, "{life}");
    assert_eq!(leaf.validity().not_before.timestamp(), 1_795_305_600 - 86_400);
}

fn key_ids(certificate: &X509Certificate<'_>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let mut ids = (None, None);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => ids.0 = Some(id.0.to_vec()),
            ParsedExtension::AuthorityKeyIdentifier(id) => ids.1 = id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => {}
        }
    }
    ids
}

#[test]
fn an_address_is_an_address_not_a_name() {
    let (_dir, authority, cache) = cache();
    let client = Arc::new(phone(&authority, now()));
    for (name, octets) in [
        ("192.0.2.1", vec![192, 0, 2, 1]),
        ("2001:db8::7", [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7u16].map(u16::to_be_bytes).concat()),
    ] {
        let der = leaf_of(&visit(&cache, &client, name, now()));
        let san = parsed(&der).subject_alternative_name().unwrap().unwrap().value.general_names.len();
        assert_eq!(san, 1);
        let leaf = parsed(&der);
        let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
        assert_eq!(names[..], [GeneralName::IPAddress(&octets)]);
    }
}

#[test]
fn both_versions_and_the_clients_protocol_are_spoken() {
    let (_dir, authority, cache) = cache();
    for (version, expected) in
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.certificate_der().to_vec())).unwrap();
        let builder = ClientConfig::builder_with_details(provider(), Arc::new(At(now())));
        let mut client =
            builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        let met = visit(&cache, &Arc::new(client), "example.org", now());
        assert_eq!(met.client.protocol_version(), Some(expected));
        assert_eq!(met.client.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    assert_eq!(cache.len(), 1);
}

#[test]
fn an_unknown_protocol_alone_is_refused() {
    let (_dir, authority, cache) = cache();
    let mut client = phone(&authority, now());
    client.alpn_protocols = vec![b"spdy/9".to_vec()];
    let server = cache.server_config(&host("example.org"), &[b"http/1.1"], now()).unwrap();
    assert!(meet(&Arc::new(client), &server, "example.org").is_err());
}

#[test]
fn what_no_certificate_can_name_is_an_error() {
    let (_dir, _, cache) = cache();
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = format!("{}example", "abcdefg.".repeat(31));
    assert!(long_name.len() > 253);
    for name in ["a..b", ".example", "a~b.example", ".", "..", &long_label, &long_name] {
        let result = cache.server_config(&Host::Name(name.into()), &[], now());
        assert!(matches!(result, Err(LeafError::InvalidName(_))), "{name}");
    }
    assert!(cache.is_empty());
}

#[test]
fn the_roots_dot_and_the_protocols_make_no_difference_to_the_leaf() {
    let (_dir, authority, cache) = cache();
    let client = Arc::new(phone(&authority, now()));
    let one = cache.server_config(&host("example.org"), &[b"http/1.1"], now()).unwrap();
    let dotted = cache.server_config(&host("example.org."), &[b"http/1.1"], now()).unwrap();
    assert!(Arc::ptr_eq(&one, &dotted));
    let other = cache.server_config(&host("example.org"), &[b"h2", b"http/1.1"], now()).unwrap();
    let leaves = [one, other].map(|server| leaf_of(&meet(&client, &server, "example.org").unwrap()));
    assert_eq!(leaves[0], leaves[1]);
}

#[test]
fn first_visits_at_once_mint_once() {
    let (_dir, _, cache) = cache();
    let configs = at_once(16, || cache.server_config(&host("example.org"), &[], now()).unwrap());
    assert!(configs.iter().all(|config| Arc::ptr_eq(config, &configs[0])));
}

#[test]
fn a_leaf_is_replaced_well_before_it_ends_and_when_the_clock_goes_back() {
    let (_dir, authority, cache) = cache();
    let get = |time| cache.server_config(&host("example.org"), &[], time).unwrap();
    let first = get(now());
    assert!(Arc::ptr_eq(&first, &get(now() + 29 * DAY)));
    let second = get(now() + 31 * DAY);
    assert!(!Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(&second, &get(now() + 31 * DAY)));
    let client = Arc::new(phone(&authority, now() + 60 * DAY));
    assert!(meet(&client, &second, "example.org").is_ok());
    assert!(!Arc::ptr_eq(&second, &get(now())));
}

#[test]
fn a_leaf_never_outlives_its_authority() {
    let (_dir, authority, cache) = cache();
    let (_, until) = authority.validity();
    let late = SystemTime::UNIX_EPOCH + Duration::from_secs(until.try_into().unwrap()) - 3 * DAY;
    let der = leaf_of(&visit(&cache, &Arc::new(phone(&authority, late)), "example.org", late));
    assert_eq!(parsed(&der).validity().not_after.timestamp(), until);
    let after = cache.server_config(&host("example.org"), &[], late + 4 * DAY);
    assert!(matches!(after, Err(LeafError::AuthorityNotValid)));
    let (_dir, young) = self::authority();
    let early = LeafCache::new(young, 4).server_config(&host("example.org"), &[], now() - 3 * DAY);
    assert!(matches!(early, Err(LeafError::AuthorityNotValid)));
}

#[test]
fn the_cache_is_bounded() {
    let (_dir, authority) = authority();
    let cache = LeafCache::new(authority, 16);
    for number in 0..300 {
        cache.server_config(&host(&format!("h{number}.example")), &[], now()).unwrap();
    }
    assert!(cache.len() <= 32, "{}", cache.len());
}
