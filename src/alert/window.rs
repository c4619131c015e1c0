//! How many alerts is somebody told within an hour?

use std::time::{Duration, Instant};

/// An hour.
const LENGTH: Duration = Duration::from_secs(3600);

/// Counts what was told since it began, and what was held back.
#[derive(Debug)]
pub struct Window {
    most: u32,
    since: Option<Instant>,
    told: u32,
    held_back: u64,
}

impl Window {
    /// At most so many.
    pub fn new(most: u32) -> Self {
        Self { most, since: None, told: 0, held_back: 0 }
    }

    /// Whether one more may be told; if not, it is held back.
    pub fn admits(&mut self, now: Instant) -> bool {
        self.since.get_or_insert(now);
        if self.told < self.most {
            self.told += 1;
            return true;
        }
        self.held_back += 1;
        false
    }

    /// How long it still lasts.
    pub fn left(&self, now: Instant) -> Duration {
        self.since.map_or(LENGTH, |since| LENGTH.saturating_sub(now.duration_since(since)))
    }

    /// Whether it is over.
    pub fn is_over(&self, now: Instant) -> bool {
        self.left(now).is_zero()
    }

    /// Begins anew, and says how many were held back.
    pub fn close(&mut self) -> u64 {
        let held_back = self.held_back;
        *self = Self::new(self.most);
        held_back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_held_back_until_the_hour_is_over() {
        let mut window = Window::new(2);
        let start = Instant::now();
        let told: Vec<_> = (0..5).map(|_| window.admits(start)).collect();
        assert_eq!(told, [true, true, false, false, false]);
        assert!(!window.is_over(start + LENGTH - Duration::from_secs(1)));
        assert!(window.is_over(start + LENGTH));
        assert_eq!((window.close(), window.close()), (3, 0));
        assert!(window.admits(start + LENGTH) && !window.is_over(start + LENGTH));
    }
}
