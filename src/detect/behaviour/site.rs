//! To whom does a host belong, and are two of them strangers?
//!
//! A site is a registrable domain (public suffix list). Two are related when their labels are, `brand.com` and
//! `brand.de`, `brand.com` and `brandcdn.net`, or when they are known to be one company's. Only digests are kept, with
//! which relation can still be told: a short digest of each beginning of the label.

use std::{
    cell::OnceCell,
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

use super::digest::{Digester, Kind};

/// Shorter labels are related only to themselves.
const LEAST: usize = 5;

/// So many beginnings of a label are kept.
const STEMS: usize = 12;

/// The label that documentation uses under many suffixes for many parties (RFC 2606).
const RESERVED: &str = "example";

/// Suffixes of home networks, which nobody registers.
const LOCAL: &[&str] = &["local", "lan", "internal", "localhost", "home", "arpa", "localdomain"];

/// What stands before a party's name in the domains of its servers: `cdn-brand.net`.
const SERVERS: &[&str] = &["api", "app", "apps", "assets", "cdn", "img", "images", "media", "mobile", "static", "www"];

static FAMILIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("families.txt").lines();
    lines.flat_map(|line| line.split(' ').map(move |label| (label, line.split(' ').next().unwrap_or(label)))).collect()
});

/// A site that was visited, as digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Site {
    /// Of the registrable domain.
    pub digest: u64,
    /// How many beginnings are kept; the last is the whole label, or as much as counts.
    len: u8,
    stems: [u16; STEMS],
    /// The domain, where it may be told; never stored.
    #[serde(skip)]
    pub name: Option<Arc<str>>,
}

/// One host, and the site that it belongs to; told once for all fields of a request.
pub(super) struct Sites<'a> {
    host: &'a str,
    digester: &'a Digester,
    /// The registrable domain. Nothing for addresses and the names of a home network.
    domain: OnceCell<Option<&'a str>>,
    /// The site, for fields whose names do not name its party.
    usual: OnceCell<Option<Site>>,
}

impl<'a> Sites<'a> {
    /// Looks at nothing yet.
    pub fn new(host: &'a str, digester: &'a Digester) -> Self {
        Self { host: host.trim_end_matches('.'), digester, domain: OnceCell::new(), usual: OnceCell::new() }
    }

    /// The site, for a field of this name: hosts whose name holds a word of the field's name are taken for the one party
    /// that chose it.
    pub fn of(&self, field: &[u8]) -> Option<Site> {
        let domain = (*self.domain.get_or_init(|| domain(self.host)))?;
        match namesake(self.host, field) {
            Some(party) => Some(Site::named(domain, party, self.digester)),
            None => self.usual.get_or_init(|| self.usual(domain)).clone(),
        }
    }

    fn usual(&self, domain: &str) -> Option<Site> {
        let label = domain.split('.').next()?;
        let family = FAMILIES.get(label).copied();
        Some(Site::named(domain, family.unwrap_or_else(|| own_part(label)), self.digester))
    }
}

fn domain(host: &str) -> Option<&str> {
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    let last = host.rsplit('.').next().unwrap_or(host);
    psl::domain_str(host).filter(|_| !LOCAL.contains(&last))
}

impl Site {
    fn named(domain: &str, label: &str, digester: &Digester) -> Self {
        // A reserved label says nothing; its domains are as far apart as their suffixes.
        let label = if label == RESERVED { domain } else { label };
        let longest = if label == domain { label.len().min(1) } else { label.len() };
        let mut site =
            Self { digest: digester.of(Kind::Host, domain.as_bytes()), len: 0, stems: [0; STEMS], name: None };
        site.name = digester.tells_hosts.then(|| domain.into());
        let ends = if longest < LEAST { label.len()..=label.len() } else { LEAST..=longest };
        for (end, stem) in ends.zip(&mut site.stems) {
            *stem = digester.of(Kind::Host, label.as_bytes().get(..end).unwrap_or_default()) as u16;
            site.len += 1;
        }
        site
    }

