//! Which ways lead around clir?

use serde_json::Value;

use super::{
    facts::has_ipv6,
    inspect::Observation,
    plan::Family,
    programs::{self, Trouble},
    settings::{Quic, Settings},
};

/// The ways that are open by configuration, and those that are open by mistake.
///
/// # Errors
/// The machine cannot be asked.
pub fn ways(settings: &Settings) -> Result<Vec<Observation>, Trouble> {
    let mut ways = configured(settings);
    let uplinks = uplinks()?;
    ways.extend(other_interfaces(settings, &uplinks));
    ways.extend(one_armed(settings, &uplinks));
    ways.extend(other_routers(settings)?);
    if !ways.iter().any(|way| way.standing == super::Standing::Fault) {
        ways.push(Observation::good("no other way around clir was found for the devices behind it"));
    }
    Ok(ways)
}

fn configured(settings: &Settings) -> Vec<Observation> {
    let mut notes = Vec::new();
    if settings.quic == Quic::Pass {
        notes.push(Observation::note("HTTP/3 (UDP 443) passes by clir: gateway.quic = \"pass\""));
    }
    if !settings.exempt_clients.is_empty() {
        let list: Vec<_> = settings.exempt_clients.iter().map(ToString::to_string).collect();
        notes.push(Observation::note(format!("these devices pass by clir: {}", list.join(", "))));
    }
    if !settings.exempt_targets.is_empty() {
        let list: Vec<_> = settings.exempt_targets.iter().map(ToString::to_string).collect();
        notes.push(Observation::note(format!("connections to these pass by clir: {}", list.join(", "))));
    }
    notes
}

/// The interfaces with a default route.
fn uplinks() -> Result<Vec<(Family, String)>, Trouble> {
    let mut uplinks = Vec::new();
    for family in Family::ALL.into_iter().filter(|family| *family == Family::V4 || has_ipv6()) {
        for route in programs::ip_list(family, &["route", "show", "default"])? {
            uplinks.extend(devices(&route).map(|name| (family, name)));
        }
    }
    Ok(uplinks)
}

/// A route has one interface, or several next hops with one each.
fn devices(route: &Value) -> impl Iterator<Item = String> {
    let hops = route["nexthops"].as_array().map(Vec::as_slice).unwrap_or_default();
    [route].into_iter().chain(hops).filter_map(|hop| Some(hop["dev"].as_str()?.to_owned()))
}

/// Devices behind an interface that is neither the LAN's nor leads out are not looked at.
fn other_interfaces(settings: &Settings, uplinks: &[(Family, String)]) -> Vec<Observation> {
    let is_known = |name: &str| {
        name == "lo" || settings.lan.iter().any(|lan| lan.as_str() == name) || uplinks.iter().any(|(_, up)| up == name)
    };
    let others = addressed().into_iter().filter(|name| !is_known(name));
    let note = |name: String| {
        Observation::note(format!(
            "devices behind {name} are not led to clir; if there are any, name it in gateway.lan"
        ))
    };
    others.map(note).collect()
}

/// The interfaces that have an address, and so may have somebody behind them.
fn addressed() -> Vec<String> {
    let Ok(list) = programs::ip_list(Family::V4, &["address", "show", "up"]) else { return Vec::new() };
    let has_address = |link: &&Value| link["addr_info"].as_array().is_some_and(|list| !list.is_empty());
    list.iter().filter(has_address).filter_map(|link| Some(link["ifname"].as_str()?.to_owned())).collect()
}

/// Where the way out is the LAN itself, devices can see the other router.
fn one_armed(settings: &Settings, uplinks: &[(Family, String)]) -> Vec<Observation> {
    let is_lan = |name: &str| settings.lan.iter().any(|lan| lan.as_str() == name);
    let both = uplinks.iter().filter(|(_, name)| is_lan(name));
    let note = |(family, name): &(Family, String)| {
        Observation::note(format!(
            "{family}: the way out is {name}, where the devices are too: they pass by clir if they use the other router \
             themselves"
        ))
    };
    both.map(note).collect()
}

/// A router in the LAN that announces itself draws IPv6 away from here.
fn other_routers(settings: &Settings) -> Result<Vec<Observation>, Trouble> {
    let mut faults = Vec::new();
    if !has_ipv6() {
        return Ok(faults);
    }
    for lan in &settings.lan {
        let neighbours = programs::ip_list(Family::V6, &["neighbour", "show", "dev", lan.as_str()])?;
        let is_router = |it: &&Value| it.get("router").is_some() && it["state"] != serde_json::json!(["FAILED"]);
        let routers = neighbours.iter().filter(is_router).filter_map(|it| it["dst"].as_str());
        faults.extend(routers.map(|address| {
            Observation::fault(format!(
                "IPv6: {address} on {lan} is a router as well, by which devices may pass: stop its announcements"
            ))
        }));
    }
    Ok(faults)
}
