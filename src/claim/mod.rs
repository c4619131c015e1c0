//! Who may come in by a secret link, and from where?
//!
//! A link admits the address from which it is opened, for a while: for phones that cannot say a password with every
//! request. Links are made by `clir claim`, another process; both keep to one SQLite database, of hashes only. What is
//! in force is held in memory, so that a request waits for no disk; what the other process changes is taken up within
//! moments. How a link is opened over HTTP is `proxy`'s question, what its page says is `portal`'s.

mod secret;
mod store;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use arc_swap::ArcSwap;
use jiff::Timestamp;

pub use secret::{Digest, Secret};
pub use store::{Link, NewLink, Store};

/// How often is looked whether another process has changed anything.
const LOOK: Duration = Duration::from_millis(500);

/// Addresses that one link admits at once: a phone has one or two on each of two networks. More push the oldest out.
pub const PER_LINK: u32 = 4;

/// An address that was admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The address; of IPv6 the first one of its /64, which stands for all of it.
    pub place: IpAddr,
    /// The id of the link.
    pub link: Arc<str>,
    /// For whom the link was made, if that was said.
    pub user: Option<Arc<str>>,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// For how long, likewise.
    pub until: i64,
}

/// Why a link does not admit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such link, or it is over.
    #[error("there is no such link, or its time is over, or it was revoked")]
    Unknown,
    /// It has admitted as many as it was made for.
    #[error("the link has been used as often as it was made for")]
    UsedUp,
    /// Too many addresses are admitted.
    #[error("too many addresses are admitted already")]
    Full,
    /// The database does not answer.
    #[error("the state of clir cannot be written")]
    Broken,
}

/// The links and addresses that are in force. Clones share them.
#[derive(Clone, Debug)]
pub struct Claims(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    held: ArcSwap<Held>,
    store: Mutex<Store>,
}

/// What is in the database, to be looked up.
#[derive(Debug, Default)]
struct Held {
    links: HashMap<Digest, Arc<Link>>,
    admitted: HashMap<IpAddr, Vec<Arc<Admitted>>>,
}

impl Claims {
    /// Opens the database in `dir`, or makes it, and starts the thread that looks for changes of others. It ends when the
    /// last clone is gone.
    ///
    /// # Errors
    /// The database cannot be used, or the thread not be started: then nobody must be admitted.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let store = Store::open(dir)?;
        let inner = Arc::new(Inner { held: ArcSwap::default(), store: Mutex::new(store) });
        inner.read_anew(&mut inner.lock()).map_err(io::Error::other)?;
        let weak = Arc::downgrade(&inner);
        thread::Builder::new().name("claims".into()).spawn(move || look(&weak))?;
        Ok(Self(inner))
    }

    /// Whether this address is admitted now, and by what. Never waits.
    pub fn admits(&self, address: IpAddr) -> Option<Arc<Admitted>> {
        self.admits_at(address, None)
    }

    fn admits_at(&self, address: IpAddr, now: Option<i64>) -> Option<Arc<Admitted>> {
        let held = self.0.held.load();
        let admitted = held.admitted.get(&place(address))?;
        let now = now.unwrap_or_else(self::now);
        admitted.iter().filter(|admitted| now < admitted.until).max_by_key(|admitted| admitted.until).cloned()
    }

    /// The link with this secret, if it is in force. Never waits.
    pub fn link(&self, digest: &Digest) -> Option<Arc<Link>> {
        // Found by its hash: how long that takes tells nothing of any secret.
        self.0.held.load().links.get(digest).filter(|link| now() < link.ends).cloned()
    }

    /// The same, when it may have been made a moment ago. Waits for the disk where it is not known.
    pub fn find(&self, digest: &Digest) -> Option<Arc<Link>> {
        self.link(digest).or_else(|| {
            // What went wrong is told by whoever looks for changes.
            let _ = self.0.look();
            self.link(digest)
        })
    }

    /// The address's admission by this very link.
    pub fn admitted_by(&self, link: &Link, address: IpAddr) -> Option<Arc<Admitted>> {
        let held = self.0.held.load();
        let mut admitted = held.admitted.get(&place(address))?.iter();
        let now = now();
        admitted.find(|admitted| admitted.link == link.id && now < admitted.until).cloned()
    }

    /// Admits the address, or renews its admission; with at most `most` addresses in all. Waits for the disk.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn claim(&self, digest: &Digest, address: IpAddr, most: u32) -> Result<Arc<Admitted>, Refused> {
        self.change(|store| store.claim(digest, place(address), most, now()))?.map(Arc::new)
    }

    /// Ends the admission of this address by this link. Waits for the disk.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn leave(&self, digest: &Digest, address: IpAddr) -> Result<(), Refused> {
        self.change(|store| store.leave(digest, place(address)))
    }

    /// Revokes the link, and whom it has admitted. Waits for the disk.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn revoke(&self, link: &Link, why: &str) -> Result<(), Refused> {
        self.change(|store| store.revoke(&link.id, why, now())).map(drop)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> rusqlite::Result<T>) -> Result<T, Refused> {
        let mut store = self.0.lock();
        let changed = change(&mut store).and_then(|done| self.0.read_anew(&mut store).map(|()| done));
        changed.map_err(|error| {
            tracing::error!("claims.db cannot be used: {error}");
            Refused::Broken
        })
    }
}

impl Inner {
    /// What is in memory is put there with the lock held, so that nothing older ever follows something newer.
    fn read_anew(&self, store: &mut Store) -> rusqlite::Result<()> {
        let (links, all) = (store.links(now())?, store.admitted(now())?);
        let mut admitted: HashMap<_, Vec<_>> = HashMap::new();
        for one in all {
            admitted.entry(one.place).or_default().push(Arc::new(one));
        }
        let links = links.into_iter().filter(|link| link.revoked.is_none());
        let links = links.map(|link| (link.digest, Arc::new(link))).collect();
        self.held.store(Arc::new(Held { links, admitted }));
        Ok(())
    }

    /// Takes up what another process has changed.
    fn look(&self) -> rusqlite::Result<()> {
        let mut store = self.lock();
        if store.has_changed()? {
            self.read_anew(&mut store)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // A transaction that was not finished was rolled back.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes up what another process has changed, for as long as anybody needs it.
fn look(inner: &Weak<Inner>) {
    let mut was_told = false;
    loop {
        thread::sleep(LOOK);
        let Some(inner) = inner.upgrade() else { return };
        match inner.look() {
            Ok(()) => was_told = false,
            Err(error) if !was_told => {
                tracing::error!("claims.db cannot be read, changes are not taken up: {error}");
                was_told = true;
            }
            Err(_) => {} // Told already; the disk may come back.
        }
    }
}

/// What is admitted with an address: itself, and of IPv6 its /64. Phones change the rest of it many times a day (RFC 8981),
/// and the whole /64 is one phone's or one household's (RFC 6177).
pub fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
    }
}

/// A place in words: `198.51.100.7`, `2001:db8:1:2::/64`.
pub fn in_words(place: IpAddr) -> String {
    match place {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{address}/64"),
    }
}

fn now() -> i64 {
    Timestamp::now().as_second()
}
