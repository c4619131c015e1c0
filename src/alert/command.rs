//! How is an alert handed to a command?
//!
//! Without a shell, with nothing of clir's environment, the alert on its standard input. What it says is thrown away; if it
//! does not end in time it is killed, with all that it has started.

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// Where programs are that are named without a path.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How often is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the command with this text.
///
/// # Errors
/// It cannot be started, does not end in time, or ends badly; in words without anything of the text.
pub fn run(argv: &[String], text: &str, limit: Duration) -> Result<(), String> {
    let Some((program, arguments)) = argv.split_first() else { return Err("there is no command".into()) };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // An alert is smaller than what a pipe holds, so this does not wait; a command need not read it.
        let _ = input.write_all(text.as_bytes());
    }
    match wait(&mut child, Instant::now() + limit) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("it ended with {status}")),
        None => {
            end(&mut child);
            Err(format!("it did not end within {} s, and was killed", limit.as_secs_f32()))
        }
    }
}

fn wait(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => thread::sleep(LOOK),
            Ok(None) | Err(_) => return None,
        }
    }
}

fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // It may have ended by itself just now.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<(), String> {
        run(&["sh".into(), "-c".into(), script.into()], "{}\n", limit)
    }

    #[test]
    fn a_command_reads_the_alert_and_knows_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let script = format!("cat >{0}; env >>{0}; pwd >>{0}", out.display());
        sh(&script, Duration::from_secs(10)).unwrap();
        let text = std::fs::read_to_string(out).unwrap();
        assert!(text.starts_with("{}\n") && text.contains(PATH) && text.ends_with("\n/\n"), "{text}");
        assert!(!text.contains("CARGO") && !text.contains("HOME"), "{text}");
    }

    #[test]
    fn what_goes_wrong_is_told() {
        assert!(sh("exit 3", Duration::from_secs(10)).unwrap_err().contains("exit status: 3"));
        assert!(sh("exec true", Duration::from_secs(10)).is_ok(), "nobody has to read");
        assert!(run(&["/nowhere/at-all".into()], "", LOOK).unwrap_err().contains("cannot be started"));
    }

    #[test]
    fn who_does_not_end_is_ended_with_all_children() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("late");
        let script = format!("(sleep 1; touch {}) & sleep 100", file.display());
        let start = Instant::now();
        assert!(sh(&script, Duration::from_millis(200)).unwrap_err().contains("was killed"));
        assert!(start.elapsed() < Duration::from_secs(50));
        thread::sleep(Duration::from_millis(1200));
        assert!(!file.exists(), "its child has lived on");
    }

    #[test]
    fn what_it_says_is_thrown_away() {
        assert!(sh("head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2", Duration::from_secs(20)).is_ok());
    }
}
