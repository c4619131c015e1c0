//! Does this address ask too often?
//!
//! A bucket for each address that has asked lately; an IPv6 network of 64 bits is one customer and counts as one address.
//! Time is passed in.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// So many addresses are known at once. Beyond, those whose buckets are full again are forgotten, or else all.
const MOST: usize = 16 * 1024;
/// How many seconds' worth may come at once.
const BURST: f64 = 5.0;

/// Buckets, one for each address.
#[derive(Clone, Debug)]
pub struct Rates {
    per_second: f64,
    buckets: HashMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Duration,
}

impl Rates {
    /// So many a second from each address, and five seconds' worth of them at once.
    pub fn new(per_second: u32) -> Self {
        Self { per_second: f64::from(per_second), buckets: HashMap::new() }
    }

    /// Whether one more may come at `now`, counted from any fixed moment.
    pub fn admits(&mut self, address: IpAddr, now: Duration) -> bool {
        let (rate, full) = (self.per_second, self.per_second * BURST);
        let level = move |bucket: &Bucket| (bucket.left + now.saturating_sub(bucket.at).as_secs_f64() * rate).min(full);
        if self.buckets.len() >= MOST {
            self.buckets.retain(|_, bucket| level(bucket) < full);
        }
        if self.buckets.len() >= MOST {
            self.buckets.clear();
        }
        let bucket = self.buckets.entry(customer(address)).or_insert(Bucket { left: full, at: now });
        let left = level(bucket);
        let admits = left >= 1.0;
        *bucket = Bucket { left: if admits { left - 1.0 } else { left }, at: now };
        admits
    }
}

/// What counts as one address.
pub(super) fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_the_rate_holds() {
        let mut rates = Rates::new(2);
        let [one, other]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        let start = Duration::from_secs(100);
        let count = |rates: &mut Rates, at| (0..50).filter(|_| rates.admits(one, at)).count();
        assert_eq!(count(&mut rates, start), 10);
        assert!(rates.admits(other, start));
        assert_eq!(count(&mut rates, start + Duration::from_secs(3)), 6);
        assert_eq!(count(&mut rates, start), 0, "a clock that goes back gives nothing");
    }

    #[test]
    fn a_network_of_ipv6_is_one_and_a_crowd_is_bounded() {
        let mut rates = Rates::new(1);
        let admitted = (0..100).filter(|n| rates.admits(format!("2001:db8::{n:x}").parse().unwrap(), Duration::ZERO));
        assert_eq!(admitted.count(), 5);
        for n in 0..100_000_u128 {
            rates.admits(Ipv6Addr::from_bits(n << 64).into(), Duration::ZERO);
        }
        assert!(rates.buckets.len() <= MOST);
    }
}
