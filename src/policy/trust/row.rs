//! How often in a row was our certificate rejected here, and what does that make of it?

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Look, Rejection};

/// So many in a row, where it was never accepted.
const FAILURES: u8 = 3;
/// So many in a row, where it was: one that breaks off is no pin.
const FAILURES_AFTER_SUCCESS: u8 = 6;
/// As long ago must the last success be then: another program may be the one that succeeds.
const LATELY: Duration = Duration::from_mins(10);

/// Successes and failures at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// Failures since the last success.
    pub failures: u8,
    /// The last success.
    pub succeeded: Option<i64>,
    /// The last failure.
    pub failed: i64,
    /// Since when it passes.
    pub pinned: Option<i64>,
    /// It has passed before, and has not succeeded since: one failure is enough.
    pub again: bool,
    /// How often it passed.
    pub passed: u32,
    /// When it last passed.
    pub last_passed: i64,
}

impl Row {
    /// Whether it passes now.
    pub fn is_pinned(&self, look: &Look) -> bool {
        self.pinned.is_some_and(|since| look.holds(since, look.times.pinned))
    }

    /// It passes once more.
    pub fn passes(&mut self, now: i64) {
        self.passed = self.passed.saturating_add(1);
        self.last_passed = now;
    }

    pub fn succeeds(&mut self, now: i64) {
        *self = Self { succeeded: Some(now), ..Self::default() };
    }

    /// Answers whether it passes from now on.
    pub fn fails(&mut self, how: Rejection, began: i64, look: &Look) -> bool {
        if how == Rejection::Silence && began < self.failed {
            return false;
        }
        self.failed = look.now;
        if self.is_pinned(look) {
            // One of many that were under way at once.
            return false;
        }
        if self.pinned.take().is_some() {
            (self.again, self.failures) = (true, 0);
        }
        self.failures = self.failures.saturating_add(1);
        let enough = match self.succeeded {
            _ if self.again => 1,
            None => FAILURES,
            Some(_) => FAILURES_AFTER_SUCCESS,
        };
        let lately = self.succeeded.is_some_and(|at| look.holds(at, LATELY));
        let is_pinned = self.failures >= enough && (self.again || !lately);
        if is_pinned {
            self.pinned = Some(look.now);
        }
        is_pinned
    }

    /// Takes back failures that turned out to say nothing about the place.
    pub fn forgive(&mut self) {
        (self.failures, self.pinned, self.again) = (0, None, false);
    }
}
