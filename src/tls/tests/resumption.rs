//! Does a resumed session stay with the host that it began with?

use rustls::{HandshakeKind, version};

use super::{super::LeafCache, *};

fn visitor(authority: &CertAuthority, version: &'static rustls::SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.certificate_der().to_vec())).unwrap();
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(At(now())));
    Arc::new(builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots).with_no_client_auth())
}

#[test]
fn a_session_resumes_with_its_own_host_only() {
    for version in [&version::TLS12, &version::TLS13] {
        let (_dir, authority) = authority();
        let client = visitor(&authority, version);
        let cache = LeafCache::new(authority, 16);
        let mine = cache.server_config(&host("a.example"), &[], now()).unwrap();
        let other = cache.server_config(&host("b.example"), &[], now()).unwrap();
        assert_eq!(meet(&client, &mine, "a.example").unwrap().client.handshake_kind(), Some(HandshakeKind::Full));
        let again = meet(&client, &mine, "a.example").unwrap();
        assert_eq!(again.client.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
        // The client offers a.example's ticket; had it been honoured, no certificate would have been looked at.
        let error = meet(&client, &other, "a.example").err().expect("b.example must not pass for a.example");
        assert!(super::super::describe(&error).contains("not for a.example but for b.example"), "{error}");
    }
}

#[test]
fn early_data_is_not_offered() {
    let (_dir, authority) = authority();
    let cache = LeafCache::new(authority, 16);
    assert_eq!(cache.server_config(&host("a.example"), &[], now()).unwrap().max_early_data_size, 0);
}
