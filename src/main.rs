//! The `clir` command. Everything it does stands in the library; see [`clir::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    clir::cli::main()
}
