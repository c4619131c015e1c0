//! What is measured?

use crate::load::Manner;

/// What the proxy has to do. It is started anew for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Pass cleartext on.
    Plain,
    /// The same, but for one field, and with the head in a log.
    Strip,
    /// Pass TLS on, unread.
    Tunnel,
    /// Open TLS.
    Open,
    /// The same, but for one field, and with the head in a log.
    OpenStrip,
}

impl Mode {
    pub const ALL: [Self; 5] = [Self::Plain, Self::Strip, Self::Tunnel, Self::Open, Self::OpenStrip];

    /// Whether TLS is opened.
    pub fn opens(self) -> bool {
        matches!(self, Self::Open | Self::OpenStrip)
    }

    /// Whether a field is stripped and the head is logged.
    pub fn strips(self) -> bool {
        matches!(self, Self::Strip | Self::OpenStrip)
    }

    /// Whether clients speak TLS.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tunnel | Self::Open | Self::OpenStrip)
    }
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// So many clients ask for 1 KiB each time; with TLS, they may come back to a session.
    Requests { clients: usize, manner: Manner, resumes: bool },
    /// One client asks for 64 MiB each time.
    Bulk,
    /// Clients are connected, and silent.
    Idle,
    /// It has just been started: how long did that take?
    StartTime,
    /// It has just been started: how large is it?
    StartMemory,
}

impl Load {
    /// What needs a proxy that nobody has used comes first.
    pub fn turn(self) -> u8 {
        match self {
            Self::StartTime | Self::StartMemory => 0,
            Self::Idle => 1,
            Self::Requests { .. } | Self::Bulk => 2,
        }
    }
}

/// What the figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    PerRequests,
    PerConnections,
    PerGib,
    KibEach,
    Mib,
    Milliseconds,
}

impl Unit {
    /// For the head of a column.
    pub fn title(self) -> &'static str {
        match self {
            Self::PerRequests => "CPU s / 100,000 requests",
            Self::PerConnections => "CPU s / 1,000 connections",
            Self::PerGib => "CPU s / GiB",
            Self::KibEach => "KiB / connection",
            Self::Mib => "MiB",
            Self::Milliseconds => "ms",
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub title: &'static str,
    pub mode: Mode,
    pub load: Load,
    pub unit: Unit,
}

const fn keeping(name: &'static str, title: &'static str, mode: Mode, clients: usize) -> Scenario {
    let load = Load::Requests { clients, manner: Manner::Keeping, resumes: false };
    Scenario { name, title, mode, load, unit: Unit::PerRequests }
}

const fn fresh(name: &'static str, title: &'static str, mode: Mode, manner: Manner, resumes: bool) -> Scenario {
    let load = Load::Requests { clients: 16, manner, resumes };
    Scenario { name, title, mode, load, unit: Unit::PerConnections }
}

const fn other(name: &'static str, title: &'static str, mode: Mode, load: Load, unit: Unit) -> Scenario {
    Scenario { name, title, mode, load, unit }
}

/// All rows, in the order of the table.
pub const ALL: &[Scenario] = &[
    keeping("strip-1", "strip and log, 1 connection", Mode::Strip, 1),
    keeping("strip-64", "strip and log, 64 connections", Mode::Strip, 64),
    keeping("strip-512", "strip and log, 512 connections", Mode::Strip, 512),
    keeping("plain-1", "without, 1 connection", Mode::Plain, 1),
    keeping("plain-64", "without, 64 connections", Mode::Plain, 64),
    keeping("plain-512", "without, 512 connections", Mode::Plain, 512),
    fresh("fresh", "a connection per request", Mode::Plain, Manner::Fresh, false),
    other("bulk", "bodies of 64 MiB", Mode::Plain, Load::Bulk, Unit::PerGib),
    fresh("tunnel", "CONNECT, a new tunnel", Mode::Tunnel, Manner::Fresh, false),
    other("tunnel-bulk", "CONNECT, bodies of 64 MiB", Mode::Tunnel, Load::Bulk, Unit::PerGib),
    keeping("open-64", "intercepted, strip and log, 64 connections", Mode::OpenStrip, 64),
    fresh("open-fresh", "intercepted, a new connection", Mode::Open, Manner::Fresh, false),
    fresh("open-resumed", "intercepted, resumed", Mode::Open, Manner::Fresh, true),
    fresh("open-names", "intercepted, a host never seen", Mode::Open, Manner::FreshNames, false),
    other("idle", "memory of an idle connection", Mode::Plain, Load::Idle, Unit::KibEach),
    other("open-idle", "memory of an idle connection, intercepted", Mode::Open, Load::Idle, Unit::KibEach),
    other("start-memory", "memory at start", Mode::Plain, Load::StartMemory, Unit::Mib),
    other("start-time", "start to first request served", Mode::Plain, Load::StartTime, Unit::Milliseconds),
];
