//! `zkdx prove`: the diagnosis of a committed record, or of many.

mod batch;
mod consents;
mod contexts;
mod existing;
mod inputs;
mod jobs;
mod outputs;
mod session;
mod tally;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use zkdx_prover::{Network, Pace, Proven};
use zkdx_verifier::diagnosis::CaseReading;

use crate::args::ProveArgs;
use crate::error::{CliError, Kind, Result};
use crate::files::Overwrite;
use crate::output::{Output, duration};
use crate::resources;
use crate::store::RecordFile;
use contexts::Contexts;
use inputs::Inputs;
use outputs::Outputs;
use session::Session;

/// Proves.
pub(super) fn run(args: &ProveArgs, output: Output) -> Result<()> {
    match (&args.records, &args.out_dir) {
        (Some(records), Some(out)) => batch::run(args, (records, out), output),
        _ => one(args, output),
    }
}

fn one(args: &ProveArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    outputs(args, args.opening.clone()).check(overwrite)?;
    let inputs = Inputs::read(args)?;
    let contexts = Contexts::read(args, &inputs)?;
    let keyed = &inputs.keyed[0];
    let record = inputs.record(&args.record)?;
    let outputs = outputs(args, opening_path(args, &inputs));
    outputs.check(overwrite)?;
    let network = keyed.network()?;
    check_single(&network)?;
    resources::reset_peak();
    let work = |progress: &(dyn Fn(&str) + Sync)| prove(&inputs, &network, &record, (args, &contexts), progress);
    let (proven, elapsed) = output.rounds("prove", work)?;
    outputs.write(&keyed.key, &proven, overwrite)?;
    report(args, &proven, elapsed, output);
    Ok(())
}

fn check_single(network: &Network) -> Result<()> {
    match network.records() {
        1 => Ok(()),
        records => Err(CliError::new(Kind::Input, format!("the key takes {records} records at once, this is one"))
            .next("use a key for one record, or prove many with --records and --out-dir")),
    }
}

fn outputs(args: &ProveArgs, opening: Option<PathBuf>) -> Outputs {
    Outputs { proof: args.out.clone(), openings: opening.into_iter().collect(), timings: args.timings.clone() }
}

fn opening_path(args: &ProveArgs, inputs: &Inputs) -> Option<PathBuf> {
    let default = || args.out.with_extension("outcome");
    inputs.commits().then(|| args.opening.clone().unwrap_or_else(default))
}

fn prove(
    inputs: &Inputs,
    network: &Network,
    record: &RecordFile,
    (args, contexts): (&ProveArgs, &Contexts<'_>),
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Proven> {
    let pace = if args.timings.is_some() { Pace::OneByOne } else { Pace::Overlapped };
    let session = Session::new(inputs, (&inputs.keyed[0], network), pace, progress)?;
    let context = contexts.of("", session.commitment(record)?, record.policy)?;
    session.prove([(record, context)])
}

fn report(args: &ProveArgs, proven: &Proven, elapsed: Duration, output: Output) {
    let reading = &proven.file.reading;
    let value = json!({ "proof": args.out, "reading": reading, "prove_seconds": elapsed.as_secs_f64() });
    output.result(&value, || {
        let diagnosis = reading.cases.first().and_then(CaseReading::summary);
        let diagnosis = diagnosis.unwrap_or_else(|| "committed, not disclosed".into());
        let (out, elapsed) = (args.out.display(), duration(elapsed));
        format!("diagnosis  {diagnosis}\nmodel      {}\nwrote {out} in {elapsed}", reading.model)
    });
}
