//! The `clir` command. Everything it does stands in the library; see [`clir::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    clir::cli::main()
}

/// Gives memory back to the system when a crowd has gone, which the C library's allocator does not.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
