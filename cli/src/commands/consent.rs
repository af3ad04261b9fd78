//! `zkdx consent`: what patients agree to, signed, granted, revoked.

use std::path::Path;

use rand::RngCore;
use rand::rngs::OsRng;
use serde_json::json;
use zkdx_client::consent::{self, Consent, ConsentFile, Scope};
use zkdx_client::{Address, B256, Contract, Deployment, Settled, U256};

use crate::args::{ConsentCommand, ConsentSignArgs, somebody};
use crate::chain::{self, Sender};
use crate::error::{CliError, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Signs, grants or revokes.
pub(super) fn run(command: &ConsentCommand, output: Output) -> Result<()> {
    match command {
        ConsentCommand::Sign(args) => sign(args, output),
        ConsentCommand::Grant { consent, on } => {
            let file = read(consent)?;
            let sender = Sender::open(on, output)?;
            let settled = sender.run(|session| consent::grant(session, &file))?;
            report("granted", &file, settled.as_ref(), output);
            Ok(())
        }
        ConsentCommand::Revoke { consent, sign_only: true, on, .. } => sign_revocation(consent, &on.send, output),
        ConsentCommand::Revoke { consent, on, .. } => {
            let file = read(consent)?;
            let sender = Sender::open(on, output)?;
            let settled = sender.run(|session| consent::revoke(session, &file))?;
            report("revoked", &file, settled.as_ref(), output);
            Ok(())
        }
    }
}

fn sign(args: &ConsentSignArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_writable(&args.out, overwrite)?;
    let deployment = chain::read_deployment(&args.deployment.deployment)?;
    let wallet = chain::wallet(&args.wallet)?;
    let mut file = ConsentFile::new(&deployment, consent_of(args, &deployment, wallet.address())?)?;
    file.sign(&wallet)?;
    store::write_secret(&args.out, file.to_json().as_bytes(), overwrite)?;
    let (id, consent) = (file.id(), &file.consent);
    let value = json!({ "consent_id": id, "patient": consent.patient, "consent": args.out });
    output.result(&value, || {
        let (from, until) = (chain::time(consent.valid_from), chain::time(consent.valid_until));
        format!(
            "consent {id}\nvalid   {from} to {until}\nwrote {} (for those involved: it names the patient's account)",
            args.out.display()
        )
    });
    Ok(())
}

fn consent_of(args: &ConsentSignArgs, deployment: &Deployment, patient: Address) -> Result<Consent> {
    let valid_from = args.from.unwrap_or_else(now);
    let valid_until = args.until.unwrap_or_else(|| valid_from.saturating_add(args.lasting.unwrap_or_default()));
    let scope = match (args.model, args.key, args.any_approved) {
        (Some(id), None, false) => Scope::Model(id),
        (None, Some(digest), false) => Scope::Key(digest),
        (None, None, true) => Scope::AnyApproved,
        _ => {
            return Err(CliError::new(Kind::Usage, "a consent is for certain models")
                .next("name one with --model, those of one key with --key, or pass --any-approved"));
        }
    };
    let mut salt = B256::ZERO;
    OsRng.fill_bytes(&mut salt[..]);
    let record = args.record.map_or(U256::ZERO, |record| U256::from_be_bytes(record.0));
    let (grantee, purpose) = (grantee(&args.grantee, deployment)?, deployment.parameters.purpose);
    Ok(Consent { patient, grantee, purpose, scope, record, valid_from, valid_until, salt })
}

fn grantee(text: &str, deployment: &Deployment) -> Result<Address> {
    match text {
        "anyone" => Ok(Address::ZERO),
        "market" => Ok(deployment.address(Contract::InferenceMarket)),
        _ => somebody(text).map_err(|why| {
            CliError::new(Kind::Usage, format!("`{text}` is no account"))
                .why(why)
                .next("give an address, `market` or `anyone`")
        }),
    }
}

fn sign_revocation(path: &Path, send: &crate::args::SendArgs, output: Output) -> Result<()> {
    let mut file = read(path)?;
    file.sign_revocation(&chain::wallet(&send.wallet)?)?;
    store::write_secret(path, file.to_json().as_bytes(), Overwrite::Yes)?;
    let value = json!({ "consent_id": file.id(), "consent": path });
    output.result(&value, || {
        format!(
            "signed that consent {} is revoked, into {}\nit counts once somebody brings it: `zkdx consent revoke`",
            file.id(),
            path.display()
        )
    });
    Ok(())
}

fn report(done: &str, file: &ConsentFile, settled: Option<&Settled>, output: Output) {
    let value = json!({ "consent_id": file.id(), "done": done, "transaction": settled.map(chain::transaction) });
    output.result(&value, || format!("{done} consent {}\n{}", file.id(), chain::settled_line(settled)));
}

/// Reads a consent file.
pub(super) fn read(path: &Path) -> Result<ConsentFile> {
    ConsentFile::from_json(&files::read(path)?).map_err(|error| chain::in_file(path, error))
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
