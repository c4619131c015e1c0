//! Which moment does a person mean?

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// A point in time (RFC 3339, or a date with or without a time, in UTC), or how long ago it was (`2h`, `7d`).
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    before(text, Timestamp::now())
}

/// The same as an end: of a day without a time, its last moment.
pub(super) fn parse_end(text: &str) -> Result<Timestamp, String> {
    let day = text.parse::<Date>().ok().filter(|_| !text.contains(['T', 't', ' ', ':']));
    let end = day.and_then(|day| day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok());
    end.map_or_else(|| parse(text), |end| Ok(end.timestamp() - SignedDuration::from_nanos(1)))
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
    fn a_day_ends_with_its_last_moment() {
        let end = |text: &str| parse_end(text).unwrap().to_string();
        assert_eq!(end("2026-11-22"), "2026-11-22T23:59:59.999999999Z");
        assert_eq!(end("2026-11-22T13:30"), "2026-11-22T13:30:00Z");
        assert_eq!(end("2026-11-22T14:02:11Z"), "2026-11-22T14:02:11Z");
        assert!(parse_end("tomorrow").is_err());
    }

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
