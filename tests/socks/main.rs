//! Do clients of SOCKS 5 get where they want, and nowhere else?

#[path = "../support/mod.rs"]
mod support;

mod hellos;
mod http2;
mod replies;
mod speak;
mod tunnels;