    /// Whether both may belong to one party.
    pub fn is_related(&self, other: &Self) -> bool {
        let last = usize::from(self.len.min(other.len)).saturating_sub(1);
        self.digest == other.digest || self.stems.get(last).is_some_and(|stem| other.stems.get(last) == Some(stem))
    }
}

/// Remembers a site unless one that is related, or enough of them, are remembered already; answers whether it did.
pub(super) fn remember(sites: &mut Vec<Site>, site: &Site, most: usize) -> bool {
    let related = sites.iter_mut().find(|known| known.is_related(site));
    if let Some(known) = related {
        // After a restart names are learnt anew.
        if known.digest == site.digest && known.name != site.name {
            known.name.clone_from(&site.name);
        }
        return false;
    }
    let has_room = sites.len() < most;
    if has_room {
        sites.push(site.clone());
    }
    has_room
}

/// The label from the party's own name on.
fn own_part(label: &str) -> &str {
    match label.split_once('-') {
        Some((first, rest)) if SERVERS.contains(&first) && !rest.is_empty() => rest,
        _ => label,
    }
}

/// The word of a field's name that stands in the host's name as well, as it stands there.
fn namesake<'a>(host: &'a str, field: &[u8]) -> Option<&'a str> {
    let words = field.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| word.len() >= LEAST);
    words.filter(|word| !word.eq_ignore_ascii_case(RESERVED.as_bytes())).find_map(|word| {
        let first = word.first()? | 0x20;
        // Nearly everywhere the first letter tells that the word does not stand there.
        let is_there =
            |part: &[u8]| part.first().is_some_and(|one| one | 0x20 == first) && part.eq_ignore_ascii_case(word);
        let at = host.as_bytes().windows(word.len()).position(is_there)?;
        host.get(at..at + word.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::InstallationKey;

    fn site(host: &str) -> Option<Site> {
        Sites::new(host, &Digester::new(&InstallationKey::new([7; 32]))).of(b"X-Tok")
    }

    fn strangers(hosts: &[&str]) -> usize {
        let mut sites = Vec::new();
        let remembered =
            hosts.iter().filter_map(|host| site(host)).filter(|site| remember(&mut sites, site, 8)).count();
        assert_eq!(remembered, sites.len());
        remembered
    }

    #[test]
    fn strangers_are_counted_and_relatives_are_not() {
        assert_eq!(strangers(&["a.shop.example", "b.shop.example", "news.example", "bank.example"]), 3);
        assert_eq!(strangers(&["example.com", "www.example.net", "example.org"]), 3);
        assert_eq!(strangers(&["site1.example", "site2.example", "site3.example"]), 3);
        assert_eq!(strangers(&["a.example", "b.example", "ab.example"]), 3);
        assert_eq!(strangers(&["www.google.de", "firebase.googleapis.com", "s.youtube.com", "x.doubleclick.net"]), 1);
        assert_eq!(strangers(&["amplitude.com", "api.amplitude.eu", "amplitudecdn.test"]), 1);
        assert_eq!(strangers(&["amplitudecdn.test", "amplitude.com"]), 1);
        assert_eq!(strangers(&["myshop.com", "cdn-myshop.net", "myshop-static.org", "api-myshop.test"]), 1);
        assert_eq!(strangers(&["app-one.example", "app-two.example", "cdn-a.test"]), 3);
        assert_eq!(strangers(&["shop.co.uk", "shop.com", "news.co.uk"]), 2);
    }

    #[test]
    fn addresses_and_homes_are_no_sites() {
        for host in ["192.0.2.1", "2001:db8::1", "nas.local", "router.lan", "co.uk", "localhost", ""] {
            assert!(site(host).is_none(), "{host}");
        }
    }

    #[test]
    fn a_party_named_in_the_field_is_one() {
        let digester = Digester::new(&InstallationKey::new([7; 32]));
        let of = |host| Sites::new(host, &digester).of(b"X-Acmetrics-Install").unwrap();
        assert!(of("in.acmetrics.example").is_related(&of("acmetrics-eu.test")));
        assert!(!of("in.acmetrics.example").is_related(&of("shop.example")));
    }
}
