//! The reference networks of `models/`: float graphs answer as ONNX Runtime does, integers on at least 99 of 100 held-out records.

use std::path::PathBuf;

use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, quantize};

use crate::builder::float_class;

const MODELS: [&str; 10] = [
    "dbn",
    "dbn-dynamic",
    "resnet-8",
    "resnet-8-int8",
    "ecg",
    "phrases-bag",
    "phrases-transformer",
    "forest",
    "boosting",
    "capsule",
];

fn file(path: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models").join(path)).expect("a bundled file")
}

/// Rows of a table; without its last column, the label.
fn rows(path: &str) -> Vec<Vec<f64>> {
    let text = String::from_utf8(file(path)).expect("UTF-8");
    let row = |line: &str| line.split(',').map(|cell| cell.parse().expect("a number")).collect();
    text.lines().skip(1).map(row).collect()
}

#[test]
fn reference_models_keep_their_classes() {
    for model in MODELS {
        let graph = import(&file(&format!("{model}/model.onnx")), &ImportOptions::default()).expect("a model");
        let len: usize = graph.input_shape().iter().product();
        let records = |path: &str| rows(path).into_iter().map(|row| row[..len].to_vec()).collect::<Vec<_>>();
        let calibration = records(&format!("{model}/calibration.csv"));
        let held_out = records(&format!("{model}/held_out.csv"));
        let answers: Vec<usize> = rows(&format!("{model}/reference.csv")).iter().map(|row| row[0] as usize).collect();
        for (raw, answer) in held_out.iter().zip(&answers) {
            assert_eq!(float_class(&graph, raw), *answer, "{model}");
        }
        let labelled = Labelled { records: &held_out, classes: &answers };
        let (_, report) = quantize(&graph, &calibration, Some(labelled), &Options::default()).expect("integers");
        let found = report.held_out.expect("it was asked for");
        assert_eq!(found.accuracy.0, 1.0, "{model}");
        assert!(100 * found.agreements >= 99 * found.records, "{model}: {found}");
    }
}
