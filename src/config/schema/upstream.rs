//! What goes by an exit, and where is it?
//!
//! The exit's address holds a password, so no message quotes it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use percent_encoding::percent_decode_str;

use super::{
    identity, matchers,
    reader::{Entry, Reader},
    tls::read_roots,
    words,
};
use crate::{
    config::{
        Code, Roots, Upstream,
        diagnostic::Faults,
        source::{At as Written, Place},
    },
    exchange::{Origin, Scheme, Sensitive},
    policy::{Via, WayRule, Ways, WhenDown},
};

/// For a connection to the exit, where nothing is written.
const CONNECT: Duration = Duration::from_secs(5);
/// How often the exit is looked at, where nothing is written.
const CHECK: Duration = Duration::from_secs(30);
/// What nobody writes who wants no exit.
const OTHERS: [&str; 2] = ["secret", "route"];
/// Rarer is never.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What `[upstream]` comes to.
#[derive(Default)]
pub struct Read {
    /// The exit, if there is one.
    pub upstream: Option<Upstream>,
    /// The files that its password stands in.
    pub files: Vec<PathBuf>,
}

/// Reads `[upstream]`; relative files are relative to `base`.
pub fn read(root: &Reader<'_>, base: &Path) -> Read {
    let mut files = Vec::new();
    let Some(table) = root.get("upstream").and_then(|entry| entry.table()) else { return Read::default() };
    let faults = table.faults();
    let exit = table.get("exit");
    let at = exit.as_ref().and_then(|entry| read_exit(entry, faults));
    let secret = table.get("secret").and_then(|entry| read_secret(&entry, base, &mut files));
    let roots = table.get("exit_roots").and_then(|entry| entry.words());
    let roots = roots
        .map_or(vec![Roots::System], |roots| roots.iter().filter_map(|text| read_roots(text, base, faults)).collect());
    let duration = |key, default| table.get(key).and_then(|entry| entry.duration(LONGEST)).unwrap_or(default);
    let (connect, check) = (duration("connect", CONNECT), duration("check", CHECK));
    let http1_only =
        table.get("protocol").and_then(|entry| read_protocol(&entry.string()?, faults)).unwrap_or_default();
    let when_down = table.get("when_down").map(|entry| read_when_down(&entry, faults)).unwrap_or_default();
    let rules = table.get("route").map(|entry| entry.tables().into_iter().map(read_route).collect());
    let ways = Ways { rules: rules.unwrap_or_default(), when_down };
    if exit.is_none() && OTHERS.iter().any(|key| table.get(key).is_some()) {
        let help = "write exit = \"https://user@exit.example:8443\", or take the table out";
        table.missing("exit", help);
    }
    let upstream = at.and_then(|at| at.with(secret, roots, faults)).map(|upstream| Upstream {
        http1_only,
        connect,
        check,
        ways,
        ..upstream
    });
    table.finish();
    Read { upstream, files }
}

/// An exit as its address says it.
struct At {
    origin: Origin,
    user: Sensitive<String>,
    secret: Sensitive<String>,
    place: Place,
}

impl At {
    fn with(self, apart: Option<Sensitive<String>>, roots: Vec<Roots>, faults: &Faults) -> Option<Upstream> {
        if apart.is_some() && !self.secret.expose().is_empty() {
            let message = "the password stands in `exit` and in `secret`";
            faults.error(Code::ConflictingKeys, &self.place, message, "keep one of them");
            return None;
        }
        if apart.is_some() && self.user.expose().is_empty() {
            let message = "there is a `secret`, and no user in `exit` that it belongs to";
            faults.error(Code::InvalidExit, &self.place, message, "write exit = \"https://user@exit.example:8443\"");
            return None;
        }
        Some(Upstream {
            host: self.origin.host,
            port: self.origin.port,
            user: self.user,
            secret: apart.unwrap_or(self.secret),
            roots,
            http1_only: false,
            connect: CONNECT,
            check: CHECK,
            ways: Ways::default(),
        })
    }
}

fn read_exit(entry: &Entry<'_>, faults: &Faults) -> Option<At> {
    let written = entry.text()?;
    let place = written.place;
    let text = Sensitive::new(written.value);
    match parse_exit(text.expose().trim()) {
        Ok((origin, user, secret)) => Some(At { origin, user, secret, place }),
        Err(message) => {
            let help = "write \"https://user:password@exit.example:8443\", with %XX for what a URL cannot hold; the \
                        password may stand in `secret` instead";
            faults.error(Code::InvalidExit, &place, message, help);
            None
        }
    }
}

type Exit = (Origin, Sensitive<String>, Sensitive<String>);

