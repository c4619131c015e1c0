//! Is the authority what clients demand, and are its files treated with care?

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, PKCS_RSA_SHA256};

use super::{
    super::{AuthorityError, rotate},
    *,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(dir: &TempDir) -> (PathBuf, PathBuf) {
    (dir.path().join("certs/clir-ca.pem"), dir.path().join("certs/clir-ca.key"))
}

fn load(dir: &TempDir) -> Result<CertAuthority, AuthorityError> {
    CertAuthority::load_or_create(&dir.path().join("certs"), now())
}

/// Puts an authority of the user's own making in place.
fn put(params: &CertificateParams, key: &KeyPair) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("certs")).unwrap();
    let (certificate_path, key_path) = files(&dir);
    fs::write(certificate_path, params.self_signed(key).unwrap().pem()).unwrap();
    fs::write(&key_path, key.serialize_pem()).unwrap();
    fs::set_permissions(key_path, fs::Permissions::from_mode(0o600)).unwrap();
    dir
}

#[test]
fn a_new_authority_is_what_rfc_5280_asks_for() {
    let (_dir, authority) = authority();
    let certificate = parsed(authority.certificate_der());
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.critical && constraints.value.ca);
    assert_eq!(constraints.value.path_len_constraint, Some(0));
    let usage = certificate.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.key_cert_sign() && usage.value.crl_sign());
    assert!(!usage.value.digital_signature() && !usage.value.key_encipherment());
    assert!(
        certificate
            .extensions()
            .iter()
            .any(|extension| extension.oid == x509_parser::oid_registry::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER)
    );
    assert_eq!(authority.key_type(), "P-256");
    let (from, until) = authority.validity();
    assert_eq!(from, 1_795_305_600 - 86_400);
    assert!(until - from <= 3652 * 86_400 && until - from > 3600 * 86_400);
    assert!(certificate.raw_serial().len() >= 8 && certificate.raw_serial()[0] < 0x80);
}

#[test]
fn two_installations_have_different_names_and_keys() {
    let ((_one, one), (_two, two)) = (authority(), authority());
    assert_ne!(one.subject(), two.subject());
    assert_ne!(one.fingerprint(), two.fingerprint());
    let name = one.subject().strip_prefix("O=clir, CN=clir CA ").unwrap();
    assert!(name.len() == 9 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{name}");
}

#[test]
fn files_are_closed_to_others_and_survive_a_restart() {
    let (dir, first) = authority();
    let (certificate, key) = files(&dir);
    assert_eq!((mode(&key), mode(&dir.path().join("certs"))), (0o600, 0o700));
    assert_eq!(fs::read_to_string(certificate).unwrap(), first.certificate_pem());
    assert!(!first.certificate_pem().contains("PRIVATE"));
    assert!(!format!("{first:?}").contains("KEY"));
    let again = load(&dir).unwrap();
    assert_eq!(again.fingerprint(), first.fingerprint());
    assert_eq!(again.fingerprint().len(), 32 * 3 - 1);
    assert_eq!(fs::read_dir(dir.path().join("certs")).unwrap().count(), 2, "nothing else is left behind");
}

#[test]
fn loading_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("certs");
    let error = CertAuthority::load(&missing).unwrap_err();
    assert!(matches!(error, AuthorityError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("clir run"));
    assert!(matches!(rotate(&missing, now()), Err(AuthorityError::Missing { .. })));
    assert!(!missing.exists());
}

#[test]
fn half_an_authority_is_reported_and_kept() {
    let (dir, _) = authority();
    let (certificate, key) = files(&dir);
    let bytes = fs::read(&certificate).unwrap();
    fs::rename(&key, dir.path().join("aside")).unwrap();
    let error = load(&dir).unwrap_err();
    assert!(matches!(error, AuthorityError::KeyMissing { .. }), "{error}");
    assert_eq!(fs::read(&certificate).unwrap(), bytes);
    fs::rename(dir.path().join("aside"), &key).unwrap();
    fs::remove_file(&certificate).unwrap();
    let error = load(&dir).unwrap_err();
    assert!(matches!(error, AuthorityError::CertificateMissing { .. }), "{error}");
    assert!(key.exists() && !certificate.exists());
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_cure() {
    let (dir, _) = authority();
    let (_, key) = files(&dir);
    for bits in [0o640, 0o604, 0o660, 0o644] {
        fs::set_permissions(&key, fs::Permissions::from_mode(bits)).unwrap();
        let error = load(&dir).unwrap_err().to_string();
        assert!(error.contains(&format!("chmod 600 {}", key.display())), "{error}");
    }
}

#[test]
fn foreign_and_damaged_files_are_named_and_kept() {
    let ((dir, _), (other, _)) = (authority(), authority());
    let ((_, key), (_, foreign)) = (files(&dir), files(&other));
    fs::copy(foreign, &key).unwrap();
    assert!(matches!(load(&dir), Err(AuthorityError::Mismatch { .. })));
    for damage in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "\u{0}\u{1}"] {
        fs::write(&key, damage).unwrap();
        let error = load(&dir).unwrap_err();
        assert!(matches!(&error, AuthorityError::BadKey { path } if *path == key), "{error}");
        assert_eq!(fs::read_to_string(&key).unwrap(), damage);
    }
}

#[test]
fn a_damaged_certificate_is_named_and_kept() {
    let (dir, _) = authority();
    let (certificate, _) = files(&dir);
    for damage in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(&certificate, damage).unwrap();
        assert!(matches!(load(&dir), Err(AuthorityError::BadCertificate { .. })));
        assert_eq!(fs::read_to_string(&certificate).unwrap(), damage);
    }
}

