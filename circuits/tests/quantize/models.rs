//! The example models: the same labels on the held-out records, but for near-ties, and the same area under the curve.

use std::fs::{File, read, read_to_string};
use std::path::PathBuf;

use zkdx_circuits::Head;
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Named, Options, QuantizedModel, Report, auc, quantize};
use zkdx_circuits::records::{RawRecords, read_csv};

use crate::builder::outcome;

const MODELS: [&str; 3] = ["logreg", "mlp", "mlp-skl2onnx"];

pub(crate) fn models() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models")
}

pub(crate) fn graph(model: &str) -> FloatGraph {
    let bytes = read(models().join(model).join("model.onnx")).unwrap();
    import(&bytes, &ImportOptions::default()).unwrap()
}

pub(crate) fn features() -> Vec<Named> {
    let json: serde_json::Value = serde_json::from_slice(&read(models().join("data/features.json")).unwrap()).unwrap();
    let text = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    json.as_array().unwrap().iter().map(|entry| (text(entry, "name"), text(entry, "unit"))).collect()
}

pub(crate) fn records(file: &str) -> RawRecords {
    let names: Vec<String> = features().into_iter().map(|(name, _)| name).collect();
    read_csv(File::open(models().join("data").join(file)).unwrap(), &names, Some("label")).unwrap()
}

pub(crate) fn quantized(graph: &FloatGraph, options: Options<'_>) -> (QuantizedModel, Report) {
    let (calibration, held_out) = (records("calibration.csv"), records("held_out.csv"));
    let labelled = Labelled { records: &held_out.values, classes: held_out.labels.as_ref().unwrap() };
    let options = Options { features: Some(features()), ..options };
    quantize(graph, &calibration.values, Some(labelled), &options).unwrap()
}

/// What ONNX Runtime answers: the classes and the probability of class 1.
fn reference(model: &str) -> (Vec<usize>, Vec<f64>) {
    let text = read_to_string(models().join(model).join("reference.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        (cells[0] as usize, cells[2])
    });
    rows.unzip()
}

#[test]
fn classes_of_held_out_records_are_those_of_onnx_runtime() {
    for model in MODELS {
        let (quantized, report) = quantized(&graph(model), Options::default());
        let found = report.held_out.as_ref().unwrap();
        println!("{model}\n{report}");
        let held_out = records("held_out.csv").values;
        let classes: Vec<usize> = held_out.iter().map(|raw| outcome(&quantized, raw).class()).collect();
        let differ = classes.iter().zip(&reference(model).0).filter(|(a, b)| a != b).count();
        assert_eq!(differ, found.disagreements.len(), "the report counts what ONNX Runtime counts");
        assert!(found.disagreements.iter().all(|changed| changed.within_rounding), "{report}");
        assert!(found.outside.is_empty() && found.max_error <= found.bound);
        assert!(found.rms_error <= 0.02 && found.rms_error <= 2.0 * found.expected_error, "{report}");
        assert_eq!(quantized.architecture.head, Head::Sigmoid);
    }
}

#[test]
fn area_under_the_curve_is_kept() {
    for model in MODELS {
        let report = quantized(&graph(model), Options::default()).1;
        let (before, after) = report.held_out.unwrap().auc.unwrap();
        assert!((before - after).abs() <= 0.002, "{model}: {before} became {after}");
    }
}

/// The figures of `models/README.md`, computed by scikit-learn.
#[test]
fn area_under_the_curve_is_that_of_scikit_learn() {
    let labels = records("held_out.csv").labels.unwrap();
    let positive: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
    for (model, expected) in MODELS.into_iter().zip(["0.9957", "0.9954", "0.9954"]) {
        assert_eq!(format!("{:.4}", auc(&reference(model).1, &positive).unwrap()), expected);
    }
    assert_eq!(auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), Some(0.75));
    assert_eq!(auc(&[0.5, 0.5, 0.5], &[false, true, true]), Some(0.5));
    assert_eq!(auc(&[0.5, 0.1], &[true, true]), None);
}

/// The table of `docs/src/quantization.md`.
#[test]
fn fewer_bits_cost_more() {
    let mut last = 0.0;
    for (input, weight, activation) in [(16, 16, 16), (12, 12, 12), (12, 8, 8), (8, 8, 8), (12, 6, 6), (12, 4, 4)] {
        let options =
            Options { input_bits: Some(input), weight_bits: weight, activation_bits: activation, ..Options::default() };
        let found = quantized(&graph("mlp"), options).1.held_out.unwrap();
        let (rms, expected, bound, auc) = (found.rms_error, found.expected_error, found.bound, found.auc.unwrap());
        println!(
            "{input}/{weight}/{activation}: rms {rms:.5} expected {expected:.5} max {:.5} bound {bound:.4} labels {} near ties {} auc {:.4}",
            found.max_error, found.agreements, found.near_ties, auc.1
        );
        assert!(rms >= last && rms <= 3.0 * expected && found.disagreements.iter().all(|d| d.within_rounding));
        last = rms;
    }
}

#[test]
fn both_exports_of_one_network_become_the_same_integers() {
    let [a, b] = ["mlp", "mlp-skl2onnx"].map(|model| quantized(&graph(model), Options::default()).0);
    let same = a.parameters.tensors().iter().zip(b.parameters.tensors()).all(|(a, b)| a.shape() == b.shape());
    assert!(same && a.architecture.layers.len() == b.architecture.layers.len());
    for raw in records("held_out.csv").values {
        let (a, b) = (outcome(&a, &raw), outcome(&b, &raw));
        assert!((a.scores[0] - b.scores[0]).abs() <= 200, "scores of the two exports differ by float rounding alone");
    }
}
