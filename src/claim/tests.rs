//! Does a link admit whom it should, for as long as it should, and nobody else?

use std::os::unix::fs::PermissionsExt;

use super::*;

const DAY: i64 = 86_400;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

struct Kept {
    dir: tempfile::TempDir,
    secret: Secret,
}

impl Kept {
    fn new(uses: Option<u32>, valid: i64) -> Self {
        let kept = Self { dir: tempfile::tempdir().unwrap(), secret: Secret::new().unwrap() };
        kept.add("first", &kept.secret, uses, valid);
        kept
    }

    fn add(&self, id: &str, secret: &Secret, uses: Option<u32>, valid: i64) {
        let link =
            NewLink { id: id.into(), digest: secret.digest(), user: Some("alice".into()), lasts: DAY, uses, valid };
        self.store().add(&link, now()).unwrap();
    }

    fn store(&self) -> Store {
        Store::open(self.dir.path()).unwrap()
    }

    fn claims(&self) -> Claims {
        Claims::open(self.dir.path()).unwrap()
    }
}

#[test]
fn exactly_the_address_is_admitted_and_of_ipv6_its_network() {
    let kept = Kept::new(None, DAY);
    let claims = kept.claims();
    let digest = kept.secret.digest();
    assert_eq!(claims.admits(ip("198.51.100.7")), None);
    let admitted = claims.claim(&digest, ip("198.51.100.7"), 9).unwrap();
    assert_eq!((&*admitted.link, admitted.user.as_deref()), ("first", Some("alice")));
    assert!(admitted.until >= now() + DAY - 2 && admitted.until <= now() + DAY);
    assert!(claims.admits(ip("::ffff:198.51.100.7")).is_some());
    assert_eq!((claims.admits(ip("198.51.100.8")), claims.admits(ip("::1"))), (None, None));
    claims.claim(&digest, ip("2001:db8:1:2:3:4:5:6"), 9).unwrap();
    assert!(claims.admits(ip("2001:db8:1:2:ffff::1")).is_some());
    assert_eq!(claims.admits(ip("2001:db8:1:3::1")), None);
    assert_eq!(in_words(place(ip("2001:db8:1:2:3:4:5:6"))), "2001:db8:1:2::/64");
}

#[test]
fn it_ends_by_itself_and_a_renewal_lasts_longer() {
    let kept = Kept::new(Some(1), 9 * DAY);
    let mut store = kept.store();
    let (digest, place) = (kept.secret.digest(), ip("198.51.100.7"));
    let start = now();
    store.claim(&digest, place, 9, start).unwrap().unwrap();
    let claims = kept.claims();
    assert!(claims.admits_at(place, Some(start + DAY - 1)).is_some());
    assert_eq!(claims.admits_at(place, Some(start + DAY)), None);
    let renewed = store.claim(&digest, place, 9, start + DAY / 2).unwrap().unwrap();
    assert_eq!((renewed.since, renewed.until), (start, start + DAY + DAY / 2), "a renewal is no use");
    assert_eq!(store.claim(&digest, ip("198.51.100.8"), 9, start + DAY / 2).unwrap(), Err(Refused::UsedUp));
    assert_eq!(store.claim(&digest, place, 9, start + 2 * DAY).unwrap(), Err(Refused::UsedUp), "it was over");
    assert_eq!(store.claim(&digest, place, 9, start + 9 * DAY).unwrap(), Err(Refused::Unknown), "so is the link");
}

#[test]
fn there_is_a_bound_for_all_and_one_for_each_link() {
    let kept = Kept::new(None, DAY);
    let claims = kept.claims();
    let digest = kept.secret.digest();
    for last in 1..=PER_LINK + 1 {
        claims.claim(&digest, ip(&format!("198.51.100.{last}")), 5).unwrap();
    }
    assert_eq!(claims.admits(ip("198.51.100.1")), None, "the oldest has made room");
    assert!((2..=PER_LINK + 1).all(|last| claims.admits(ip(&format!("198.51.100.{last}"))).is_some()));
    let other = Secret::new().unwrap();
    kept.add("other", &other, None, DAY);
    assert!(claims.claim(&other.digest(), ip("203.0.113.1"), 5).is_ok());
    assert_eq!(claims.claim(&other.digest(), ip("203.0.113.2"), 5), Err(Refused::Full));
}

#[test]
fn revoking_holds_at_once_here_and_soon_elsewhere() {
    let kept = Kept::new(None, DAY);
    let (claims, elsewhere) = (kept.claims(), kept.claims());
    let (digest, address) = (kept.secret.digest(), ip("198.51.100.7"));
    claims.claim(&digest, address, 9).unwrap();
    let link = claims.link(&digest).unwrap();
    assert!(claims.admitted_by(&link, address).is_some());
    until("the other process sees it", || elsewhere.admits(address).is_some());
    claims.leave(&digest, address).unwrap();
    assert_eq!(claims.admits(address), None);
    claims.claim(&digest, address, 9).unwrap();
    claims.revoke(&link, "tried out").unwrap();
    assert_eq!((claims.admits(address), claims.link(&digest)), (None, None));
    assert_eq!(claims.claim(&digest, address, 9), Err(Refused::Unknown));
    until("the other process hears of it", || elsewhere.admits(address).is_none() && elsewhere.link(&digest).is_none());
    assert!(!kept.store().revoke("first", "again", now()).unwrap());
    assert_eq!(kept.store().links(now()).unwrap()[0].revoked.as_deref(), Some("tried out"));
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn it_survives_a_restart_and_the_secret_is_nowhere() {
    let kept = Kept::new(None, DAY);
    let address = ip("198.51.100.7");
    kept.claims().claim(&kept.secret.digest(), address, 9).unwrap();
    let again = kept.claims();
    assert!(again.admits(address).is_some() && again.link(&kept.secret.digest()).is_some());
    assert_eq!(again.link(&Secret::new().unwrap().digest()), None);
    for file in std::fs::read_dir(kept.dir.path()).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(memchr::memmem::find(&bytes, kept.secret.expose().as_bytes()).is_none(), "{file:?}");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_secret_is_long_and_has_one_form() {
    let (one, other) = (Secret::new().unwrap(), Secret::new().unwrap());
    assert_ne!(one.digest(), other.digest());
    assert_eq!(Secret::parse(one.expose()), Some(one.clone()));
    assert_eq!(format!("{one:?}"), "•••");
    for wrong in ["", "short", &format!("{}x", one.expose()), &one.expose().replace(|_| true, "/")] {
        assert_eq!(Secret::parse(wrong), None, "{wrong}");
    }
}
