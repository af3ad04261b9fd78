//! `zkdx compile`: from a quantised model's public half to a circuit.

use std::num::NonZeroUsize;

use serde_json::json;
use zkdx_circuits::Architecture;
use zkdx_circuits::costs::Costs;
use zkdx_prover::{CircuitInfo, Network, Prediction};

use super::hex;
use crate::args::{CompileArgs, RecordCount};
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::memory;
use crate::output::{Output, bytes};
use crate::store::{self, ModelFile};

/// Compiles a circuit and shows its cost.
pub(super) fn run(args: &CompileArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_writable(&args.out, overwrite)?;
    let file = store::read_model(&args.model)?;
    let what = format!("cannot compile `{}`", args.model.display());
    let network = match args.records {
        RecordCount::Exactly(records) => network(args, &file, records)?,
        RecordCount::Auto => cheapest(args, &file)?,
    };
    let report = network.report().or_fail(Kind::Input, what.clone())?;
    let parts = Costs::of(network.architecture()).or_fail(Kind::Input, what.clone())?;
    let r1cs = network.shape().or_fail(Kind::Input, what)?;
    let (info, prediction) = (CircuitInfo::of(&r1cs), Prediction::of(&r1cs));
    let memory = memory::prove_estimate(&network, prediction.key_bytes)?;
    store::write_public(&args.out, &store::circuit_bytes(network.architecture())?, overwrite)?;
    let value = json!({
        "circuit": args.out, "architecture": hex(network.architecture().digest()), "digest": hex(info.digest),
        "constraints": info.constraints, "records": network.records(), "domain": info.domain_length(), "weight_columns": info.columns.weight,
        "predicted_key_bytes": prediction.key_bytes, "predicted_prove_cpu_seconds": prediction.cpu_seconds,
        "predicted_prove_bytes": memory, "layers": layers(&report), "parts": parts.parts, "first_round_columns": info.columns.small + info.columns.field, "second_round_columns": info.columns.second,
    });
    output.result(&value, || {
        let (used, domain) = (info.constraints + info.columns.public, info.domain_length());
        let (seconds, key) = (prediction.cpu_seconds, bytes(prediction.key_bytes));
        let (memory, several) = (bytes(memory), several(&network, info.constraints, seconds));
        format!(
            "constraints  share  what\n{report}\n{used} of {domain} rows used\npredicted: {seconds:.1} s of one core for a proof, {memory} of memory, a proving key of {key}\n{several}wrote {}",
            args.out.display()
        )
    });
    Ok(())
}

/// What one of several records costs.
fn several(network: &Network, constraints: usize, seconds: f64) -> String {
    match network.records() {
        1 => String::new(),
        records => {
            let (constraints, seconds) = (constraints / records, seconds / records as f64);
            format!("{records} records at once: {constraints} constraints and {seconds:.2} s of one core for each\n")
        }
    }
}

fn network(args: &CompileArgs, file: &ModelFile, records: NonZeroUsize) -> Result<Network> {
    let architecture = Architecture { outcome: args.outcome.into(), records, ..file.model.architecture.clone() };
    Network::compile(architecture).or_fail(Kind::Input, format!("cannot compile `{}`", args.model.display()))
}

/// The network for 1, 2, 4, … records at once with the fewest constraints for each, among those that there is memory for.
fn cheapest(args: &CompileArgs, file: &ModelFile) -> Result<Network> {
    let mut cheapest: Option<(u64, Network)> = None;
    for records in (0..usize::BITS).filter_map(|power| NonZeroUsize::new(1 << power)) {
        let network = match network(args, file, records) {
            Err(_) if cheapest.is_some() => break,
            network => network?,
        };
        let report = network.report().or_fail(Kind::Internal, "cannot count the constraints")?;
        let each = report.constraints() / records.get() as u64;
        let more = memory::fits_twice(&network)?;
        if cheapest.as_ref().is_none_or(|(least, _)| each < *least) {
            cheapest = Some((each, network));
        }
        if !more {
            break;
        }
    }
    cheapest.map(|(_, network)| network).ok_or_else(|| CliError::new(Kind::Internal, "no number of records was tried"))
}

/// What each relation and each table costs.
fn layers(report: &zkdx_circuits::lower::Report) -> Vec<serde_json::Value> {
    let costs = report.costs.iter().filter(|cost| cost.constraints > 0);
    costs
        .map(|cost| json!({ "subject": cost.subject, "strategy": cost.strategy, "constraints": cost.constraints }))
        .collect()
}
