//! How does a shell complete our commands?

use super::{Failure, Outcome};

/// Arguments of `completions`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {}

/// Carries the command out.
pub fn run(_arguments: &Arguments) -> Result<Outcome, Failure> {
    Err(Failure::new("not built yet"))
}
