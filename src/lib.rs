//! clir stands between a phone and the internet, finds the identifiers that carriers insert, and takes them out.
//!
//! Judgement is pure, plumbing is thin, and one door stands between them: [`intercept`]. `DESIGN.md` has the map.

#![forbid(unsafe_code)]

#[cfg(feature = "view")]
pub mod admin;
pub mod alert;
pub mod claim;
pub mod cli;
pub mod config;
pub mod detect;
pub mod event;
pub mod exchange;
pub mod gateway;
pub mod intercept;
pub mod listen;
pub mod policy;
pub mod portal;
#[cfg(feature = "evidence")]
pub mod probe;
pub mod proxy;
#[cfg(feature = "evidence")]
pub mod reflect;
#[cfg(feature = "evidence")]
pub mod report;
pub mod sink;
pub mod sniff;
pub mod telemetry;
pub mod tls;
