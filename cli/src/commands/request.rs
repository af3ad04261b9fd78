//! `zkdx request`, `zkdx fulfil`, `zkdx withdraw`: diagnoses for money.

use std::path::Path;

use rand::RngCore;
use rand::rngs::OsRng;
use serde_json::json;
use zkdx_client::consent::Scope;
use zkdx_client::market::{self, Request, RequestFile, State};
use zkdx_client::{B256, Contract, Deployment, Settled, U256};

use super::consent;
use crate::args::{FulfilArgs, RequestCommand, RequestMakeArgs, WithdrawArgs};
use crate::chain::{self, Sender};
use crate::error::{CliError, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Longest wait of a request, in seconds: ten years. What nobody fulfils is the payer's again after it.
const LONGEST: u64 = 10 * 365 * 24 * 3_600;

/// Makes, shows or refunds a request.
pub(super) fn run(command: &RequestCommand, output: Output) -> Result<()> {
    match command {
        RequestCommand::Make(args) => make(args, output),
        RequestCommand::Status { request, deployment, node } => {
            let file = read(request)?;
            let (deployment, link) = chain::open(deployment, node)?;
            let state = link.wait(market::state(&link.node, &deployment, &file))?;
            let value = json!({ "request_id": file.id(), "state": state, "deadline": file.request.deadline });
            output.result(&value, || status(&file, state));
            Ok(())
        }
        RequestCommand::Refund { request, on } => {
            let file = read(request)?;
            let sender = Sender::open(on, output)?;
            let settled = sender.run(|session| market::refund(session, &file))?;
            report(&file, "refunded: the payer can take the money out with `zkdx withdraw`", settled.as_ref(), output);
            Ok(())
        }
    }
}

/// The file is written before the money is sent: without it nobody could prove what was paid for, nor get it back.
fn make(args: &RequestMakeArgs, output: Output) -> Result<()> {
    let sender = Sender::open(&args.on, output)?;
    let wanted = wanted(args, &sender)?;
    let file = match existing(args, &sender, &wanted)? {
        Some(file) => file,
        None => new(args, &sender, wanted)?,
    };
    let settled = sender.run(|session| market::ask(session, &file))?;
    let state = match &settled {
        Some(_) => State::Requested,
        None => sender.run(|session| market::state(session.node, session.deployment, &file))?,
    };
    let value = json!({
        "request_id": file.id(), "state": state, "deadline": file.request.deadline,
        "transaction": settled.as_ref().map(chain::transaction),
    });
    output.result(&value, || {
        format!(
            "{}\nfile        {}\n{}",
            status(&file, state),
            args.out.display(),
            chain::settled_line(settled.as_ref())
        )
    });
    Ok(())
}

/// The request that is there already, if it is the one that is wanted; none if there is none, or it may be replaced.
fn existing(args: &RequestMakeArgs, sender: &Sender, wanted: &Request) -> Result<Option<RequestFile>> {
    let path = args.out.display();
    if !args.out.exists() {
        return Ok(None);
    }
    match (read(&args.out), args.force.force) {
        // It is no request, and may go.
        (Err(_), true) => Ok(None),
        (Err(error), false) => Err(error),
        (Ok(file), true) => {
            let checked = sender.run(async |session| {
                file.check(session.deployment)?;
                market::check_replaceable(session, &file).await
            });
            checked.map(|()| None)
        }
        (Ok(file), false) if !same(&file.request, wanted) => {
            Err(CliError::new(Kind::Input, format!("`{path}` holds another request"))
                .next("choose another path, or pass --force to replace it"))
        }
        (Ok(file), false) => {
            let state = sender.run(|session| market::state(session.node, session.deployment, &file))?;
            if state == State::None {
                payable(args, sender, &file)?;
            }
            Ok(Some(file))
        }
    }
}

/// Fails if a request that is not paid yet should not be.
fn payable(args: &RequestMakeArgs, sender: &Sender, file: &RequestFile) -> Result<()> {
    if file.request.deadline <= consent::now() {
        let what = format!("`{}` holds a request that was not paid before its deadline", args.out.display());
        return Err(CliError::new(Kind::Input, what).next("pass --force to replace it"));
    }
    match args.consent.parse::<B256>() {
        Ok(_) => Ok(()),
        Err(_) => covers(args, &sender.deployment),
    }
}

/// A new request, in its file unless nothing is to be sent.
fn new(args: &RequestMakeArgs, sender: &Sender, wanted: Request) -> Result<RequestFile> {
    let file = RequestFile::new(&sender.deployment, wanted)?;
    payable(args, sender, &file)?;
    sender.run(|session| market::check_payer(session, &file))?;
    if !args.on.send.dry_run {
        store::write_public(&args.out, file.to_json().as_bytes(), Overwrite::from(&args.force))?;
    }
    Ok(file)
}

fn wanted(args: &RequestMakeArgs, sender: &Sender) -> Result<Request> {
    if args.lasting > LONGEST {
        return Err(CliError::new(Kind::Usage, "the market would wait for more than ten years")
            .next("choose a shorter --lasting: what nobody fulfils comes back after it, and not before"));
    }
    let mut salt = B256::ZERO;
    OsRng.fill_bytes(&mut salt[..]);
    let consent = match args.consent.parse() {
        Ok(id) => id,
        Err(_) => consent::read(Path::new(&args.consent))?.id(),
    };
    let payer = sender.wallet.address();
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

/// Fails unless the market can use the consent for the request: under another one nobody could fulfil it.
fn covers(args: &RequestMakeArgs, deployment: &Deployment) -> Result<()> {
    let file = consent::read(Path::new(&args.consent))?;
    file.check(deployment)?;
    let (consent, market) = (&file.consent, deployment.address(Contract::InferenceMarket));
    let why = match consent.scope {
        _ if !consent.grantee.is_zero() && consent.grantee != market => "its grantee is not the market",
        _ if consent.purpose != deployment.parameters.purpose => "it is for another purpose",
        _ if !consent.record.is_zero() && consent.record.to_be_bytes() != args.record.0 => "it is for another record",
        _ if consent.valid_until <= consent::now() => "it has ended",
        Scope::Model(model) if model != args.model => "it is for another model",
        _ => return Ok(()),
    };
    Err(CliError::new(Kind::Input, format!("the consent `{}` does not cover the request", args.consent))
        .why(why)
        .next("ask the patient for another, with `zkdx consent sign --grantee market`"))
}

/// Whether two requests ask for the same but for deadline and salt.
fn same(a: &Request, b: &Request) -> bool {
    Request { deadline: b.deadline, salt: b.salt, ..a.clone() } == *b
}

/// Fulfils requests.
pub(super) fn fulfil(args: &FulfilArgs, output: Output) -> Result<()> {
    let files = args.requests.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let proof = store::read_proof(&args.proof)?;
    let sender = Sender::open(&args.on, output)?;
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
    let sender = Sender::open(&args.on, output)?;
    let to = args.to.unwrap_or_else(|| sender.wallet.address());
    let (amount, settled) = sender.run(|session| market::withdraw(session, args.token, to))?.unzip();
    let taken = amount.unwrap_or_default();
    let value = json!({
        "token": args.token, "to": to, "amount": taken.to_string(), "transaction": settled.as_ref().map(chain::transaction),
    });
    output.result(&value, || match &settled {
        None => "nothing is owed: nothing was sent".into(),
        Some(_) if args.token.is_zero() => {
            format!("{} to {to}\n{}", chain::amount(taken), chain::settled_line(settled.as_ref()))
        }
        Some(_) => format!("{taken} of {} to {to}\n{}", args.token, chain::settled_line(settled.as_ref())),
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
        State::Requested if file.request.deadline <= consent::now() => {
            "open, past its deadline: `zkdx request refund` gives the money back"
        }
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
