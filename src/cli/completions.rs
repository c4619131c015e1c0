//! How does a shell complete our commands?

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Failure, Outcome};

/// Arguments of `completions`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The shell; for bash: clir completions bash > ~/.local/share/bash-completion/completions/clir
    #[arg(value_enum)]
    shell: Shell,
}

/// Carries the command out.
pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let script = script(arguments.shell);
    // The generator would panic on a closed pipe; we write ourselves.
    let mut out = std::io::stdout().lock();
    out.write_all(&script)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::because("cannot write the completion script", error))?;
    Ok(Outcome::Done)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::Arguments::command(), "clir", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_gets_every_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            for command in
                ["run", "check", "explain", "scan", "log", "watch", "qr", "ca", "gateway", "passwd", "completions"]
            {
                assert!(script.contains(command), "{shell}: {command}");
            }
        }
    }
}
