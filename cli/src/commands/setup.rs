//! `zkdx setup`: keys from a single party, and says so.

use rand::rngs::OsRng;
use serde_json::json;
use zkdx_prover::Network;

use super::hex;
use crate::args::SetupArgs;
use crate::error::{Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::memory::{self, Task};
use crate::output::{Output, bytes};
use crate::store;

/// What everyone who uses such keys should know.
const WARNING: &str = "These keys come from a single party. Whoever ran this command could have kept the trapdoor and \
                       forge proofs:\ngood for trying things out, not for production.";

/// Makes keys.
pub(super) fn run(args: &SetupArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_all_writable(&[&args.proving_key, &args.verifying_key], overwrite)?;
    let architecture = store::read_circuit(&args.circuit)?;
    let what = format!("cannot set up `{}`", args.circuit.display());
    let network = Network::compile(architecture).or_fail(Kind::Input, what.clone())?;
    memory::check(Task::Setup, &network, what.clone())?;
    let (key, elapsed) = output.step("setup", || network.setup(&mut OsRng)).or_fail(Kind::Internal, what)?;
    let size = key.file_bytes();
    let verifying = store::verifying_key_bytes(&key.verifying);
    let files = [store::proving_key(&args.proving_key, &key), store::public(&args.verifying_key, &verifying)];
    files::write_all(&files, overwrite)?;
    let value = json!({
        "proving_key": args.proving_key, "verifying_key": args.verifying_key, "digest": hex(key.verifying.digest()),
        "setup": "single-party", "setup_seconds": elapsed.as_secs_f64(), "proving_key_bytes": size,
    });
    output.result(&value, || {
        let (path, size) = (args.proving_key.display(), bytes(size));
        format!("wrote {path} ({size}) and {}\n{WARNING}", args.verifying_key.display())
    });
    Ok(())
}
