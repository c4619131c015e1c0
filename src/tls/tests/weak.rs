//! Are weak signatures and keys refused?
//!
//! The certificates were made with OpenSSL, because the library that makes ours refuses to make such.

use rustls::{client::danger::ServerCertVerifier as _, pki_types::pem::PemObject as _};

use super::{
    super::{RootSource, Trust, describe},
    *,
};

fn verdict(chain: &[&str]) -> Result<(), String> {
    let (dir, ours) = authority();
    let root = dir.path().join("root.pem");
    std::fs::write(&root, include_str!("weak/root.pem")).unwrap();
    let trust = Trust::new(&[RootSource::File(root)], &ours).unwrap();
    let chain: Vec<_> = chain.iter().map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).collect();
    let name = ServerName::try_from("weak.example").unwrap();
    // They were made on the day that `now` names, and are valid for a hundred years.
    let time = At(now() + DAY).current_time().unwrap();
    let verified = trust.verifier().verify_server_cert(&chain[0], &chain[1..], &name, &[], time);
    verified.map(|_| ()).map_err(|error| describe(&error))
}

const TOO_WEAK: &str =
    "its certificate or its handshake is signed with an algorithm, or a key, that is too weak or unknown";

#[test]
fn a_good_certificate_of_the_same_make_passes() {
    assert_eq!(verdict(&[include_str!("weak/good.pem")]), Ok(()));
    assert_eq!(verdict(&[include_str!("weak/under-rsaca.pem"), include_str!("weak/rsaca.pem")]), Ok(()));
}

#[test]
fn sha1_and_md5_signatures_are_refused() {
    assert_eq!(verdict(&[include_str!("weak/sha1.pem")]).unwrap_err(), TOO_WEAK);
    let chain = [include_str!("weak/md5.pem"), include_str!("weak/rsaca.pem")];
    assert_eq!(verdict(&chain).unwrap_err(), TOO_WEAK);
}

#[test]
fn rsa_keys_below_2048_bits_are_refused() {
    let chain = [include_str!("weak/under-small.pem"), include_str!("weak/small.pem")];
    let words = verdict(&chain).unwrap_err();
    assert_eq!(words, "a signature in its certificates or its handshake is wrong");
}
