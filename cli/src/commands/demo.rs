//! `zkdx demo`: the whole way on bundled real data.

use std::fmt::Write;
use std::time::Duration;

use zkdx_circuits::architecture::{Architecture, Head, Policy};
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{self, ImportOptions};
use zkdx_circuits::quantize::{Labelled, Options, QuantizedModel, Report, quantize};
use zkdx_circuits::records::{RawRecords, read_csv, read_json};
use zkdx_verifier::diagnosis::counted;

use crate::args::{BundledModel, DemoArgs};
use crate::dataset::CardFile;
use crate::error::{Context, Kind, Result};
use crate::output::{Output, bytes, duration};
use crate::pipeline::{self, Measured};

/// One of the held-out records on breast cancer: the patient of the demo.
const PATIENT: &[u8] = include_bytes!("../../../models/data/record.json");

/// Everything that is bundled.
struct Bundle {
    onnx: &'static [u8],
    card: &'static [u8],
    /// Training records: they show the ranges of the data.
    calibration: &'static [u8],
    /// Records that the model was not trained on.
    held_out: &'static [u8],
    /// The record to prove; the first of the held-out ones where there is none.
    patient: Option<&'static [u8]>,
}

macro_rules! bundle {
    ($model:literal, $data:literal, $patient:expr) => {
        Bundle {
            onnx: include_bytes!(concat!("../../../models/", $model, "/model.onnx")),
            card: include_bytes!(concat!("../../../models/", $model, "/card.json")),
            calibration: include_bytes!(concat!("../../../models/", $data, "/calibration.csv")),
            held_out: include_bytes!(concat!("../../../models/", $data, "/held_out.csv")),
            patient: $patient,
        }
    };
}

impl BundledModel {
    fn bundle(self) -> Bundle {
        match self {
            Self::Mlp => bundle!("mlp", "data", Some(PATIENT)),
            Self::Logreg => bundle!("logreg", "data", Some(PATIENT)),
            Self::Digits => bundle!("digits", "digits", None),
        }
    }
}

/// Bundled records, in feature order.
struct Data {
    calibration: RawRecords,
    held_out: RawRecords,
    patient: Vec<f64>,
}

/// Runs the demo.
pub(super) fn run(args: &DemoArgs, output: Output) -> Result<()> {
    let bundle = args.model.bundle();
    let card = CardFile::parse(bundle.card)?;
    let data = data(&bundle, &card)?;
    let mut measured = Measured::default();
    output.line("A diagnosis model proves itself to a contract.\n");
    let import = || onnx::import(bundle.onnx, &ImportOptions::default());
    let (graph, _) = output.step("import the ONNX model", import).or_fail(Kind::Internal, "cannot import the model")?;
    let (model, report) = quantized(&graph, &card, &data, output)?;
    let architecture = Architecture { outcome: args.outcome.into(), ..model.architecture.clone() };
    let registered = pipeline::register((architecture, &model.parameters, card.card()), output, &mut measured)?;
    let (mut suite, _) = output.step("deploy contracts to an embedded EVM", || pipeline::deploy(&registered))?;
    let record = model.architecture.encoding.encode(&data.patient, Policy::Refuse);
    let record = record.or_fail(Kind::Internal, "the bundled record does not fit")?;
    let (context, _) = output.step("the patient consents", || pipeline::consented(&mut suite))?;
    let prove = || registered.prove(&model.parameters, &record, context, &mut measured);
    let (proven, _) = output.step("commit to the record and prove", prove)?;
    let (diagnosis, _) = output.step("verify natively", || registered.verify(&proven, &mut measured))?;
    let settle = || pipeline::settle(&mut suite, &registered, &proven, &mut measured);
    output.step("contract: accept, refuse tampered and replayed", settle)?;
    measured.float_label = float_label(&graph, &model.architecture, &data.patient)?;
    output.result(&measured, || summary(&measured, &report, &super::verify::text(&diagnosis, &proven.file)));
    Ok(())
}

