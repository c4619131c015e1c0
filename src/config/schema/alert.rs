//! Who is told at once, of what, and how?

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    listener::is_printable,
    reader::{Entry, Reader},
    tls::read_roots,
    upstream::read_secret,
    words,
};
use crate::{
    alert::Kind,
    config::{
        AlertTarget, AlertWay, Code, Roots,
        diagnostic::Faults,
        source::{At, Place},
        suggest::quoted,
    },
    detect::Severity,
    exchange::{Host, Origin, Scheme, Sensitive},
    policy::{AddressClass, AddressSet},
};

/// For one alert, where nothing is written.
const LIMIT: Duration = Duration::from_secs(10);
/// Whoever takes longer holds up what comes after.
const LONGEST: Duration = Duration::from_secs(120);
/// Within an hour, where nothing is written.
const PER_HOUR: u32 = 20;
/// How it is written.
const HELP: &str =
    "write command = [\"/usr/local/bin/notify\", \"--clir\"], or webhook = \"https://hooks.example/clir\"";

/// What `[[alert]]` comes to.
#[derive(Default)]
pub struct Read {
    /// Everybody who is told.
    pub targets: Vec<AlertTarget>,
    /// The files that addresses stand in.
    pub files: Vec<PathBuf>,
}

/// Reads every `[[alert]]`; relative files are relative to `base`.
pub fn read(root: &Reader<'_>, base: &Path) -> Read {
    let mut read = Read::default();
    let Some(entry) = root.get("alert") else { return read };
    let mut names: Vec<String> = Vec::new();
    for table in entry.tables() {
        let place = table.place.clone();
        let faults = table.faults();
        let Some(target) = read_one(table, base, &mut read.files) else { continue };
        if names.contains(&target.name) {
            let message = format!("another alert is called {} as well", quoted(&target.name));
            faults.error(Code::DuplicateName, &place, message, "give each alert a `name` of its own");
        }
        names.push(target.name.clone());
        read.targets.push(target);
    }
    read
}

fn read_one(table: Reader<'_>, base: &Path, files: &mut Vec<PathBuf>) -> Option<AlertTarget> {
    let faults = table.faults();
    let place = table.place.clone();
    let name = table.get("name");
    if name.is_none() {
        table.missing("name", "the log calls it by this: name = \"my phone\"");
    }
    let name = name.and_then(|entry| entry.text()).filter(|name| is_printable(name, faults));
    let kinds = table.get("on").and_then(|entry| entry.words());
    let kinds = kinds.map_or_else(|| Kind::ALL.to_vec(), |kinds| words::words::<Kind>(&kinds, faults));
    let severity = table.get("severity").and_then(|entry| entry.string());
    let severity = severity.and_then(|word| words::word(&word, faults)).unwrap_or(Severity::High);
    let once_per = table.get("once_per").and_then(|entry| entry.string());
    let only_first_ever = once_per.is_some_and(|word| read_once_per(&word, faults));
    let roots = table.get("roots").and_then(|entry| entry.words());
    let roots = roots.map_or_else(
        || vec![Roots::System],
        |roots| roots.iter().filter_map(|text| read_roots(text, base, faults)).collect(),
    );
    let way = match (table.get("command"), table.get("webhook")) {
        (Some(command), None) => read_command(&command, faults),
        (None, Some(webhook)) => read_webhook(&webhook, roots, base, files, faults),
        (None, None) => {
            faults.error(Code::MissingKey, &place, "this `alert` says neither `command` nor `webhook`", HELP);
            None
        }
        (Some(_), Some(_)) => {
            let message = "this `alert` has a `command` and a `webhook`";
            faults.error(Code::ConflictingKeys, &place, message, "write [[alert]] once for each");
            None
        }
    };
    let per_hour = table.get("per_hour").and_then(|entry| entry.number(1..=1000)).unwrap_or(PER_HOUR);
    let limit = table.get("timeout").and_then(|entry| entry.duration(LONGEST)).unwrap_or(LIMIT);
    table.finish();
    Some(AlertTarget { name: name?.value, kinds, severity, only_first_ever, way: way?, per_hour, limit })
}

/// Whether only the first site of all counts.
fn read_once_per(written: &At<String>, faults: &Faults) -> bool {
    if !matches!(written.value.as_str(), "site" | "identifier") {
        words::unknown(written, "measure of what is new", ["site", "identifier"], faults);
    }
    written.value == "identifier"
}

/// Without a shell nobody looks for the program but by its path.
fn read_command(entry: &Entry<'_>, faults: &Faults) -> Option<AlertWay> {
    let written = entry.strings()?;
    let argv: Vec<String> = written.iter().map(|text| text.value.clone()).collect();
    let place = written.first().map_or_else(|| entry.place(), |program| program.place.clone());
    let Some(program) = argv.first().filter(|program| !program.trim().is_empty()) else {
        faults.error(Code::EmptyValue, &place, "`alert.command` names no program", HELP);
        return None;
    };
    if argv.iter().any(|part| part.contains('\0')) {
        faults.error(Code::InvalidText, &place, "a command has no NUL characters", "take them out");
        return None;
    }
    if program.starts_with('/') && !Path::new(program).is_file() {
        let message = format!("there is no program {}", quoted(program));
        faults.warning(Code::MissingFile, &place, message, "no alert will arrive before there is");
    }
    Some(AlertWay::Command(argv))
}

/// The address may hold a secret, so no message quotes it.
fn read_webhook(
    entry: &Entry<'_>,
    roots: Vec<Roots>,
    base: &Path,
    files: &mut Vec<PathBuf>,
    faults: &Faults,
) -> Option<AlertWay> {
    let place = entry.place();
    let url = read_secret(entry, base, files)?;
    let Some((origin, path)) = parse(url.expose().trim()) else {
        let message = "`alert.webhook` is no address that alerts can be posted to";
        let help = "write \"https://hooks.example/path\", or { env = \"…\" } or { file = \"…\" } that hold it; no user, \
                    no fragment";
        faults.error(Code::InvalidUrl, &place, message, help);
        return None;
    };
    is_private_enough(&origin, &place, faults).then_some(AlertWay::Webhook { origin, path, roots })
}

fn parse(url: &str) -> Option<(Origin, Sensitive<String>)> {
    let (scheme, rest) = match url.split_once("://")? {
        (scheme, rest) if scheme.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
        (scheme, rest) if scheme.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
        _ => return None,
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let is_fit = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    is_fit.then_some((Origin::parse(scheme, authority.as_bytes()).ok()?, Sensitive::new(path)))
}

/// Where names lead is looked at when something is posted.
fn is_private_enough(origin: &Origin, place: &Place, faults: &Faults) -> bool {
    let Host::Ip(address) = origin.host else { return true };
    let near = AddressSet::new(vec![AddressClass::Loopback, AddressClass::Private], Vec::new());
    let is_fit = origin.scheme == Scheme::Https || near.contains(address);
    if !is_fit {
        let message = "alerts would go over the internet in cleartext";
        faults.error(Code::InvalidUrl, place, message, "use https://; http:// is for loopback and private addresses");
    }
    is_fit
}
