//! Which sites are known to be there in TLS, and which are not?
//!
//! A bounded table; what is in it holds for a while. Of what outlives the process only digests of names are kept.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use quick_cache::sync::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::probe::{REASONS, UNREACHED};
use crate::{
    exchange::{InstallationKey, RequestHead},
    proxy::upstream::Target,
    sink::Site,
};

/// Sites remembered.
const SITES: usize = 8192;
/// Looks at once.
const LOOKS: usize = 64;
/// For how long a site that was there is taken to be there, in seconds. If it is not, the next request finds out.
const THERE: i64 = 7 * 24 * 3600;
/// For how long one that was not is left alone.
const NOT_THERE: i64 = 3600;
/// The same for one that was there before and only could not be reached, so that a short disturbance is one.
const NOT_REACHED: i64 = 300;
/// The same while nothing says that it is not the whole network that is gone.
const UNCONFIRMED: i64 = 30;
/// So often cleartext is asked for a second opinion on an error.
const OPINIONS: u8 = 3;
/// So many redirections of one page within so many seconds go round in circles.
const ROUNDS: u8 = 3;
const ROUND_SECONDS: i64 = 10;

/// What is known of sites in TLS, and what was done with it.
#[derive(Debug)]
pub struct Upgrades {
    key: InstallationKey,
    sites: Cache<Target, Arc<Record>>,
    /// What was known when clir ended last, until somebody asks.
    stored: Mutex<HashMap<[u8; 16], Site>>,
    looks: Semaphore,
    sent: AtomicU64,
    led: AtomicU64,
    /// By the words of [`WORDS`].
    left: [AtomicU64; WORDS.len()],
}

/// Every word for why a request stays in cleartext.
const WORDS: [&str; 16] = [
    "no-https",
    "slow",
    "untrusted",
    "broken",
    "redirects-back",
    "differs",
    "circles",
    "unproven",
    "busy",
    "private",
    "address",
    "port",
    "never",
    "connectivity",
    "protocol-switch",
    "other",
];

impl Upgrades {
    /// Knows what was remembered.
    pub fn new(key: InstallationKey, remembered: Vec<Site>) -> Self {
        let stored = remembered.into_iter().take(SITES).map(|site| (site.digest, site)).collect();
        Self {
            key,
            sites: Cache::new(SITES),
            stored: Mutex::new(stored),
            looks: Semaphore::new(LOOKS),
            sent: AtomicU64::new(0),
            led: AtomicU64::new(0),
            left: [const { AtomicU64::new(0) }; WORDS.len()],
        }
    }

    /// What is known of a site.
    pub fn record(&self, target: &Target) -> Arc<Record> {
        let known = self.sites.get_or_insert_with(target, || {
            let stored = lock(&self.stored).remove(&self.digest(target));
            Ok::<_, std::convert::Infallible>(Arc::new(Record::of(stored)))
        });
        match known {
            Ok(record) => record,
            Err(never) => match never {},
        }
    }

    /// What is worth remembering when clir ends.
    pub fn remembered(&self) -> Vec<Site> {
        let now = now();
        let known = self.sites.iter().filter_map(|(target, record)| record.remembered(self.digest(&target)));
        let stored = lock(&self.stored).values().cloned().collect::<Vec<_>>();
        known.chain(stored).filter(|site| site.until > now).take(SITES).collect()
    }

