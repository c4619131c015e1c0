//! What stands in the configuration file, its rules apart?

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    access, admin, alert, behaviour, claim, gateway,
    identity::{self, OwnIdentities},
    limits, listener, log,
    reader::Reader,
    tls, upgrade, upstream, words,
};
use crate::{
    config::{Admin, Behaviour, Claiming, Limits, Listener, Log, Timeouts, Tls, settings::default_access, source::At},
    policy::{Access, Connectivity, Mode, Routing, Upgrading, trust::TrustTimes},
};

/// What a device has not confirmed for a year is better shown anew.
const LONGEST_TRUST: Duration = Duration::from_secs(366 * 86_400);

/// What relative paths are relative to.
pub struct Base<'a>(pub &'a Path);

/// The settings of one file, and what has to be looked up elsewhere.
pub struct Written {
    /// The listeners, at least one.
    pub listeners: Vec<Listener>,
    /// Who may connect, and where to.
    pub access: Access,
    /// Who is told at once.
    pub alerts: alert::Read,
    /// What links admit.
    pub claiming: Option<Claiming>,
    /// Which tunnels are opened.
    pub routing: Routing,
    /// What becomes of cleartext requests.
    pub upgrading: Upgrading,
    /// Who is asked whether the network is online.
    pub connectivity: Arc<Connectivity>,
    /// Whom we trust.
    pub tls: Tls,
    /// What goes by an exit.
    pub upstream: upstream::Read,
    /// Where events go.
    pub log: Log,
    /// What is watched over time.
    pub behaviour: Behaviour,
    /// How much.
    pub limits: Limits,
    /// How long.
    pub timeouts: Timeouts,
    /// How devices are led here that do not know of clir.
    pub gateway: crate::gateway::Settings,
    /// Whether rules are carried out.
    pub mode: Mode,
    /// The policy's file as written, if it was.
    pub policy_file: Option<At<String>>,
    /// The directory of signature files, if there is one.
    pub signatures: Option<At<PathBuf>>,
    /// The user's own numbers and addresses.
    pub identities: OwnIdentities,
    /// Where the live view is.
    pub admin: Admin,
    /// Files with secrets of the live view.
    pub admin_files: Vec<PathBuf>,
}

/// Reads every table but the rules and partners, which have to be asked for by whoever reads those.
pub fn read_configuration(root: &Reader<'_>, base: &Base<'_>) -> Written {
    let base = base.0;
    let (mode, policy_file) = read_policy(root);
    let access = root.get("access").and_then(|entry| entry.table()).map_or_else(default_access, access::read);
    let listeners = listener::read(root, base, !access.users.is_empty());
    let mut admin_files = Vec::new();
    Written {
        gateway: gateway::read(root, &listeners),
        claiming: claim::read(root, &listeners),
        alerts: alert::read(root, base),
        listeners,
        access,
        routing: root.get("intercept").and_then(|entry| entry.table()).map(read_intercept).unwrap_or_default(),
        upgrading: upgrade::read(root),
        connectivity: upgrade::read_connectivity(root),
        tls: tls::read(root, base),
        upstream: upstream::read(root, base),
        log: log::read(root, base),
        behaviour: root.get("behaviour").and_then(|entry| entry.table()).map(behaviour::read).unwrap_or_default(),
        limits: root.get("limits").and_then(|entry| entry.table()).map(limits::read_limits).unwrap_or_default(),
        timeouts: root.get("timeouts").and_then(|entry| entry.table()).map(limits::read_timeouts).unwrap_or_default(),
        mode,
        policy_file,
        signatures: read_signatures(root, base),
        identities: identity::read(root, base),
        admin: admin::read(root, base, &mut admin_files),
        admin_files,
    }
}

fn read_intercept(table: Reader<'_>) -> Routing {
    let faults = table.faults();
    let mode = table.get("mode").and_then(|entry| entry.string());
    let mode = mode.and_then(|written| words::word(&written, faults));
    let bypass = table.get("bypass").and_then(|entry| entry.strings()).unwrap_or_default();
    let bypass = super::matchers::hosts(&bypass, faults);
    let undecided = table.get("undecided").and_then(|entry| entry.string());
    let undecided = undecided.and_then(|written| words::word(&written, faults)).unwrap_or_default();
    let trust = read_trust(&table);
    table.finish();
    Routing { mode: mode.unwrap_or_default(), bypass, undecided, trust }
}

/// How long what was learnt of clients holds.
fn read_trust(table: &Reader<'_>) -> TrustTimes {
    let default = TrustTimes::default();
    let time = |key| table.get(key).and_then(|entry| entry.duration(LONGEST_TRUST));
    TrustTimes {
        trusted: time("trusted_for").unwrap_or(default.trusted),
        pinned: time("pinned_for").unwrap_or(default.pinned),
    }
}

fn read_policy(root: &Reader<'_>) -> (Mode, Option<At<String>>) {
    let Some(table) = root.get("policy").and_then(|entry| entry.table()) else { return (Mode::default(), None) };
    let mode = table.get("mode").and_then(|entry| entry.string());
    let mode = mode.and_then(|written| words::word(&written, table.faults())).unwrap_or_default();
    let file = table.get("file").and_then(|entry| entry.text());
    table.finish();
    (mode, file)
}

fn read_signatures(root: &Reader<'_>, base: &Path) -> Option<At<PathBuf>> {
    let table = root.get("signatures")?.table()?;
    let dir = table.get("dir").and_then(|entry| Some(At { value: entry.path(base)?, place: entry.place() }));
    table.finish();
    dir
}
