//! What has a test through a reflector shown?
//!
//! Reads what `clir probe --output json` has written (`DESIGN.md` has the form).

use serde::Deserialize;

use crate::event::printable;

/// Differences that are shown of one probe.
const MOST: usize = 200;

/// The result of one `clir probe`.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The file that it was in.
    pub file: String,
    pub(super) statement: String,
    pub(super) rows: Vec<[String; 6]>,
    pub(super) coverage: Vec<String>,
    /// How far this machine's clock was ahead of the reflector's, in milliseconds.
    pub offset_ms: Option<i64>,
}

#[derive(Deserialize)]
struct Written {
    kind: String,
    v: u32,
    verdict: Verdict,
    #[serde(default)]
    coverage: Vec<String>,
    #[serde(default)]
    offset_ms: Option<i64>,
    trials: Vec<Trial>,
}

#[derive(Deserialize)]
struct Verdict {
    statement: String,
}

#[derive(Deserialize)]
struct Trial {
    name: String,
    #[serde(default)]
    differences: Vec<Difference>,
}

#[derive(Deserialize)]
struct Difference {
    kind: String,
    side: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    after: Option<String>,
}

impl Probe {
    /// Reads a file's text.
    ///
    /// # Errors
    /// Says what is wrong with it, without quoting what it holds.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text)
            .map_err(|error| format!("no result of clir probe (line {}, column {})", error.line(), error.column()))?;
        if (written.kind.as_str(), written.v) != ("clir-probe", 1) {
            return Err("no result of clir probe, version 1".into());
        }
        let rows = written.trials.iter().flat_map(|trial| trial.differences.iter().map(|one| row(trial, one)));
        Ok(Self {
            file: file.to_owned(),
            statement: printable(&written.verdict.statement).into_owned(),
            rows: rows.take(MOST).collect(),
            coverage: written.coverage.iter().map(|text| printable(text).into_owned()).collect(),
            offset_ms: written.offset_ms,
        })
    }
}

fn row(trial: &Trial, difference: &Difference) -> [String; 6] {
    let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".into());
    let cells = [
        trial.name.clone(),
        difference.side.clone(),
        difference.name.clone(),
        difference.kind.clone(),
        told(&difference.before),
        told(&difference.after),
    ];
    cells.map(|cell| printable(&cell).into_owned())
}
