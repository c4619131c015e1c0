//! May this client use the proxy?
//!
//! Basic authentication (RFC 7617) against argon2 hashes. A hash costs some 20 ms by design: so it is computed off the
//! runtime's workers, two at once at most, and a good answer is remembered for a while as a digest under a key that
//! lives no longer than the process. What a client sent reaches no log and no error.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use argon2::{Argon2, PasswordVerifier as _, password_hash::phc::PasswordHash};
use base64ct::{Base64Unpadded, Encoding as _};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::{exchange::InstallationKey, policy::User};

/// The value of `Proxy-Authenticate` in a 407 (RFC 7617 §2, §2.1).
pub const CHALLENGE: &str = "Basic realm=\"clir\", charset=\"UTF-8\"";

/// How long a good answer counts without another look at the hash.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// How many hashes are computed at once; each takes a core, and 19 MiB with our own parameters.
const AT_ONCE: usize = 2;

/// The longest field value that is looked at; names and passwords are far shorter.
const LONGEST: usize = 4096;

/// Why a client may not use the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It sent no credentials, as every client does at first.
    #[error("proxy authentication is required")]
    Missing,
    /// What it sent is not Basic, or not by the rules.
    #[error("the proxy credentials are not well-formed Basic credentials")]
    Malformed,
    /// Nobody has this name and this password.
    #[error("the proxy credentials are wrong")]
    Wrong,
}

/// Checks `Proxy-Authorization`. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    accounts: Vec<Account>,
    key: Option<InstallationKey>,
    permits: Semaphore,
}

struct Account {
    user: User,
    name: Arc<str>,
    /// The last good answer. A user has one password, so there is never more than one to remember.
    known: ArcSwapOption<Known>,
}

struct Known {
    digest: [u8; 32],
    until: Instant,
}

impl Authenticator {
    /// Authentication for these users; with none of them nobody has to authenticate.
    pub fn new(users: Vec<User>) -> Self {
        let account = |user: User| Account { name: user.name.as_str().into(), user, known: ArcSwapOption::empty() };
        let accounts = users.into_iter().map(account).collect();
        // Without a key nothing is remembered, and every request costs a hash: slow, but right.
        let key = crate::tls::random().map(InstallationKey::new).ok();
        Self(Arc::new(Inner { accounts, key, permits: Semaphore::new(AT_ONCE) }))
    }

    /// Whether a client has to authenticate at all.
    pub fn is_required(&self) -> bool {
        !self.0.accounts.is_empty()
    }

    /// Checks the value of `Proxy-Authorization`, or its absence, and says whose it is; nobody's where nobody has to
    /// authenticate.
    ///
    /// # Errors
    /// `Denied`; finding out that a name is unknown takes as long as that a password is wrong.
    pub async fn check(&self, proxy_authorization: Option<&[u8]>) -> Result<Option<Arc<str>>, Denied> {
        if !self.is_required() {
            return Ok(None);
        }
        self.prove(Credentials::parse(proxy_authorization.ok_or(Denied::Missing)?)?).await
    }

    /// Checks a name and a password that came as they are, as over SOCKS.
    ///
    /// # Errors
    /// As [`Authenticator::check`].
    pub async fn check_pair(
        &self,
        name: Zeroizing<Vec<u8>>,
        password: Zeroizing<Vec<u8>>,
    ) -> Result<Option<Arc<str>>, Denied> {
        self.prove(Credentials { name, password }).await
    }

    /// Whether these were found right not long ago, so that no hash has to be computed.
    pub fn remembers(&self, proxy_authorization: &[u8]) -> bool {
        Credentials::parse(proxy_authorization)
            .is_ok_and(|credentials| self.0.remembers(&credentials, Instant::now()).is_some())
    }