    /// One line on what was done; nothing if there was nothing to do.
    pub fn summary(&self) -> Option<String> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (sent, led) = (read(&self.sent), read(&self.led));
        let counts = || WORDS.iter().zip(self.left.iter().map(read)).filter(|(_, count)| *count > 0);
        let left: u64 = counts().map(|(_, count)| count).sum();
        if sent + led + left == 0 {
            return None;
        }
        let why: Vec<_> = counts().map(|(word, count)| format!("{count} {word}")).collect();
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
        Some(format!("cleartext requests: {sent} sent inside TLS, {led} led to https, {left} left in cleartext{why}"))
    }

    pub(super) async fn room(&self) -> Option<SemaphorePermit<'_>> {
        self.looks.acquire().await.ok()
    }

    pub(super) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_led(&self) {
        self.led.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_left(&self, reason: &str) {
        let at = WORDS.iter().position(|word| *word == reason);
        if let Some(count) = at.and_then(|at| self.left.get(at)).or(self.left.last()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn digest(&self, target: &Target) -> [u8; 16] {
        let (name, dialled) = (target.name.to_string(), target.dialled.to_string());
        let digest = self.key.digest("upgrade", &[name.as_bytes(), dialled.as_bytes()]);
        digest.first_chunk().copied().unwrap_or_default()
    }
}

/// What is known of one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nobody has looked.
    Nothing,
    /// It has shown a certificate, and not answered yet.
    Found,
    /// It has answered well.
    Proven,
    /// It is not there, for this reason.
    Not(&'static str),
}

#[derive(Debug)]
struct State {
    known: Known,
    until: i64,
    leads: bool,
    /// It has answered well at some time.
    was_there: bool,
    opinions: u8,
    /// A page, how often it was redirected, and since when.
    round: (u64, u8, i64),
}

/// The record of one site.
#[derive(Debug)]
pub struct Record {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

impl Record {
    fn of(stored: Option<Site>) -> Self {
        let mut state =
            State { known: Known::Nothing, until: 0, leads: false, was_there: false, opinions: 0, round: (0, 0, 0) };
        if let Some(site) = stored {
            state.known = match &site.reason {
                None => Known::Proven,
                Some(word) => Known::Not(REASONS.into_iter().find(|known| known == word).unwrap_or("no-https")),
            };
            (state.until, state.leads, state.was_there) = (site.until, site.leads, site.reason.is_none());
        }
        Self { state: Mutex::new(state), turn: tokio::sync::Mutex::default() }
    }

    /// What holds now.
    pub fn known(&self) -> Known {
        let state = lock(&self.state);
        if state.until > now() { state.known } else { Known::Nothing }
    }

    pub fn is_proven(&self) -> bool {
        self.known() == Known::Proven
    }

    /// Whether clients that can are sent there.
    pub fn leads(&self) -> bool {
        let leads = lock(&self.state).leads;
        leads && matches!(self.known(), Known::Proven | Known::Found)
    }

    /// Held by who looks.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    pub fn is_found(&self) {
        self.set(Known::Found, THERE);
    }

    pub fn is_there(&self) {
        self.set(Known::Proven, THERE);
        lock(&self.state).was_there = true;
    }

    pub fn is_not_there(&self, reason: &'static str) {
        self.set(Known::Not(reason), UNCONFIRMED);
    }

    /// It was not the network: what was said last holds.
    pub fn cleartext_answers(&self) {
        let mut state = lock(&self.state);
        if let Known::Not(reason) = state.known {
            let is_short = state.was_there && UNREACHED.contains(&reason);
            state.until = state.until.max(now() + if is_short { NOT_REACHED } else { NOT_THERE });
        }
    }

    pub fn wants_tls(&self) {
        lock(&self.state).leads = true;
    }

    /// Whether a second opinion is to be asked for, which is counted. A site that was there needs none: it would show in
    /// cleartext whatever page it lacks.
    pub fn takes_opinion(&self) -> bool {
        let mut state = lock(&self.state);
        let takes = !state.was_there && state.opinions < OPINIONS;
        state.opinions += u8::from(takes);
        takes
    }

    /// Whether this client is being redirected from this page again and again. Each asking counts.
    pub fn goes_round(&self, client: IpAddr, page: &RequestHead) -> bool {
        let mut hasher = DefaultHasher::new();
        (client, &page.target).hash(&mut hasher);
        let (page, now) = (hasher.finish(), now());
        let mut state = lock(&self.state);
        let (last, count, since) = state.round;
        let is_same = last == page && now - since <= ROUND_SECONDS;
        state.round = if is_same { (page, count.saturating_add(1), since) } else { (page, 1, now) };
        state.round.1 > ROUNDS
    }

    fn set(&self, known: Known, holds: i64) {
        let mut state = lock(&self.state);
        (state.known, state.until) = (known, now() + holds);
    }

    fn remembered(&self, digest: [u8; 16]) -> Option<Site> {
        let state = lock(&self.state);
        let reason = match state.known {
            Known::Proven => None,
            Known::Not(reason) => Some(reason.to_owned()),
            Known::Nothing | Known::Found => return None,
        };
        Some(Site { digest, reason, leads: state.leads, until: state.until })
    }
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

/// What is locked here is sound after any partial change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
