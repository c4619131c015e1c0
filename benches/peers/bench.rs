//! How is one proxy started, checked and measured?

use std::{
    cell::Cell,
    fs, io,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    check,
    load::{
        self, Figures, Manner,
        client::{self, Door, Plan},
    },
    origin::{self, Origin},
    papers::Papers,
    process::{Cores, Memory, Process},
    proxies::{self, Leftovers, Proxy, Recipe, Site, Tuning},
    scenario::{Load, Mode, Unit},
};

/// How long a proxy may take to serve its first request.
const STARTING: Duration = Duration::from_secs(10);

/// How many connections stand idle, where descriptors allow it.
const IDLE: usize = 1000;

/// What all measurements share.
pub struct Bench {
    pub papers: Papers,
    pub origin: Origin,
    pub cores: Cores,
    pub window: Duration,
    /// How many clients there may be at once, given the descriptors that we have: each takes two, ours and the origin's.
    pub clients: usize,
    /// How many connections stand idle.
    idle: usize,
    nonce: Cell<u64>,
    dir: TempDir,
}

/// A proxy that runs.
pub struct Running {
    pub process: Process,
    pub cleartext: Door,
    pub tls: Door,
    pub log: PathBuf,
    pub roots: PathBuf,
    mode: Mode,
    took: Duration,
    memory: Memory,
    dir: TempDir,
    _leftovers: Leftovers,
}

/// One figure, and what was seen beside it.
#[derive(Clone, Debug)]
pub struct Measured {
    pub value: f64,
    /// Of traffic: units a second, and microseconds.
    pub rate: Option<f64>,
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

impl Bench {
    /// Makes the certificates, and starts the origin.
    pub fn new(cores: Cores, window: Duration, descriptors: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let dir = tempfile::Builder::new().prefix("clir-bench-").tempdir()?;
        open_to_all(dir.path())?;
        let papers = Papers::write(dir.path())?;
        let origin = origin::start(&papers, cores)?;
        let clients = descriptors.saturating_sub(100) / 2;
        let idle = IDLE.min(clients / 4);
        Ok(Self { papers, origin, cores, window, clients, idle, nonce: Cell::new(0), dir })
    }

    /// Starts a proxy, and sees that it does what the mode asks.
    pub async fn start(&self, proxy: &Proxy, mode: Mode, tuning: &Tuning) -> Result<Running, String> {
        let program = proxy.find().ok_or("not installed")?;
        let dir = TempDir::new_in(self.dir.path()).map_err(|error| error.to_string())?;
        open_to_all(dir.path()).map_err(|error| error.to_string())?;
        let ports = free_ports().map_err(|error| error.to_string())?;
        let (papers, origin, path) = (&self.papers, self.origin, dir.path());
        let site = Site { program: &program, dir: path, mode, ports, papers, origin, tuning };
        let recipe = proxy.prepare(&site).map_err(|error| format!("cannot be told: {error}"))?;
        let Recipe { command, cleartext, tls, log, roots } = recipe;
        let begun = Instant::now();
        let process = Process::start(command, self.cores.proxy, &proxies::output(dir.path()));
        let process = process.map_err(|error| format!("does not start: {error}"))?;
        let (took, memory) = (Duration::ZERO, Memory::default());
        let mut running =
            Running { process, cleartext, tls, log, roots, mode, took, memory, dir, _leftovers: Leftovers(ports.0) };
        self.first_request(&mut running, begun).await?;
        (running.took, running.memory) = (begun.elapsed(), running.process.memory());
        check::does_what_is_asked(self, &running).await?;
        Ok(running)
    }

