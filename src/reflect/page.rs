//! What does the page say to a visitor?
//!
//! Everything stands in the page itself; nothing but the twin inside HTTPS is fetched, and no script is needed. The page's
//! policy names its own style and script by their digests, so that nothing else can act, wherever it came from.

use std::sync::LazyLock;

use askama::Template;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Seen, Site,
    answer::Content,
    hello, json, marked,
    marked::Line,
    seen::{Body, digest},
    site::{Compared, Read},
    verdict::{Kind, Verdict},
};
use crate::{
    detect::{Finding, Part},
    exchange::{Fields, Scheme},
};

pub(super) const STYLE: &str = include_str!("templates/reflect.css");
pub(super) const SCRIPT: &str = include_str!("templates/reflect.js");
const HTML: &str = "text/html; charset=utf-8";
/// So many differences stand on a page.
const MOST: usize = 64;

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let named = |text: &str| format!("'sha256-{}'", STANDARD.encode(digest(text.as_bytes())));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        named(STYLE),
        named(SCRIPT)
    )
});

#[derive(Template)]
#[template(path = "reflection.html")]
struct Reflection<'a> {
    style: &'static str,
    script: &'static str,
    verdict: &'a Verdict,
    is_unsound: bool,
    twin: Option<String>,
    has_tls: bool,
    nonce: &'a str,
    compared: Vec<Told>,
    clear: Vec<String>,
    walk: Option<String>,
    line: String,
    target_notes: Vec<String>,
    lines: Vec<Line>,
    more: usize,
    body: Body,
    source: String,
    family: &'static str,
    port: u16,
    number: u64,
    time: String,
    tls: Option<hello::Shown>,
    has_unknown: bool,
    hello_notes: Vec<String>,
}

/// A comparison, as it stands on a page.
pub(super) struct Told {
    /// Which two.
    pub title: String,
    /// What is said of it.
    pub sentence: String,
    /// Name and value.
    pub added: Vec<(String, String)>,
    /// Name and value.
    pub removed: Vec<(String, String)>,
    /// Name and both values.
    pub changed: Vec<(String, String)>,
    /// Whether the order differs.
    pub is_reordered: bool,
    /// Whether nothing differs but what the browser makes differ.
    pub is_same: bool,
    /// Names.
    pub by_browser: String,
}

/// The page that shows the request.
pub(super) fn reflection(site: &Site, seen: &Seen, read: &Read) -> Content {
    let connection = &seen.connection;
    let twin = twin(site, seen, read);
    let clear: Vec<_> = clear(site, seen, read);
    let tls = connection.tls.as_ref().map(hello::shown);
    let in_part = |part| move |finding: &&Finding| finding.location.part == part;
    let notes = |part| read.findings.iter().filter(in_part(part)).map(marked::note).collect();
    let page = Reflection {
        style: STYLE,
        script: SCRIPT,
        verdict: verdict(read),
        is_unsound: seen.fault.is_some(),
        has_tls: site.listens(Scheme::Https),
        nonce: &read.nonce,
        compared: read.compared.iter().map(told).collect(),
        walk: clear.first().map(|origin| format!("{origin}/test")),
        line: marked::text(&read.head.line),
        target_notes: notes(Part::Target),
        lines: marked::lines(&read.head.fields, &read.findings),
        more: read.head.fields.len().saturating_sub(marked::LINES),
        body: seen.body,
        source: connection.client.to_string(),
        family: if connection.client.is_ipv4() { "IPv4" } else { "IPv6" },
        port: connection.local.port(),
        number: seen.number,
        time: json::time(seen.time),
        has_unknown: tls.as_ref().is_some_and(|tls| tls.extensions.iter().any(|it| !it.known)),
        hello_notes: notes(Part::Hello),
        tls,
        clear,
        twin: twin.clone(),
    };
    // Writing to a string does not fail.
    html(page.render().unwrap_or_default(), twin.as_deref())
}

