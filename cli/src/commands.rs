//! One file per command: checked arguments in, one result out.

mod account;
mod anchor;
mod audit;
mod bench;
mod commit;
mod compile;
mod completions;
mod consent;
mod demo;
mod deploy;
mod export;
mod inspect;
mod map;
mod model;
mod prove;
mod quantize;
mod register;
mod request;
mod setup;
mod submit;
mod verify;

use crate::args::{Command, ForceArgs, OutcomeArg};
use crate::error::Result;
use crate::files::Overwrite;
use crate::output::Output;
use zkdx_circuits::OutcomeKind;

/// Runs a command.
pub(crate) fn run(command: Command, output: Output) -> Result<()> {
    match command {
        Command::Demo(args) => demo::run(&args, output),
        Command::Inspect(args) => inspect::run(&args, output),
        Command::Quantize(args) => quantize::run(&args, output),
        Command::Compile(args) => compile::run(&args, output),
        Command::Setup(args) => setup::run(&args, output),
        Command::Register(args) => register::run(&args, output),
        Command::Commit(args) => commit::run(&args, output),
        Command::Prove(args) => prove::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Export(args) => export::run(&args, output),
        Command::Account(command) => account::run(&command, output),
        Command::Deploy(args) => deploy::run(&args, output),
        Command::Model(command) => model::run(&command, output),
        Command::Authority(command) => model::authority(&command, output),
        Command::Consent(command) => consent::run(&command, output),
        Command::Submit(args) => submit::run(&args, output),
        Command::Request(command) => request::run(&command, output),
        Command::Fulfil(args) => request::fulfil(&args, output),
        Command::Withdraw(args) => request::withdraw(&args, output),
        Command::Anchor(command) => anchor::run(&command, output),
        Command::Audit(args) => audit::run(&args, output),
        Command::Bench(args) => bench::run(&args, output),
        Command::Completions(args) => completions::run(&args, output),
    }
}

impl From<&ForceArgs> for Overwrite {
    fn from(args: &ForceArgs) -> Self {
        if args.force { Self::Yes } else { Self::No }
    }
}

impl From<OutcomeArg> for OutcomeKind {
    fn from(arg: OutcomeArg) -> Self {
        match arg {
            OutcomeArg::Class => Self::Class,
            OutcomeArg::ClassAndScores => Self::ClassAndScores,
            OutcomeArg::Commitment => Self::Commitment,
        }
    }
}

/// `0x` and hexadecimal digits.
fn hex(bytes: impl AsRef<[u8]>) -> String {
    ::hex::encode_prefixed(bytes)
}
