//! What is known of a request once it has been read?

use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Reply, Seen, answer,
    compare::Differences,
    head::Head,
    hello, json,
    memory::{Leg, Memory, Visit, is_nonce},
    rate::customer,
    verdict::{self, Verdict},
};
use crate::{
    detect::{Finding, Part, Scanner, Subject},
    event::Redactor,
    exchange::{Direction, Fields, Host, Origin, Scheme, hex},
};

/// Longer ones are not given back.
const LONGEST_ECHO: usize = 128;

/// A reflector: what it judges by, where it listens, and the visits of the last minutes.
pub struct Site {
    scanner: Scanner,
    redactor: Redactor,
    http: Vec<u16>,
    https: Vec<u16>,
    memory: Mutex<Memory>,
}

/// A request that was read.
pub(super) struct Read {
    /// Its head, line by line.
    pub head: Head,
    /// What was found in it, and in the hello before it.
    pub findings: Vec<Finding>,
    /// What is said of it by itself.
    pub verdict: Verdict,
    /// What the visitor gave as `nonce`.
    pub echo: Option<String>,
    /// The same where it is fit for telling visits apart, else one that nobody has had.
    pub nonce: String,
    /// The visits with this nonce, this one included if it is remembered.
    pub visits: Vec<Remembered>,
    /// Those of them that can be compared.
    pub compared: Vec<Compared>,
}

/// A visit of the last minutes.
#[derive(Clone)]
pub(super) struct Remembered {
    /// As it is kept.
    pub visit: Visit,
    /// Its fields.
    pub fields: Fields,
}

/// Two visits that were compared.
pub(super) struct Compared {
    /// The one that came by the way that is doubted.
    pub doubted: Remembered,
    /// The one that it is held against.
    pub other: Remembered,
    /// In what they differ.
    pub differences: Differences,
    /// What is said of it.
    pub verdict: Verdict,
}

impl Site {
    /// A reflector that listens on these ports, in cleartext and inside TLS.
    pub fn new(scanner: Scanner, redactor: Redactor, http: Vec<u16>, https: Vec<u16>) -> Self {
        Self { scanner, redactor, http, https, memory: Mutex::default() }
    }

    /// What is answered.
    pub fn reply(&self, seen: &Seen) -> Reply {
        answer::reply(self, seen)
    }

    /// Remembers the first message of a TLS connection, if the name that it asks for begins with a nonce: where a box on the
    /// way has changed it, it may be all that ever comes of the connection. Tells whether a box seems to have.
    pub fn hello(&self, records: &Bytes, client: IpAddr, now: Timestamp) -> bool {
        if let Some(nonce) = hello::nonce(records) {
            let visit = Visit { leg: Leg::Hello, raw: records.clone(), client, time: now };
            self.memory().keep(&nonce, &visit);
        }
        hello::findings(&self.scanner, records).iter().any(hello::is_inserted)
    }

    /// Forgets the visits whose time is over.
    pub fn forget(&self, now: Timestamp) {
        self.memory().forget(now);
    }

    /// Judges a request; `keeps` says whether to remember it even if it has no nonce of its own.
    pub(super) fn read(&self, seen: &Seen, keeps: bool) -> Read {
        let head = Head::read(&seen.raw);
        let echo = head.parameter("nonce").filter(|nonce| nonce.len() <= LONGEST_ECHO);
        let nonce = echo.clone().filter(|nonce| is_nonce(nonce)).unwrap_or_else(|| hex(&seen.entropy));
        let scheme = seen.connection.scheme();
        let mut findings = self.scan(&head, scheme);
        if let Some(tls) = &seen.connection.tls {
            findings.extend(hello::findings(&self.scanner, &tls.hello));
        }
        let visits = self.visits(seen, &head, &nonce, keeps || echo.is_some());
        let verdict = verdict::of_request(&findings, &head.fields, scheme, seen.fault);
        let compared = self.compare(&visits);
        Read { head, findings, verdict, echo, nonce, visits, compared }
    }

    /// The hellos among these visits: where each came from, what it says, and what was found in it.
    pub(super) fn hellos(&self, visits: &[Remembered]) -> Vec<(IpAddr, hello::Offered, Vec<Finding>)> {
        let of_hello = visits.iter().filter(|it| it.visit.leg == Leg::Hello);
        let read = |it: &Remembered| {
            let findings = hello::findings(&self.scanner, &it.visit.raw);
            (it.visit.client, hello::offered(&it.visit.raw), findings)
        };
        of_hello.map(read).collect()
    }

