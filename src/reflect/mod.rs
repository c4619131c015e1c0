//! What does a site receive, and was anything added to it on the way?
//!
//! Judgement alone: a request as it arrived goes in ([`Seen`]), bytes to answer with come out ([`Reply`]). The sockets are
//! [`server`]'s, which nothing else here knows.

mod answer;
mod bodies;
mod compare;
mod head;
mod hello;
mod json;
mod marked;
mod memory;
mod negotiate;
mod page;
mod rate;
mod seen;
pub mod server;
mod site;
mod verdict;
mod walk;

#[cfg(test)]
mod tests;

pub use answer::Reply;
pub use bodies::MARKED;
pub use rate::Rates;
pub use seen::{Body, Connection, Seen, Tls};
pub use site::Site;
