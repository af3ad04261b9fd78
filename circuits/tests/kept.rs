//! Models that are quantised already keep their integers: node by node, with ONNX Runtime's own integers as input, no level is more than
//! one from ONNX Runtime's, and hardly any differs; end to end the class is the same.

use std::collections::BTreeMap;

use serde::Deserialize;
use zkdx_circuits::architecture::{Evaluation, Policy};
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Options, QuantizedModel, quantize};

/// One of `kept/cases.jsonl`.
#[derive(Clone, Deserialize)]
struct Case {
    name: String,
    model: String,
    /// The same with other weights.
    other: Option<String>,
    calibration: Vec<Vec<f64>>,
    answers: Vec<Answer>,
}

/// What ONNX Runtime computes of a record.
#[derive(Clone, Deserialize)]
struct Answer {
    output: Vec<f64>,
    /// Integers of every quantised value, less their zero point, by the node that makes it.
    levels: BTreeMap<String, Vec<i64>>,
}

impl Case {
    fn all() -> Vec<Self> {
        let lines = include_str!("kept/cases.jsonl").lines();
        lines.map(|line| serde_json::from_str(line).expect("a case")).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
        self.model.as_bytes().chunks(2).map(byte).collect()
    }

    fn graph(&self) -> FloatGraph {
        import(&self.bytes(), &ImportOptions::default()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn quantized(&self) -> QuantizedModel {
        let quantized = quantize(&self.graph(), &self.calibration, None, &Options::default());
        quantized.unwrap_or_else(|error| panic!("{}: {error}", self.name)).0
    }

    /// Whether grids are chosen when the model runs: then ONNX Runtime has other integers for each record.
    fn is_dynamic(&self) -> bool {
        self.answers.iter().all(|answer| answer.levels.is_empty())
    }
}

fn run(model: &QuantizedModel, raw: &[f64]) -> Evaluation {
    let record = model.architecture.encoding.encode(raw, Policy::Saturate).expect("a record");
    model.architecture.evaluate(&record, &model.parameters).expect("integers")
}

/// Distances from ONNX Runtime's levels, of every value that the model rounds, where all that is read are ONNX Runtime's.
fn distances(model: &QuantizedModel, raw: &[f64], answer: &Answer) -> Vec<u64> {
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
                distances.push(own.abs_diff(*other));
                *own = *other;
            }
        }
        values.push(value);
    }
    distances
}

fn class(scores: &[f64]) -> usize {
    (0..scores.len()).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).expect("scores")
}

#[test]
fn the_float_graph_is_the_quantised_model() {
    for case in Case::all() {
        let graph = case.graph();
        let (mut far, mut entries) = (0, 0);
        for (raw, answer) in case.calibration.iter().zip(&case.answers) {
            let record: Vec<f32> = raw.iter().map(|&x| x as f32).collect();
            let scores = graph.scores(&record).expect("scores");
            let apart = scores.iter().zip(&answer.output).map(|(a, b)| (f64::from(*a) - b).abs());
            far += apart.filter(|apart| *apart > 1e-4).count();
            entries += scores.len();
        }
        // Sums in another order may round to another level.
        assert!(10 * far <= entries, "{}: {far} of {entries}", case.name);
    }
}

#[test]
fn levels_are_those_of_the_model() {
    for case in Case::all().iter().filter(|case| !case.is_dynamic()) {
        let model = case.quantized();
        let records = case.calibration.iter().zip(&case.answers);
        let distances: Vec<u64> = records.flat_map(|(raw, answer)| distances(&model, raw, answer)).collect();
        assert!(distances.len() > 100, "{}", case.name);
        assert!(distances.iter().all(|&distance| distance <= 1), "{}", case.name);
        let off = distances.iter().filter(|&&distance| distance > 0).count();
        // ONNX Runtime computes these in 32-bit floats, whose last digit is some 1/500 of one of 2^16 levels.
        let room = if case.name.ends_with("wide") { distances.len() / 100 } else { 0 };
        assert!(off <= room, "{}: {off} of {}", case.name, distances.len());
    }
}

#[test]
fn classes_are_those_of_the_model() {
    for case in Case::all() {
        let model = case.quantized();
        for (raw, answer) in case.calibration.iter().zip(&case.answers) {
            assert_eq!(run(&model, raw).class(), class(&answer.output), "{}", case.name);
        }
    }
}

/// Steps of activations may be told, what follows from weights may not: a model with other weights and other steps of theirs, but with the
/// same grids, has the same layers; parameters are told to lie within powers of two.
#[test]
fn the_architecture_says_nothing_of_weights() {
    let mut compared = 0;
    for case in Case::all() {
        let Some(other) = &case.other else { continue };
        let (model, other) = (case.quantized(), Case { model: other.clone(), ..case.clone() }.quantized());
        assert_ne!(model.parameters.tensors(), other.parameters.tensors(), "{}", case.name);
        let (model, mut other) = (model.architecture, other.architecture);
        assert!(model.parameters.iter().all(|spec| spec.interval.size().is_power_of_two()), "{}", case.name);
        for (own, other) in model.parameters.iter().zip(&mut other.parameters) {
            assert!(
                own.interval.hi / 2 <= other.interval.hi && other.interval.hi / 2 <= own.interval.hi,
                "{}",
                own.name
            );
            (other.interval, other.norm) = (own.interval, own.norm);
        }
        assert_eq!(model, other, "{}", case.name);
        compared += 1;
    }
    assert!(compared >= 2);
}

/// Steps, zero points, weights and shapes of any size and sign: refused or quantised, never a panic.
#[test]
fn flipped_bytes_never_panic() {
    let (mut imported, mut quantised) = (0, 0);
    for case in Case::all() {
        let bytes = case.bytes();
        for index in (0..bytes.len()).step_by(11) {
            let mut bytes = bytes.clone();
            bytes[index] ^= [0x80, 0x40, 0xff, 0x01][index % 4];
            let Ok(graph) = import(&bytes, &ImportOptions::default()) else { continue };
            imported += 1;
            quantised += usize::from(quantize(&graph, &case.calibration[..2], None, &Options::default()).is_ok());
        }
    }
    assert!(imported > 1000 && quantised > 500, "{imported} imported, {quantised} quantised");
}