/// A page under its policy, which lets it reach its twin and nobody else.
pub(super) fn html(text: String, twin: Option<&str>) -> Content {
    // The policy's grammar has no addresses in brackets.
    let twin = if twin.is_some_and(|twin| twin.contains('[')) { "https:" } else { twin.unwrap_or_default() };
    let policy = format!("{}; img-src data: {twin}; connect-src 'self' {twin}", *POLICY);
    Content::new(HTML, text.into_bytes()).with("Content-Security-Policy", policy.trim_end())
}

/// Where this page is inside TLS, with a slash behind it.
pub(super) fn twin(site: &Site, seen: &Seen, read: &Read) -> Option<String> {
    let is_clear = seen.connection.scheme() == Scheme::Http;
    let place = site.places(seen, &read.head, Scheme::Https).into_iter().next().filter(|_| is_clear)?;
    Some(format!("{place}/"))
}

/// Where this page is in cleartext, for somebody who came inside TLS.
pub(super) fn clear(site: &Site, seen: &Seen, read: &Read) -> Vec<String> {
    let is_clear = seen.connection.scheme() == Scheme::Http;
    let places = if is_clear { Vec::new() } else { site.places(seen, &read.head, Scheme::Http) };
    places.iter().map(ToString::to_string).collect()
}

/// What stands first: what two requests show is more than what one does, but for what stands in this one's hello.
fn verdict(read: &Read) -> &Verdict {
    let is_hello = |finding: &Finding| finding.location.part == Part::Hello;
    let by_itself = read.verdict.kind == Kind::Identified && read.findings.iter().any(is_hello);
    read.compared.first().filter(|_| !by_itself).map_or(&read.verdict, |compared| &compared.verdict)
}

/// A comparison in words.
pub(super) fn told(compared: &Compared) -> Told {
    let Compared { doubted, other, differences, verdict } = compared;
    let pair = |fields: &Fields, index: usize| {
        fields.get(index).map(|field| (marked::text(&field.name), marked::text(&field.value))).unwrap_or_default()
    };
    let changed = differences.changed.iter().take(MOST).map(|at| {
        let ((name, value), (_, there)) = (pair(&doubted.fields, at.doubted), pair(&other.fields, at.other));
        (name, format!("{value} (first), {there} (second)"))
    });
    Told {
        title: format!("{} beside {}", named(doubted.visit.leg.as_str()), named(other.visit.leg.as_str())),
        sentence: verdict.sentence.clone(),
        added: differences.added.iter().take(MOST).map(|index| pair(&doubted.fields, *index)).collect(),
        removed: differences.removed.iter().take(MOST).map(|index| pair(&other.fields, *index)).collect(),
        changed: changed.collect(),
        is_reordered: differences.is_reordered,
        is_same: differences.is_empty(),
        by_browser: differences.by_browser.join(", "),
    }
}

/// A leg as people call it.
pub(super) fn named(leg: &str) -> &str {
    match leg {
        "cleartext" => "Without HTTPS",
        "tls" => "HTTPS",
        "wifi" => "Wi-Fi",
        "cellular" => "Cellular",
        other => other,
    }
}

#[derive(Template)]
#[template(path = "twin.svg")]
struct Picture<'a> {
    sentence: &'a str,
    colour: &'static str,
    lines: Vec<(usize, String)>,
}

/// The comparison as a picture, for pages whose scripts do not run.
pub(super) fn picture(read: &Read) -> Content {
    let nothing = "There is nothing to compare any more: load the page again";
    let (sentence, kind) = match read.compared.first() {
        Some(compared) => (compared.verdict.sentence.as_str(), compared.verdict.kind),
        None => (nothing, Kind::Unusual),
    };
    let colour = match kind.class() {
        "good" => "#146c2e",
        "bad" => "#b3261e",
        _ => "#7a4b00",
    };
    let lines = broken(&format!("{} {sentence}", kind.sign()));
    let lines = lines.into_iter().enumerate().map(|(at, line)| (26 + 20 * at, line)).take(4).collect();
    let svg = Picture { sentence, colour, lines }.render().unwrap_or_default();
    Content::new("image/svg+xml", svg.into_bytes()).with("Content-Security-Policy", "default-src 'none'")
}

/// Into lines that fit the picture.
fn broken(text: &str) -> Vec<String> {
    const COLUMNS: usize = 38;
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
