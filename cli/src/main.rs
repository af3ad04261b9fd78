//! `zkdx`: proves that a committed model, run on a committed record, gave this diagnosis.

mod args;
mod commands;
mod dataset;
mod error;
mod files;
mod output;
mod pipeline;
mod resources;
mod store;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let output = output::Output::new(cli.json, cli.quiet);
    match commands::run(cli.command, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.kind.code())
        }
    }
}
