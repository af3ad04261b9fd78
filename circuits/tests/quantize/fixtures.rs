//! Operators of the import's fixtures as integers: no score is off by more than the predicted bound.

use std::path::PathBuf;

use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, quantize};

use crate::builder::noisy_records;

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

#[test]
fn scores_are_within_the_bound() {
    let graphs = fixtures();
    assert!(graphs.len() > 25);
    for (name, graph) in graphs {
        let records = noisy_records(5, 60, graph.input_shape().iter().product());
        let records: Vec<Vec<f64>> = records.iter().map(|record| record.iter().map(|x| 2.0 * x).collect()).collect();
        let labelled = Labelled { records: &records, classes: &vec![0; records.len()] };
        let report = match quantize(&graph, &records, Some(labelled), &Options::default()) {
            // What only moves entries.
            Err(QuantizeError::NoLayer) => continue,
            other => other.unwrap_or_else(|error| panic!("{name}: {error}")).1,
        };
        let found = report.held_out.unwrap();
        assert!(found.max_error <= found.bound * 1.0001 + 1e-9, "{name}: {found}");
        // The range of a mask would leave nothing of the entries that it keeps.
        assert!(!name.starts_with("masked_") || found.max_error < 0.1, "{name}: {found}");
    }
}
