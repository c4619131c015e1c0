//! Does cleartext go inside TLS where the site is there as well, and does nobody notice where it is not?
//!
//! On ports 80 and 443 of public addresses, in a network of each test's own.

#[path = "../support/mod.rs"]
mod support;

mod browsers;
mod connectivity;
mod elsewhere;
mod memory;
mod site;
mod taken;
