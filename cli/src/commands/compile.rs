//! `zkdx compile`: from a quantised model's public half to a circuit.

use serde_json::json;
use zkdx_circuits::Architecture;
use zkdx_prover::{CircuitInfo, Network, Prediction};

use super::hex;
use crate::args::CompileArgs;
use crate::error::{Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::memory;
use crate::output::{Output, bytes};
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
    let r1cs = network.shape().or_fail(Kind::Input, what)?;
    let (info, prediction) = (CircuitInfo::of(&r1cs), Prediction::of(&r1cs));
    let memory = memory::prove_estimate(&network, prediction.key_bytes)?;
    store::write_public(&args.out, &store::circuit_bytes(network.architecture())?, overwrite)?;
    let value = json!({
        "circuit": args.out, "architecture": hex(network.architecture().digest()), "digest": hex(info.digest),
        "constraints": info.constraints, "domain": info.domain_length(), "weight_columns": info.columns.weight,
        "predicted_key_bytes": prediction.key_bytes, "predicted_prove_cpu_seconds": prediction.cpu_seconds,
        "predicted_prove_bytes": memory, "layers": layers(&report), "first_round_columns": info.columns.small + info.columns.field, "second_round_columns": info.columns.second,
    });
    output.result(&value, || {
        let (used, domain) = (info.constraints + info.columns.public, info.domain_length());
        let (seconds, key) = (prediction.cpu_seconds, bytes(prediction.key_bytes));
        let memory = bytes(memory);
        format!(
            "constraints  share  what\n{report}\n{used} of {domain} rows used\npredicted: {seconds:.1} s of one core for a proof, {memory} of memory, a proving key of {key}\nwrote {}",
            args.out.display()
        )
    });
    Ok(())
}

/// What each relation and each table costs.
fn layers(report: &zkdx_circuits::lower::Report) -> Vec<serde_json::Value> {
    let costs = report.costs.iter().filter(|cost| cost.constraints > 0);
    costs
        .map(|cost| json!({ "subject": cost.subject, "strategy": cost.strategy, "constraints": cost.constraints }))
        .collect()
}
