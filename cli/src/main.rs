//! `zkdx`: proves that a committed model, run on a committed record, gave this diagnosis.

mod args;
mod chain;
mod commands;
mod dataset;
mod error;
mod files;
mod memory;
mod output;
mod pipeline;
mod progress;
mod resources;
mod store;

use std::process::ExitCode;

use clap::Parser;

/// Prints help or what is wrong with the command line; programs that asked for JSON get it.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() && std::env::args().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let error = error::CliError::new(error::Kind::Usage, what).next("zkdx --help shows every command and flag");
        output::Output::new(true, true).json_error(&error);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = output::Output::new(cli.json, cli.quiet);
    match commands::run(cli.command, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind == error::Kind::DryRun => {
            output.result(&error.done, || error.what.clone());
            ExitCode::SUCCESS
        }
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.kind.code())
        }
    }
}
