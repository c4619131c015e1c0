//! Does `clir probe` name what a box on the way does, and nothing where there is none?

#[path = "../support/mod.rs"]
mod support;

mod boxes;
mod hello;
mod kinds;
mod plain;
mod result;
