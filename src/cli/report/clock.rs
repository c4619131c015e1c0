//! How good was the clock?

use std::process::{Command, Stdio};

use crate::report::{Probe, Texts};

/// What a probe has measured, or what this system says of its own clock.
pub(super) fn told(texts: &Texts, probes: &[Probe]) -> Option<String> {
    let of_probe = |probe: &Probe| offset(texts, probe.offset_ms? as f64 / 1000.0, &probe.file);
    probes.iter().find_map(of_probe).or_else(|| chrony(texts)).or_else(|| timedate(texts))
}

fn offset(texts: &Texts, seconds: f64, source: &str) -> Option<String> {
    Some(texts.fill("clock_offset", &[("seconds", &format!("{seconds:.3}")), ("source", source)]))
}

/// The fifth field is by how many seconds the system's clock is off (chronyc(1), `tracking`).
fn chrony(texts: &Texts) -> Option<String> {
    let said = output("chronyc", &["-c", "tracking"])?;
    offset(texts, said.split(',').nth(4)?.parse().ok()?, "chronyc tracking")
}

fn timedate(texts: &Texts) -> Option<String> {
    match output("timedatectl", &["show", "--property=NTPSynchronized", "--value"])?.trim() {
        "yes" => Some(texts.say("clock_synchronised").to_owned()),
        "no" => Some(texts.say("clock_unsynchronised").to_owned()),
        _ => None,
    }
}

/// What a program says, if it is there and ends well.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
