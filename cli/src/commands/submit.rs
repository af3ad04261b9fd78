//! `zkdx submit`: proofs to the log.

use serde_json::{Value, json};
use zkdx_client::submission::{self, Recorded};

use crate::args::SubmitArgs;
use crate::chain::{self, Sender};
use crate::error::Result;
use crate::output::Output;
use crate::store;

/// Submits every proof that is not recorded yet. What is done before a failure is said with it.
pub(super) fn run(args: &SubmitArgs, output: Output) -> Result<()> {
    let proofs = args.proofs.iter().map(|path| store::read_proof(path)).collect::<Result<Vec<_>>>()?;
    let sender = Sender::open(&args.on, output)?;
    let mut recorded = Vec::new();
    let result = sender.run(|session| submission::submit(session, &proofs, |one| recorded.push(one)));
    recorded.sort_by_key(|one| one.proof);
    let value = json!({ "recorded": recorded.iter().map(|one| of(args, one)).collect::<Vec<_>>() });
    result.map_err(|error| error.done(value.clone()))?;
    output.result(&value, || recorded.iter().map(|one| text(args, one)).collect::<Vec<_>>().join("\n"));
    Ok(())
}

fn of(args: &SubmitArgs, one: &Recorded) -> Value {
    let transaction = one.settled.as_deref().map(chain::transaction);
    json!({ "proof": args.proofs[one.proof], "nullifiers": one.nullifiers, "transaction": transaction })
}

fn text(args: &SubmitArgs, one: &Recorded) -> String {
    let cases: String = one.nullifiers.iter().map(|nullifier| format!("nullifier   {nullifier}\n")).collect();
    let path = args.proofs[one.proof].display();
    format!("recorded    {path}\n{cases}{}", chain::settled_line(one.settled.as_deref()))
}
