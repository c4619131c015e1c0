//! Which moment does a person mean?

use jiff::{Span, Timestamp, civil::DateTime, tz::TimeZone};

/// A point in time (RFC 3339, or a date with or without a time, in UTC), or how long ago it was (`2h`, `7d`).
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    before(text, Timestamp::now())
}

fn before(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let point = text.parse::<Timestamp>().ok();
    let date = || text.parse::<DateTime>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    let ago = || {
        let span = text.parse::<Span>().ok()?.abs();
        now.to_zoned(TimeZone::UTC).checked_sub(span).ok()
    };
    point
        .or_else(|| date().or_else(ago).map(|zoned| zoned.timestamp()))
        .ok_or_else(|| "neither a time (2026-11-22T14:02:11Z, 2026-11-22) nor how long ago it was (2h, 7d)".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_dates_and_spans() {
        let now = "2026-11-22T14:00:00Z".parse().unwrap();
        let told = |text: &str| before(text, now).unwrap().to_string();
        assert_eq!(told("2026-11-22T15:00:00+01:00"), "2026-11-22T14:00:00Z");
        assert_eq!(told("2026-11-22"), "2026-11-22T00:00:00Z");
        assert_eq!(told("2026-11-22T13:30"), "2026-11-22T13:30:00Z");
        assert_eq!(told("2h"), "2026-11-22T12:00:00Z");
        assert_eq!(told("1h30m"), "2026-11-22T12:30:00Z");
        assert_eq!(told("7d"), "2026-11-15T14:00:00Z");
        assert_eq!(told("2 hours ago"), "2026-11-22T12:00:00Z");
        assert!(before("yesterday", now).is_err());
    }
}
