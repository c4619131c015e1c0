//! Whose request was it, when and where did it pass?
//!
//! What of it cannot be read is as good as not said.

use std::net::SocketAddr;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::Value;

use crate::exchange::Vantage;

/// The year 5138 in seconds; what is larger counts in smaller units.
const LATEST: f64 = 1e11;

/// What a capture says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Passage {
    /// What the capture calls the client: an address without its port, or a name; empty when it does not say.
    pub client: String,
    /// Where it was captured, if the capture says so.
    pub vantage: Option<Vantage>,
    /// Seconds since 1970, if the capture says so.
    pub time: Option<i64>,
}

/// Reads what is told. A client's port is another one for each connection.
pub(super) fn told(client: &Value, vantage: &Value, time: &Value) -> Passage {
    let client = match client {
        Value::Null => String::new(),
        Value::String(name) => name.parse::<SocketAddr>().map_or(name.clone(), |address| address.ip().to_string()),
        other => other.to_string(),
    };
    let vantage = vantage.as_str().and_then(|vantage| vantage.parse().ok());
    Passage { client, vantage, time: seconds(time) }
}

/// RFC 3339, in UTC where it names no offset; or a number of seconds, milliseconds or microseconds since 1970.
fn seconds(time: &Value) -> Option<i64> {
    let time = match time {
        Value::String(text) => {
            let text = text.trim();
            let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
            text.parse().ok().or_else(|| local().map(|zoned| zoned.timestamp()))
        }
        Value::Number(number) => {
            let number = number.as_f64()?;
            let unit = [1.0, 1e3, 1e6, 1e9].into_iter().find(|unit| number.abs() / unit < LATEST)?;
            Timestamp::from_second((number / unit).floor() as i64).ok()
        }
        _ => None,
    };
    time.map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn time_is_read_as_it_is_written() {
        for time in [
            json!("2026-11-22T14:02:11.123Z"),
            json!("2026-11-22T15:02:11.123+01:00"),
            json!("2026-11-22T14:02:11"),
            json!("2026-11-22 14:02:11"),
            json!(1_795_356_131),
            json!(1_795_356_131.123),
            json!(1_795_356_131_123_u64),
            json!(1_795_356_131_123_456_u64),
        ] {
            assert_eq!(seconds(&time), Some(1_795_356_131), "{time}");
        }
        for time in [json!(null), json!("yesterday"), json!([]), json!(""), json!(1e300), json!("1795356131x")] {
            assert_eq!(seconds(&time), None, "{time}");
        }
    }

    #[test]
    fn clients_are_told_without_their_ports() {
        let client = |name: &str| told(&json!(name), &Value::Null, &Value::Null).client;
        assert_eq!(client("192.0.2.7:51344"), "192.0.2.7");
        assert_eq!(client("[2001:db8::1]:51344"), "2001:db8::1");
        assert_eq!((client("phone"), client("2001:db8::1")), ("phone".to_owned(), "2001:db8::1".to_owned()));
        assert_eq!(told(&json!(7), &json!("beyond-carrier"), &Value::Null).vantage, Some(Vantage::BeyondCarrier));
    }
}
