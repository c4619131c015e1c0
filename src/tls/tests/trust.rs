//! Are origins believed for the right reasons, and refused with the right words?

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};
use rustls::{
    NamedGroup,
    pki_types::PrivatePkcs8KeyDer,
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::{
    super::{RootSource, Trust, TrustError, describe, rotate},
    *,
};

/// An authority in the world outside, with a file that holds its certificate.
pub struct World {
    dir: TempDir,
    pub ours: CertAuthority,
    issuer: Issuer<'static, KeyPair>,
}

impl World {
    pub fn new() -> Self {
        let (dir, ours) = authority();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        params.distinguished_name.push(DnType::OrganizationName, ours.subject());
        fs::write(dir.path().join("root.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { dir, ours, issuer: Issuer::new(params, key) }
    }

    pub fn file(&self) -> RootSource {
        RootSource::File(self.dir.path().join("root.pem"))
    }

    /// An origin whose certificate differs from a good one by `change`.
    pub fn origin(&self, change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec!["example.org".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let chain = vec![params.signed_by(&key, &self.issuer).unwrap().der().clone()];
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let key = provider().key_provider.load_private_key(key).unwrap();
        // A resolver presents whatever it is given; the other ways into rustls look at the certificate first.
        let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        Arc::new(builder.with_no_client_auth().with_cert_resolver(Arc::new(resolver)))
    }

    /// What our client says when it meets that origin under this name.
    fn verdict(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Result<Met, String> {
        let trust = Trust::new(&[self.file()], &self.ours).unwrap();
        meet(&trust.client_config(&[]), &self.origin(change), name).map_err(|error| describe(&error))
    }
}

fn refusal(name: &str, change: impl FnOnce(&mut CertificateParams)) -> String {
    World::new().verdict(name, change).err().expect("this origin must be refused")
}

#[test]
fn a_good_origin_is_believed_and_sees_its_name() {
    let world = World::new();
    let met = world.verdict("example.org", |_| ()).unwrap();
    assert_eq!(met.server.server_name(), Some("example.org"));
    let address = SanType::IpAddress("192.0.2.1".parse().unwrap());
    let met = world.verdict("192.0.2.1", |params| params.subject_alt_names = vec![address]).unwrap();
    assert_eq!(met.server.server_name(), None, "addresses are not sent");
}

#[test]
fn a_bad_origin_is_refused_in_plain_words() {
    let words = refusal("example.org", |params| params.not_after = rcgen::date_time_ymd(2020, 1, 2));
    assert_eq!(words, "its certificate has expired on 2020-01-02");
    let words = refusal("example.org", |params| params.not_before = rcgen::date_time_ymd(2990, 1, 2));
    assert_eq!(words, "its certificate is valid only from 2990-01-02");
    let words = refusal("other.example", |_| ());
    assert_eq!(words, "its certificate is not for other.example but for example.org");
    let words = refusal("example.org", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    assert_eq!(words, "its certificate was not issued for a web server");
    let words = refusal("example.org", |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(words, "its certificate is not acceptable (ca used as end entity)");
    let unknown = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    let words = refusal("example.org", |params| {
        params.custom_extensions = vec![unknown];
        params.custom_extensions[0].set_criticality(true);
    });
    assert_eq!(words, "its certificate is not acceptable (unsupported critical extension)");
}

#[test]
fn an_address_in_a_name_entry_does_not_count() {
    let name = SanType::DnsName("192.0.2.1".try_into().unwrap());
    let words = refusal("192.0.2.1", |params| params.subject_alt_names = vec![name]);
    assert!(words.starts_with("its certificate is not for 192.0.2.1"), "{words}");
}

#[test]
fn strangers_and_ourselves_are_not_believed() {
    let (world, stranger) = (World::new(), World::new());
    let trust = Trust::new(&[world.file()], &world.ours).unwrap();
    let error = meet(&trust.client_config(&[]), &stranger.origin(|_| ()), "example.org").err().unwrap();
    assert_eq!(describe(&error), "its certificate was issued by an authority that is not trusted here");
    // Our own authority is in the file of trusted roots, and so is the one before it.
    let before = world.ours.clone();
    let now_ours = rotate(&world.dir.path().join("certs"), now()).unwrap().authority;
    let path = world.dir.path().join("all.pem");
    let root = fs::read_to_string(world.dir.path().join("root.pem")).unwrap();
    fs::write(&path, [root.as_str(), before.certificate_pem(), now_ours.certificate_pem()].concat()).unwrap();
    let trust = Trust::new(&[RootSource::File(path)], &now_ours).unwrap();
    assert_eq!(trust.roots(), 1);
    for authority in [before, now_ours] {
        let leaf = super::super::LeafCache::new(authority, 4).server_config(&host("example.org"), &[], now()).unwrap();
        assert!(meet(&trust.client_config(&[]), &leaf, "example.org").is_err());
    }
}

#[test]
fn trusting_only_ourselves_is_trusting_nobody() {
    let (_dir, ours) = authority();
    let source = RootSource::File(ours.certificate_path().to_owned());
    assert!(matches!(Trust::new(&[source], &ours), Err(TrustError::NoRoots { .. })));
    assert!(matches!(Trust::new(&[], &ours), Err(TrustError::NoRoots { .. })));
    assert!(Trust::new(&[RootSource::Bundled], &ours).unwrap().roots() > 50);
}

#[test]
fn files_with_roots_that_cannot_be_used_are_named() {
    let world = World::new();
    let path = world.dir.path().join("broken.pem");
    let try_it = |path: &PathBuf| Trust::new(&[RootSource::File(path.clone())], &world.ours).unwrap_err();
    assert!(matches!(try_it(&path), TrustError::Io { .. }));
    fs::write(&path, "no certificate here\n").unwrap();
    assert!(matches!(try_it(&path), TrustError::Empty { .. }));
    let good = fs::read_to_string(world.dir.path().join("root.pem")).unwrap();
    fs::write(&path, format!("{good}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).unwrap();
    let error = try_it(&path).to_string();
    assert!(error.contains("certificate 2 in ") && error.contains("broken.pem"), "{error}");
}

#[test]
fn connections_start_modern_and_share_their_configuration() {
    let world = World::new();
    let trust = Trust::new(&[world.file()], &world.ours).unwrap();
    let config = trust.client_config(&[b"h2", b"http/1.1"]);
    assert!(Arc::ptr_eq(&config, &trust.client_config(&[b"h2", b"http/1.1"])));
    assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    assert_eq!(config.crypto_provider().kx_groups[0].name(), NamedGroup::X25519MLKEM768);
    assert!(!config.enable_early_data);
}

#[test]
fn without_a_visitor_nothing_is_taken_up_again() {
    let world = World::new();
    let trust = Trust::new(&[world.file()], &world.ours).unwrap();
    let origin = world.origin(|_| ());
    for _ in 0..2 {
        let met = meet(&trust.client_config(&[]), &origin, "example.org").unwrap();
        assert_eq!(met.client.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
}