#[test]
fn its_time_is_checked() {
    let (dir, _) = authority();
    let certs = dir.path().join("certs");
    let late = CertAuthority::load_or_create(&certs, now() + 3650 * DAY).unwrap_err();
    assert!(late.to_string().contains("expired on 2036-11-"), "{late}");
    assert!(late.to_string().contains("clir ca rotate --yes"), "{late}");
    let early = CertAuthority::load_or_create(&certs, now() - 2 * DAY).unwrap_err();
    assert!(early.to_string().contains("valid only from 2026-11-21"), "{early}");
    assert!(CertAuthority::load_or_create(&certs, now() + 3640 * DAY).is_ok());
}

#[test]
fn many_that_start_at_once_share_one_authority() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().join("certs");
    let mut prints = at_once(8, || CertAuthority::load_or_create(&certs, now()).unwrap().fingerprint());
    prints.dedup();
    assert_eq!(prints.len(), 1);
}

#[test]
fn an_authority_of_ones_own_serves_if_it_is_one() {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CountryName, "GB");
    let dir = put(&params, &key);
    assert_eq!(load(&dir).unwrap().key_type(), "RSA 2048");
    params.is_ca = IsCa::NoCa;
    let error = load(&put(&params, &key)).unwrap_err();
    assert!(matches!(error, AuthorityError::NotAuthority { .. }), "{error}");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    let error = load(&put(&params, &key)).unwrap_err();
    assert!(error.to_string().contains("keyCertSign"), "{error}");
}

/// What is said to the log while `work` is done.
fn said(work: impl FnOnce()) -> String {
    let (reader, writer) = std::io::pipe().unwrap();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Mutex::new(writer)).finish();
    tracing::subscriber::with_default(log, work);
    std::io::read_to_string(reader).unwrap()
}

#[test]
fn its_end_is_told_a_month_before_at_the_start_and_each_day_of_use() {
    let (dir, authority) = authority();
    let (_, until) = authority.validity();
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(until.try_into().unwrap());
    let start = |time| said(|| drop(CertAuthority::load_or_create(&dir.path().join("certs"), time)));
    assert_eq!(start(end - 31 * DAY), "");
    assert!(start(end - 29 * DAY).contains("expires soon"));
    let cache = super::super::LeafCache::new(authority, 4);
    let visit = |time| said(|| drop(cache.server_config(&host("example.org"), &[], time)));
    assert_eq!(visit(end - 31 * DAY), "");
    let words = visit(end - 29 * DAY);
    assert!(words.contains("WARN") && words.contains("clir ca rotate --yes"), "{words}");
    assert_eq!(visit(end - 29 * DAY), "", "once a day is enough");
    assert!(visit(end - 28 * DAY).contains("expires soon"));
    assert!(visit(end + DAY).contains("has expired"));
}
