//! Operators of the import's fixtures as integers: no score is off by more than the predicted bound.

use std::path::PathBuf;

use serde::Deserialize;
use zkdx_circuits::Head;
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, QuantizedModel, quantize};

use crate::builder::{noisy_records, outcome};

/// Names of fixtures start with one of these.
const FAMILIES: [&str; 19] = [
    "attention_",
    "condition_",
    "einsum_",
    "functions",
    "fused_",
    "if_",
    "linear_reg",
    "loop_",
    "masked_",
    "matmul_",
    "more_",
    "odd_",
    "prepared_",
    "quotient_",
    "rotary_",
    "scan",
    "spelled_",
    "svm_",
    "where_",
];

fn fixtures() -> Vec<(String, FloatGraph)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = paths.filter_map(|path| Some((path.file_name()?.to_str()?.strip_suffix(".onnx")?.to_owned(), path)));
    let chosen = named.filter(|(name, _)| FAMILIES.iter().any(|family| name.starts_with(family)));
    let read = |path| import(&std::fs::read(path).unwrap(), &ImportOptions::default()).unwrap();
    chosen.map(|(name, path)| (name, read(path))).collect()
}

/// What the error is measured against is the graph as it was imported.
fn as_imported(name: &str, graph: &FloatGraph, model: &QuantizedModel, (records, most): (&[Vec<f64>], f64)) {
    for raw in records {
        let floats = graph.scores(&raw.iter().map(|&x| x as f32).collect::<Vec<_>>()).unwrap();
        for (score, float) in outcome(model, raw).scores.iter().zip(floats) {
            let off = (*score as f64 * model.architecture.score_scale - f64::from(float)).abs();
            assert!(off <= most * 1.0001 + 1e-4, "{name}: {off} and not {most}");
        }
    }
}

#[test]
fn scores_are_within_the_bound() {
    let graphs = fixtures();
    assert!(graphs.len() > 25);
    for (name, graph) in graphs {
        let records = noisy_records(5, 60, graph.input_shape().iter().product());
        let records: Vec<Vec<f64>> = records.iter().map(|record| record.iter().map(|x| 2.0 * x).collect()).collect();
        let labelled = Labelled { records: &records, classes: &vec![0; records.len()] };
        let (model, report) = match quantize(&graph, &records, Some(labelled), &Options::default()) {
            // What only moves entries.
            Err(QuantizeError::NoLayer) => continue,
            other => other.unwrap_or_else(|error| panic!("{name}: {error}")),
        };
        let found = report.held_out.unwrap();
        assert!(found.max_error <= found.bound * 1.0001 + 1e-9, "{name}: {found}");
        // The range of a mask would leave nothing of the entries that it keeps.
        assert!(!name.starts_with("masked_") || found.max_error < 0.1, "{name}: {found}");
        if name.starts_with("quotient_") {
            assert_eq!(model.architecture.head, Head::Scores);
            as_imported(&name, &graph, &model, (&records, found.max_error));
        }
    }
}

#[derive(Deserialize)]
struct Row {
    inputs: Vec<f64>,
    class: usize,
}

/// Of several classes of a support vector machine each pair votes; rounding decides only where a pair is almost even.
#[test]
fn votes_of_pairs_name_the_class_of_the_runtime() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let rows: Vec<Row> = serde_json::from_slice(&std::fs::read(folder.join("svm_pairs.json")).unwrap()).unwrap();
    let options = ImportOptions { output: Some("label".into()) };
    let graph = import(&std::fs::read(folder.join("broken/svm_pairs.onnx")).unwrap(), &options).unwrap();
    let (records, classes): (Vec<Vec<f64>>, Vec<usize>) = rows.into_iter().map(|row| (row.inputs, row.class)).unzip();
    let labelled = Labelled { records: &records, classes: &classes };
    let (_, report) = quantize(&graph, &records, Some(labelled), &Options::default()).unwrap();
    let found = report.held_out.unwrap();
    assert_eq!(found.accuracy.0, 1.0, "{found}");
    assert!(found.agreements >= records.len() - 3 && found.max_error <= found.bound * 1.0001, "{found}");
}
