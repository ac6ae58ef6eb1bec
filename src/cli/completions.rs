//! `lab completions`: prints completion scripts for shells.

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use replication_lab::exit::Exit;

use super::{Cli, output};

const AFTER_HELP: &str = "\
Examples:
  lab completions bash > ~/.local/share/bash-completion/completions/lab
  lab completions zsh  > ~/.zfunc/_lab
  lab completions fish > ~/.config/fish/completions/lab.fish";

/// Print a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CompletionsCommand {
    /// The shell.
    shell: Shell,
}

impl CompletionsCommand {
    pub(super) fn run(self) -> Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "lab", &mut script);
        output::print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
