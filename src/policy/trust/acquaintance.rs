//! What is known of one client, and what follows from what it does?

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
};

use serde::{Deserialize, Serialize};

use super::{Consequence, Contact, Look, Reason, Rejection, Ruling, program::Program, row::Row};

/// Hosts remembered of one client, and what is left when they are too many: those that pass or failed go last.
const HOSTS: usize = 256;
const HOSTS_LEFT: usize = 192;
/// Programs remembered of one client, and of one host.
const PROGRAMS: usize = 32;

/// A client's state, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Acquaintance {
    /// When it was first heard of.
    pub first: i64,
    /// When it was last heard of.
    pub last: i64,
    /// Its trust, once it has shown it.
    pub trust: Option<Trust>,
    /// When it turned out to trust no longer.
    pub withdrawn: Option<i64>,
    /// Tunnels that passed because it is not trusted.
    pub passed: u64,
    /// Hosts with which it has succeeded or failed.
    pub hosts: BTreeMap<String, HostRecord>,
    /// Its programs.
    pub programs: Vec<Program>,
}

/// Trust that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// When it was shown first.
    pub since: i64,
    /// When something last succeeded.
    pub confirmed: i64,
    /// In which authority.
    pub authority: u64,
    /// By which program it was shown last.
    pub program: String,
}

/// What is known of a client and a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostRecord {
    /// All programs together.
    pub all: Row,
    /// Each by itself: an app may pin a host that the browser opens well.
    pub programs: BTreeMap<String, Row>,
    /// When it was last heard of.
    pub last: i64,
}

impl HostRecord {
    fn pinned_for(&mut self, program: &str, look: &Look) -> Option<&mut Row> {
        if self.all.is_pinned(look) {
            return Some(&mut self.all);
        }
        self.programs.get_mut(program).filter(|row| row.is_pinned(look))
    }

    /// Whether the program has succeeded here.
    fn knows(&self, program: &str) -> bool {
        self.programs.get(program).is_some_and(|row| row.succeeded.is_some())
    }

    fn weight(&self) -> (bool, i64) {
        let matters = |row: &Row| row.failures > 0 || row.pinned.is_some() || row.again;
        (matters(&self.all) || self.programs.values().any(matters), self.last)
    }
}

impl Acquaintance {
    /// Somebody new.
    pub fn new(now: i64) -> Self {
        Self { first: now, last: now, ..Self::default() }
    }

    /// Whether it is known to trust the authority in force.
    pub fn trusts(&self, look: &Look) -> bool {
        let holds =
            |trust: &Trust| trust.authority == look.authority && look.holds(trust.confirmed, look.times.trusted);
        self.trust.as_ref().is_some_and(holds)
    }

    /// What becomes of a tunnel.
    pub fn rule(&mut self, contact: &Contact, look: &Look) -> Ruling {
        self.last = look.now;
        if !self.trusts(look) {
            self.passed = self.passed.saturating_add(1);
            return Ruling::Pass(Reason::NotTrusted);
        }
        let record = self.hosts.get_mut(&*contact.host);
        let is_known = record.as_ref().is_some_and(|record| record.knows(&contact.program));
        if let Some(row) = record.and_then(|record| record.pinned_for(&contact.program, look)) {
            row.passes(look.now);
            return Ruling::Pass(Reason::Pinned);
        }
        // Where it has succeeded it is asked on: if it does so again, it is trusted again.
        let mut programs = self.programs.iter_mut();
        let program = programs.find(|program| *program.name == *contact.program && program.distrusts(look));
        if let Some(program) = program.filter(|_| !is_known) {
            program.passed = program.passed.saturating_add(1);
            program.last = look.now;
            return Ruling::Pass(Reason::Program);
        }
        Ruling::Open
    }

    /// It has completed a request that only who trusts the authority completes.
    pub fn shows(&mut self, program: &str, look: &Look) {
        let since = match &self.trust {
            Some(trust) if self.trusts(look) => trust.since,
            _ => {
                self.begin_anew();
                look.now
            }
        };
        let (now, authority) = (look.now, look.authority);
        self.trust = Some(Trust { since, confirmed: now, authority, program: program.to_owned() });
        (self.withdrawn, self.last) = (None, now);
        self.program(program).trusts(now);
    }

