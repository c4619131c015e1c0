//! Does what goes by an exit get past whoever stands between, and come out as if there were none?

#[path = "../support/mod.rs"]
mod support;

mod door;
mod down;
mod flow;
mod pair;
mod readme;
mod routes;
mod trust;
mod ways;
mod wire_tap;
