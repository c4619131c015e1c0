//! What is put into the index of one event?

use jiff::Timestamp;
use ulid::Ulid;

use crate::{
    detect::Severity,
    event::{EventLine, Fate, FindingLine},
};

/// So much of a name is indexed; longer ones would fill the index.
const LONGEST: usize = 256;

/// So many findings of one event are counted.
const FINDINGS: usize = 256;

/// Keys of one block have all but so many bits in common.
const BLOCK: u32 = 16 + 13;

/// What kind of thing a term is. The numbers stand in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the filters' own names")]
pub enum Kind {
    Host = 1,
    Client = 2,
    Verdict = 3,
    Found = 4,
    Severity = 5,
    Identifier = 6,
    Action = 7,
    Rule = 8,
    Header = 9,
}

impl Kind {
    /// The number in the database.
    pub fn number(self) -> i64 {
        self as i64
    }
}

/// An event, as far as the index is concerned.
#[derive(Debug)]
pub struct Entry {
    /// Its key, if nobody else has it.
    pub key: i64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// The host that it was for.
    pub host: String,
    /// Address, and name if there is one.
    pub client: String,
    /// Everything else that can be asked for.
    pub tags: Vec<(Kind, String)>,
    /// What was found.
    pub sighted: Vec<Sighted>,
    /// Whether anything found went on to the site.
    pub leaked: bool,
    /// Whether it is a tunnel.
    pub is_tunnel: bool,
}

/// One finding.
#[derive(Debug)]
pub struct Sighted {
    /// What it is.
    pub identifier: String,
    /// The field's name, in lower case, or where else it stood.
    pub header: String,
    /// How bad, from 1 to 4.
    pub severity: i64,
    /// What became of it.
    pub fate: Fate,
}

impl Entry {
    /// Nothing of a line that is no event of ours.
    pub fn of(event: &EventLine) -> Option<Self> {
        let id = Ulid::from_string(&event.id).ok()?;
        let time = event.ts.parse::<Timestamp>().ok()?.as_millisecond();
        let sighted: Vec<_> = event.findings.iter().map(|finding| sighted(event, finding)).collect();
        let leaked = sighted.iter().any(|sighted| sighted.fate == Fate::Reached);
        Some(Self {
            key: key(id),
            time,
            host: short(&event.host).to_owned(),
            client: client(event),
            tags: tags(event, &sighted),
            sighted: sighted.into_iter().take(FINDINGS).collect(),
            leaked,
            is_tunnel: event.verdict == "tunnelled",
        })
    }
}

/// The upper half of an id: time and 16 random bits. Positive until the year 6429.
pub fn key(id: Ulid) -> i64 {
    i64::try_from(id.0 >> 64).unwrap_or(i64::MAX)
}

/// Where the list of exchanges stands at this one; nothing if the id is none.
pub fn cursor(id: &str) -> Option<i64> {
    Ulid::from_string(id).ok().map(key)
}

/// The lowest key of a time in milliseconds.
pub fn key_at(time: i64) -> i64 {
    time.clamp(0, i64::MAX >> 16) << 16
}

/// The block of time, some eight seconds, in which a key lies.
pub fn block_of(key: i64) -> i64 {
    key >> BLOCK
}

/// The lowest key of a block.
pub fn block_start(block: i64) -> i64 {
    block << BLOCK
}

/// The time of a key, in milliseconds.
pub fn time_of(key: i64) -> i64 {
    key >> 16
}

/// `192.0.2.7`, or `192.0.2.7 kitchen tablet`.
fn client(event: &EventLine) -> String {
    let address = event.client.parse::<std::net::SocketAddr>();
    let address = address.map_or_else(|_| event.client.clone(), |address| address.ip().to_canonical().to_string());
    match &event.client_name {
        Some(name) => short(&format!("{address} {name}")).to_owned(),
        None => short(&address).to_owned(),
    }
}

/// Each once, sorted, so that events of a kind have equal ones.
fn tags(event: &EventLine, sighted: &[Sighted]) -> Vec<(Kind, String)> {
    let mut tags = vec![(Kind::Verdict, event.verdict.clone())];
    // An event that was written by a later version may have words that this one cannot rank.
    if let Some(severity) = sighted.iter().filter_map(|sighted| severity(sighted.severity)).max() {
        tags.extend([(Kind::Found, "yes".to_owned()), (Kind::Severity, severity.as_str().to_owned())]);
    }
    tags.extend(sighted.iter().map(|sighted| (Kind::Identifier, sighted.identifier.clone())));
    tags.extend(event.actions.iter().map(|action| (Kind::Action, short(&action.action).to_owned())));
    tags.extend(event.actions.iter().map(|action| (Kind::Rule, short(&action.rule).to_owned())));
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The severity of this number.
pub fn severity(number: i64) -> Option<Severity> {
    Severity::ALL.get(usize::try_from(number - 1).ok()?).copied()
}

fn sighted(event: &EventLine, finding: &FindingLine) -> Sighted {
    let header = match finding.location.part.as_str() {
        "target" => ":path".to_owned(),
        "hello" => ":hello".to_owned(),
        _ => short(&finding.location.name.to_lowercase()).to_owned(),
    };
    let severity = finding.severity.parse::<Severity>().map_or(0, |severity| severity as i64 + 1);
    Sighted { identifier: short(&finding.identifier).to_owned(), header, severity, fate: event.fate(finding) }
}

/// As much of a name as is indexed.
pub fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default()
}

/// Whether this may be the beginning of a longer name.
pub fn may_be_cut(term: &str) -> bool {
    // The end of a character that did not fit was cut as well.
    term.len() > LONGEST - char::MAX_LEN_UTF8
}
