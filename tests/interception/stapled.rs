//! Is what an origin staples about its certificate believed when it should be, and only then?

use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::version::{TLS12, TLS13};
use x509_ocsp::CertStatus;

use super::{
    responder::{Answer, DAY, responder, revoked},
    site::{Leaf, Signer},
};
use crate::support::Clir;

struct World {
    root: Signer,
    clir: Clir,
}

impl World {
    fn new() -> Self {
        let root = Signer::root();
        Self { clir: root.clir(), root }
    }

    /// An ordinary certificate with this answer: it is looked at, and does no harm.
    fn assert_ignored(&self, what: &str, answer: impl Fn(&Leaf) -> Vec<u8>) {
        let leaf = self.root.leaf(|_| ());
        let staple = answer(&leaf);
        leaf.stapled(staple).serve().assert_works(&self.clir, what);
        let leaf = must_staple(&self.root);
        let staple = answer(&leaf);
        leaf.stapled(staple).serve().assert_refused(&self.clir, "demands a stapled proof that it is not revoked, and");
    }

    fn assert_revoked(&self, leaf: Leaf) {
        leaf.serve().assert_refused(&self.clir, REVOKED_WORDS);
    }
}

const REVOKED_WORDS: &str = "its certificate has been revoked on 2026-01-02";

/// A certificate that is only good with an answer (RFC 7633).
fn must_staple(signer: &Signer) -> Leaf {
    let feature = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
    signer.leaf(|params| params.custom_extensions = vec![feature])
}

#[test]
fn a_revoked_certificate_is_refused() {
    let world = World::new();
    for version in [&TLS12, &TLS13] {
        let leaf = world.root.leaf(|_| ());
        let staple = Answer::revoked(&world.root, &leaf).signed();
        leaf.stapled(staple).serve_with(&[version]).assert_refused(&world.clir, REVOKED_WORDS);
    }
    // Issuers may be named by either digest, and a revocation does not wear off.
    for (with_sha256, until) in [(true, Some(DAY)), (false, Some(-DAY / 2)), (false, None)] {
        let leaf = world.root.leaf(|_| ());
        let from = -300 * DAY;
        let answer = Answer { with_sha256, until, from, ..Answer::revoked(&world.root, &leaf) };
        let staple = answer.signed();
        world.assert_revoked(leaf.stapled(staple));
    }
}

#[test]
fn a_good_answer_satisfies_a_certificate_that_demands_one() {
    let world = World::new();
    for version in [&TLS12, &TLS13] {
        let leaf = must_staple(&world.root);
        let staple = Answer::good(&world.root, &leaf).signed();
        leaf.stapled(staple).serve_with(&[version]).assert_works(&world.clir, "good");
        must_staple(&world.root).serve_with(&[version]).assert_refused(&world.clir, "and there is none");
    }
    let leaf = must_staple(&world.root);
    let answer = Answer { until: None, with_sha256: true, ..Answer::good(&world.root, &leaf) };
    let staple = answer.signed();
    leaf.stapled(staple).serve().assert_works(&world.clir, "without an end");
}

#[test]
fn what_is_out_of_date_or_about_somebody_else_counts_for_nothing() {
    let world = World::new();
    let root = &world.root;
    let other = Signer::root();
    world.assert_ignored("out of date", |leaf| Answer { until: Some(-1), ..Answer::good(root, leaf) }.signed());
    world.assert_ignored("older than any may be", |leaf| {
        Answer { from: -20 * DAY, until: Some(DAY), ..Answer::good(root, leaf) }.signed()
    });
    world.assert_ignored("from tomorrow", |leaf| Answer { from: DAY, ..Answer::revoked_on_hold(root, leaf) }.signed());
    world.assert_ignored("held back, once", |leaf| {
        Answer { until: Some(-1), ..Answer::revoked_on_hold(root, leaf) }.signed()
    });
    world.assert_ignored("another serial", |leaf| Answer { serial: vec![7], ..Answer::revoked(root, leaf) }.signed());
    world.assert_ignored("another issuer", |leaf| Answer::revoked(&other, leaf).signed_by(root.issuer.key(), None));
    world.assert_ignored("unknown to its responder", |leaf| {
        Answer { status: CertStatus::unknown(), ..Answer::good(root, leaf) }.signed()
    });
}

