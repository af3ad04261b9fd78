//! `zkdx bench`: every step measured, for any model.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use zkdx_circuits::Architecture;
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{self, ImportOptions};
use zkdx_circuits::quantize::{QuantizedModel, quantize};

use crate::args::BenchArgs;
use crate::dataset::{self, CardFile};
use crate::error::{Context, Kind, Result};
use crate::files;
use crate::output::Output;
use crate::pipeline::{self, Measured};

/// Random records, where none are given.
const RANDOM_RECORDS: usize = 64;
/// Makes random records the same on every run.
const SEED: u64 = 7;

/// Measures.
pub(super) fn run(args: &BenchArgs, output: Output) -> Result<()> {
    let graph = import(args)?;
    let records = records(args, &graph)?;
    let model = quantized(args, &graph, &records)?;
    let architecture = Architecture { outcome: args.outcome.into(), ..model.architecture.clone() };
    let card = CardFile::unnamed(&args.model).card();
    let mut measured = Measured::default();
    let registered = pipeline::register((architecture, &model.parameters, card), output, &mut measured)?;
    let (mut suite, _) = output.step("deploy contracts to an embedded EVM", || pipeline::deploy(&registered))?;
    let mut runs = Vec::new();
    for raw in records.iter().cycle().take(args.runs as usize) {
        let record = model.architecture.encoding.encode(raw, Policy::Saturate);
        let record = record.or_fail(Kind::Input, "a record does not fit the model")?;
        let context = pipeline::consented(&mut suite)?;
        let prove = || registered.prove(&model.parameters, &record, context, &mut measured);
        let (proven, _) = output.step("prove", prove)?;
        registered.verify(&proven, &mut measured)?;
        measured.float_label = super::demo::float_label(&graph, &model.architecture, raw)?;
        runs.push((measured.clone(), proven));
    }
    runs.sort_by(|(a, _), (b, _)| a.prove_seconds.total_cmp(&b.prove_seconds));
    let (median, proven) = &runs[runs.len() / 2];
    let mut measured = median.clone();
    pipeline::settle(&mut suite, &registered, proven, &mut measured)?;
    let value = value(&measured, &runs.iter().map(|(run, _)| run.clone()).collect::<Vec<_>>())?;
    output.result(&value, || serde_json::to_string_pretty(&value).unwrap_or_default());
    Ok(())
}

fn import(args: &BenchArgs) -> Result<FloatGraph> {
    let bytes = files::read(&args.model)?;
    let options = ImportOptions { output: args.output.clone() };
    onnx::import(&bytes, &options).or_fail(Kind::Input, format!("cannot import `{}`", args.model.display()))
}

fn records(args: &BenchArgs, graph: &FloatGraph) -> Result<Vec<Vec<f64>>> {
    let entries: usize = graph.input_shape().iter().product();
    match &args.calibrate {
        Some(path) => {
            let names = dataset::header(path)?.unwrap_or_else(|| (1..=entries).map(|i| format!("x{i}")).collect());
            Ok(dataset::read(path, &names)?.values)
        }
        None => {
            let mut rng = StdRng::seed_from_u64(SEED);
            let mut record = || (0..entries).map(|_| rng.gen_range(-1.0..1.0)).collect();
            Ok((0..RANDOM_RECORDS).map(|_| record()).collect())
        }
    }
}

fn quantized(args: &BenchArgs, graph: &FloatGraph, records: &[Vec<f64>]) -> Result<QuantizedModel> {
    let what = format!("cannot quantise `{}`", args.model.display());
    Ok(quantize(graph, records, None, &args.precision.options()?).or_fail(Kind::Input, what)?.0)
}

/// The median run, and the spread of all.
fn value(median: &Measured, runs: &[Measured]) -> Result<Value> {
    let mut value = serde_json::to_value(median).or_fail(Kind::Internal, "cannot write the result")?;
    let spread = |read: fn(&Measured) -> f64| {
        let values = || runs.iter().map(read);
        json!({ "min": values().fold(f64::INFINITY, f64::min), "max": values().fold(0.0, f64::max) })
    };
    value["runs"] = json!(runs.len());
    value["prove_seconds_spread"] = spread(|run| run.prove_seconds);
    value["prove_cpu_seconds_spread"] = spread(|run| run.prove_cpu_seconds);
    value["threads"] = json!(std::thread::available_parallelism().map_or(0, usize::from));
    Ok(value)
}