fn parse_exit(text: &str) -> Result<Exit, &'static str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("this is no URL: an exit is written as https://user:password@host:port");
    };
    if !scheme.eq_ignore_ascii_case("https") {
        return Err("an exit is spoken to inside TLS only: its URL begins with https://");
    }
    let (userinfo, authority) = rest.rsplit_once('@').unwrap_or(("", rest));
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let origin = Origin::parse(Scheme::Https, authority.as_bytes())
        .map_err(|_| "the host or port of the exit is none; behind them nothing may stand")?;
    let (user, secret) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let decoded = |text: &str| -> Result<Sensitive<String>, &'static str> {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| "user or password are not UTF-8")?;
        let is_sound = !text.chars().any(char::is_control);
        is_sound.then(|| Sensitive::new(text.into_owned())).ok_or("user or password hold control characters")
    };
    let user = decoded(user)?;
    if user.expose().contains(':') {
        return Err("the user's name holds a colon, which Basic authentication cannot carry");
    }
    Ok((origin, user, decoded(secret)?))
}

/// Whether it says that only HTTP/1.1 is to be spoken.
fn read_protocol(written: &Written<String>, faults: &Faults) -> Option<bool> {
    match written.value.as_str() {
        "auto" => Some(false),
        "http/1.1" => Some(true),
        _ => {
            words::unknown(written, "protocol", ["auto", "http/1.1"], faults);
            None
        }
    }
}

/// `secret = "…"`, or `{ env = "…" }`, or `{ file = "…" }`.
/// A secret as it stands there, or where it is to be had.
pub fn read_secret(entry: &Entry<'_>, base: &Path, files: &mut Vec<PathBuf>) -> Option<Sensitive<String>> {
    if !entry.is_table() {
        return Some(Sensitive::new(entry.text()?.value));
    }
    let table = entry.table()?;
    let value = identity::value(&table, base, files);
    table.finish();
    Some(Sensitive::new(value?.value.expose().trim().to_owned()))
}

/// One word for both, or a table.
fn read_when_down(entry: &Entry<'_>, faults: &Faults) -> WhenDown {
    let default = WhenDown::default();
    if !entry.is_table() {
        let both = entry.string().and_then(|written| words::word(&written, faults));
        return both.map_or(default, |both| WhenDown { cleartext: both, tls: both });
    }
    let Some(table) = entry.table() else { return default };
    let word = |key| table.get(key).and_then(|entry| words::word(&entry.string()?, faults));
    let when_down =
        WhenDown { cleartext: word("cleartext").unwrap_or(default.cleartext), tls: word("tls").unwrap_or(default.tls) };
    table.finish();
    when_down
}

fn read_route(table: Reader<'_>) -> WayRule {
    let faults = table.faults();
    let Some(hosts) = table.get("host") else {
        table.missing("host", "say which: host = [\"*.example.org\", \"192.0.2.0/24\", \"private\"]");
        return WayRule::default();
    };
    let hosts = hosts.words().unwrap_or_default();
    let via = table.get("via").map(|entry| entry.string().and_then(|written| words::word::<Via>(&written, faults)));
    if via.is_none() {
        table.missing("via", "say which way: via = \"exit\" or via = \"direct\"");
    }
    let targets = matchers::targets(&hosts, faults);
    if let Some(own) = hosts.iter().find(|text| text.value == "self") {
        faults.error(Code::InvalidPattern, &own.place, "`self` is nobody's destination", "clir never asks itself");
    }
    table.finish();
    WayRule { hosts: targets.hosts, addresses: targets.addresses, via: via.flatten().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, String, String)> {
        let (origin, user, secret) = parse_exit(text).ok()?;
        Some((origin.to_string(), user.expose().clone(), secret.expose().clone()))
    }

    #[test]
    fn an_exit_is_a_url() {
        let is = |text: &str, origin: &str, user: &str, secret: &str| {
            assert_eq!(parsed(text), Some((origin.into(), user.into(), secret.into())), "{text}");
        };
        is("https://u:s@exit.example:8443", "https://exit.example:8443", "u", "s");
        is("HTTPS://exit.example/", "https://exit.example", "", "");
        is("https://u@[2001:db8::1]:1", "https://[2001:db8::1]:1", "u", "");
        is("https://u%40x:p%3A%2F@192.0.2.1", "https://192.0.2.1", "u@x", "p:/");
        is("https://u:p@ss:w@exit.example", "https://exit.example", "u", "p@ss:w");
        for text in [
            "exit.example:8443",
            "http://exit.example",
            "https://",
            "https://exit.example/path",
            "https://u%0A@a",
            "https://a%3Ab:c@exit.example",
            "https://exit.example:0",
            "https://exit.example:99999",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
