//! How does a figure grow, at a glance?

use super::svg::{document, dot, line, text};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 72.0;

/// What is drawn.
pub struct Curve<'a> {
    pub title: &'a str,
    /// What grows, by tenfolds.
    pub across: &'a str,
    /// What is measured, from nothing.
    pub upward: &'a str,
    pub points: &'a [(f64, f64)],
    pub circumstances: &'a str,
}

/// The plot.
pub fn draw(curve: &Curve<'_>) -> String {
    let least = curve.points.iter().map(|point| point.0).fold(f64::INFINITY, f64::min).max(f64::MIN_POSITIVE).log10();
    let most = curve.points.iter().map(|point| point.0).fold(0.0, f64::max).max(f64::MIN_POSITIVE).log10();
    let top = round(curve.points.iter().map(|point| point.1).fold(0.0, f64::max) * 1.1);
    let place = |(across, up): (f64, f64)| {
        let share = (across.log10() - least) / (most - least).max(f64::MIN_POSITIVE);
        (LEFT + share * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up / top * (HEIGHT - TOP - BOTTOM))
    };
    let (first, last) = (10_f64.powf(least), 10_f64.powf(most));
    let mut inside = String::new();
    for up in [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| share * top) {
        let (x, y) = place((first, up));
        inside += &line("grid", (x, y), (WIDTH - RIGHT, y));
        inside += &text((LEFT - 8.0, y + 4.0), "small", "end", &short(up));
    }
    let path: Vec<_> = curve.points.iter().map(|&point| place(point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    inside += &format!("<polyline class=\"line\" points=\"{}\"/>\n", path.join(" "));
    for &point in curve.points {
        let (x, y) = place(point);
        inside += &dot("ours", (x, y), &format!("{}: {}", short(point.0), short(point.1)));
        inside += &text((x, HEIGHT - BOTTOM + 18.0), "small", "middle", &short(point.0));
    }
    inside += &line("axis", place((first, 0.0)), place((last, 0.0)));
    inside += &text((f64::midpoint(LEFT, WIDTH), HEIGHT - BOTTOM + 38.0), "small", "middle", curve.across);
    inside += &text((16.0, TOP - 8.0), "small", "start", curve.upward);
    inside += &text((16.0, HEIGHT - 12.0), "small", "start", curve.circumstances);
    document(WIDTH, HEIGHT, curve.title, &inside)
}

/// The next of 1, 2, 4 and 8 times a power of ten.
fn round(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    [1.0, 2.0, 4.0, 8.0].into_iter().map(|digit| digit * power).find(|it| *it >= value).unwrap_or(power * 10.0)
}

fn short(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{} M", value / 1e6),
        value if value >= 1e4 => format!("{} k", (value / 1e2).round() / 10.0),
        value => format!("{}", (value * 100.0).round() / 100.0),
    }
}
