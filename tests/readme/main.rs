//! Is what README.md says what happens?
//!
//! Its console blocks are typed into a shell in their order, with the real binary, and must give the output that is
//! printed; its TOML must be sound and its rules must decide; its tables must agree with the program.

#[path = "../../examples/site.rs"]
#[allow(dead_code)]
mod site;
#[path = "../support/mod.rs"]
mod support;

mod blocks;
mod console;
mod links;
mod rules;
mod tables;
