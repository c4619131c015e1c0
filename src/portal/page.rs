//! What does the portal's page say to this visitor?

use askama::Template;

use super::{Interception, Portal, Standing, Visit, Way};
use crate::exchange::{Scheme, Vantage};

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    is_through: bool,
    is_inside_tls: bool,
    is_proxy: bool,
    is_v6: bool,
    is_opened: bool,
    is_apple: bool,
    is_android: bool,
    interception: Interception,
    trust: Standing,
    pinned: &'a [String],
    coverage: &'static str,
    vantage: Vantage,
    host: String,
    port: u16,
    fingerprint: Vec<String>,
    subject: &'a str,
}

/// The page, for this visitor.
pub(super) fn index(portal: &Portal, visit: &Visit<'_>) -> String {
    let page = Index {
        is_through: visit.way == Way::Through,
        is_inside_tls: visit.scheme == Scheme::Https,
        is_proxy: visit.is_proxy,
        is_v6: visit.client.to_canonical().is_ipv6(),
        is_opened: portal.interception == Interception::Auto && visit.trust == Standing::Trusted,
        is_apple: ["iPhone", "iPad", "Macintosh"].iter().any(|word| visit.agent.contains(word)),
        is_android: visit.agent.contains("Android"),
        interception: portal.interception,
        trust: visit.trust,
        pinned: &visit.pinned,
        coverage: visit.vantage.coverage(),
        vantage: visit.vantage,
        host: visit.proxy.ip().to_canonical().to_string(),
        port: visit.proxy.port(),
        fingerprint: groups(&portal.fingerprint),
        subject: &portal.subject,
    };
    // Writing to a string does not fail.
    page.render().unwrap_or_default()
}

/// Eight bytes to a piece, so that two screens can be compared.
fn groups(fingerprint: &str) -> Vec<String> {
    let bytes: Vec<_> = fingerprint.split(':').collect();
    bytes.chunks(8).map(|bytes| bytes.join(":")).collect()
}

/// Shown by the page from inside TLS: that it appears is the proof. Where it does not, the words in its place stand.
pub(super) fn trusted_picture() -> String {
    r##"<svg xmlns="http://www.w3.org/2000/svg" width="280" height="28" viewBox="0 0 280 28" role="img"><title>This browser trusts clir’s certificate</title><rect width="280" height="28" rx="6" fill="#146c2e"/><text x="12" y="19" font-family="system-ui,sans-serif" font-size="14" fill="#fff">✓ This browser trusts the certificate</text></svg>"##.to_owned()
}
