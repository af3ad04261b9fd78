//! `zkdx compile`: from a quantised model's public half to a circuit.

use serde_json::json;
use zkdx_circuits::Architecture;
use zkdx_prover::{CircuitInfo, Network};

use super::hex;
use crate::args::CompileArgs;
use crate::error::{Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Compiles a circuit and shows its cost.
pub(super) fn run(args: &CompileArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_writable(&args.out, overwrite)?;
    let file = store::read_model(&args.model)?;
    let architecture = Architecture { outcome: args.outcome.into(), ..file.model.architecture.clone() };
    let what = format!("cannot compile `{}`", args.model.display());
    let network = Network::compile(architecture).or_fail(Kind::Input, what.clone())?;
    let report = network.report().or_fail(Kind::Input, what.clone())?;
    let info = CircuitInfo::of(&network.shape().or_fail(Kind::Input, what)?);
    store::write_public(&args.out, &store::circuit_bytes(network.architecture())?, overwrite)?;
    let value = json!({
        "circuit": args.out, "architecture": hex(network.architecture().digest()), "digest": hex(info.digest),
        "constraints": info.constraints, "domain": info.domain_length(), "weight_columns": info.columns.weight,
        "first_round_columns": info.columns.small + info.columns.field, "second_round_columns": info.columns.second,
    });
    output.result(&value, || {
        let (used, domain) = (info.constraints + info.columns.public, info.domain_length());
        format!("constraints\n{report}\n{used} of {domain} rows used\nwrote {}", args.out.display())
    });
    Ok(())
}
