//! How do the rules go when clir goes, where there is no systemd?

use std::{io, os::fd::OwnedFd, thread};

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
    #[arg(long = "while", value_name = "PID")]
    process: Option<i32>,
}

/// A process whose end is waited for.
pub struct Watched {
    id: i32,
    handle: OwnedFd,
}

/// Takes hold of the process before anything is changed: the number could be another's later.
pub fn begin(arguments: &Arguments) -> Result<Option<Watched>, Failure> {
    let Some(id) = arguments.process else { return Ok(None) };
    let pid = Pid::from_raw(id).filter(|_| id > 0);
    let pid = pid.ok_or_else(|| Failure::new(format!("--while {id}: this is no process's number")))?;
    let handle = pidfd_open(pid, PidfdFlags::empty())
        .map_err(|error| Failure::because(format!("--while {id}: this process cannot be watched"), error))?;
    Ok(Some(Watched { id, handle }))
}

impl Watched {
    /// Waits until it has ended, or until we are told to end. Says which it was.
    pub fn wait(self) -> Result<String, Failure> {
        let Self { id, handle } = self;
        let cannot = |error| Failure::because(format!("--while {id}: its end cannot be waited for"), error);
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
