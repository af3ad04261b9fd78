//! `zkdx register`: commits to a model's parameters, and registers key and model on a chain.

use std::path::Path;

use rand::rngs::OsRng;
use serde_json::{Value, json};
use zkdx_client::{Settled, registry};
use zkdx_prover::{Cpu, Network, Subgroup};
use zkdx_verifier::{Model, VerifyingKey};

use super::hex;
use crate::args::RegisterArgs;
use crate::chain::{self, Sender};
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::memory::{self, Task};
use crate::output::Output;
use crate::store;

/// What a chain made of key and model.
struct OnChain {
    key: Option<Settled>,
    model: Option<Settled>,
}

/// Registers a model.
pub(super) fn run(args: &RegisterArgs, output: Output) -> Result<()> {
    let Some(path) = &args.model else { return known(args, output) };
    let overwrite = Overwrite::from(&args.force);
    files::check_all_writable(&[&args.out, &args.public], overwrite)?;
    // What can be wrong with the chain is found before the work, not after it.
    let sender = args.on_chain.chain.then(|| sender(args, output)).transpose()?;
    let (model, key) = commit(args, path, overwrite)?;
    let on_chain = sender.map(|sender| on_chain(&sender, &key, &model, args)).transpose();
    let id = hex(model.id());
    let mut value = json!({ "model_id": id, "registration": args.out, "public": args.public });
    let on_chain = on_chain.map_err(|error| error.done(value.clone()))?;
    add(&mut value, on_chain.as_ref());
    output.result(&value, || {
        let (secret, public) = (args.out.display(), args.public.display());
        let chain = on_chain.as_ref().map(text).unwrap_or_default();
        format!("model {id}\nwrote {secret} (as secret as the weights) and {public}{chain}")
    });
    Ok(())
}

/// A model that was committed to before.
fn known(args: &RegisterArgs, output: Output) -> Result<()> {
    let (public, key) =
        (store::read_public_model(&args.public)?, store::read_verifying_key(&args.on_chain.verifying_key)?);
    let (model, key) = (public.model(), key.key());
    if model.key != key.digest() {
        let what =
            format!("`{}` is not registered under `{}`", args.public.display(), args.on_chain.verifying_key.display());
        return Err(
            CliError::new(Kind::Input, what).next("name the verification key of its setup with --verifying-key")
        );
    }
    let on_chain = on_chain(&sender(args, output)?, key, model, args)?;
    let id = hex(model.id());
    let mut value = json!({ "model_id": id, "public": args.public });
    add(&mut value, Some(&on_chain));
    output.result(&value, || format!("model {id}{}", text(&on_chain)));
    Ok(())
}

fn commit(args: &RegisterArgs, path: &Path, overwrite: Overwrite) -> Result<(Model, VerifyingKey)> {
    let (file, key) = (store::read_model(path)?, store::read_proving_key(&args.key, Subgroup::Checked)?);
    let architecture = file.architecture_of(&key.verifying).ok_or_else(|| wrong_key(args, path))?;
    let what = format!("cannot register `{}`", path.display());
    let network = Network::compile(architecture).or_fail(Kind::Input, what.clone())?;
    memory::check(Task::Register { key: files::length(&args.key)? }, &network, what.clone())?;
    let registered = network.register(&key, &file.model.parameters, file.card.clone(), &Cpu, &mut OsRng);
    let (registration, public) = registered.or_fail(Kind::Input, what)?;
    let (secret, json) = (registration.to_secret_bytes(), public.to_json());
    let files = [store::secret(&args.out, &secret), store::public(&args.public, json.as_bytes())];
    files::write_all(&files, overwrite)?;
    Ok((public.model().clone(), key.verifying))
}

fn sender(args: &RegisterArgs, output: Output) -> Result<Sender> {
    Sender::open(&args.on_chain.on, output)
}

fn on_chain(sender: &Sender, key: &VerifyingKey, model: &Model, args: &RegisterArgs) -> Result<OnChain> {
    let next = "run `zkdx register --chain` again, without the model: what is done is not done twice";
    let settled = sender.run(async |session| {
        let key = registry::register_key(session, key).await?;
        Ok(OnChain { key, model: registry::register_model(session, model, &args.on_chain.card_uri).await? })
    });
    settled.map_err(|error| if error.next.is_some() { error } else { error.next(next) })
}

fn add(value: &mut Value, on_chain: Option<&OnChain>) {
    let Some(OnChain { key, model }) = on_chain else { return };
    value["key_transaction"] = json!(key.as_ref().map(chain::transaction));
    value["model_transaction"] = json!(model.as_ref().map(chain::transaction));
}

fn text(on_chain: &OnChain) -> String {
    let line = |what: &str, settled: &Option<Settled>| match settled {
        None => format!("\n{what} was there"),
        Some(settled) => format!("\n{what} registered in block {}, {}", settled.block, chain::amount(settled.cost)),
    };
    line("key", &on_chain.key) + &line("model", &on_chain.model)
}

fn wrong_key(args: &RegisterArgs, model: &Path) -> CliError {
    let what = format!("`{}` is not a key for `{}`", args.key.display(), model.display());
    CliError::new(Kind::Input, what)
        .why("the key was made for another architecture")
        .next("compile this model and run `zkdx setup` on its circuit, or quantise with --like the model of the key")
}
