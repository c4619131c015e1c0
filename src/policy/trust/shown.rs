//! What is there to tell of a client, and of what passes for it?

use super::{Acquaintance, Look, Reason, Who, acquaintance::Trust, program::Program, row::Row};

/// How a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It trusts the authority; its tunnels are opened.
    Trusted,
    /// It has never shown that it does.
    NotShown,
    /// It has, and nothing has confirmed it for too long.
    Expired,
    /// It has, and rejected everything later.
    Withdrawn,
    /// It trusts an authority that is not in force.
    OtherAuthority,
}

impl State {
    /// The word in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::NotShown => "not-trusted",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::OtherAuthority => "other-authority",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Trusted => "trusts the certificate authority; what is inside its TLS is judged",
            Self::NotShown => "has not shown that it trusts the certificate authority",
            Self::Expired => "has not confirmed for long that it trusts the certificate authority",
            Self::Withdrawn => "trusted the certificate authority, and rejected it at several sites in a row",
            Self::OtherAuthority => "trusts a certificate authority that has been replaced",
        }
    }
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub who: Who,
    /// How it stands.
    pub state: State,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// When it was last heard of.
    pub last: i64,
    /// Until when it is trusted if nothing confirms it.
    pub expires: Option<i64>,
    /// Tunnels that passed because it is not trusted.
    pub passed: u64,
}

/// Something that passes unread for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// For whom.
    pub who: Who,
    /// Which host; nothing for all of them.
    pub host: Option<String>,
    /// Which program, by its JA4; nothing for all of them.
    pub program: Option<String>,
    /// Why.
    pub reason: Reason,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// When something last passed for this reason; nothing if nothing did.
    pub last: Option<i64>,
    /// How often.
    pub count: u64,
    /// Until when.
    pub expires: Option<i64>,
}

impl Acquaintance {
    /// How it stands.
    pub fn standing(&self, who: &Who, look: &Look) -> Standing {
        let until = |trust: &Trust| Some(trust.confirmed.saturating_add(millis(look.times.trusted)));
        let (state, since, expires) = match &self.trust {
            Some(trust) if self.trusts(look) => (State::Trusted, trust.since, until(trust)),
            Some(trust) if trust.authority != look.authority => (State::OtherAuthority, trust.confirmed, None),
            Some(trust) => (State::Expired, until(trust).unwrap_or(trust.confirmed), None),
            None => match self.withdrawn {
                Some(at) => (State::Withdrawn, at, None),
                None => (State::NotShown, self.first, None),
            },
        };
        Standing { who: who.clone(), state, since, last: self.last, expires, passed: self.passed }
    }

    /// What passes for it, and why.
    pub fn passing(&self, who: &Who, look: &Look) -> Vec<Passed> {
        let standing = self.standing(who, look);
        let mut passing = Vec::new();
        if standing.state != State::Trusted {
            let last = (standing.passed > 0).then_some(standing.last);
            let (since, count) = (standing.since, standing.passed);
            let (host, program, expires) = (None, None, None);
            passing.push(Passed {
                who: who.clone(),
                host,
                program,
                reason: Reason::NotTrusted,
                since,
                last,
                count,
                expires,
            });
        }
        for (name, record) in &self.hosts {
            let all = pinned(who, name, None, &record.all, look);
            let each = record.programs.iter().filter_map(|(program, row)| pinned(who, name, Some(program), row, look));
            // Where all pass, each does.
            if let Some(all) = all { passing.push(all) } else { passing.extend(each) }
        }
        passing.extend(self.programs.iter().filter_map(|program| distrusting(who, program, look)));
        passing
    }
}

fn pinned(who: &Who, host: &str, program: Option<&String>, row: &Row, look: &Look) -> Option<Passed> {
    let since = row.pinned.filter(|_| row.is_pinned(look))?;
    Some(Passed {
        who: who.clone(),
        host: Some(host.to_owned()),
        program: program.cloned(),
        reason: Reason::Pinned,
        since,
        last: (row.passed > 0).then_some(row.last_passed),
        count: row.passed.into(),
        expires: Some(since.saturating_add(millis(look.times.pinned))),
    })
}

fn distrusting(who: &Who, program: &Program, look: &Look) -> Option<Passed> {
    let since = program.distrusts.filter(|_| program.distrusts(look))?;
    Some(Passed {
        who: who.clone(),
        host: None,
        program: Some(program.name.clone()),
        reason: Reason::Program,
        since,
        last: (program.passed > 0).then_some(program.last),
        count: program.passed.into(),
        expires: Some(since.saturating_add(millis(look.times.pinned))),
    })
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
