//! `zkdx deploy`: the contracts on a chain.

use serde_json::json;
use zkdx_circuits::statement::keccak;
use zkdx_client::deployment::{self, Deployed};
use zkdx_client::{Address, B256, Deployment, Parameters};

use super::hex;
use crate::args::DeployArgs;
use crate::chain::{self, Link, Sender};
use crate::error::{Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Deploys what is not there.
pub(super) fn run(args: &DeployArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_writable(&args.out, overwrite)?;
    let wallet = chain::wallet(&args.send.wallet)?;
    let parameters = parameters(args, wallet.address())?;
    parameters.check()?;
    let link = Link::new(&args.send.node)?;
    let planned = link.wait(Deployment::plan(&link.node, parameters))?;
    let sender = Sender::unchecked(planned, link, wallet, &args.send, output);
    let deployed = match args.anchor_only {
        true => sender.run(deployment::deploy_anchor),
        false => sender.run(deployment::deploy),
    }?;
    store::write_public(&args.out, sender.deployment.to_json().as_bytes(), overwrite)?;
    report(args, &sender.deployment, &deployed, output);
    Ok(())
}

fn parameters(args: &DeployArgs, payer: Address) -> Result<Parameters> {
    let admin = args.admin.unwrap_or(payer);
    let mut anchor_members = if args.anchor_member.is_empty() { vec![admin] } else { args.anchor_member.clone() };
    anchor_members.sort();
    Ok(Parameters {
        salt: args.salt,
        admin,
        guardian: args.guardian.unwrap_or(admin),
        delay_seconds: args.delay,
        approvals_required: args.approvals,
        purpose: purpose(&args.purpose)?,
        anchor_members,
        anchor_threshold: args.anchor_threshold,
    })
}

/// A text's keccak, or what is written as one: it stands for ever, so digits that are none are not taken for a text.
fn purpose(text: &str) -> Result<B256> {
    if !text.starts_with("0x") {
        return Ok(keccak([text.as_bytes()]).into());
    }
    let next = "give 0x and 64 digits, or a text that does not begin with 0x";
    text.parse().or_fail_with(Kind::Usage, format!("the purpose `{text}` is no keccak"), next)
}

fn report(args: &DeployArgs, deployment: &Deployment, deployed: &[Deployed], output: Output) {
    let contracts: serde_json::Map<String, serde_json::Value> =
        deployment.contracts().map(|(contract, address)| (contract.name().into(), json!(address))).collect();
    let transactions: Vec<_> = deployed.iter().filter_map(|one| one.settled.as_ref()).map(chain::transaction).collect();
    let value = json!({
        "chain_id": deployment.chain_id, "first_block": deployment.first_block, "contracts": contracts,
        "transactions": transactions, "deployment": args.out, "purpose": hex(deployment.parameters.purpose),
    });
    output.result(&value, || {
        let line = |one: &Deployed| {
            let address = deployment.address(one.contract);
            let made =
                one.settled.as_ref().map_or("was there".to_owned(), |settled| format!("gas {}", settled.gas_used));
            format!("{:<18} {address}  {made}\n", one.contract.name())
        };
        let lines: String = deployed.iter().map(line).collect();
        format!("{lines}wrote {}", args.out.display())
    });
}
