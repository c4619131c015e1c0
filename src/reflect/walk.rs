//! How is a person led over Wi-Fi and cellular, and what came of it?
//!
//! One tap for each network. The nonce in the address is all that joins the two; which network a visit really came over
//! nobody can know here: its address is told, and what the visitor was asked to see to.

use askama::Template;

use super::{
    Seen, Site,
    answer::Content,
    json,
    memory::Leg,
    page::{self, SCRIPT, STYLE, Told, told},
    site::{Read, Remembered, is_one_network},
    verdict::Verdict,
};
use crate::exchange::Scheme;

#[derive(Template)]
#[template(path = "walk.html")]
struct Walk<'a> {
    style: &'static str,
    script: &'static str,
    verdict: Option<&'a Verdict>,
    is_tls: bool,
    clear: Vec<String>,
    nonce: &'a str,
    visits: Vec<Row>,
    networks: Option<String>,
    has_wifi: bool,
    has_cellular: bool,
    compared: Vec<Told>,
    twin: Option<String>,
}

/// A visit, as it stands on the page.
struct Row {
    name: &'static str,
    address: String,
    time: String,
}

/// The page, as far as this visitor has come.
pub(super) fn page(site: &Site, seen: &Seen) -> Content {
    let read = site.read(seen, false);
    let by = |leg: Leg| read.visits.iter().find(|it| it.visit.leg == leg);
    let (wifi, cellular) = (by(Leg::Wifi), by(Leg::Cellular));
    let twin = page::twin(site, seen, &read);
    let walk = Walk {
        style: STYLE,
        script: SCRIPT,
        verdict: walked(&read).map(|compared| &compared.verdict),
        is_tls: seen.connection.scheme() == Scheme::Https,
        clear: page::clear(site, seen, &read),
        nonce: &read.nonce,
        visits: [("On Wi-Fi", wifi), ("On cellular", cellular)].into_iter().filter_map(row).collect(),
        networks: wifi.zip(cellular).map(|(wifi, cellular)| networks(wifi, cellular)),
        has_wifi: wifi.is_some(),
        has_cellular: cellular.is_some(),
        compared: walked(&read).into_iter().map(told).collect(),
        twin: twin.clone(),
    };
    // Writing to a string does not fail.
    page::html(walk.render().unwrap_or_default(), twin.as_deref())
}

/// The comparison of both networks, once there are both.
fn walked(read: &Read) -> Option<&super::site::Compared> {
    read.compared.iter().find(|compared| compared.other.visit.leg == Leg::Wifi)
}

fn row((name, visit): (&'static str, Option<&Remembered>)) -> Option<Row> {
    let visit = &visit?.visit;
    Some(Row { name, address: visit.client.to_string(), time: json::time(visit.time) })
}

/// What the two addresses tell of the networks, and no more.
fn networks(wifi: &Remembered, cellular: &Remembered) -> String {
    let text = if wifi.visit.client.is_ipv4() != cellular.visit.client.is_ipv4() {
        "One visit came over IPv4 and the other over IPv6: whether these are two networks cannot be told by the addresses."
    } else if is_one_network(wifi, cellular) {
        "Both visits came from the same address: most likely over one network, or through one VPN or proxy."
    } else {
        "The two visits came from different addresses, as two networks would have it."
    };
    text.to_owned()
}
