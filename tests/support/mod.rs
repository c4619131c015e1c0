//! What does it take to watch clir from outside?
//!
//! Everything here speaks bytes over sockets and knows nothing of the library: the process under test, origins, raw
//! clients, the carrier's box in between, and a naive proxy that proves that the suites can fail.

// Every suite compiles this for itself and uses its own part of it.
#![allow(dead_code, unused_imports)]

pub mod browser;
pub mod carrier;
pub mod certificates;
pub mod clir;
pub mod dialogue;
pub mod frames;
pub mod h2;
pub mod hello;
pub mod middlebox;
pub mod naive;
pub mod network;
pub mod origin;
pub mod probe;
pub mod setup;
pub mod tls;
pub mod wire;

use std::time::{Duration, Instant};

pub use clir::Clir;
pub use origin::{Origin, Stage};
pub use setup::Setup;
pub use wire::{Head, Response, Wire};

/// How long anything may take before a test calls it lost. Nothing waits this long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The number that the fake carrier inserts: reserved for fiction (+44 7700 900000 to 900999).
pub const NUMBER: &str = "447700900123";

/// That number as it stands in events.
pub const MASKED: &str = "44770•••••23";

/// The field that a British operator sent with every request in January 2012.
pub const LEAK: &str = "x-up-calling-line-id: 447700900123";

/// Asks again and again until there is an answer.
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
