//! What may still be spent?

use tokio::time::Instant;

/// A number that every act takes one from, and that time fills up again to where it began.
#[derive(Debug)]
pub(super) struct Allowance {
    left: u32,
    most: u32,
    per_second: u32,
    since: Instant,
}

impl Allowance {
    pub fn new(most: u32, per_second: u32) -> Self {
        Self { left: most, most, per_second, since: Instant::now() }
    }

    /// Takes one; whether there was one. The clock is looked at only when nothing is left.
    pub fn spend(&mut self) -> bool {
        if self.left == 0 {
            self.refill();
        }
        let could = self.left > 0;
        self.left = self.left.saturating_sub(1);
        could
    }

    /// Adds what was earned otherwise.
    pub fn earn(&mut self, count: u64) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(count).min(self.most);
    }

    fn refill(&mut self) {
        let seconds = self.since.elapsed().as_secs();
        if seconds > 0 {
            self.since = Instant::now();
            self.earn(seconds.saturating_mul(self.per_second.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_and_earnings_fill_it_up_but_not_over() {
        let mut allowance = Allowance::new(3, 2);
        assert_eq!([(); 4].map(|()| allowance.spend()), [true, true, true, false]);
        allowance.earn(1);
        assert_eq!([(); 2].map(|()| allowance.spend()), [true, false]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!([(); 3].map(|()| allowance.spend()), [true, true, false]);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!([(); 4].map(|()| allowance.spend()), [true, true, true, false]);
    }
}
