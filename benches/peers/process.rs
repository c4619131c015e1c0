//! What does a process that was started here cost, with all that it starts?
//!
//! It leads a process group of its own, by which it is counted and, in the end, killed. It runs on the core of the thread
//! that starts it, for cores are inherited.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    process::{Pid, Signal, kill_process_group},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// How long it may take to end by itself.
const ENDING: Duration = Duration::from_millis(500);

/// The cores that the proxy has for itself, and those that clients and origin have.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    pub proxy: Option<usize>,
    pub driver: Option<usize>,
    pub count: usize,
}

impl Cores {
    /// One for the proxy and one for us, where there are two.
    pub fn divide() -> Self {
        let allowed = sched_getaffinity(None).ok();
        let mut mine = (0..CpuSet::MAX_CPU).filter(|&core| allowed.as_ref().is_some_and(|set| set.is_set(core)));
        let count = allowed.as_ref().map_or(1, |set| set.count() as usize);
        match (mine.next(), mine.next()) {
            (proxy @ Some(_), driver @ Some(_)) => Self { proxy, driver, count },
            _ => Self { proxy: None, driver: None, count },
        }
    }

    /// Binds the thread that calls.
    pub fn bind(core: Option<usize>) {
        if let Some(core) = core {
            let mut set = CpuSet::new();
            set.set(core);
            if let Err(error) = sched_setaffinity(None, &set) {
                eprintln!("cannot stay on core {core}: {error}");
            }
        }
    }
}

/// A process that is running. It ends when this is dropped.
pub struct Process {
    child: Child,
    group: Pid,
}

/// KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    pub resident: u64,
    /// What is shared is divided among those who share it.
    pub proportional: u64,
}

impl Process {
    /// Starts it on this core, with its output in a file.
    pub fn start(mut command: Command, core: Option<usize>, output: &Path) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let file = File::create(output)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let starting = thread::spawn(move || {
            Cores::bind(core);
            command.spawn()
        });
        let child = starting.join().map_err(|_| io::Error::other("the starting thread panicked"))??;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { child, group })
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Seconds of CPU time so far, the kernel's work for it and its ended children included.
    pub fn cpu(&self) -> f64 {
        // USER_HZ is 100 on all architectures that Linux runs on today.
        self.members().iter().map(|stat| stat.ticks).sum::<u64>() as f64 / 100.0
    }

    /// What all of it takes.
    pub fn memory(&self) -> Memory {
        let mut sum = Memory::default();
        for Stat { pid, .. } in self.members() {
            sum.resident += kib(&format!("/proc/{pid}/status"), "VmRSS:");
            sum.proportional += kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:");
        }
        sum
    }

    fn members(&self) -> Vec<Stat> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let stats = all.filter_map(|entry| Stat::read(&entry.path().join("stat")));
        stats.filter(|stat| stat.group == self.group.as_raw_nonzero().get()).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let deadline = Instant::now() + ENDING;
        // It may be gone already: nothing is left to do then.
        let _ = kill_process_group(self.group, Signal::TERM);
        while self.is_alive() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait();
    }
}

struct Stat {
    pid: u32,
    group: i32,
    ticks: u64,
}

impl Stat {
    /// The program's name, in brackets, may hold anything: what is after the last bracket is read.
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let pid = text.split(' ').next()?.parse().ok()?;
        let rest: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = rest.get(11..15)?.iter().filter_map(|text| text.parse::<u64>().ok()).sum();
        Some(Self { pid, group: rest.get(2)?.parse().ok()?, ticks })
    }
}

fn kib(path: &str, key: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}