    async fn prove(&self, credentials: Credentials) -> Result<Option<Arc<str>>, Denied> {
        if let Some(name) = self.0.remembers(&credentials, Instant::now()) {
            return Ok(Some(name));
        }
        let Ok(_permit) = self.0.permits.acquire().await else { return Err(Denied::Wrong) };
        // A phone opens many connections at once; whoever waited here may find the answer given.
        if let Some(name) = self.0.remembers(&credentials, Instant::now()) {
            return Ok(Some(name));
        }
        let inner = Arc::clone(&self.0);
        // Cancelling the wait does not stop the computation; it ends by itself within moments.
        let checked = tokio::task::spawn_blocking(move || inner.verify(&credentials)).await;
        checked.unwrap_or(Err(Denied::Wrong)).map(Some)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("users", &self.0.accounts.len()).finish()
    }
}

impl Inner {
    fn account(&self, credentials: &Credentials) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user.name.as_bytes() == *credentials.name)
    }

    /// Digests are compared byte by byte without care for time: nobody without the key can choose what they begin with.
    fn remembers(&self, credentials: &Credentials, now: Instant) -> Option<Arc<str>> {
        let account = self.account(credentials)?;
        let known = account.known.load_full()?;
        let is_right = now < known.until && self.digest(credentials) == Some(known.digest);
        is_right.then(|| Arc::clone(&account.name))
    }

    fn digest(&self, credentials: &Credentials) -> Option<[u8; 32]> {
        self.key.as_ref().map(|key| key.digest("proxy credentials", &[&credentials.name, &credentials.password]))
    }

    /// Computes the hash. A name that nobody has costs the hash of somebody's.
    fn verify(&self, credentials: &Credentials) -> Result<Arc<str>, Denied> {
        let account = self.account(credentials);
        let hash = account.or(self.accounts.first()).map(|account| account.user.hash.as_str()).unwrap_or_default();
        let hash = PasswordHash::new(hash).map_err(|_| Denied::Wrong)?;
        let fits = Argon2::default().verify_password(&credentials.password, &hash).is_ok();
        let account = account.filter(|_| fits).ok_or(Denied::Wrong)?;
        let until = Instant::now() + REMEMBERED;
        account.known.store(self.digest(credentials).map(|digest| Arc::new(Known { digest, until })));
        Ok(Arc::clone(&account.name))
    }
}

/// A name and a password, wiped when dropped. Deliberately without `Debug`.
struct Credentials {
    name: Zeroizing<Vec<u8>>,
    password: Zeroizing<Vec<u8>>,
}