impl<'a> Answer<'a> {
    fn revoked_on_hold(issuer: &'a Signer, leaf: &Leaf) -> Self {
        Answer { status: revoked(Some(6)), ..Answer::good(issuer, leaf) }
    }
}

#[test]
fn what_cannot_be_read_counts_for_nothing() {
    let world = World::new();
    let root = &world.root;
    world.assert_ignored("noise", |_| b"noise".to_vec());
    world.assert_ignored("the responder is busy", |_| vec![0x30, 3, 10, 1, 3]);
    world.assert_ignored("no answer inside", |_| vec![0x30, 3, 10, 1, 0]);
    world.assert_ignored("cut short", |leaf| {
        let mut answer = Answer::revoked(root, leaf).signed();
        answer.pop();
        answer
    });
    world.assert_ignored("too large", |leaf| {
        let mut answer = Answer::revoked(root, leaf).signed();
        answer.resize(40_000, 0);
        answer
    });
}

#[test]
fn only_the_issuer_and_whom_it_appoints_are_believed() {
    let world = World::new();
    let root = &world.root;
    let stranger = Signer::root();
    world.assert_ignored("a stranger", |leaf| Answer::revoked(root, leaf).signed_by(stranger.issuer.key(), None));
    world.assert_ignored("a broken signature", |leaf| {
        let mut answer = Answer::revoked(root, leaf).signed();
        *answer.last_mut().unwrap() ^= 1;
        answer
    });
    let appointed =
        |by: &Signer, change: &dyn Fn(&mut rcgen::CertificateParams)| responder(by, |params| change(params));
    let sound = appointed(root, &|_| ());
    for (what, (certificate, key)) in [
        ("a stranger's responder", appointed(&stranger, &|_| ())),
        ("a server", appointed(root, &|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])),
        ("without a purpose", appointed(root, &|params| params.extended_key_usages.clear())),
        ("expired", appointed(root, &|params| params.not_after = date_time_ymd(2020, 1, 1))),
        ("with a sound responder's certificate and another key", (sound.0.clone(), KeyPair::generate().unwrap())),
    ] {
        world.assert_ignored(what, |leaf| Answer::revoked(root, leaf).signed_by(&key, Some(&certificate)));
    }
    let leaf = root.leaf(|_| ());
    let staple = Answer::revoked(root, &leaf).signed_by(&sound.1, Some(&sound.0));
    world.assert_revoked(leaf.stapled(staple));
    let leaf = must_staple(root);
    let staple = Answer::good(root, &leaf).signed_by(&sound.1, Some(&sound.0));
    leaf.stapled(staple).serve().assert_works(&world.clir, "through a responder");
}

/// The issuer is the one in the path that was verified, not anybody who bears its name.
#[test]
fn an_intermediate_answers_for_its_own() {
    let world = World::new();
    let intermediate = world.root.below(|_| ());
    let namesake = Signer::root().below(|_| ());
    let leaf = intermediate.leaf(|_| ()).with(&intermediate);
    let staple = Answer::revoked(&intermediate, &leaf).signed();
    world.assert_revoked(leaf.stapled(staple));
    let leaf = must_staple(&intermediate).with(&namesake).with(&intermediate);
    let staple = Answer::good(&namesake, &leaf).signed();
    let site = leaf.stapled(staple).serve();
    site.assert_refused(&world.clir, "and it is not signed by the authority of the certificate");
    let leaf = must_staple(&intermediate).with(&namesake).with(&intermediate);
    let staple = Answer::good(&intermediate, &leaf).signed();
    leaf.stapled(staple).serve().assert_works(&world.clir, "through an intermediate");
}
