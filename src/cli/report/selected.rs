//! Which events does a report rest on?
//!
//! Those that were asked for, have findings, and are copied: as lines, and as an archive. Others are counted.

use std::{io::Write, path::Path};

use serde_json::{Value, json};

use super::folder::Folder;
use crate::{
    cli::{
        Failure,
        events::{Filter, Read, Tail},
        log::har,
    },
    event::{EventLine, Redactor, Values, guarded},
    exchange::InstallationKey,
    report::Gathering,
};

/// Reads the log, gathers, and writes `events.jsonl` and `events.har`.
pub(super) fn write(
    dir: &Path,
    filter: &Filter,
    unmask: bool,
    gathering: &mut Gathering,
    folder: &Folder,
) -> Result<(), Failure> {
    let mut lines = folder.begin("events.jsonl")?;
    let mut archive = folder.begin("events.har")?;
    // Covers, and makes no digests: those of the lines stay.
    let redactor = Redactor::new(Values::Masked, InstallationKey::new([0; 32]));
    let mut is_first = true;
    Tail::of(dir, filter).advance(&mut |read| {
        // What is no event is told by `log`.
        let Read::Event(line) = read else { return Ok(()) };
        let Ok(mut event) = serde_json::from_slice::<EventLine>(line) else { return Ok(()) };
        if !filter.admits(&event) {
            return Ok(());
        }
        let masked = (!unmask).then(|| masked(line, &mut event, &redactor)).flatten();
        let line = masked.as_deref().unwrap_or(line);
        if gathering.take(&event) {
            lines.write_all(&guarded(line)).map_err(|error| lines.failed(error))?;
            har::write(&mut archive, &event, line, is_first).map_err(|error| archive.failed(error))?;
            is_first = false;
        }
        Ok(())
    })?;
    har::finish(&mut archive, is_first).map_err(|error| archive.failed(error))?;
    lines.finish()?;
    archive.finish()
}

/// The line with what it shows whole covered, and the event as well; nothing where all was covered already.
fn masked(line: &[u8], event: &mut EventLine, redactor: &Redactor) -> Option<Vec<u8>> {
    let before = event.clone();
    event.mask(redactor);
    if *event == before {
        return None;
    }
    let mut value: Value = serde_json::from_slice(line).ok()?;
    let object = value.as_object_mut()?;
    object.insert("headers".into(), json!(event.headers));
    object.insert("target".into(), json!(event.target));
    object.insert("host".into(), json!(event.host));
    object.insert("error".into(), json!(event.error));
    for (list, key, name) in [
        ("findings", "location", event.findings.iter().map(|finding| &finding.location.name).collect::<Vec<_>>()),
        ("actions", "", event.actions.iter().map(|action| &action.header).collect()),
    ] {
        let written = object.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (one, name) in written.zip(name) {
            let (place, field) = if key.is_empty() { (Some(one), "header") } else { (one.get_mut(key), "name") };
            if let Some(place) = place.and_then(Value::as_object_mut) {
                place.insert(field.into(), json!(name));
            }
        }
    }
    if let Some(tunnel) = object.get_mut("tunnel").and_then(Value::as_object_mut) {
        tunnel.insert("sni".into(), json!(event.tunnel.as_ref().and_then(|tunnel| tunnel.sni.clone())));
    }
    // Names instead of digests stand there where values may be told.
    if let Some(findings) = object.get_mut("findings").and_then(Value::as_array_mut) {
        findings.iter_mut().filter_map(|finding| finding.get_mut("evidence")?.as_object_mut()).for_each(|evidence| {
            evidence.insert("hosts".into(), json!([]));
        });
    }
    let mut text = serde_json::to_vec(&value).ok()?;
    text.push(b'\n');
    Some(text)
}
