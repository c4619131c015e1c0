//! What time is it, for rules and for certificates?

use std::{cell::Cell, time::SystemTime};

use jiff::{Timestamp, civil::Date};

/// Today, where clir runs: partners expire by it. Days begin with a minute everywhere, so it is asked once in each.
pub fn today() -> Date {
    thread_local! {
        static LATEST: Cell<Option<(i64, Date)>> = const { Cell::new(None) };
    }
    let minute = Timestamp::now().as_second().div_euclid(60);
    match LATEST.get() {
        Some((latest, date)) if latest == minute => date,
        _ => {
            let date = jiff::Zoned::now().date();
            LATEST.set(Some((minute, date)));
            date
        }
    }
}

/// Now, for certificates.
pub fn now() -> SystemTime {
    SystemTime::now()
}
