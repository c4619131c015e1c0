//! How does clir stand beside its peers, at a glance?
//!
//! A bar for clir in each row, from the best peer's cost on a scale of doublings: to the left is less. Dots are the peers.

use super::svg::{document, dot, line, text};
use crate::{
    proxies::{FLOOR, OURS},
    results::Results,
};

const WIDTH: f64 = 860.0;
const LEFT: f64 = 290.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 78.0;
const ROW: f64 = 24.0;
/// What costs more than this stands at the edge.
const MOST: f64 = 32.0;
const LEAST: f64 = 0.25;

/// The plot.
pub fn draw(results: &Results) -> String {
    let rows: Vec<_> = results.scenarios.iter().filter(|it| results.ratio(it, OURS).is_some()).collect();
    let bottom = TOP + ROW * rows.len() as f64;
    let mut inside = legend(results) + &axis(bottom);
    for (at, scenario) in rows.iter().enumerate() {
        let middle = TOP + ROW * (at as f64 + 0.5);
        inside += &text((LEFT - 12.0, middle + 4.0), "", "end", scenario.title);
        if let Some(ratio) = results.ratio(scenario, OURS) {
            inside += &bar(middle, ratio);
        }
        for (class, name) in peers(results) {
            if let Some(ratio) = results.ratio(scenario, name) {
                inside += &dot(&class, (place(ratio), middle), &format!("{name}: {ratio:.2}"));
            }
        }
    }
    inside += &line("axis", (place(1.0), TOP), (place(1.0), bottom));
    let words = "cost: CPU time for the same work, memory or time; times the best peer's, left is less";
    inside += &text((f64::midpoint(LEFT, WIDTH - RIGHT), bottom + 38.0), "small", "middle", words);
    inside += &text((16.0, bottom + 60.0), "small", "start", &results.circumstances);
    document(WIDTH, bottom + 74.0, "clir beside its peers", &inside)
}

fn bar(middle: f64, ratio: f64) -> String {
    let (from, to) = (place(ratio.min(1.0)), place(ratio.max(1.0)));
    format!(
        "<rect class=\"ours\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"12\"><title>clir: {ratio:.2}</title></rect>\n",
        middle - 6.0,
        (to - from).max(2.0)
    )
}

fn axis(bottom: f64) -> String {
    let mark = |ratio: f64| {
        let x = place(ratio);
        line("grid", (x, TOP), (x, bottom)) + &text((x, bottom + 16.0), "small", "middle", &format!("{ratio}"))
    };
    [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0].into_iter().map(mark).collect()
}

fn legend(results: &Results) -> String {
    let named = |(at, (class, name)): (usize, (String, &str))| {
        let x = LEFT + 90.0 * (at as f64 + 1.0);
        dot(&class, (x, 50.0), name) + &text((x + 9.0, 54.0), "", "start", name)
    };
    let ours = format!("<rect class=\"ours\" x=\"{LEFT}\" y=\"44\" width=\"16\" height=\"12\"/>");
    let peers: String = peers(results).into_iter().enumerate().map(named).collect();
    ours + &text((LEFT + 22.0, 54.0), "", "start", OURS) + &peers
}

fn peers(results: &Results) -> Vec<(String, &'static str)> {
    let names = results.proxies.iter().map(|proxy| proxy.name).filter(|&name| name != OURS && name != FLOOR);
    names.enumerate().map(|(at, name)| (format!("peer{at}"), name)).collect()
}

fn place(ratio: f64) -> f64 {
    let (least, most) = (LEAST.log2(), MOST.log2());
    let share = (ratio.clamp(LEAST, MOST).log2() - least) / (most - least);
    LEFT + share * (WIDTH - RIGHT - LEFT)
}
