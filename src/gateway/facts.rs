//! What does the kernel say about this machine's network?

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use super::{
    plan::{Facts, Family},
    programs::{self, Trouble},
    settings::{Interface, Settings},
};

/// A route that a router's announcement has made, and one to everywhere (`linux/ipv6_route.h`).
const ANNOUNCED_DEFAULT: u32 = 0x0004_0000 | 0x0001_0000;

/// Looks at this network namespace. What cannot be read is not there.
pub fn facts(settings: &Settings) -> Facts {
    let routes = fs::read_to_string("/proc/self/net/ipv6_route").unwrap_or_default();
    let is_bridge = |lan: &Interface| bridges().iter().any(|name| name == lan.as_str());
    let gives_packets = Path::new("/proc/sys/net/bridge/bridge-nf-call-iptables").exists();
    Facts {
        ipv6: has_ipv6(),
        bridged: gives_packets && settings.lan.iter().any(is_bridge),
        announced: announced(&routes),
    }
}

/// The names of all bridges. `/sys` may show another namespace than ours, so it is asked last.
fn bridges() -> Vec<String> {
    let name = |link: &Value| link["ifname"].as_str().map(str::to_owned);
    match programs::ip_list(Family::V4, &["link", "show", "type", "bridge"]) {
        Ok(links) => links.iter().filter_map(name).collect(),
        Err(_) => {
            links().into_keys().filter(|name| Path::new("/sys/class/net").join(name).join("bridge").exists()).collect()
        }
    }
}

/// Whether the kernel speaks IPv6.
pub fn has_ipv6() -> bool {
    Path::new("/proc/sys/net/ipv6").exists()
}

/// The interfaces with an announced default route.
fn announced(routes: &str) -> Vec<Interface> {
    let route = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(8);
        let flags = u32::from_str_radix(words.next()?, 16).ok()?;
        (flags & ANNOUNCED_DEFAULT == ANNOUNCED_DEFAULT).then(|| words.next()?.parse().ok())?
    };
    let mut found: Vec<Interface> = routes.lines().filter_map(route).collect();
    found.sort();
    found.dedup();
    found
}

/// All interfaces, with the addresses of their cards.
pub fn links() -> BTreeMap<String, String> {
    let table = fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    let names = table.lines().filter_map(|line| Some(line.split_once(':')?.0.trim()));
    names.map(|name| (name.to_owned(), card(name))).collect()
}

/// The LAN's interfaces among these.
///
/// # Errors
/// One of them is not there.
pub fn lan(settings: &Settings, links: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Trouble> {
    let find = |lan: &Interface| match links.get_key_value(lan.as_str()) {
        Some((name, card)) => Ok((name.clone(), card.clone())),
        None => {
            let others = links.keys().cloned().collect::<Vec<_>>().join(", ");
            Err(Trouble::NoInterface { name: lan.to_string(), others })
        }
    };
    settings.lan.iter().map(find).collect()
}

fn card(name: &str) -> String {
    fs::read_to_string(format!("/sys/class/net/{name}/address")).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_announced_default_routes_count() {
        let zero = "0".repeat(32);
        let line =
            |flags: &str, name: &str| format!("{zero} 00 {zero} 00 {zero} 00000400 00000001 00000000 {flags} {name}\n");
        let routes =
            line("00450003", "wan0") + &line("00450003", "wan0") + &line("00200200", "lo") + &line("00000003", "eth1");
        assert_eq!(announced(&routes), ["wan0".parse().unwrap()]);
        assert!(announced("garbage\n\n1 2 3").is_empty());
    }
}
