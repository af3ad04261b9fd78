//! `zkdx completions`: what a shell needs to complete the command line.

use clap::CommandFactory;
use serde_json::json;

use crate::args::{Cli, CompletionsArgs};
use crate::error::{Context, Kind, Result};
use crate::output::Output;

/// Prints completions.
pub(super) fn run(args: &CompletionsArgs, output: Output) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zkdx", &mut script);
    let script = String::from_utf8(script).or_fail(Kind::Internal, "cannot write the completions")?;
    let value = json!({ "shell": args.shell.to_string(), "script": script });
    output.result(&value, || script.trim_end().to_owned());
    Ok(())
}
