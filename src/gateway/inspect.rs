//! Is what was planned in force?

use serde_json::Value;

use super::{
    bypass, facts, force,
    plan::{Family, Plan, PolicyRoute},
    programs::{self, Trouble},
    record::{Home, Record},
    ruleset::PASSED_BY,
    settings::Settings,
    sockets::{self, Listening},
};

/// How a part of the gateway stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As it should.
    Good,
    /// As it was configured, which leaves something open.
    Note,
    /// Not as it should.
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// How it stands.
    pub standing: Standing,
    /// What is so, and if it should not be, what to do.
    pub text: String,
}

impl Observation {
    /// It is as it should be.
    pub fn good(text: impl Into<String>) -> Self {
        Self { standing: Standing::Good, text: text.into() }
    }

    /// It is as configured, and worth knowing.
    pub fn note(text: impl Into<String>) -> Self {
        Self { standing: Standing::Note, text: text.into() }
    }

    /// It is not as it should be.
    pub fn fault(text: impl Into<String>) -> Self {
        Self { standing: Standing::Fault, text: text.into() }
    }
}

/// Holds this machine against the plan.
///
/// # Errors
/// The machine cannot be asked.
pub fn inspect(settings: &Settings, plan: &Plan, home: &Home) -> Result<Vec<Observation>, Trouble> {
    programs::demand_permission()?;
    let links = facts::links();
    facts::lan(settings, &links)?;
    let record = home.load(&links)?;
    let table = programs::table()?;
    let mut seen = vec![rules(plan, record.as_ref(), table.as_ref())];
    for route in &plan.routes {
        seen.push(policy_route(route)?);
    }
    seen.extend(sysctls(plan));
    let listening = sockets::listening();
    seen.extend(Family::ALL.into_iter().map(|family| listener(plan, family, &listening)));
    if let Some(table) = &table {
        seen.push(passed_by(table));
    }
    seen.extend(bypass::ways(settings)?);
    Ok(seen)
}

fn rules(plan: &Plan, record: Option<&Record>, table: Option<&Value>) -> Observation {
    match (table, record) {
        (None, _) => Observation::fault("the table inet clir is not in force: run `clir gateway up`"),
        (Some(_), None) => Observation::fault(
            "there is a table inet clir, and no record of who made it: run `clir gateway down`, then `clir gateway up`",
        ),
        (Some(_), Some(record)) if record.ruleset != plan.ruleset => {
            Observation::fault("the table inet clir is of another configuration: run `clir gateway up`")
        }
        (Some(table), Some(record)) if lasting(table) != lasting(&record.listing) => Observation::fault(
            "the table inet clir was changed since `clir gateway up`: run it again, and see who changed it",
        ),
        _ => Observation::good("the table inet clir is in force as planned"),
    }
}

/// A listing without what changes by itself: handles, counts, and what `nft` says about itself.
pub fn lasting(listing: &Value) -> Value {
    match listing {
        Value::Object(map) => {
            let stays = |key: &str| !matches!(key, "handle" | "packets" | "bytes" | "metainfo");
            let kept = map.iter().filter(|(key, _)| stays(key));
            Value::Object(kept.map(|(key, value)| (key.clone(), lasting(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(lasting).collect()),
        other => other.clone(),
    }
}

fn policy_route(route: &PolicyRoute) -> Result<Observation, Trouble> {
    let PolicyRoute { family, mark, table } = route;
    let rules = programs::ip_list(*family, &["rule", "show"])?;
    // A table that nothing was ever put into cannot be listed.
    let routes = programs::ip_list(*family, &["route", "show", "table", &table.to_string()]).unwrap_or_default();
    let is_local = |it: &Value| it["type"] == "local" && it["dst"] == "default" && it["dev"] == "lo";
    let what = format!("{family}: packets with the mark {mark:#x} come here by table {table}");
    Ok(match (rules.iter().any(|rule| route.is_rule(rule)), routes.iter().any(is_local)) {
        (true, true) => Observation::good(what),
        (false, _) => Observation::fault(format!(
            "{family}: no rule sends marked packets to table {table}: run `clir gateway up`"
        )),
        (_, false) => Observation::fault(format!("{family}: table {table} has no local route: run `clir gateway up`")),
    })
}

fn sysctls(plan: &Plan) -> Vec<Observation> {
    let wrong = |sysctl: &super::Sysctl| {
        let current = force::read(&sysctl.key).unwrap_or_default();
        let is = if current.is_empty() { "cannot be read".to_owned() } else { format!("is {}", current.trim()) };
        let cure = "run `clir gateway up`, and see who changed it";
        (!sysctl.is_met_by(&current))
            .then(|| Observation::fault(format!("{} {is}, not {}: {cure}", sysctl.key, sysctl.value)))
    };
    let wrong: Vec<_> = plan.sysctls.iter().filter_map(wrong).collect();
    if wrong.is_empty() {
        vec![Observation::good("this machine forwards, and its kernel is set as planned")]
    } else {
        wrong
    }
}

fn listener(plan: &Plan, family: Family, listening: &[Listening]) -> Observation {
    let Some(receiver) = plan.receivers.of(family) else {
        return Observation::note(format!(
            "{family}: no listener takes it, so its connections are refused and clients use the other"
        ));
    };
    let (address, kind) = (receiver.address, receiver.kind.as_str());
    let wanted = receiver.address_for(family);
    match listening.iter().any(|socket| socket.serves(wanted)) {
        true => Observation::good(format!("{family}: connections go to {address} ({kind}), where somebody listens")),
        false => Observation::fault(format!("{family}: nobody listens on {address} ({kind}): start clir")),
    }
}

/// What counts is what went on although it should have come here.
fn passed_by(table: &Value) -> Observation {
    let entries = table["nftables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rule = entries.iter().map(|entry| &entry["rule"]).find(|rule| rule["comment"] == PASSED_BY);
    let expressions = rule.and_then(|rule| rule["expr"].as_array()).map(Vec::as_slice).unwrap_or_default();
    let count = expressions.iter().find_map(|expression| expression["counter"]["packets"].as_u64());
    match count {
        Some(0) => Observation::good("no connection to these ports went on without clir since `clir gateway up`"),
        Some(count) => Observation::note(format!(
            "{count} connections to these ports went on without clir since `clir gateway up`: while nothing listened, or \
             by rules of somebody else"
        )),
        None => Observation::fault("nothing counts what goes on without clir: run `clir gateway up`"),
    }
}
