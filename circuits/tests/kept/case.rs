//! Models that are quantised already, with what ONNX Runtime computes.

use std::collections::BTreeMap;

use serde::Deserialize;
use zkdx_circuits::architecture::{Evaluation, Policy};
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Options, QuantizedModel, quantize};

/// One of `cases.jsonl`.
#[derive(Clone, Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) model: String,
    /// Records to measure, where these are not those of the calibration.
    #[serde(default)]
    pub(crate) records: Vec<Vec<f64>>,
    /// The same with other weights.
    pub(crate) other: Option<String>,
    pub(crate) calibration: Vec<Vec<f64>>,
    pub(crate) answers: Vec<Answer>,
}

/// What ONNX Runtime computes of a record.
#[derive(Clone, Deserialize)]
pub(crate) struct Answer {
    pub(crate) output: Vec<f64>,
    /// Integers of every quantised value, less their zero point, by the node that makes it.
    pub(crate) levels: BTreeMap<String, Vec<i64>>,
}

impl Case {
    pub(crate) fn all() -> Vec<Self> {
        let lines = include_str!("cases.jsonl").lines();
        lines.map(|line| serde_json::from_str(line).expect("a case")).collect()
    }

    /// Records with what ONNX Runtime computes of them.
    pub(crate) fn answered(&self) -> impl Iterator<Item = (&Vec<f64>, &Answer)> {
        let records = if self.records.is_empty() { &self.calibration } else { &self.records };
        records.iter().zip(&self.answers)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
        self.model.as_bytes().chunks(2).map(byte).collect()
    }

    pub(crate) fn graph(&self) -> FloatGraph {
        import(&self.bytes(), &ImportOptions::default()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    pub(crate) fn quantized(&self) -> QuantizedModel {
        self.try_quantized().unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The model, or the sentence that refuses it.
    pub(crate) fn try_quantized(&self) -> Result<QuantizedModel, String> {
        let graph = import(&self.bytes(), &ImportOptions::default()).map_err(|error| error.to_string())?;
        let quantized = quantize(&graph, &self.calibration, None, &Options::default());
        quantized.map(|(model, _)| model).map_err(|error| error.to_string())
    }

    /// Whether grids are chosen when the model runs: then ONNX Runtime has other integers for each record.
    pub(crate) fn is_dynamic(&self) -> bool {
        self.answers.iter().all(|answer| answer.levels.is_empty())
    }
}

pub(crate) fn run(model: &QuantizedModel, raw: &[f64]) -> Evaluation {
    let record = model.architecture.encoding.encode(raw, Policy::Saturate).expect("a record");
    model.architecture.evaluate(&record, &model.parameters).expect("integers")
}

/// Distances from ONNX Runtime's levels, of every value that the model rounds, where all that is read are ONNX Runtime's: each
/// with the layer that it is an entry of.
pub(crate) fn distances(model: &QuantizedModel, raw: &[f64], answer: &Answer) -> Vec<(usize, u64)> {
    let layers = &model.architecture.layers;
    let last = |name: &str| layers.iter().rposition(|layer| layer.name == name);
    let mut values = run(model, raw).values.clone();
    values.truncate(1);
    let mut distances = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let inputs: Vec<_> = layer.inputs.iter().map(|id| &values[id.0]).collect();
        let mut value = layer.layer.operator().evaluate(&inputs, &model.parameters);
        if let (Some(levels), true) = (answer.levels.get(&layer.name), last(&layer.name) == Some(index)) {
            assert_eq!(value.len(), levels.len(), "{}", layer.name);
            for (own, other) in value.iter_mut().zip(levels) {
                distances.push((index, own.abs_diff(*other)));
                *own = *other;
            }
        }
        values.push(value);
    }
    distances
}

pub(crate) fn class(scores: &[f64]) -> usize {
    (0..scores.len()).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).expect("scores")
}
