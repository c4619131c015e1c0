//! May this event be news?
//!
//! Nearly every event shows what the one before has shown, and the thread that asks is the one that writes events: so nothing
//! is rendered, copied or looked up on disk here. What was handed over once is known by a digest of 128 bits under a key of
//! this process; whoever judges what is handed over remembers for good.

use std::{
    collections::{HashMap, HashSet},
    hash::Hasher as _,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use siphasher::sip128::{Hasher128 as _, SipHasher24};
use smallvec::SmallVec;

use super::{
    headers::{Changes, Headers, Key},
    lock,
    watch::{is_bad, short_digest},
};
use crate::{
    detect::{Confidence, Finding, InsertedBy, Part},
    event::{Event, Fate, Verdict},
    exchange::{Direction, Host, InstallationKey, Scheme},
};

/// Leaks and places that are known without asking; beyond, it begins anew.
const LEAKS: usize = 50_000;
const PLACES: usize = 4096;

/// What was looked at last.
#[derive(Debug)]
pub struct Glance {
    key: InstallationKey,
    secret: [u8; 16],
    stopped_after: u32,
    headers: Arc<Mutex<Headers>>,
    places: HashMap<Spot, Key>,
    leaks: HashSet<u128>,
    /// How often the judge had forgotten something when this was last looked at.
    forgotten: u64,
}

/// What may be news.
#[derive(Debug)]
pub struct Sign {
    /// What has changed among the headers that a carrier inserts.
    pub changes: Changes,
    place: Option<Key>,
    leaks: SmallVec<[u128; 4]>,
}

/// A listener and who comes through it, and with what kind of exchange.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Spot {
    listener: Arc<str>,
    who: Who,
    class: &'static [u8],
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Who {
    Named(Arc<str>),
    Address(IpAddr),
}

impl Glance {
    /// Knows these headers, which it shares with whoever stores them.
    pub fn new(key: &InstallationKey, headers: Arc<Mutex<Headers>>, stopped_after: u32) -> Self {
        let secret = short_digest(key, "alert glance", &[]);
        let (places, leaks) = (HashMap::new(), HashSet::new());
        Self { key: key.clone(), secret, stopped_after, headers, places, leaks, forgotten: 0 }
    }

    /// What of this event may be news, if anything; `forgotten` tells how often the judge has forgotten something.
    pub fn look(&mut self, event: &Event, forgotten: u64, now: i64) -> Option<Sign> {
        if self.forgotten != forgotten {
            self.forgotten = forgotten;
            self.leaks.clear();
        }
        let place = self.place(event);
        let changes = place.map(|place| self.count(event, place, now)).unwrap_or_default();
        let leaks = self.unknown_leaks(event);
        let is_news = !leaks.is_empty() || !changes.is_empty();
        is_news.then_some(Sign { changes, place, leaks })
    }

    /// It was handed over.
    pub fn keep(&mut self, sign: Sign) {
        if self.leaks.len() > LEAKS {
            self.leaks.clear();
        }
        self.leaks.extend(sign.leaks);
    }

    /// It could not be handed over: as if it had not been seen.
    pub fn withdraw(&self, sign: Sign) {
        if let Some(place) = sign.place {
            lock(&self.headers).withdraw(&place, sign.changes);
        }
    }

    fn count(&self, event: &Event, place: Key, now: i64) -> Changes {
        let inserted: SmallVec<[&[u8]; 8]> = inserted(event).collect();
        lock(&self.headers).count(place, &inserted, &event.head.fields, self.stopped_after, now)
    }

    /// The key of the place, if exchanges of this kind can be compared at all.
    fn place(&mut self, event: &Event) -> Option<Key> {
        let class = class(event)?;
        let known = &event.context.known;
        let who = match known.client.as_ref().or(known.user.as_ref()) {
            Some(name) => Who::Named(Arc::clone(name)),
            None => Who::Address(network(event.context.client.ip())),
        };
        let spot = Spot { listener: Arc::clone(&event.context.listener), who, class };
        if let Some(key) = self.places.get(&spot) {
            return Some(*key);
        }
        if self.places.len() >= PLACES {
            self.places.clear();
        }
        let key =
            short_digest(&self.key, "alert place", &[spot.listener.as_bytes(), spot.who.told().as_bytes(), class]);
        self.places.insert(spot, key);
        Some(key)
    }

    /// What went on to the site and was not handed over before.
    fn unknown_leaks(&self, event: &Event) -> SmallVec<[u128; 4]> {
        let bad = event.findings.iter().filter(|finding| is_bad(finding) && event.fate(finding) == Fate::Reached);
        bad.map(|finding| self.leak(event, finding)).filter(|leak| !self.leaks.contains(leak)).collect()
    }

    /// By the host's name and not by its site: that costs asking once more for each host, and no look into a list.
    fn leak(&self, event: &Event, finding: &Finding) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write_usize(finding.value.len());
        hasher.write(&finding.value);
        hasher.write(finding.identifier.as_str().as_bytes());
        hasher.write_u8(0);
        match &event.context.origin.host {
            Host::Name(name) => hasher.write(name.as_bytes()),
            Host::Ip(IpAddr::V4(address)) => hasher.write(&address.octets()),
            Host::Ip(IpAddr::V6(address)) => hasher.write(&address.octets()),
        }
        hasher.finish128().as_u128()
    }
}

impl Who {
    fn told(&self) -> String {
        match self {
            Self::Named(name) => name.to_string(),
            Self::Address(IpAddr::V4(address)) => address.to_string(),
            Self::Address(IpAddr::V6(address)) => format!("{:x}", address.to_bits() >> 64),
        }
    }
}

/// Which exchanges can be compared: those that anybody on the way can write into, requests and the heads of tunnels each for
/// themselves.
fn class(event: &Event) -> Option<&'static [u8]> {
    let is_ours = matches!(event.verdict, Verdict::Answered | Verdict::Refused);
    if is_ours {
        return None;
    }
    if event.head.method == "CONNECT" {
        return Some(b"connect");
    }
    (event.context.origin.scheme == Scheme::Http).then_some(b"request")
}

/// The headers of the request that a carrier put there, by their names as they are spelt.
fn inserted(event: &Event) -> impl Iterator<Item = &[u8]> {
    let by_carrier = event.findings.iter().filter(|finding| {
        let location = &finding.location;
        finding.origin == InsertedBy::Carrier
            && finding.confidence >= Confidence::Likely
            && location.part == Part::Header
            && location.direction == Direction::Request
    });
    by_carrier.map(|finding| &finding.location.name[..])
}

/// Of IPv6 the /64, since phones change the rest.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address => address,
    }
}
