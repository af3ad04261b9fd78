//! `zkdx completions`: what a shell needs to complete the command line.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::error::Result;

/// Prints completions.
pub(super) fn run(args: &CompletionsArgs) -> Result<()> {
    clap_complete::generate(args.shell, &mut Cli::command(), "zkdx", &mut std::io::stdout());
    Ok(())
}
