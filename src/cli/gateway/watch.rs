//! How do the rules go when clir goes, where there is no systemd?

use std::{
    env, io,
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    process::{Command, Stdio},
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use crate::cli::Failure;

/// Arguments of `gateway up`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {
    /// Stay, and take the rules away when this process (clir) ends, however it does, or when told to end
    #[arg(long = "while", value_name = "PID", conflicts_with = "unguarded")]
    pub process: Option<i32>,

    /// Leave nobody behind that takes the rules away when clir ends, because somebody else does (systemd)
    #[arg(long)]
    pub unguarded: bool,
}

/// Arguments of `gateway guard`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Guard {
    /// The process
    pub process: i32,
}

/// Leaves somebody behind that takes the rules away when this process ends.
pub fn leave_guard(process: i32) -> Result<(), Failure> {
    let start = || {
        Command::new(env::current_exe()?)
            .args(["gateway", "guard", &process.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What ends a terminal's programs is not to end it.
            .process_group(0)
            .spawn()
    };
    start().map(drop).map_err(|error| Failure::because("no guard can be left behind", error))
}

/// A process whose end is waited for.
pub struct Watched {
    id: i32,
    handle: OwnedFd,
}

/// Takes hold of the process before anything is changed: the number could be another's later.
pub fn begin(id: i32) -> Result<Watched, Failure> {
    let pid = Pid::from_raw(id).filter(|_| id > 0);
    let pid = pid.ok_or_else(|| Failure::new(format!("{id} is no process's number")))?;
    let handle = pidfd_open(pid, PidfdFlags::empty())
        .map_err(|error| Failure::because(format!("process {id} cannot be watched"), error))?;
    Ok(Watched { id, handle })
}

impl Watched {
    /// Waits until it has ended, or until we are told to end. Says which it was.
    pub fn wait(self) -> Result<String, Failure> {
        let Self { id, handle } = self;
        let cannot = |error| Failure::because(format!("the end of process {id} cannot be waited for"), error);
        let (tell, told) = oneshot::channel();
        // It may wait for ever, and ends with us.
        thread::Builder::new().spawn(move || tell.send(wait_for(&handle))).map_err(cannot)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let waited = runtime.block_on(async {
            let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            tokio::select! {
                // The process has ended.
                ended = told => ended.map_err(io::Error::other)?.map(|()| format!("process {id} has ended")),
                // Told to end.
                _ = terminate.recv() => Ok("told to end".to_owned()),
                _ = interrupt.recv() => Ok("told to end".to_owned()),
            }
        });
        waited.map_err(cannot)
    }
}

/// The descriptor of a process is readable once it has ended (pidfd_open(2)).
fn wait_for(handle: &OwnedFd) -> io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(handle, PollFlags::IN)], None) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
