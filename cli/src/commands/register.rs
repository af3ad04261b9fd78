//! `zkdx register`: commits to a model's parameters.

use rand::rngs::OsRng;
use serde_json::json;
use zkdx_prover::{Cpu, Network, Subgroup};

use super::hex;
use crate::args::RegisterArgs;
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::memory::{self, Task};
use crate::output::Output;
use crate::store;

/// Registers a model.
pub(super) fn run(args: &RegisterArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_all_writable(&[&args.out, &args.public], overwrite)?;
    let (file, key) = (store::read_model(&args.model)?, store::read_proving_key(&args.key, Subgroup::Checked)?);
    let architecture = file.architecture_of(&key.verifying).ok_or_else(|| wrong_key(args))?;
    let what = format!("cannot register `{}`", args.model.display());
    let network = Network::compile(architecture).or_fail(Kind::Input, what.clone())?;
    memory::check(Task::Register { key: files::length(&args.key)? }, &network, what.clone())?;
    let registered = network.register(&key, &file.model.parameters, file.card.clone(), &Cpu, &mut OsRng);
    let (registration, public) = registered.or_fail(Kind::Input, what)?;
    let (secret, json) = (registration.to_secret_bytes(), public.to_json());
    let files = [store::secret(&args.out, &secret), store::public(&args.public, json.as_bytes())];
    files::write_all(&files, overwrite)?;
    let id = hex(public.model().id());
    let value = json!({ "model_id": id, "registration": args.out, "public": args.public });
    output.result(&value, || {
        let (secret, public) = (args.out.display(), args.public.display());
        format!("model {id}\nwrote {secret} (as secret as the weights) and {public}")
    });
    Ok(())
}

fn wrong_key(args: &RegisterArgs) -> CliError {
    let what = format!("`{}` is not a key for `{}`", args.key.display(), args.model.display());
    CliError::new(Kind::Input, what)
        .why("the key was made for another architecture")
        .next("compile this model and run `zkdx setup` on its circuit, or quantise with --like the model of the key")
}
