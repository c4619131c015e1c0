//! What is one request?
//!
//! The vocabulary that every other room shares: a message's head as it was received, where it is meant to go, who
//! sent it, and the wrapper for values that identify someone. Nothing here reads a socket, a file or a clock.

mod context;
mod fields;
pub mod grammar;
mod head;
mod hex;
pub mod hpack;
mod key;
mod led;
mod mac;
mod origin;
mod sensitive;

pub use context::{Context, Direction, Known, Vantage};
pub use fields::{Field, Fields};
pub use head::{RequestHead, ResponseHead, Version};
pub use hex::hex;
pub use key::InstallationKey;
pub use led::Led;
pub use mac::{InvalidMac, Mac};
pub use origin::{Host, InvalidAuthority, Origin, Scheme};
pub use sensitive::Sensitive;