impl Credentials {
    /// Reads `Basic` and base64 of `name:password` (RFC 7617 §2). The name has no colon, neither has control characters.
    /// Missing padding is forgiven.
    fn parse(value: &[u8]) -> Result<Self, Denied> {
        let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= LONGEST).ok_or(Denied::Malformed)?;
        let (scheme, token) = text.trim_matches([' ', '\t']).split_once(' ').ok_or(Denied::Malformed)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Denied::Malformed);
        }
        let token = token.trim_start_matches(' ').trim_end_matches('=');
        let pair = Zeroizing::new(Base64Unpadded::decode_vec(token).map_err(|_| Denied::Malformed)?);
        let colon = pair.iter().position(|&byte| byte == b':').ok_or(Denied::Malformed)?;
        if pair.iter().any(u8::is_ascii_control) {
            return Err(Denied::Malformed);
        }
        let (name, password) = pair.split_at(colon);
        let password = password.get(1..).unwrap_or_default();
        Ok(Self { name: Zeroizing::new(name.to_vec()), password: Zeroizing::new(password.to_vec()) })
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Params, PasswordHasher as _};
    use base64ct::Base64;

    use super::*;

    fn user(name: &str, password: &str) -> User {
        // Weak on purpose, so that tests are quick; hashes carry their own parameters.
        let weak = Argon2::from(Params::new(8, 1, 1, None).unwrap());
        User { name: name.into(), hash: weak.hash_password(password.as_bytes()).unwrap().to_string() }
    }

    fn basic(pair: &str) -> Vec<u8> {
        format!("Basic {}", Base64::encode_string(pair.as_bytes())).into_bytes()
    }

    async fn check(authenticator: &Authenticator, pair: &str) -> Result<(), Denied> {
        authenticator.check(Some(&basic(pair))).await.map(drop)
    }

    #[tokio::test]
    async fn without_users_nobody_has_to_authenticate() {
        let open = Authenticator::new(Vec::new());
        assert!(!open.is_required());
        assert_eq!(open.check(None).await, Ok(None));
        assert_eq!(open.check(Some(b"nonsense")).await, Ok(None));
    }

    #[tokio::test]
    async fn the_right_password_opens_and_others_do_not() {
        let door = Authenticator::new(vec![user("phone", "pass:wörd"), user("tablet", "other")]);
        assert!(door.is_required());
        assert_eq!(door.check(None).await, Err(Denied::Missing));
        for _ in 0..2 {
            assert_eq!(check(&door, "phone:pass:wörd").await, Ok(()));
            assert_eq!(check(&door, "tablet:other").await, Ok(()));
        }
        for wrong in
            ["phone:other", "tablet:pass:wörd", "nobody:other", "nobody:pass:wörd", "phone:", ":", "Phone:pass:wörd"]
        {
            assert_eq!(check(&door, wrong).await, Err(Denied::Wrong), "{wrong}");
        }
        assert_eq!(check(&door, "phone:pass:wörd").await, Ok(()), "a wrong attempt locks nobody out");
    }

    #[tokio::test]
    async fn spelling_is_free_where_the_standard_says_so() {
        let door = Authenticator::new(vec![user("a", "b")]);
        for value in ["Basic YTpi", "basic YTpi", "BASIC  YTpi", " Basic YTpi "] {
            assert_eq!(door.check(Some(value.as_bytes())).await, Ok(Some("a".into())), "{value}");
        }
        let door = Authenticator::new(vec![user("a", "bb")]);
        for value in ["Basic YTpiYg==", "Basic YTpiYg"] {
            assert_eq!(door.check(Some(value.as_bytes())).await, Ok(Some("a".into())), "{value}");
        }
    }

    #[tokio::test]
    async fn what_is_not_basic_is_malformed() {
        let door = Authenticator::new(vec![user("a", "b")]);
        let control = basic("a:b\n");
        let no_colon = basic("ab");
        let long = [b"Basic ".as_slice(), &[b'A'; LONGEST]].concat();
        let values: [&[u8]; 9] =
            [b"", b"Basic", b"Basic ", b"Bearer YTpi", b"Basic Y!Tpi", b"\xff\xfe x", &control, &no_colon, &long];
        for value in values {
            assert_eq!(door.check(Some(value)).await, Err(Denied::Malformed), "{value:?}");
        }
    }

    #[tokio::test]
    async fn a_good_answer_is_remembered_for_a_while_and_only_that_one() {
        let door = Authenticator::new(vec![user("phone", "secret")]);
        check(&door, "phone:secret").await.unwrap();
        let good = Credentials::parse(&basic("phone:secret")).unwrap();
        let bad = Credentials::parse(&basic("phone:guess")).unwrap();
        assert_eq!(door.0.remembers(&good, Instant::now()).as_deref(), Some("phone"));
        assert_eq!(door.0.remembers(&good, Instant::now() + REMEMBERED), None);
        assert_eq!(door.0.remembers(&bad, Instant::now()), None);
        assert_eq!(check(&door, "phone:guess").await, Err(Denied::Wrong));
        assert!(door.remembers(&basic("phone:secret")) && !door.remembers(&basic("phone:guess")));
    }

    #[tokio::test]
    async fn a_hash_that_cannot_be_read_opens_nothing() {
        let door = Authenticator::new(vec![User { name: "phone".into(), hash: "plain".into() }]);
        assert_eq!(check(&door, "phone:plain").await, Err(Denied::Wrong));
        assert_eq!(check(&door, "phone:").await, Err(Denied::Wrong));
    }

    #[tokio::test]
    async fn many_connections_at_once_are_all_answered() {
        let door = Authenticator::new(vec![user("phone", "secret")]);
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let door = door.clone();
                let right = number % 2 == 0;
                let pair = if right { "phone:secret" } else { "phone:wrong" };
                tokio::spawn(async move { check(&door, pair).await.is_ok() == right })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap());
        }
    }

    #[test]
    fn printing_shows_nobody() {
        let door = Authenticator::new(vec![user("phone", "secret")]);
        assert_eq!(format!("{door:?}"), "Authenticator { users: 1 }");
    }
}
