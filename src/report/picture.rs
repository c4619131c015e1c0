//! What do counts look like?
//!
//! SVG inside the page, with the numbers as a title, and drawn so that it prints in black and white: what was received stands
//! above the line, what was spared below.

use std::collections::BTreeMap;

use jiff::Timestamp;

const WIDTH: f64 = 720.0;
const HALF: f64 = 70.0;
const BARS: i64 = 60;

/// Some hours, of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    /// When it begins.
    pub from: Timestamp,
    /// How many requests with something that was received.
    pub received: u64,
    /// How many other requests with findings.
    pub other: u64,
}

/// The hours, gathered into at most sixty buckets of equal length between the first and the last.
pub(super) fn buckets(hours: &BTreeMap<i64, (u64, u64)>) -> Vec<Bucket> {
    let (Some((first, _)), Some((last, _))) = (hours.first_key_value(), hours.last_key_value()) else {
        return Vec::new();
    };
    let each = (last - first + 1).div_euclid(BARS) + i64::from((last - first + 1).rem_euclid(BARS) > 0);
    let count = (last - first).div_euclid(each) + 1;
    (0..count)
        .filter_map(|index| {
            let start = first + index * each;
            let within = hours.range(start..start + each);
            let (received, other) = within.fold((0, 0), |(one, two), (_, (a, b))| (one + a, two + b));
            let from = Timestamp::from_second(start * 3600).ok()?;
            Some(Bucket { from, received, other })
        })
        .collect()
}

/// The buckets as bars.
pub(super) fn timeline(buckets: &[Bucket], title: &str) -> String {
    let most = buckets.iter().map(|bucket| bucket.received.max(bucket.other)).max().unwrap_or(1).max(1) as f64;
    let width = WIDTH / buckets.len().max(1) as f64;
    let height = 2.0 * HALF + 24.0;
    let mut svg = format!(
        "<svg class=\"timeline\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\"><line x1=\"0\" y1=\"{HALF}\" x2=\"{WIDTH}\" y2=\"{HALF}\"/>",
        escaped(title)
    );
    for (index, bucket) in buckets.iter().enumerate() {
        let x = index as f64 * width;
        let (up, down) = (HALF * bucket.received as f64 / most, HALF * bucket.other as f64 / most);
        let bar = (width * 0.8).min(28.0);
        svg += &format!("<g><title>{}: {} / {}</title>", stamp(bucket.from), bucket.received, bucket.other);
        svg += &format!(
            "<rect class=\"received\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{bar:.1}\" height=\"{up:.1}\"/>",
            HALF - up
        );
        svg +=
            &format!("<rect class=\"spared\" x=\"{x:.1}\" y=\"{HALF}\" width=\"{bar:.1}\" height=\"{down:.1}\"/></g>");
    }
    let y = height - 6.0;
    if let (Some(first), Some(last)) = (buckets.first(), buckets.last()) {
        svg += &format!("<text x=\"0\" y=\"{y}\">{}</text>", stamp(first.from));
        if last != first {
            svg += &format!("<text x=\"{WIDTH}\" y=\"{y}\" text-anchor=\"end\">{}</text>", stamp(last.from));
        }
    }
    svg + "</svg>"
}

/// Two numbers as one bar, the first part filled.
pub(super) fn share(part: usize, rest: usize, most: usize) -> String {
    let most = most.max(1) as f64;
    let (part, rest) = (120.0 * part as f64 / most, 120.0 * rest as f64 / most);
    format!(
        "<svg class=\"share\" viewBox=\"0 0 120 10\" aria-hidden=\"true\"><rect class=\"received\" width=\"{part:.1}\" height=\"10\"/><rect class=\"spared\" x=\"{part:.1}\" width=\"{rest:.1}\" height=\"10\"/></svg>"
    )
}

/// To the minute, without the letters of RFC 3339.
pub(super) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_gathered_into_few_bars_and_nothing_is_lost() {
        let hours: BTreeMap<i64, (u64, u64)> = (0..1000).map(|hour| (480_000 + hour * 7, (1, 2))).collect();
        let buckets = buckets(&hours);
        assert!(buckets.len() <= 60, "{}", buckets.len());
        let sum = buckets.iter().fold((0, 0), |sum, bucket| (sum.0 + bucket.received, sum.1 + bucket.other));
        assert_eq!(sum, (1000, 2000));
    }

    #[test]
    fn one_hour_is_one_bar_and_none_is_none() {
        assert_eq!(buckets(&BTreeMap::from([(480_000, (3, 0))])).len(), 1);
        assert!(buckets(&BTreeMap::new()).is_empty());
    }
}
