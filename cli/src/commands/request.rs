//! `zkdx request`, `zkdx fulfil`, `zkdx withdraw`: diagnoses for money.

use std::path::Path;

use rand::RngCore;
use rand::rngs::OsRng;
use serde_json::json;
use zkdx_client::market::{self, Request, RequestFile, State};
use zkdx_client::{Address, B256, Settled, U256};

use super::consent;
use crate::args::{FulfilArgs, RequestCommand, RequestMakeArgs, WithdrawArgs};
use crate::chain::{self, Link, Sender};
use crate::error::{CliError, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Makes, shows or refunds a request.
pub(super) fn run(command: &RequestCommand, output: Output) -> Result<()> {
    match command {
        RequestCommand::Make(args) => make(args, output),
        RequestCommand::Status { request, deployment, node } => {
            let (file, deployment) = (read(request)?, chain::read_deployment(&deployment.deployment)?);
            let link = Link::new(node)?;
            link.wait(deployment.check(&link.node))?;
            let state = link.wait(market::state(&link.node, &deployment, &file))?;
            let value = json!({ "request_id": file.id(), "state": state, "deadline": file.request.deadline });
            output.result(&value, || status(&file, state));
            Ok(())
        }
        RequestCommand::Refund { request, deployment, send } => {
            let file = read(request)?;
            let sender = Sender::open(deployment, send, output)?;
            let settled = sender.run(|session| market::refund(session, &file))?;
            report(&file, "refunded: the payer can take the money out with `zkdx withdraw`", settled.as_ref(), output);
            Ok(())
        }
    }
}

/// The file is written before the money is sent: without it nobody could prove what was paid for, nor get it back.
fn make(args: &RequestMakeArgs, output: Output) -> Result<()> {
    let sender = Sender::open(&args.deployment, &args.send, output)?;
    let wanted = wanted(args, sender.wallet.address())?;
    let existing = if args.out.exists() && !args.force.force { Some(read(&args.out)?) } else { None };
    let file = match existing {
        Some(file) if same(&file.request, &wanted) => file,
        Some(_) => {
            return Err(CliError::new(Kind::Input, format!("`{}` holds another request", args.out.display()))
                .next("choose another path, or pass --force to replace it"));
        }
        None => {
            let file = RequestFile::new(&sender.deployment, wanted)?;
            sender.run(|session| market::check_payer(session, &file))?;
            store::write_public(&args.out, file.to_json().as_bytes(), Overwrite::from(&args.force))?;
            file
        }
    };
    let settled = sender.run(|session| market::ask(session, &file))?;
    report(&file, &format!("asked for, see {}", args.out.display()), settled.as_ref(), output);
    Ok(())
}

fn wanted(args: &RequestMakeArgs, payer: Address) -> Result<Request> {
    let mut salt = B256::ZERO;
    OsRng.fill_bytes(&mut salt[..]);
    let consent = match args.consent.parse() {
        Ok(id) => id,
        Err(_) => consent::read(Path::new(&args.consent))?.id(),
    };
    Ok(Request {
        payer,
        token: args.token,
        price: args.price,
        fee: args.fee,
        model: args.model,
        record: U256::from_be_bytes(args.record.0),
        consent,
        saturated: args.saturated,
        deadline: consent::now().saturating_add(args.lasting),
        salt,
    })
}

/// Whether two requests ask for the same but for deadline and salt.
fn same(a: &Request, b: &Request) -> bool {
    Request { deadline: b.deadline, salt: b.salt, ..a.clone() } == *b
}

/// Fulfils requests.
pub(super) fn fulfil(args: &FulfilArgs, output: Output) -> Result<()> {
    let files = args.requests.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let proof = store::read_proof(&args.proof)?;
    let sender = Sender::open(&args.deployment, &args.send, output)?;
    let prover = args.prover.unwrap_or_else(|| sender.wallet.address());
    let settled = sender.run(|session| market::fulfil(session, &files, prover, &proof))?;
    let ids: Vec<_> = files.iter().map(RequestFile::id).collect();
    let value =
        json!({ "request_ids": ids, "prover": prover, "transaction": settled.as_ref().map(chain::transaction) });
    output.result(&value, || {
        let ids: String = ids.iter().map(|id| format!("fulfilled   {id}\n")).collect();
        format!("{ids}{}", chain::settled_line(settled.as_ref()))
    });
    Ok(())
}

/// Takes out what is owed.
pub(super) fn withdraw(args: &WithdrawArgs, output: Output) -> Result<()> {
    let sender = Sender::open(&args.deployment, &args.send, output)?;
    let to = args.to.unwrap_or_else(|| sender.wallet.address());
    let owed = sender.run(|session| market::owed(session, args.token))?;
    let settled = sender.run(|session| market::withdraw(session, args.token, to))?;
    let value = json!({
        "token": args.token, "to": to, "amount": owed.to_string(), "transaction": settled.as_ref().map(chain::transaction),
    });
    output.result(&value, || match &settled {
        None => "nothing is owed: nothing was sent".into(),
        Some(_) if args.token.is_zero() => {
            format!("{} to {to}\n{}", chain::amount(owed), chain::settled_line(settled.as_ref()))
        }
        Some(_) => format!("{owed} of {} to {to}\n{}", args.token, chain::settled_line(settled.as_ref())),
    });
    Ok(())
}

fn report(file: &RequestFile, what: &str, settled: Option<&Settled>, output: Output) {
    let value = json!({ "request_id": file.id(), "transaction": settled.map(chain::transaction) });
    output.result(&value, || format!("request     {}\n{what}\n{}", file.id(), chain::settled_line(settled)));
}

fn status(file: &RequestFile, state: State) -> String {
    let word = match state {
        State::None => "not made",
        State::Requested => "open",
        State::Fulfilled => "fulfilled",
        State::Refunded => "refunded",
    };
    format!("request     {}\nstate       {word}\ndeadline    {}", file.id(), chain::time(file.request.deadline))
}

/// Reads a request file.
pub(super) fn read(path: &Path) -> Result<RequestFile> {
    RequestFile::from_json(&files::read(path)?).map_err(|error| chain::in_file(path, error))
}
