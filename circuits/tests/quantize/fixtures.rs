//! Operators of the import's fixtures as integers: no score is off by more than the predicted bound.

use std::path::PathBuf;

use zkdx_circuits::Head;
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, QuantizedModel, quantize};

use crate::builder::{noisy_records, outcome};

/// Names of fixtures start with one of these.
const FAMILIES: [&str; 11] = [
    "condition_",
    "einsum_",
    "linear_reg",
    "masked_",
    "matmul_",
    "more_",
    "prepared_",
    "quotient_",
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
