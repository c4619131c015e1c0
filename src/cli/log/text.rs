//! How does an event look to a person, on a hundred columns?

use std::io::{self, Write};

use crate::{
    cli::{
        events::{applied, asides, found, shorten},
        wrap::wrap,
    },
    event::{EventLine, printable, provenance},
};

const COLUMNS: usize = 100;

/// Writes a line for the event and an indented one for each thing that there is to say of it.
pub(super) fn write(out: &mut impl Write, event: &EventLine) -> io::Result<()> {
    let time = event.ts.get(..19).unwrap_or(&event.ts).replace('T', " ");
    let status = event.status.map_or("-".into(), |status| status.to_string());
    let client = event.client_called();
    let start = format!("{time}  {:<11}  {status:>3}  {client:<15}  ", event.verdict);
    line(out, &format!("{start}{} {}", event.method, event.url()))?;
    for finding in &event.findings {
        line(out, &set_in(&found(event, finding)))?;
        for told in provenance::of_line(finding).iter().flat_map(|line| wrap(6, line)) {
            line(out, &told)?;
        }
    }
    for action in &event.actions {
        line(out, &set_in(&applied(action)))?;
    }
    for aside in asides(event) {
        line(out, &set_in(&aside))?;
    }
    Ok(())
}

fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", shorten(&printable(text), COLUMNS))
}

fn set_in(text: &str) -> String {
    format!("    {text}")
}
