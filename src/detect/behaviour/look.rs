//! What does one request add to what is remembered of its client?
//!
//! All that takes time is done before the memory is locked: digests, sites, shapes.

use std::{cell::OnceCell, sync::LazyLock};

use memchr::memmem::Finder;
use smallvec::SmallVec;

use super::{
    client::Client,
    digest::{Digester, Kind},
    evidence::{self, Verdict},
    manner::{Hand, Manner},
    memory::Passage,
    names,
    shape::Shape,
    site::{Site, Sites},
};
use crate::{
    detect::Subject,
    exchange::{Field, Fields, Vantage},
};

/// Fields of one head that are looked at: the last ones, since whoever adds to a head appends.
const FIELDS: usize = 64;

/// What an application that shows a page in itself adds to the browser's name.
static VIEW: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"; wv)"));

/// What was shown, with the index of the field.
pub(super) type Shown = SmallVec<[(usize, Verdict); 1]>;

/// One request.
pub(super) struct Look {
    vantage: Option<Vantage>,
    now: i64,
    cleartext: bool,
    /// The fields whose names are not ordinary.
    noted: SmallVec<[Noted; 1]>,
    sender: Sender,
}

/// One field of a request.
#[derive(Clone, Debug)]
pub(super) struct Noted {
    /// Index of the field.
    index: usize,
    /// Digest of its name.
    pub name: u64,
    /// Digest of its value, unless that is plain.
    pub value: u64,
    shape: Shape,
    /// Whether one value to unrelated sites is not enough.
    pub needs_witness: bool,
    pub manner: Manner,
    /// Where it goes, as seen by a field of this name.
    pub site: Option<Site>,
}

/// Who sent a request, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    /// Digest of what the application calls itself.
    pub app: u64,
    /// A browser; not one that an application shows a page in, and adds what it likes.
    pub is_browser: bool,
    /// A browser was told to visit a page.
    is_visit: bool,
    pub is_inside: bool,
}

impl Look {
    /// Nothing if there is nothing in it to remember: ordinary names in cleartext, unless listeners are compared.
    pub fn at(digester: &Digester, passage: Passage<'_>, subject: &Subject<'_>, compares: bool) -> Option<Self> {
        let Subject { fields, cleartext, .. } = *subject;
        let unusual = fields.iter().enumerate().filter(|(_, field)| !names::is_ordinary(&field.name));
        let unusual: SmallVec<[(usize, &Field); 16]> = unusual.collect();
        if unusual.is_empty() && cleartext && !compares {
            return None;
        }
        let sites = Sites::new(passage.host, digester);
        // How the rest is written counts only beside what could be a pseudonym.
        let hand = OnceCell::new();
        let manner = |index: usize, name: &[u8]| {
            let hand = hand.get_or_init(|| if cleartext { Hand::of(fields) } else { None });
            hand.as_ref().map_or_else(Manner::default, |hand| hand.manner(index, name))
        };
        let noted = |(index, field): (usize, &Field)| Noted::new(digester, &sites, index, field, &manner);
        let last = unusual.iter().skip(unusual.len().saturating_sub(FIELDS)).copied();
        let noted = last.filter(|(_, field)| !field.value.is_empty() || !cleartext).map(noted).collect();
        let sender = Sender::of(digester, fields, cleartext);
        Some(Self { vantage: passage.vantage, now: passage.now, cleartext, noted, sender })
    }

    /// What the client's own past shows.
    pub fn alone(&self, client: &mut Client) -> Shown {
        if self.cleartext { self.outside(client) } else { self.inside(client) }
    }

    /// What the past of all clients shows, one listener against another. An address is another one on each network, so
    /// here it is the application that is known again.
    pub fn together(&self, household: &mut Client) -> Shown {
        let time = household.turn(self.now);
        if !self.cleartext {
            household.is_changed |= household.contrast.own(self.names());
            return Shown::new();
        }
        if self.vantage != Some(Vantage::BeyondCarrier) {
            household.is_changed |= household.contrast.shelter(self.names(), self.sender.app, time.0);
            return Shown::new();
        }
        let mut shown = Shown::new();
        for noted in &self.noted {
            let (seen, is_new) = household.contrast.expose(noted, &self.sender, time);
            let seen = seen.filter(|seen| seen.is_missing_elsewhere);
            shown.extend(seen.map(|seen| (noted.index, evidence::listener(seen, noted.shape, self.vantage))));
            household.is_changed |= is_new;
        }
        shown
    }