    /// Whether anybody listens there for this scheme.
    pub(super) fn listens(&self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Http => !self.http.is_empty(),
            Scheme::Https => !self.https.is_empty(),
        }
    }

    /// The reflection for machines.
    pub(super) fn json(&self, seen: &Seen, read: &Read, response: Option<&[(String, String)]>) -> Vec<u8> {
        json::reflection(&self.redactor, seen, read, &self.hellos(&read.visits), response)
    }

    /// Where this reflector is inside TLS, or in cleartext, for somebody who has come by this host: the scheme's own port
    /// first.
    pub(super) fn places(&self, seen: &Seen, head: &Head, scheme: Scheme) -> Vec<Origin> {
        let Some(host) = head.host() else { return Vec::new() };
        let mut ports = match scheme {
            Scheme::Http => self.http.clone(),
            Scheme::Https => self.https.clone(),
        };
        if is_mapped(seen, head) && !ports.is_empty() {
            ports = vec![scheme.default_port()];
        }
        ports.sort_by_key(|port| (*port != scheme.default_port(), *port));
        ports.dedup();
        ports.into_iter().map(|port| Origin { scheme, host: Host::clone(&host), port }).collect()
    }

    fn scan(&self, head: &Head, scheme: Scheme) -> Vec<Finding> {
        let subject = Subject {
            direction: Direction::Request,
            part: Part::Header,
            target: Some(&head.target),
            fields: &head.fields,
            cleartext: scheme == Scheme::Http,
        };
        self.scanner.scan(&subject)
    }

    fn visits(&self, seen: &Seen, head: &Head, nonce: &str, keeps: bool) -> Vec<Remembered> {
        let visit = Visit {
            leg: leg(seen.connection.scheme(), head),
            raw: seen.raw.clone(),
            client: seen.connection.client.ip(),
            time: seen.time,
        };
        let visits = {
            let mut memory = self.memory();
            let is_kept = is_step(head) || keeps && head.path() != "/test";
            if is_kept && seen.fault.is_none() {
                memory.keep(nonce, &visit);
            }
            memory.recall(nonce, seen.time)
        };
        let fields = |visit: Visit| Remembered { fields: Head::read(&visit.raw).fields, visit };
        visits.into_iter().map(fields).collect()
    }

    fn compare(&self, visits: &[Remembered]) -> Vec<Compared> {
        let by = |leg| visits.iter().find(|it| it.visit.leg == leg).cloned();
        let pairs = [(Leg::Cleartext, Leg::Tls), (Leg::Cellular, Leg::Wifi), (Leg::Cellular, Leg::Tls)];
        let both = pairs.into_iter().filter_map(|(doubted, other)| Some((by(doubted)?, by(other)?)));
        both.map(|(doubted, other)| self.held_against(doubted, other)).collect()
    }

    fn held_against(&self, doubted: Remembered, other: Remembered) -> Compared {
        let differences = Differences::between(&doubted.fields, &other.fields);
        let findings = self.scan(&Head::read(&doubted.visit.raw), Scheme::Http);
        let verdict = match other.visit.leg {
            Leg::Wifi => verdict::of_walk(&findings, &differences, is_one_network(&doubted, &other)),
            _ => verdict::of_twins(&findings, &differences),
        };
        Compared { doubted, other, differences, verdict }
    }

    /// Visits are sound after any partial change.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two visits came from one address, or one customer's network of IPv6.
pub(super) fn is_one_network(one: &Remembered, other: &Remembered) -> bool {
    customer(one.visit.client) == customer(other.visit.client)
}

/// A step of the walk names its network; it means something in cleartext only.
fn leg(scheme: Scheme, head: &Head) -> Leg {
    match (scheme, head.parameter("leg").as_deref()) {
        (Scheme::Https, _) => Leg::Tls,
        (Scheme::Http, Some("wifi")) => Leg::Wifi,
        (Scheme::Http, Some("cellular")) => Leg::Cellular,
        (Scheme::Http, _) => Leg::Cleartext,
    }
}

fn is_step(head: &Head) -> bool {
    head.path() == "/test" && head.parameter("leg").is_some()
}

/// Whether the visitor used the scheme's own port though another is listened on: something maps ports, and most likely that of
/// the other scheme too.
fn is_mapped(seen: &Seen, head: &Head) -> bool {
    let scheme = seen.connection.scheme();
    let asked = head.fields.first("host").and_then(|host| Origin::parse(scheme, host).ok());
    let is_own = |asked: Origin| asked.port == scheme.default_port() && asked.port != seen.connection.local.port();
    asked.is_some_and(is_own)
}