    /// A host that was opened before it was trusted no longer says nothing about the host.
    fn begin_anew(&mut self) {
        for record in self.hosts.values_mut().filter(|record| record.all.succeeded.is_some()) {
            record.all.forgive();
            record.programs.values_mut().for_each(Row::forgive);
        }
    }

    /// It has sent something inside TLS that was opened.
    pub fn accepts(&mut self, contact: &Contact, look: &Look) {
        self.last = look.now;
        match &mut self.trust {
            Some(trust) if trust.authority == look.authority => trust.confirmed = look.now,
            // Rotated, withdrawn or forgotten meanwhile.
            _ => return,
        }
        let record = self.host(contact, look.now);
        record.all.succeeds(look.now);
        row(&mut record.programs, &contact.program).succeeds(look.now);
        self.program(&contact.program).succeeds(look.now);
    }

    /// It has rejected our certificate.
    pub fn rejects(&mut self, contact: &Contact, how: Rejection, look: &Look) -> Consequence {
        self.last = look.now;
        if !self.trusts(look) {
            return Consequence::Nothing;
        }
        let shown = self.trust.as_ref().filter(|trust| *trust.program == *contact.program).map(|trust| trust.since);
        let record = self.host(contact, look.now);
        let had_succeeded = record.knows(&contact.program);
        // Both are told.
        let is_pinned = record.all.fails(how, contact.began, look)
            | row(&mut record.programs, &contact.program).fails(how, contact.began, look);
        let program = self.program(&contact.program);
        let distrusts = program.rejects((site(&contact.host), had_succeeded), how, contact.began, look);
        if program.has_turned(shown) {
            let since = program.since;
            self.withdraw(since, look.now);
            return Consequence::Withdrawn;
        }
        match (distrusts, is_pinned) {
            (true, _) => Consequence::Program,
            (false, true) => Consequence::Pinned,
            (false, false) => Consequence::Nothing,
        }
    }

    /// Trusts no longer: what failed since then failed for that.
    fn withdraw(&mut self, since: i64, now: i64) {
        self.trust = None;
        self.withdrawn = Some(now);
        self.programs.clear();
        self.hosts.retain(|_, record| record.all.failed < since || record.all.succeeded.is_some());
        for record in self.hosts.values_mut().filter(|record| record.all.failed >= since) {
            record.all.forgive();
            record.programs.values_mut().for_each(Row::forgive);
        }
    }

    fn host(&mut self, contact: &Contact, now: i64) -> &mut HostRecord {
        if self.hosts.len() >= HOSTS && !self.hosts.contains_key(&*contact.host) {
            let mut weights: Vec<_> = self.hosts.iter().map(|(name, host)| (host.weight(), name.clone())).collect();
            weights.sort_unstable();
            weights.iter().take(HOSTS - HOSTS_LEFT).for_each(|(_, name)| drop(self.hosts.remove(name)));
        }
        let record = self.hosts.entry(contact.host.to_string()).or_default();
        record.last = now;
        record
    }

    fn program(&mut self, name: &str) -> &mut Program {
        let at = self.programs.iter().position(|program| program.name == name);
        let at = at.unwrap_or_else(|| {
            if self.programs.len() >= PROGRAMS {
                let oldest = self.programs.iter().enumerate().min_by_key(|(_, program)| program.last);
                oldest.map(|(at, _)| at).into_iter().for_each(|at| drop(self.programs.swap_remove(at)));
            }
            self.programs.push(Program::new(name));
            self.programs.len() - 1
        });
        &mut self.programs[at]
    }
}

/// A program's row at a host; the one that was heard of least lately makes room.
fn row<'a>(rows: &'a mut BTreeMap<String, Row>, program: &str) -> &'a mut Row {
    if rows.len() >= PROGRAMS && !rows.contains_key(program) {
        let last = |row: &Row| row.failed.max(row.succeeded.unwrap_or_default());
        let oldest = rows.iter().min_by_key(|(_, row)| last(row)).map(|(name, _)| name.clone());
        oldest.into_iter().for_each(|name| _ = rows.remove(&name));
    }
    rows.entry(program.to_owned()).or_default()
}

/// Hosts of one site are not unrelated: what its owner can register is one.
fn site(host: &str) -> u64 {
    let is_address = host.parse::<IpAddr>().is_ok();
    let site = if is_address { host } else { psl::domain_str(host).unwrap_or(host) };
    let mut hasher = DefaultHasher::new();
    site.hash(&mut hasher);
    hasher.finish()
}
