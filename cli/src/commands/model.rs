//! `zkdx model` and `zkdx authority`: what owners, authorities and the registry's admin say, and what the registry knows.

use serde_json::json;
use zkdx_circuits::statement::keccak;
use zkdx_client::registry::{self, Standing, Word};
use zkdx_client::{B256, Contract};

use crate::args::{AuthorityCommand, DeploymentArgs, ModelCommand, NodeArgs, TransactionArgs};
use crate::chain::{self, Sender};
use crate::error::{CliError, Kind, Result};
use crate::files;
use crate::output::Output;

/// Says what is to be said of a model, or shows it.
pub(super) fn run(command: &ModelCommand, output: Output) -> Result<()> {
    let (word, on) = match command {
        ModelCommand::Show { model, deployment, node } => return show(*model, deployment, node, output),
        ModelCommand::Approve { model, evidence, uri, on } => {
            let evidence = evidence.as_ref().map(|path| files::read(path)).transpose()?;
            let evidence = evidence.map_or(B256::ZERO, |bytes| keccak([&bytes[..]]).into());
            (Word::Approve { model: *model, evidence, uri: uri.clone() }, on)
        }
        ModelCommand::Disapprove { model, reason, on } => {
            (Word::WithdrawApproval { model: *model, reason: reason.clone() }, on)
        }
        ModelCommand::Revoke { model, reason, on } => (Word::Revoke { model: *model, reason: reason.clone() }, on),
        ModelCommand::Succeed { model, successor, on } => (Word::Succeed { model: *model, successor: *successor }, on),
    };
    say(word, on, output)
}

/// Lists an authority or strikes it off.
pub(super) fn authority(command: &AuthorityCommand, output: Output) -> Result<()> {
    let (word, on) = match command {
        AuthorityCommand::Add { authority, name, on } => (Word::List { authority: *authority, name: name.clone() }, on),
        AuthorityCommand::Remove { authority, reason, on } => {
            (Word::StrikeOff { authority: *authority, reason: reason.clone() }, on)
        }
    };
    say(word, on, output)
}

fn say(word: Word, on: &TransactionArgs, output: Output) -> Result<()> {
    let sender = Sender::open(on, output)?;
    let settled = sender.run(|session| registry::say(session, word))?;
    let value = json!({ "transaction": settled.as_ref().map(chain::transaction) });
    output.result(&value, || chain::settled_line(settled.as_ref()));
    Ok(())
}

fn show(model: B256, deployment: &DeploymentArgs, node: &NodeArgs, output: Output) -> Result<()> {
    let (deployment, link) = chain::open(deployment, node)?;
    let required = deployment.parameters.approvals_required;
    let Some(standing) = link.wait(registry::standing(&link.node, &deployment, model))? else {
        let registry = deployment.address(Contract::ModelRegistry);
        return Err(CliError::new(Kind::Chain, format!("the registry {registry} knows no model {model}"))
            .next("register it with `zkdx register --chain`"));
    };
    let Standing { owner, registered_at, revoked_at, approvals, successor } = standing;
    let usable = revoked_at.is_none() && approvals >= required.into();
    let value = json!({
        "model_id": model, "owner": owner, "registered_at": registered_at, "revoked_at": revoked_at, "approvals": approvals,
        "approvals_required": required, "successor": successor, "usable": usable,
    });
    output.result(&value, || {
        let revoked = revoked_at.map(|at| format!("revoked     {}\n", chain::time(at))).unwrap_or_default();
        let successor = successor.map(|id| format!("successor   {id}\n")).unwrap_or_default();
        let (at, word) = (chain::time(registered_at), if usable { "can" } else { "can not" });
        format!("owner       {owner}\nregistered  {at}\n{revoked}approvals   {approvals} of {required}\n{successor}{word} be used for diagnoses")
    });
    Ok(())
}