    async fn first_request(&self, running: &mut Running, begun: Instant) -> Result<(), String> {
        let plan = self.plan(running, origin::SMALL, false)?;
        loop {
            let asked = async { plan.open(&load::usual_name(), 0).await?.ask(&Cell::new(0)).await }.await;
            match asked {
                Ok(_) => return Ok(()),
                Err(_) if !running.process.is_alive() => return Err(format!("has ended: {}", running.last_words())),
                Err(error) if begun.elapsed() > STARTING => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// How clients go through this proxy.
    pub fn plan(&self, running: &Running, path: &'static str, resumes: bool) -> Result<Plan, String> {
        let is_secure = running.mode.is_secure();
        let (door, origin) =
            if is_secure { (running.tls, self.origin.tls) } else { (running.cleartext, self.origin.cleartext) };
        let tls = is_secure.then(|| client::tls(&running.roots, resumes)).transpose()?;
        Ok(Plan { door, origin, tls, path, padding: 0, spread: false })
    }

    /// A number that no one had before.
    pub fn nonce(&self) -> u64 {
        self.nonce.replace(self.nonce.get() + 1)
    }

    /// Measures one thing.
    pub async fn measure(&self, running: &Running, load: Load, unit: Unit) -> Result<Measured, String> {
        let only = |value| Ok(Measured { value, rate: None, p50: None, p99: None });
        match load {
            Load::StartTime => only(running.took.as_secs_f64() * 1e3),
            Load::StartMemory => only(running.memory.resident as f64 / 1024.0),
            Load::Idle => only(self.idle(running).await?),
            Load::Bulk => {
                let plan = self.plan(running, origin::LARGE, false)?;
                self.drive(running, &plan, (1, Manner::Keeping), unit).await
            }
            Load::Requests { clients, manner, resumes } => {
                if manner == Manner::FreshNames {
                    check::mints(self, running).await?;
                }
                let plan = self.plan(running, origin::SMALL, resumes)?;
                self.drive(running, &plan, (clients, manner), unit).await
            }
        }
    }

    /// Drives it for one window.
    pub async fn drive(
        &self,
        running: &Running,
        plan: &Plan,
        clients: (usize, Manner),
        unit: Unit,
    ) -> Result<Measured, String> {
        if clients.0 > self.clients {
            return Err(format!("takes more descriptors than `ulimit -n` allows: {} clients", clients.0));
        }
        let figures = load::drive(plan, clients, self.window, self.nonce(), &running.process).await?;
        measured(&figures, unit)
    }

    /// MiB that are resident when so many hosts have been asked for something.
    pub async fn visit(&self, running: &Running, hosts: u64) -> Result<f64, String> {
        let plan = self.plan(running, origin::SMALL, false)?;
        let plan = Plan { spread: true, origin: self.origin.everywhere, ..plan };
        load::visit(&plan, hosts).await?;
        Ok(running.process.memory().resident as f64 / 1024.0)
    }

    /// KiB for each connection that nothing happens on.
    async fn idle(&self, running: &Running) -> Result<f64, String> {
        let plan = self.plan(running, origin::SMALL, false)?;
        drop(load::hold(&plan, 32).await?);
        let before = running.process.memory().proportional;
        let mut held = load::hold(&plan, self.idle).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let after = running.process.memory().proportional;
        if let Some(first) = held.first_mut() {
            first.ask(&Cell::new(0)).await.map_err(|error| format!("does not keep connections: {error}"))?;
        }
        let more = after.checked_sub(before).filter(|more| *more > 0).ok_or("takes no more memory than before")?;
        Ok(more as f64 / held.len() as f64)
    }
}

impl Running {
    /// What it was started for.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    fn last_words(&self) -> String {
        let text = fs::read_to_string(proxies::output(self.dir.path())).unwrap_or_default();
        text.lines().rfind(|line| !line.is_empty()).unwrap_or("without a word").to_owned()
    }
}

fn measured(figures: &Figures, unit: Unit) -> Result<Measured, String> {
    const GIB: f64 = (1_u64 << 30) as f64;
    let (requests, bytes) = (figures.requests as f64, figures.bytes as f64);
    let (value, rate) = match unit {
        Unit::PerConnections => (figures.cpu / requests * 1e3, requests / figures.seconds),
        Unit::PerGib => (figures.cpu / bytes * GIB, bytes / GIB / figures.seconds),
        _ => (figures.cpu / requests * 1e5, requests / figures.seconds),
    };
    if !value.is_finite() {
        return Err("answered nothing within the window".into());
    }
    let of_requests = |value| (unit != Unit::PerGib).then_some(value);
    Ok(Measured { value, rate: Some(rate), p50: of_requests(figures.p50), p99: of_requests(figures.p99) })
}

fn free_ports() -> io::Result<(u16, u16)> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (one, other) = (bind()?, bind()?);
    Ok((one.local_addr()?.port(), other.local_addr()?.port()))
}

/// Some proxies give up root, and read on.
fn open_to_all(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755))
}
