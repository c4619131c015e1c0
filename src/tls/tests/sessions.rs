//! Is a session with an origin taken up again by the same client only, and does the judgement not rest on it?

use std::net::{IpAddr, Ipv4Addr};

use rcgen::{CertificateParams, CustomExtension, date_time_ymd};
use rustls::HandshakeKind;

use super::{
    super::{Opening, Trust, Visitor, describe},
    trust::World,
    *,
};

const HOME: Visitor = Visitor { client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), port: 443 };
const OTHER: Visitor = Visitor { client: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), port: 443 };

/// An origin, and our trust in who vouches for it.
struct Stage {
    trust: Trust,
    origin: Arc<ServerConfig>,
    world: World,
}

impl Stage {
    fn new(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let world = World::new();
        let trust = Trust::new(&[world.file()], &world.ours).unwrap();
        Self { trust, origin: world.origin(change), world }
    }

    fn only(mut self, version: &'static rustls::SupportedProtocolVersion) -> Self {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.origin.cert_resolver));
        config.alpn_protocols.push(b"http/1.1".to_vec());
        self.origin = Arc::new(config);
        self
    }

    fn open(&self, visitor: Visitor, time: SystemTime) -> (Opening, Met) {
        let opening = self.trust.open(&[b"http/1.1"], visitor, &name(), time);
        let met = meet(&opening.config, &self.origin, "example.org").unwrap();
        (opening, met)
    }

    /// How a visit at this time begins; it is judged then, too.
    fn visit(&self, visitor: Visitor, time: SystemTime) -> Result<HandshakeKind, String> {
        let (opening, met) = self.open(visitor, time);
        opening.judge(&met.client, &name(), time).map_err(|error| describe(&error))?;
        Ok(met.client.handshake_kind().unwrap())
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("example.org").unwrap()
}

#[test]
fn a_client_takes_up_its_own_session_and_nobody_elses() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stage = Stage::new(|_| ()).only(version);
        assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Full));
        assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Resumed), "{version:?}");
        assert_eq!(stage.visit(OTHER, now()), Ok(HandshakeKind::Full), "{version:?}");
        assert_eq!(stage.visit(Visitor { port: 8443, ..HOME }, now()), Ok(HandshakeKind::Full));
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
        assert_eq!(stage.visit(Visitor { client: mapped, ..HOME }, now()), Ok(HandshakeKind::Resumed));
    }
}

#[test]
fn what_is_taken_up_is_judged_as_of_now() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stage = Stage::new(|params| params.not_after = date_time_ymd(2090, 1, 1)).only(version);
        assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Full));
        let (opening, met) = stage.open(HOME, now());
        assert_eq!(met.client.handshake_kind(), Some(HandshakeKind::Resumed));
        let later = now() + 70 * 365 * DAY;
        let words = opening.judge(&met.client, &name(), later).map_err(|error| describe(&error));
        assert_eq!(words, Err("its certificate has expired on 2090-01-01".into()), "{version:?}");
        let other = ServerName::try_from("other.example").unwrap();
        assert!(opening.judge(&met.client, &other, now()).is_err());
        assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Full), "what was refused is forgotten");
    }
}

#[test]
fn sessions_grow_old_also_when_the_clock_is_set_back() {
    let stage = Stage::new(|_| ());
    let hour = Duration::from_secs(3600);
    assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Full));
    assert_eq!(stage.visit(HOME, now() + hour), Ok(HandshakeKind::Resumed));
    assert_eq!(stage.visit(HOME, now() + 3 * hour), Ok(HandshakeKind::Full));
    assert_eq!(stage.visit(HOME, now() - hour), Ok(HandshakeKind::Full));
}

#[test]
fn a_certificate_that_demands_a_fresh_answer_is_never_taken_up() {
    let feature = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
    let stage = Stage::new(|_| ());
    let (opening, _) = stage.open(HOME, now());
    // A good answer is hard to come by here: the certificate is shown to the judge after a handshake without one.
    let strict = Stage::new(|params| params.custom_extensions = vec![feature]);
    let demanding = meet(&Arc::new(believing_all()), &strict.origin, "example.org").unwrap();
    opening.judge(&demanding.client, &name(), now()).unwrap();
    assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Full), "its session is gone");
}

#[test]
fn new_roots_begin_anew() {
    let mut stage = Stage::new(|_| ());
    assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Full));
    stage.trust = Trust::new(&[stage.world.file()], &stage.world.ours).unwrap();
    assert_eq!(stage.visit(HOME, now()), Ok(HandshakeKind::Full));
}

#[test]
fn sessions_are_few() {
    let stage = Stage::new(|_| ());
    for number in 0..1200u16 {
        stage.trust.open(&[], Visitor { port: number, ..HOME }, &name(), now());
    }
    assert!(stage.trust.sessions().len() <= 300, "{}", stage.trust.sessions().len());
}
