//! The reference networks of `models/`: float graphs answer as ONNX Runtime does, integers on at least 99 of 100 held-out records.

use std::path::PathBuf;

use zkdx_circuits::costs::Costs;
use zkdx_circuits::graph::FloatGraph;
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

/// Those that are quantised already, and trees.
const OWN: [&str; 4] = ["dbn-dynamic", "resnet-8-int8", "forest", "boosting"];

fn file(path: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models").join(path)).expect("a bundled file")
}

/// Rows of a table; without its last column, the label.
fn rows(path: &str) -> Vec<Vec<f64>> {
    let text = String::from_utf8(file(path)).expect("UTF-8");
    let row = |line: &str| line.split(',').map(|cell| cell.parse().expect("a number")).collect();
    text.lines().skip(1).map(row).collect()
}

/// A network with its records, and ONNX Runtime's classes of those held out.
struct Reference {
    graph: FloatGraph,
    calibration: Vec<Vec<f64>>,
    held_out: Vec<Vec<f64>>,
    answers: Vec<usize>,
}

impl Reference {
    fn of(model: &str) -> Self {
        let graph = import(&file(&format!("{model}/model.onnx")), &ImportOptions::default()).expect("a model");
        let len: usize = graph.input_shape().iter().product();
        let records = |path: &str| rows(path).into_iter().map(|row| row[..len].to_vec()).collect::<Vec<_>>();
        let calibration = records(&format!("{model}/calibration.csv"));
        let held_out = records(&format!("{model}/held_out.csv"));
        let answers: Vec<usize> = rows(&format!("{model}/reference.csv")).iter().map(|row| row[0] as usize).collect();
        Self { graph, calibration, held_out, answers }
    }
}

#[test]
fn reference_models_keep_their_classes() {
    for model in MODELS {
        let Reference { graph, calibration, held_out, answers } = Reference::of(model);
        for (raw, answer) in held_out.iter().zip(&answers) {
            assert_eq!(float_class(&graph, raw), *answer, "{model}");
        }
        let labelled = Labelled { records: &held_out, classes: &answers };
        let (quantized, report) =
            quantize(&graph, &calibration, Some(labelled), &Options::default()).expect("integers");
        let found = report.held_out.expect("it was asked for");
        assert_eq!(found.accuracy.0, 1.0, "{model}");
        assert!(100 * found.agreements >= 99 * found.records, "{model}: {found}");
        // Models whose integers are their own predict nothing.
        if !OWN.contains(&model) {
            let (measured, expected) = (found.rms_error, found.expected_error);
            assert!(measured <= 3.0 * expected && expected <= 3.0 * measured, "{model}: {found}");
        }
        let costs = Costs::of(&quantized.architecture).expect("a circuit");
        assert_eq!(costs.parts.iter().map(|part| part.constraints).sum::<u64>(), costs.constraints, "{model}");
    }
}

/// Precision is raised for the calibration records; the held-out ones, which had no say, follow.
#[test]
fn a_target_for_the_calibration_records_is_kept_by_others() {
    for (model, target) in [("phrases-bag", 0.995), ("forest", 1.0), ("resnet-8-int8", 0.99)] {
        let Reference { graph, calibration, held_out, answers } = Reference::of(model);
        let labelled = Labelled { records: &held_out, classes: &answers };
        let options = Options { target_agreement: Some(target), ..Options::default() };
        let (_, report) = quantize(&graph, &calibration, Some(labelled), &options).expect("integers");
        println!("{model}\n{report}");
        let search = report.search.expect("a search");
        let last = search.steps.last().expect("a step");
        assert!(last.agreement >= target && last.expected >= target && search.tries <= 400, "{model}: {search}");
        let found = report.held_out.expect("it was asked for");
        assert!(found.agreements as f64 >= target * found.records as f64, "{model}: {found}");
    }
}
