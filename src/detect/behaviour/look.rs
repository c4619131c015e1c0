//! What does one request add to what is remembered of its client?

use smallvec::SmallVec;

use super::{
    client::{Client, Sent},
    digest::{Digester, Kind},
    evidence::{self, Circumstances, Verdict},
    manner,
    memory::Passage,
    names, shape,
    site::Site,
};
use crate::{
    detect::Subject,
    exchange::{Field, Vantage},
};

/// Fields of one head that are looked at.
const FIELDS: usize = 32;

/// What was shown, with the index of the field.
pub(super) type Shown = SmallVec<[(usize, Verdict); 1]>;

/// One request.
pub(super) struct Look<'a> {
    digester: &'a Digester,
    passage: Passage<'a>,
    subject: &'a Subject<'a>,
    /// The fields whose names are not ordinary.
    unusual: SmallVec<[(usize, &'a Field); 4]>,
    app: u64,
    is_browser: bool,
}

impl<'a> Look<'a> {
    /// Nothing if there is nothing in it to remember: ordinary names in cleartext, unless listeners are compared.
    pub fn at(digester: &'a Digester, passage: Passage<'a>, subject: &'a Subject<'a>, compares: bool) -> Option<Self> {
        let fields = subject.fields.iter().enumerate();
        let unusual: SmallVec<_> = fields.filter(|(_, field)| !names::is_ordinary(&field.name)).take(FIELDS).collect();
        if unusual.is_empty() && subject.cleartext && !compares {
            return None;
        }
        let agent: &[u8] = subject.fields.first("user-agent").map_or(b"", AsRef::as_ref);
        let app = digester.of(Kind::Application, agent);
        Some(Self { digester, passage, subject, unusual, app, is_browser: agent.starts_with(b"Mozilla/") })
    }

    /// What the client's own past shows.
    pub fn alone(&self, client: &mut Client) -> Shown {
        if self.subject.cleartext { self.outside(client) } else { self.inside(client) }
    }

    /// What the past of all clients shows, one listener against another. An address is another one on each network, so
    /// here it is the application that is known again.
    pub fn together(&self, household: &mut Client) -> Shown {
        let time = household.turn(self.passage.now);
        if self.passage.vantage != Some(Vantage::BeyondCarrier) {
            household.contrast.shelter(&self.names(), self.app, time.0);
            return Shown::new();
        }
        let mut shown = Shown::new();
        for &(index, field) in self.unusual.iter().filter(|(_, field)| shape::is_telling(&field.value)) {
            let (name, site) = (self.digester.name(&field.name), self.site(field));
            if let Some(exposure) = household.contrast.expose(name, site, self.app, time) {
                shown.push((index, evidence::listener(exposure, self.circumstances(index))));
            }
        }
        shown
    }

    /// Cleartext: anything may have been added.
    fn outside(&self, client: &mut Client) -> Shown {
        let time = client.turn(self.passage.now);
        let mut shown = Shown::new();
        for &(index, field) in self.unusual.iter().filter(|(_, field)| shape::is_telling(&field.value)) {
            let (sent, circumstances) = (self.sent(field), self.circumstances(index));
            let exposure = client.contrast.expose(sent.name, sent.site.clone(), self.app, time);
            let by_name = exposure.map(|exposure| evidence::cleartext_only(exposure, circumstances));
            let sighting = if shape::is_pseudonym(&field.value) { client.send(sent, time) } else { None };
            let by_value = sighting.map(|sighting| evidence::cross_site(sighting, by_name.is_some(), circumstances));
            shown.extend(by_value.or(by_name).map(|verdict| (index, verdict)));
        }
        shown
    }

    /// Inside TLS: whatever is there, the phone sent it.
    fn inside(&self, client: &mut Client) -> Shown {
        let time = client.turn(self.passage.now);
        client.contrast.shelter(&self.names(), self.app, time.0);
        let mut shown = Shown::new();
        for &(index, field) in self.unusual.iter().filter(|(_, field)| shape::is_pseudonym(&field.value)) {
            if let Some(sighting) = client.send(self.sent(field), time) {
                shown.push((index, evidence::cross_site(sighting, false, self.circumstances(index))));
            }
        }
        shown
    }

    fn names(&self) -> SmallVec<[u64; 4]> {
        self.unusual.iter().map(|(_, field)| self.digester.name(&field.name)).collect()
    }

    fn circumstances(&self, index: usize) -> Circumstances {
        let is_foreign = self.subject.cleartext && manner::is_foreign(self.subject.fields, index);
        Circumstances { vantage: self.passage.vantage, is_foreign }
    }

    fn sent(&self, field: &Field) -> Sent {
        Sent {
            name: self.digester.name(&field.name),
            value: self.digester.of(Kind::Value, field.value.trim_ascii()),
            site: self.site(field),
            app: self.app,
            is_browser: self.is_browser,
            is_inside: !self.subject.cleartext,
        }
    }

    fn site(&self, field: &Field) -> Option<Site> {
        Site::of(self.passage.host, &field.name, self.digester)
    }
}

/// What an answer's field gives out, if it is a value: its own, or a cookie's.
pub(super) fn given(field: &Field) -> Option<&[u8]> {
    if !field.is("set-cookie") {
        return Some(&field.value).map(|value| value.trim_ascii());
    }
    let pair = field.value.split(|&byte| byte == b';').next()?;
    let equals = memchr::memchr(b'=', pair)?;
    pair.get(equals + 1..).map(<[u8]>::trim_ascii)
}