fn data(bundle: &Bundle, card: &CardFile) -> Result<Data> {
    let names: Vec<String> = card.features().unwrap_or_default().into_iter().map(|(name, _)| name).collect();
    let what = "cannot read the bundled records";
    let csv = |bytes| read_csv(bytes, &names, Some("label")).or_fail(Kind::Internal, what);
    let (calibration, held_out) = (csv(bundle.calibration)?, csv(bundle.held_out)?);
    let given = bundle.patient.map(|bytes| read_json(bytes, &names).or_fail(Kind::Internal, what)).transpose()?;
    let patient = given.as_ref().unwrap_or(&held_out).values.first().cloned().unwrap_or_default();
    Ok(Data { calibration, held_out, patient })
}

fn quantized(graph: &FloatGraph, card: &CardFile, data: &Data, output: Output) -> Result<(QuantizedModel, Report)> {
    let features = card.features().filter(|_| super::quantize::is_table(graph));
    let options = Options { labels: card.labels.clone(), features, ..Options::default() };
    let classes = data.held_out.labels.as_deref().unwrap_or_default();
    let held_out = Labelled { records: &data.held_out.values, classes };
    let work = || quantize(graph, &data.calibration.values, Some(held_out), &options);
    Ok(output.step("quantise on calibration records", work).or_fail(Kind::Internal, "cannot quantise the model")?.0)
}

/// What the float model says: the label of its largest output; of a single output, whether it is above zero, or one half if it is a
/// probability. Of a class map, how many positions have each label.
pub(super) fn float_label(graph: &FloatGraph, architecture: &Architecture, raw: &[f64]) -> Result<Option<String>> {
    let input: Vec<f32> = raw.iter().map(|&value| value as f32).collect();
    let scores = graph.scores(&input).or_fail(Kind::Internal, "cannot run the float model")?;
    let bound = if architecture.head == Head::Sigmoid { 0.5 } else { 0.0 };
    let class = |scores: &[f32]| match scores {
        [single] => usize::from(*single > bound),
        _ => (0..scores.len()).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or_default(),
    };
    if graph.positions <= 1 {
        return Ok(architecture.labels.get(class(&scores)).cloned());
    }
    let mut positions = vec![0; architecture.labels.len()];
    let classes = scores.chunks((scores.len() / graph.positions).max(1)).map(class);
    classes.for_each(|class| positions.iter_mut().skip(class).take(1).for_each(|count| *count += 1));
    Ok(Some(counted(architecture.labels.iter().map(String::as_str).zip(positions.iter().copied()))))
}

fn summary(measured: &Measured, report: &Report, diagnosis: &str) -> String {
    let mut text = format!("\n{diagnosis}\n");
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<24}{value}");
    };
    let seconds = |value: f64| duration(Duration::from_secs_f64(value));
    line("float model", measured.float_label.clone().unwrap_or_else(|| "no answer".into()));
    if let Some(held_out) = &report.held_out {
        let agreement =
            format!("{} of {} held-out labels as in the float model", held_out.agreements, held_out.records);
        let auc = held_out.auc.map(|(before, after)| format!(", AUC {before:.4} → {after:.4}")).unwrap_or_default();
        line("quantisation", agreement + &auc);
    }
    line("circuit", format!("{} constraints, {}", measured.constraints, measured.system));
    line("proving key", bytes(measured.proving_key_bytes));
    line("prove", format!("{} wall, {:.3} CPU seconds", seconds(measured.prove_seconds), measured.prove_cpu_seconds));
    line("memory while proving", bytes(measured.prove_peak_bytes));
    line("verify", seconds(measured.verify_seconds));
    line("proof", format!("{} bytes", measured.proof_bytes));
    line("gas, bare verification", measured.gas_verify.to_string());
    line("gas, whole submission", measured.gas_submit.to_string());
    line("contract", "accepted the proof; refused four tampered ones and a replay".into());
    text.truncate(text.trim_end().len());
    text
}
