//! Is every class of bad certificate refused, in words that name the reason, before a request is sent?
//!
//! Weak keys and signatures, which no library makes any more, are in `src/tls/tests/weak.rs` and `tests/authority.rs`.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};

use super::site::{Leaf, Signer};

/// An extension of our own that nobody knows, and that may not be ignored.
fn unknown_demand() -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

fn self_signed() -> Leaf {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    Leaf { chain: vec![params.self_signed(&key).unwrap().der().clone()], key, staple: None }
}

#[test]
fn flaws_of_the_certificate_itself_are_named() {
    let root = Signer::root();
    let clir = root.clir();
    root.leaf(|_| ()).serve().assert_works(&clir, "a certificate without a flaw");
    let mut forged = root.leaf(|_| ());
    forged.chain[0] = forge(&forged.chain[0]);
    let unknown = "was issued by an authority that is not trusted here";
    for (leaf, words) in [
        (root.leaf(|params| params.not_after = date_time_ymd(2020, 1, 2)), "has expired on 2020-01-02"),
        (root.leaf(|params| params.not_before = date_time_ymd(2990, 1, 2)), "is valid only from 2990-01-02"),
        (
            root.leaf(|params| params.subject_alt_names = dns("wrong.example")),
            "not for localhost but for wrong.example",
        ),
        (root.leaf(common_name_only), "names no host"),
        (root.leaf(client_only), "was not issued for a web server"),
        (root.leaf(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)), "(ca used as end entity)"),
        (root.leaf(|params| params.custom_extensions = vec![unknown_demand()]), "unsupported critical extension"),
        (
            root.leaf(|params| params.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
            "keyUsage lacks digitalSignature",
        ),
        (forged, "a signature in its certificates or its handshake is wrong"),
        (self_signed(), unknown),
        (Signer::named("nobody knows it").leaf(|_| ()), unknown),
    ] {
        leaf.serve().assert_refused(&clir, words);
    }
}

#[test]
fn flaws_of_those_above_it_are_named() {
    let root = Signer::root();
    let clir = root.clir();
    let sound = root.below(|_| ());
    sound.leaf(|_| ()).with(&sound).serve().assert_works(&clir, "a chain without a flaw");
    sound.leaf(|_| ()).serve().assert_refused(&clir, "was issued by an authority that is not trusted here");
    for (intermediate, words) in [
        (root.below(|params| params.is_ca = IsCa::ExplicitNoCa), "end entity used as ca"),
        (root.below(|params| params.is_ca = IsCa::NoCa), "end entity used as ca"),
        (root.below(|params| params.not_after = date_time_ymd(2020, 1, 2)), "has expired on 2020-01-02"),
        (root.below(|params| params.name_constraints = Some(only_for("inside.example"))), "name constraint violation"),
        (root.below(client_only), "was not issued for a web server"),
        (root.below(|params| params.custom_extensions = vec![unknown_demand()]), "unsupported critical extension"),
        (root.below(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]), "keyUsage lacks keyCertSign"),
    ] {
        intermediate.leaf(|_| ()).with(&intermediate).serve().assert_refused(&clir, words);
    }
    let last = root.below(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let too_far = last.below(|params| params.distinguished_name.push(DnType::OrganizationName, "one too many"));
    too_far.leaf(|_| ()).with(&too_far).with(&last).serve().assert_refused(&clir, "path len constraint violated");
}

/// RFC 9525 §6.3, and what browsers add: a wildcard is a whole label, the first, for one label, below two others.
#[test]
fn wildcards_stand_for_one_label() {
    let root = Signer::root();
    let clir = root.clir();
    let good = root.leaf(|params| params.subject_alt_names = dns("*.site.example")).serve();
    assert_eq!(good.ask_as(&clir, "www.site.example").0, 200);
    for (name, host) in [
        ("*.site.example", "a.b.site.example"),
        ("*.site.example", "site.example"),
        ("*.example", "site.example"),
        ("*", "localhost"),
        ("w*.site.example", "www.site.example"),
        ("*w.site.example", "www.site.example"),
        ("www.*.example", "www.site.example"),
        ("xn--*.site.example", "xn--bcher-kva.site.example"),
        ("www.site.example.evil.example", "www.site.example"),
    ] {
        let site = root.leaf(|params| params.subject_alt_names = dns(name)).serve();
        site.assert_refused_as(&clir, host, "its certificate");
    }
}

/// An address is matched by an address, never by a name that reads like it, and never by a wildcard.
#[test]
fn addresses_are_no_names() {
    let root = Signer::root();
    let clir = root.clir();
    let address = SanType::IpAddress([127, 0, 0, 1].into());
    let good = root.leaf(|params| params.subject_alt_names = vec![address]).serve();
    assert_eq!(good.ask_as(&clir, "127.0.0.1").0, 200);
    for name in ["127.0.0.1", "*.0.0.1", "localhost"] {
        let site = root.leaf(|params| params.subject_alt_names = dns(name)).serve();
        site.assert_refused_as(&clir, "127.0.0.1", "its certificate is not for 127.0.0.1");
    }
}

fn dns(name: &str) -> Vec<SanType> {
    vec![SanType::DnsName(name.try_into().unwrap())]
}

fn common_name_only(params: &mut CertificateParams) {
    params.subject_alt_names.clear();
    params.distinguished_name.push(DnType::CommonName, "localhost");
}

fn client_only(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

fn only_for(domain: &str) -> NameConstraints {
    NameConstraints { permitted_subtrees: vec![GeneralSubtree::DnsName(domain.to_owned())], excluded_subtrees: vec![] }
}

/// The same certificate with another serial number than the one that was signed.
fn forge(der: &[u8]) -> rustls::pki_types::CertificateDer<'static> {
    let at = der.windows(4).position(|four| four == [0x4c, 1, 2, 3]).expect("its serial number");
    let mut forged = der.to_vec();
    forged[at + 3] ^= 1;
    forged.into()
}
