//! How is a password kept?

use super::{Failure, Outcome};

/// Arguments of `passwd`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Arguments {}

/// Carries the command out.
pub fn run(_arguments: &Arguments) -> Result<Outcome, Failure> {
    Err(Failure::new("not built yet"))
}
