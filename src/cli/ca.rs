//! Which authority signs our leaves?

use std::path::Path;

use super::{Failure, Outcome};

/// Arguments of `ca`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {}

/// Carries the command out.
pub fn run(_config: Option<&Path>, _arguments: &Arguments) -> Result<Outcome, Failure> {
    Err(Failure::new("not built yet"))
}
