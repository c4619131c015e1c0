//! Which sessions with origins may be taken up again, and by whom?
//!
//! Each client's are its own, so that a site cannot tell by a ticket that two clients share a proxy; they are few, young,
//! and in memory only. A session saves a round trip and the origin's signature, never our judgement: see [`Opening`].

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use quick_cache::sync::Cache;
use rustls::{
    ClientConfig, ClientConnection, Error, HandshakeKind, NamedGroup, SignatureScheme,
    client::{
        ClientSessionStore, ResolvesClientCert, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
        danger::ServerCertVerifier,
    },
    pki_types::{ServerName, UnixTime},
    sign::CertifiedKey,
};

use super::{inspect::LeafFacts, seconds, verifier::OriginVerifier};

/// For how many places and clients sessions are kept; those not heard of for longest go first.
const PLACES: usize = 256;
/// Tickets kept for one of them. Each serves once.
const TICKETS: usize = 4;
/// How long a session may be taken up again, in seconds: about as long as somebody stays with a site.
const LIFETIME: i64 = 60 * 60;

/// Who visits which port: sessions are shared by nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Visitor {
    /// The client's address.
    pub client: IpAddr,
    /// The origin's port.
    pub port: u16,
}

type Place = (Visitor, ServerName<'static>);

/// The sessions of all clients.
pub struct Sessions(Cache<Place, Arc<Mutex<Kept>>>);

/// What is kept for one client and one place.
#[derive(Default)]
struct Kept {
    // rustls takes up a session only with the very resolver that it began with, so this stays with the sessions.
    asked: Arc<Asked>,
    tls12: Option<(i64, Tls12ClientSessionValue)>,
    tls13: VecDeque<(i64, Tls13ClientSessionValue)>,
}

/// We have no certificates for origins; this notes whether one was demanded of us.
#[derive(Debug, Default)]
struct Asked(AtomicBool);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

impl Sessions {
    /// None yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Cache::new(PLACES)))
    }

    /// For how many places there are sessions now.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// One connection to an origin about to be opened: the configuration, and what has to be asked when it stands.
pub struct Opening {
    /// What to open it with.
    pub config: Arc<ClientConfig>,
    verifier: Arc<OriginVerifier>,
    share: Arc<Share>,
    asked: Arc<Asked>,
}

impl Opening {
    /// A connection of this visitor to this place, at this time.
    pub(super) fn new(
        base: &ClientConfig,
        verifier: &Arc<OriginVerifier>,
        sessions: &Arc<Sessions>,
        place: (Visitor, &ServerName<'static>),
        now: SystemTime,
    ) -> Self {
        let (visitor, name) = place;
        let visitor = Visitor { client: visitor.client.to_canonical(), ..visitor };
        let share = Share { all: Arc::clone(sessions), visitor, now: seconds(now), closed: AtomicBool::new(false) };
        let share = Arc::new(share);
        let asked = share.kept(name.clone(), |kept| Arc::clone(&kept.asked));
        asked.0.store(false, Ordering::Relaxed);
        let mut config = base.clone();
        config.resumption = Resumption::store(Arc::clone(&share) as _);
        config.client_auth_cert_resolver = Arc::clone(&asked) as _;
        Self { config: Arc::new(config), verifier: Arc::clone(verifier), share, asked }
    }

    /// Whether the origin has asked for a certificate of ours. It may do without.
    pub fn was_asked(&self) -> bool {
        self.asked.0.load(Ordering::Relaxed)
    }

    /// Judges a connection whose handshake is done, before anything is sent on it. rustls asks the verifier in a full
    /// handshake only; a session that was taken up again holds the certificates, and they are judged anew as of `now`.
    ///
    /// # Errors
    /// Why the origin is not to be trusted any more; its sessions are forgotten then.
    pub fn judge(
        &self,
        connection: &ClientConnection,
        name: &ServerName<'static>,
        now: SystemTime,
    ) -> Result<(), Error> {
        let [leaf, intermediates @ ..] = connection.peer_certificates().unwrap_or_default() else {
            return Err(Error::NoCertificatesPresented);
        };
        // A session brings no new stapled answer, which such a certificate demands.
        if LeafFacts::read(leaf).is_none_or(|facts| facts.must_staple) {
            self.share.close(name);
        }
        if connection.handshake_kind() != Some(HandshakeKind::Resumed) {
            return Ok(());
        }
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map(UnixTime::since_unix_epoch);
        let now = now.map_err(|_| Error::FailedToGetCurrentTime)?;
        let verdict = self.verifier.verify_server_cert(leaf, intermediates, name, &[], now);
        verdict.map(|_| ()).inspect_err(|_| self.share.close(name))
    }
}

/// One visitor's part of the sessions, as one connection sees it.
struct Share {
    all: Arc<Sessions>,
    visitor: Visitor,
    now: i64,
    closed: AtomicBool,
}

impl Share {
    /// Forgets what is there, and keeps nothing that comes.
    fn close(&self, name: &ServerName<'static>) {
        self.closed.store(true, Ordering::Relaxed);
        self.all.0.remove(&self.place(name));
    }

    fn place(&self, name: &ServerName<'_>) -> Place {
        (self.visitor, name.to_owned())
    }

    fn is_young(&self, from: i64) -> bool {
        (0..=LIFETIME).contains(&(self.now - from))
    }

    fn keep(&self, name: ServerName<'static>, change: impl FnOnce(&mut Kept)) {
        if !self.closed.load(Ordering::Relaxed) {
            self.kept(name, change);
        }
    }

    fn kept<T>(&self, name: ServerName<'static>, look: impl FnOnce(&mut Kept) -> T) -> T {
        let place = (self.visitor, name);
        let Ok(kept) = self.all.0.get_or_insert_with::<_, Infallible>(&place, || Ok(Arc::default()));
        look(&mut kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn look<T>(&self, name: &ServerName<'_>, take: impl FnOnce(&mut Kept) -> Option<T>) -> Option<T> {
        let kept = self.all.0.get(&self.place(name))?;
        take(&mut kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientSessionStore for Share {
    /// What an origin chose once is not remembered: it would be offered nothing better from then on.
    fn set_kx_hint(&self, _name: ServerName<'static>, _group: NamedGroup) {}

    fn kx_hint(&self, _name: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, name: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.keep(name, |kept| kept.tls12 = Some((self.now, session)));
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.look(name, |kept| kept.tls12.clone().filter(|(from, _)| self.is_young(*from))).map(|(_, session)| session)
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        self.look(name, |kept| kept.tls12.take());
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.keep(name, |kept| {
            kept.tls13.truncate(TICKETS - 1);
            kept.tls13.push_front((self.now, ticket));
        });
    }

    /// The newest; each once (RFC 8446 §C.4).
    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        let newest = self.look(name, |kept| kept.tls13.pop_front());
        newest.filter(|(from, _)| self.is_young(*from)).map(|(_, ticket)| ticket)
    }
}

/// Secrets stay out of every log.
impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").finish_non_exhaustive()
    }
}
