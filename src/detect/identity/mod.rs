//! Which numbers and addresses are the user's own, and where do they stand?
//!
//! Each is registered once, by the user. When it is, every spelling of it is written out, digested under a random key of
//! this process and forgotten; what stands in a message is read, decoded, digested alike and looked up. So the numbers
//! stand in clear nowhere, and a thousand of them cost no more than one.

mod base32;
mod decode;
mod digits;
mod filter;
mod fit;
mod forms;
mod inlay;
mod mail;
mod packed;
mod search;
mod spellings;
mod token;
mod wide;
mod written;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

pub use fit::Misfit;
use forms::Forms;
use search::{DEPTH, Search};

use super::{
    Subject,
    account::Reason,
    count,
    finding::{Confidence, Finding, Identifier},
    found::Found,
    origin::{self, Writer},
    report::{Place, Text},
    signature::SignatureSet,
};
use crate::exchange::{Field, Sensitive};

/// No name in which a number stands is shorter, and none has fewer digits, encoded or not.
const SHORTEST_NAME: usize = 8;
const FEWEST_DIGITS: usize = 2;

/// The name that stands in findings.
const NAME: &str = "identity";

/// One number or address of the user's own.
#[derive(Clone, Debug)]
pub struct Identity {
    /// What the user calls it.
    pub label: Arc<str>,
    /// What it is: the kinds are those of [`Identity::KINDS`].
    pub identifier: Identifier,
    value: Sensitive<String>,
}

impl Identity {
    /// What can be registered.
    pub const KINDS: &'static [Identifier] =
        &[Identifier::Msisdn, Identifier::Imsi, Identifier::Imei, Identifier::Iccid, Identifier::Account];

    /// Takes a value as people write it: `+44 7700 900123`, `001-01-…`, `me@example.org`.
    ///
    /// # Errors
    /// Why the value is none of this kind; without the value.
    pub fn new(label: Arc<str>, identifier: Identifier, written: &Sensitive<String>) -> Result<Self, Misfit> {
        Ok(Self { label, identifier, value: fit::plain(identifier, written.expose())? })
    }

    /// Whether the check digit is wrong, of a kind where that happens to real ones.
    pub fn is_doubtful(&self) -> bool {
        fit::is_doubtful(self.identifier, self.value.expose())
    }
}

/// All that the user registered, digested.
#[derive(Default)]
pub struct Identities {
    labels: Vec<(Arc<str>, Identifier)>,
    forms: Forms,
}

impl Identities {
    /// Digests every form of these; the values are wiped on the way.
    pub fn new(list: Vec<Identity>) -> Self {
        let mut identities = Self::default();
        for identity in list {
            identities.forms.add(identity.identifier, identity.value.expose());
            identities.labels.push((identity.label, identity.identifier));
        }
        identities.forms.seal();
        identities
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether nothing was registered.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// What the user calls them, and what they are.
    pub fn labels(&self) -> impl Iterator<Item = (&str, Identifier)> {
        self.labels.iter().map(|(label, identifier)| (&**label, *identifier))
    }

    /// Appends every place of the message where one of them stands.
    pub(super) fn detect(&self, subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut Found) {
        if self.is_empty() {
            return;
        }
        // What stands in a name is hardly ever encoded twice: it counts for its length.
        let fields = subject.fields.iter().map(|field| field.name.len() + search::weight(field.value.len()));
        let whole: usize = fields.chain(subject.target.map(|target| search::weight(target.len()))).sum();
        let look = |place: &Place<'_>, text: &[u8], found: &mut Found| {
            let weight = if place.text.is_name() { text.len() } else { search::weight(text.len()) };
            look(&mut Search::new(&self.forms, weight, whole), place, text, found);
        };
        if let Some(target) = subject.target {
            let (writer, text) = (Writer::Phone, Text::Target(target));
            let place = Place { subject, detector: NAME, signature: None, writer, text };
            look(&place, target, found);
        }
        for (index, field) in subject.fields.iter().enumerate() {
            if may_hold(&field.name) {
                look(&Place::name(subject, NAME, index, field), &field.name, found);
            }
            if field.value.len() >= 8 {
                look(&Place::field(subject, NAME, index, field), &field.value, found);
            }
        }
        attribute(subject, knowledge, found);
    }
}

/// Whether one of the user's own may stand in a field's name: hardly any has a digit.
fn may_hold(name: &[u8]) -> bool {
    name.len() >= SHORTEST_NAME && count::digits(name) >= FEWEST_DIGITS
}

/// Labels only: there is nothing else to show.
impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.labels()).finish()
    }
}

fn look(search: &mut Search<'_>, place: &Place<'_>, text: &[u8], found: &mut Found) {
    search.text(text, DEPTH, &mut |span, form| {
        if found.put(place, form.identifier, form.severity, Confidence::Certain, span) {
            found.tell(place.text, b"", || Reason::Own(form.identifier));
        }
    });
}

/// Tells who put it there, where the field's name does.
fn attribute(subject: &Subject<'_>, knowledge: &SignatureSet, found: &mut [Finding]) {
    for finding in found.iter_mut().filter(|finding| finding.detector == NAME) {
        let field = subject.fields.get(finding.location.index).filter(|field| field.name == finding.location.name);
        if let Some(field) = field.filter(|_| !finding.location.name.is_empty()) {
            (finding.origin, finding.origin_reason) = origin::origin(subject, writer(knowledge, field));
        }
    }
}

fn writer(knowledge: &SignatureSet, field: &Field) -> Writer {
    if origin::is_own(&field.name) {
        return Writer::Phone;
    }
    knowledge.lookup(&field.name).map_or(Writer::Anyone, |signature| Writer::Documented(signature.inserted_by))
}
