//! `zkdx quantize`: float model and calibration data in, integer model and report out.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zkdx_circuits::Architecture;
use zkdx_circuits::costs::Costs;
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{self, ImportOptions};
use zkdx_circuits::quantize::{Labelled, Named, Options, QuantizedModel, Report, quantize};
use zkdx_circuits::records::RawRecords;
use zkdx_prover::{Network, Prediction};

use crate::args::QuantizeArgs;
use crate::dataset::{self, CardFile};
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store::{self, ModelFile};

/// Quantises a model.
pub(super) fn run(args: &QuantizeArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    let outputs: Vec<&Path> =
        [Some(&args.out), args.report.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    files::check_all_writable(&outputs, overwrite)?;
    let card = args.card.as_deref().map_or_else(|| Ok(CardFile::unnamed(&args.model)), CardFile::read)?;
    let graph = import(args, output)?;
    let (model, report) = quantized(args, &graph, &card)?;
    let file = ModelFile { card: card.card(), model };
    let costs = Costly::of(&file.model.architecture);
    let mut value = serde_json::to_value(&report).or_fail(Kind::Internal, "cannot write the report")?;
    value["costs"] = costs.json();
    let json = serde_json::to_vec_pretty(&value).or_fail(Kind::Internal, "cannot write the report")?;
    let bytes = file.to_bytes()?;
    let mut files = vec![store::secret(&args.out, &bytes)];
    files.extend(args.report.as_ref().map(|path| store::public(path, &json)));
    files::write_all(&files, overwrite)?;
    let value = json!({ "model": args.out, "report": value });
    let out = args.out.display();
    output.result(&value, || format!("{report}\n{costs}\nwrote {out} (secret: it holds the weights)"));
    Ok(())
}

/// What a proof for one record costs, layer by layer; or why there is no circuit.
struct Costly(std::result::Result<(Costs, Prediction), String>);

impl Costly {
    fn of(architecture: &Architecture) -> Self {
        let counted = || {
            let costs = Costs::of(architecture).map_err(|error| error.to_string())?;
            let network = Network::compile(architecture.clone()).map_err(|error| error.to_string())?;
            let shape = network.shape().map_err(|error| error.to_string())?;
            Ok((costs, Prediction::of(&shape)))
        };
        Self(counted())
    }

    fn json(&self) -> Value {
        match &self.0 {
            Ok((costs, prediction)) => json!({
                "constraints": costs.constraints, "parts": costs.parts, "predicted_prove_cpu_seconds": prediction.cpu_seconds,
            }),
            Err(reason) => json!({ "refused": reason }),
        }
    }
}

impl fmt::Display for Costly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok((costs, prediction)) => {
                write!(f, "{costs}")?;
                writeln!(f, "predicted: {:.2} s of one core for a proof", prediction.cpu_seconds)
            }
            Err(reason) => writeln!(f, "there is no circuit: {reason}"),
        }
    }
}

fn import(args: &QuantizeArgs, output: Output) -> Result<FloatGraph> {
    let bytes = files::read(&args.model)?;
    let options = ImportOptions { output: args.output.clone() };
    let what = format!("cannot import `{}`", args.model.display());
    let graph = onnx::import(&bytes, &options).or_fail(Kind::Input, what)?;
    graph.notes.iter().for_each(|note| output.line(format!("note: {note}")));
    Ok(graph)
}

fn quantized(args: &QuantizeArgs, graph: &FloatGraph, card: &CardFile) -> Result<(QuantizedModel, Report)> {
    let features = features(args, card)?;
    let names: Vec<String> = features.iter().map(|(name, _)| name.clone()).collect();
    let names = if names.is_empty() { default_names(graph) } else { names };
    let calibration = dataset::read(&args.calibrate, &names)?;
    let held_out = args.evaluate.as_deref().map(|path| dataset::read(path, &names)).transpose()?;
    let like = args.like.as_deref().map(store::read_model).transpose()?;
    let options = Options {
        margin: args.margin,
        labels: card.labels.clone(),
        features: (!features.is_empty() && is_table(graph)).then_some(features),
        like: like.as_ref().map(|file| &file.model.architecture),
        ..args.precision.options()?
    };
    let labelled = held_out.as_ref().map(labelled).transpose()?;
    let result = quantize(graph, &calibration.values, labelled, &options);
    result.or_fail(Kind::Input, format!("cannot quantise `{}`", args.model.display()))
}

fn features(args: &QuantizeArgs, card: &CardFile) -> Result<Vec<Named>> {
    if let Some(features) = card.features() {
        return Ok(features);
    }
    let header = dataset::header(&args.calibrate)?.unwrap_or_default();
    Ok(header.into_iter().map(|name| (name, String::new())).collect())
}

/// Whether entries are features of their own; those of an image or a series share one range and have no names.
pub(super) fn is_table(graph: &FloatGraph) -> bool {
    let shape = graph.input_shape();
    shape.iter().product::<usize>() == shape.last().copied().unwrap_or(1) && shape.len() <= 2
}

fn default_names(graph: &FloatGraph) -> Vec<String> {
    let entries: usize = graph.input_shape().iter().product();
    (1..=entries).map(|index| format!("x{index}")).collect()
}

fn labelled(records: &RawRecords) -> Result<Labelled<'_>> {
    let classes = records.labels.as_deref().ok_or_else(|| {
        CliError::new(Kind::Input, "the records to evaluate on have no labels")
            .next("add a column `label` with the index of each record's class, or leave --evaluate out")
    })?;
    Ok(Labelled { records: &records.values, classes })
}
