//! Does clir start, change, stop and die as an operator expects?

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod crowd;
mod descriptors;
mod end;
mod evidence;
mod idle;
mod log;
mod reload;
mod rotated;
mod start;
mod stop;