    /// Cleartext: anything may have been added.
    fn outside(&self, client: &mut Client) -> Shown {
        let time = client.turn(self.now);
        let mut shown = Shown::new();
        for noted in &self.noted {
            let (seen, is_new) = client.contrast.expose(noted, &self.sender, time);
            let by_name = seen.and_then(|seen| evidence::by_name(seen, noted.shape, self.vantage));
            client.is_changed |= is_new;
            let by_name = by_name.filter(|_| !noted.is_opaque() || !client.is_given(noted.value));
            let sighting = if noted.is_opaque() { client.send(noted, &self.sender, time) } else { None };
            let by_value = sighting.map(|seen| evidence::cross_site(seen, by_name.as_ref(), self.vantage));
            shown.extend(by_value.or(by_name).map(|verdict| (noted.index, verdict)));
        }
        shown
    }

    /// Inside TLS: whatever is there, the phone sent it.
    fn inside(&self, client: &mut Client) -> Shown {
        let time = client.turn(self.now);
        client.is_changed |= client.contrast.shelter(self.names(), self.sender.app, time.0);
        let mut shown = Shown::new();
        for noted in self.noted.iter().filter(|noted| noted.is_opaque()) {
            if let Some(seen) = client.send(noted, &self.sender, time) {
                shown.push((noted.index, evidence::cross_site(seen, None, self.vantage)));
            }
        }
        shown
    }

    fn names(&self) -> impl Iterator<Item = u64> {
        self.noted.iter().map(|noted| noted.name)
    }
}

impl Noted {
    fn new(
        digester: &Digester,
        sites: &Sites<'_>,
        index: usize,
        field: &Field,
        manner: &impl Fn(usize, &[u8]) -> Manner,
    ) -> Self {
        let value = field.value.trim_ascii();
        let shape = Shape::of(value);
        let is_plain = shape == Shape::Plain;
        Self {
            index,
            name: digester.name(&field.name),
            value: if is_plain { 0 } else { digester.of(Kind::Value, value) },
            shape,
            needs_witness: shape == Shape::Number || !is_plain && names::is_common(&field.name),
            manner: if is_plain { Manner::default() } else { manner(index, &field.name) },
            site: sites.of(&field.name),
        }
    }

    fn is_opaque(&self) -> bool {
        self.shape != Shape::Plain
    }
}

impl Sender {
    fn of(digester: &Digester, fields: &Fields, cleartext: bool) -> Self {
        let agent: &[u8] = fields.first("user-agent").map_or(b"", AsRef::as_ref);
        let is_browser = agent.starts_with(b"Mozilla/") && VIEW.find(agent).is_none();
        // Scripts fetch with another Accept.
        let is_page = || fields.first("accept").is_some_and(|accept| accept.starts_with(b"text/html"));
        let is_visit = is_browser && is_page();
        Self { app: digester.of(Kind::Application, agent), is_browser, is_visit, is_inside: !cleartext }
    }

    /// Whether this field stands where no application could have put it. To the visit of a page nobody but the browser
    /// adds fields; those that a page's script adds stand before the browser's last.
    pub fn is_beyond_apps(&self, noted: &Noted) -> bool {
        self.is_visit || self.is_browser && noted.manner.is_appended
    }
}

/// What an answer's field gives out, if it is a value: its own, or a cookie's. What standards define stays what it is:
/// an entity tag comes back as an entity tag.
pub(super) fn given(field: &Field) -> Option<&[u8]> {
    if !field.is("set-cookie") {
        return Some(&field.value).filter(|_| !names::is_well_known(&field.name)).map(|value| value.trim_ascii());
    }
    let pair = field.value.split(|&byte| byte == b';').next()?;
    let equals = memchr::memchr(b'=', pair)?;
    pair.get(equals + 1..).map(<[u8]>::trim_ascii)
}
