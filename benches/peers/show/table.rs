//! What are the figures, for a terminal and for the README?

use crate::{
    proxies::{FLOOR, OURS},
    results::{Cell, Results},
    scenario::Scenario,
};

/// A table for each row, with all that was seen.
pub fn details(results: &Results) -> String {
    results.scenarios.iter().map(|scenario| detail(results, scenario)).collect()
}

fn detail(results: &Results, scenario: &Scenario) -> String {
    let mut cells: Vec<_> = results.proxies.iter().map(|it| (it.name, results.cell(scenario, it.name))).collect();
    cells.sort_by(|(_, one), (_, other)| of_sorting(one).total_cmp(&of_sorting(other)));
    let lines: String = cells.iter().map(|(name, cell)| line(results, scenario, name, cell)).collect();
    format!(
        "{}: {}\n{:<10} {:>26} {:>13} {:>10} {:>14} {:>9} {:>9}\n{lines}\n",
        scenario.name,
        scenario.title,
        "",
        scenario.unit.title(),
        "(min–max)",
        "× best",
        "a second",
        "p50 µs",
        "p99 µs"
    )
}

fn of_sorting(cell: &Result<Cell, String>) -> f64 {
    cell.as_ref().map_or(f64::INFINITY, |cell| cell.median)
}

fn line(results: &Results, scenario: &Scenario, name: &str, cell: &Result<Cell, String>) -> String {
    let cell = match cell {
        Ok(cell) => cell,
        Err(why) => return format!("{name:<10} left out: {why}\n"),
    };
    let spread = format!("{}–{}", number(cell.least), number(cell.most));
    let ratio = results.ratio(scenario, name).map_or_else(|| "–".into(), number);
    let optional = |value: Option<f64>| value.map_or_else(String::new, number);
    let (rate, p50, p99) = (optional(cell.rate), optional(cell.p50), optional(cell.p99));
    format!("{name:<10} {:>26} {spread:>13} {ratio:>10} {rate:>14} {p50:>9} {p99:>9}\n", number(cell.median))
}

/// One table of ratios, in Markdown.
pub fn summary(results: &Results) -> String {
    let named = |at: usize, name: &str| {
        let version = results.versions.get(at).map_or("", String::as_str);
        if name == FLOOR { format!("*{name}*") } else { format!("{name} {version}") }
    };
    let heads: Vec<_> = results.proxies.iter().enumerate().map(|(at, proxy)| named(at, proxy.name)).collect();
    let head = format!("| cost, × the best peer's | {} |\n|---|{}\n", heads.join(" | "), "--:|".repeat(heads.len()));
    let rows: String = results.scenarios.iter().map(|scenario| row(results, scenario)).collect();
    format!("{head}{rows}\n{}.\n", results.circumstances)
}

fn row(results: &Results, scenario: &Scenario) -> String {
    let best = results.best_peer(scenario).map(|(name, _)| name);
    let cell = |name: &str| match results.ratio(scenario, name) {
        Some(ratio) if name == OURS || Some(name) == best => format!("**{ratio:.2}**"),
        Some(ratio) if ratio >= 20.0 => format!("{ratio:.0}"),
        Some(ratio) => format!("{ratio:.2}"),
        None => "–".to_owned(),
    };
    let cells: Vec<_> = results.proxies.iter().map(|proxy| cell(proxy.name)).collect();
    format!("| {} | {} |\n", scenario.title, cells.join(" | "))
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
