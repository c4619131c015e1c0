//! Does every moment of a crash leave something that the next start can use?

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{super::rotate, *};

struct Place {
    _dir: TempDir,
    certs: PathBuf,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { certs: dir.path().join("certs"), _dir: dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.certs.join(name)
    }

    fn start(&self) -> String {
        CertAuthority::load_or_create(&self.certs, now()).unwrap().fingerprint()
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn before_anything_was_put_in_place() {
    for leave in [&["clir-ca.key"][..], &["clir-ca.key", "clir-ca.pem"]] {
        let place = Place::new();
        place.start();
        for name in ["clir-ca.key", "clir-ca.pem"] {
            if leave.contains(&name) {
                place.rename(name, &format!("{name}.new"));
            } else {
                fs::remove_file(place.path(name)).unwrap();
            }
        }
        let first = place.start();
        assert_eq!(place.start(), first);
        assert_eq!(names(&place.certs), ["clir-ca.key", "clir-ca.pem"]);
    }
}

#[test]
fn while_the_first_file_was_being_written() {
    let place = Place::new();
    fs::create_dir(&place.certs).unwrap();
    fs::write(place.path("clir-ca.key.new"), "-----BEGIN PRIV").unwrap();
    let first = place.start();
    assert_eq!(place.start(), first);
    assert_eq!(names(&place.certs), ["clir-ca.key", "clir-ca.pem"]);
}

#[test]
fn between_key_and_certificate() {
    let place = Place::new();
    let made = place.start();
    place.rename("clir-ca.pem", "clir-ca.pem.new");
    assert_eq!(place.start(), made);
    assert_eq!(names(&place.certs), ["clir-ca.key", "clir-ca.pem"]);
}

#[test]
fn a_rotation_keeps_the_old_one_under_its_date() {
    let place = Place::new();
    let old = place.start();
    let rotated = rotate(&place.certs, now()).unwrap();
    assert_ne!(rotated.authority.fingerprint(), old);
    assert_eq!(place.start(), rotated.authority.fingerprint());
    assert_eq!(rotated.old_certificate, place.path("clir-ca-2026-11-22.pem"));
    rotate(&place.certs, now()).unwrap();
    let kept = names(&place.certs);
    let expected = ["clir-ca-2026-11-22-2.key", "clir-ca-2026-11-22-2.pem", "clir-ca-2026-11-22.key"];
    assert_eq!(kept[..3], expected);
    assert_eq!(super::super::files::open_to_others(&rotated.old_key).unwrap(), None);
    let old_certificate = fs::read_to_string(rotated.old_certificate).unwrap();
    assert!(old_certificate.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn amid_a_rotation() {
    let place = Place::new();
    let old = place.start();
    let new = rotate(&place.certs, now()).unwrap().authority.fingerprint();
    // The new key is in place, the new certificate not yet.
    place.rename("clir-ca.pem", "clir-ca.pem.new");
    fs::copy(place.path("clir-ca-2026-11-22.pem"), place.path("clir-ca.pem")).unwrap();
    assert_eq!(place.start(), new);
    // Neither is: the old authority goes on, as if nothing had been asked for.
    for name in ["clir-ca.key", "clir-ca.pem"] {
        place.rename(name, &format!("{name}.new"));
        let kept = name.replace("clir-ca.", "clir-ca-2026-11-22.");
        fs::copy(place.path(&kept), place.path(name)).unwrap();
    }
    assert_eq!(place.start(), old);
    rotate(&place.certs, now()).unwrap();
    assert!(!names(&place.certs).iter().any(|name| name.ends_with(".new")));
}

#[test]
fn a_rotation_cures_what_a_start_refuses() {
    let place = Place::new();
    place.start();
    let later = now() + 4000 * DAY;
    assert!(CertAuthority::load_or_create(&place.certs, later).is_err());
    rotate(&place.certs, later).unwrap();
    assert!(CertAuthority::load_or_create(&place.certs, later).is_ok());
}
