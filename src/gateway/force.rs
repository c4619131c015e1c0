//! How does a plan come into force, and go again?
//!
//! Whatever is changed is written down before it is, so that it can be taken back even if `up` is interrupted. The rules
//! come last and go first, each time in one step: no connection meets half of them.

use std::{fs, io, net::SocketAddr, path::PathBuf};

use super::{
    facts,
    plan::{Family, Plan, PolicyRoute, Sysctl},
    programs::{self, Trouble},
    record::{Changed, Home, Record},
    settings::Settings,
    sockets,
};
use crate::listen::Kind;

/// Puts a plan in force; what is in force already stays as it is.
///
/// # Errors
/// Something was refused; what was done until then is taken back, unless it stood before.
pub fn up(settings: &Settings, plan: &Plan, home: &Home) -> Result<(), Trouble> {
    programs::demand_permission()?;
    let links = facts::links();
    let lan = facts::lan(settings, &links)?;
    let earlier = home.load(&links)?;
    let is_first = earlier.is_none();
    let mut record = earlier.unwrap_or_default();
    record.links = lan;
    let raised = raise(plan, home, &mut record);
    if raised.is_err() && is_first {
        // The first trouble is the one to tell.
        let _ = lower(&record, home);
    }
    raised
}

fn raise(plan: &Plan, home: &Home, record: &mut Record) -> Result<(), Trouble> {
    release(plan, home, record)?;
    for sysctl in &plan.sysctls {
        raise_sysctl(sysctl, home, record)?;
    }
    for route in &plan.routes {
        raise_route(route, home, record)?;
    }
    programs::apply(&plan.ruleset)?;
    record.ruleset.clone_from(&plan.ruleset);
    record.listing = programs::table()?.unwrap_or_default();
    home.save(record)
}

/// Takes back what an earlier plan wanted and this one does not.
fn release(plan: &Plan, home: &Home, record: &mut Record) -> Result<(), Trouble> {
    let is_planned = |changed: &Changed| plan.sysctls.iter().any(|sysctl| sysctl.key == changed.key);
    let (kept, gone) = record.sysctls.drain(..).partition(is_planned);
    record.sysctls = kept;
    let (kept, unplanned): (Vec<_>, Vec<_>) = record.routes.drain(..).partition(|route| plan.routes.contains(route));
    record.routes = kept;
    let gone: Vec<Changed> = gone;
    gone.iter().rev().try_for_each(restore)?;
    unplanned.iter().try_for_each(remove_route)?;
    home.save(record)
}

fn raise_sysctl(sysctl: &Sysctl, home: &Home, record: &mut Record) -> Result<(), Trouble> {
    let before = read(&sysctl.key)?;
    if sysctl.is_met_by(&before) {
        return Ok(());
    }
    let after = sysctl.value.to_string();
    // What stood before the first time is what `down` restores.
    if !record.sysctls.iter().any(|changed| changed.key == sysctl.key) {
        record.sysctls.push(Changed {
            key: sysctl.key.clone(),
            before: before.trim().to_owned(),
            after: after.clone(),
        });
        home.save(record)?;
    }
    write(&sysctl.key, &after)
}

fn raise_route(route: &PolicyRoute, home: &Home, record: &mut Record) -> Result<(), Trouble> {
    let is_there = programs::ip_list(route.family, &["rule", "show"])?.iter().any(|rule| route.is_rule(rule));
    if !is_there && !record.routes.contains(route) {
        record.routes.push(*route);
        home.save(record)?;
    }
    ip(route, &["route", "replace"], &route.route())?;
    if is_there { Ok(()) } else { ip(route, &["rule", "add"], &route.rule()) }
}

/// The process without which connections would be refused: the one that listens where they are redirected to. Where
/// nobody listens, `tproxy` leads nothing anywhere, and needs nobody.
pub fn indispensable(plan: &Plan) -> Option<i32> {
    let listening = sockets::listening();
    redirected(plan).find_map(|address| listening.iter().find(|socket| socket.serves(address))?.holder())
}

/// Whether connections are refused where nobody listens.
pub fn is_redirected(plan: &Plan) -> bool {
    redirected(plan).next().is_some()
}

fn redirected(plan: &Plan) -> impl Iterator<Item = SocketAddr> {
    let receivers = Family::ALL.into_iter().filter_map(|family| Some((family, plan.receivers.of(family)?)));
    let redirected = receivers.filter(|(_, receiver)| receiver.kind == Kind::Redirect);
    redirected.map(|(family, receiver)| receiver.address_for(family))
}

/// Takes away what `up` has put in force, and nothing else. Answers whether anything was.
///
/// # Errors
/// Something was refused; what is left is still written down.
pub fn down(home: &Home) -> Result<bool, Trouble> {
    programs::demand_permission()?;
    let record = home.load(&facts::links())?;
    let is_there = programs::table()?.is_some();
    match &record {
        Some(record) => lower(record, home)?,
        None if is_there => programs::drop_table()?,
        None => {}
    }
    Ok(record.is_some() || is_there)
}

fn lower(record: &Record, home: &Home) -> Result<(), Trouble> {
    programs::drop_table()?;
    record.routes.iter().try_for_each(remove_route)?;
    // The last first: some settings reset others.
    record.sysctls.iter().rev().try_for_each(restore)?;
    home.forget()
}

/// Puts a setting back, unless somebody has changed it since.
fn restore(changed: &Changed) -> Result<(), Trouble> {
    match read(&changed.key) {
        Ok(current) if current.trim() == changed.after => write(&changed.key, &changed.before),
        Ok(_) => Ok(()),
        // An interface that has gone has taken its settings along.
        Err(Trouble::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(trouble) => Err(trouble),
    }
}

/// What somebody else has taken away need not be taken away.
fn remove_route(route: &PolicyRoute) -> Result<(), Trouble> {
    if programs::ip_list(route.family, &["rule", "show"])?.iter().any(|rule| route.is_rule(rule)) {
        ip(route, &["rule", "del"], &route.rule())?;
    }
    // A table without routes is one that does not exist, which is no fault here.
    let _ = ip(route, &["route", "del"], &route.route());
    Ok(())
}

fn ip(route: &PolicyRoute, verb: &[&str], words: &[String]) -> Result<(), Trouble> {
    let words: Vec<&str> = verb.iter().copied().chain(words.iter().map(String::as_str)).collect();
    programs::ip(route.family, &words)
}

/// The value of a setting of the kernel.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn read(key: &str) -> Result<String, Trouble> {
    let path = path(key);
    fs::read_to_string(&path).map_err(|error| Trouble::File { path, error })
}

fn write(key: &str, value: &str) -> Result<(), Trouble> {
    let path = path(key);
    fs::write(&path, value).map_err(|error| Trouble::File { path, error })
}

fn path(key: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(key)
}
