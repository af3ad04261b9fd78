//! Every operator on a tiny model, against what ONNX Runtime answered when `fixtures/make.py` made it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::onnx::{ImportOptions, Summary, import, inspect};

#[derive(Deserialize)]
struct Case {
    inputs: Vec<Vec<f32>>,
    scores: Vec<Vec<f32>>,
    labels: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Row {
    inputs: Vec<f32>,
    class: usize,
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn cases() -> BTreeMap<String, Case> {
    serde_json::from_slice(&fixture("expected.json")).unwrap()
}

fn model(name: &str) -> (FloatGraph, Summary) {
    let (bytes, options) = (fixture(&format!("{name}.onnx")), ImportOptions::default());
    let graph = import(&bytes, &options).unwrap_or_else(|error| panic!("{name}: {error}"));
    (graph, inspect(&bytes, &options).unwrap())
}

#[test]
fn every_fixture_agrees_with_runtime() {
    for (name, case) in cases() {
        let (graph, _) = model(&name);
        // ONNX Runtime finds probabilities of a machine's classes step by step, and stops early.
        let tolerance = if name == "svm_probability" { 1e-4 } else { 1e-5 };
        for (input, expected) in case.inputs.iter().zip(&case.scores) {
            let scores = graph.scores(input).unwrap();
            assert_eq!(scores.len(), expected.len(), "{name}");
            for (got, expected) in scores.iter().zip(expected) {
                assert!((got - expected).abs() <= tolerance * expected.abs().max(1.0), "{name}: {got} for {expected}");
            }
        }
    }
}

#[test]
fn labels_come_from_the_model() {
    for (name, case) in cases() {
        let (graph, _) = model(&name);
        assert_eq!(graph.labels, case.labels, "{name}");
    }
}

#[test]
fn constants_are_folded_away() {
    let (graph, _) = model("folded_weights");
    assert_eq!(graph.nodes.len(), 3);
    assert_eq!(graph.parameters(), 6);
    for name in ["view", "shape_arithmetic", "constants", "elided"] {
        let (_, summary) = model(name);
        assert!(summary.nodes.iter().all(|node| node.operator != "Constant" && node.operator != "Shape"), "{name}");
    }
}

#[test]
fn parameters_of_the_nodes_add_up() {
    for name in cases().into_keys() {
        let (_, summary) = model(&name);
        let sum: usize = summary.nodes.iter().map(|node| node.parameters).sum();
        assert_eq!(sum, summary.parameters, "{name}");
    }
}

#[test]
fn functions_in_several_nodes_become_one() {
    for name in ["gelu_spelled", "gelu_tanh_spelled", "swish_spelled"] {
        assert_eq!(model(name).0.nodes.len(), 2, "{name}");
    }
}

#[test]
fn normalisations_in_several_nodes_become_one() {
    for name in ["spelled_layer_normalization", "spelled_layer_normalization_square"] {
        let graph = model(name).0;
        let standard = |op: &FloatOp| matches!(op, FloatOp::Standardize { epsilon } if *epsilon == 1e-5);
        assert_eq!(graph.nodes.iter().filter(|node| standard(&node.op)).count(), 1, "{name}");
        assert!(!graph.nodes.iter().any(|node| matches!(node.op, FloatOp::Div | FloatOp::Unary(_))), "{name}");
    }
}

#[test]
fn softmax_in_several_nodes_becomes_one() {
    for name in ["quotient_softmax", "quotient_softmax_shifted"] {
        let graph = model(name).0;
        let count = |is: fn(&FloatOp) -> bool| graph.nodes.iter().filter(|node| is(&node.op)).count();
        assert_eq!(count(|op| matches!(op, FloatOp::Softmax { axis: 1 })), 1, "{name}");
        assert_eq!(count(|op| matches!(op, FloatOp::Div | FloatOp::Unary(_) | FloatOp::MaxPool { .. })), 0, "{name}");
        assert!(graph.notes.iter().any(|note| note == "1 softmax spelled in several nodes"), "{:?}", graph.notes);
    }
    // Of sigmoids there is no softmax.
    assert!(model("quotient_shares").0.nodes.iter().any(|node| matches!(node.op, FloatOp::Div)));
}

#[test]
fn the_smallest_is_the_largest_of_the_opposites() {
    let record = [0.5, -1.0, -1.0, 2.0];
    for (name, expected) in [("least", record.map(|x| -x)), ("top", record), ("bottom", record.map(|x| -x))] {
        assert_eq!(model(&format!("class_of_the_{name}")).0.scores(&record).unwrap(), expected, "{name}");
    }
}

#[test]
fn where_scores_of_a_machine_name_no_class_the_label_is_proven() {
    for (name, labels) in [("svm_contrary", vec!["0", "1"]), ("svm_pairs", vec!["0", "1", "2"])] {
        let options = ImportOptions { output: Some("label".into()) };
        let graph = import(&fixture(&format!("broken/{name}.onnx")), &options).unwrap();
        assert_eq!(graph.labels, Some(labels.iter().map(|label| label.to_string()).collect()));
        let rows: Vec<Row> = serde_json::from_slice(&fixture(&format!("{name}.json"))).unwrap();
        assert!((0..labels.len()).all(|class| rows.iter().any(|row| row.class == class)));
        for Row { inputs, class } in rows {
            let scores = graph.scores(&inputs).unwrap();
            let largest = scores.iter().copied().fold(f32::MIN, f32::max);
            assert_eq!(scores.iter().position(|score| *score == largest), Some(class), "{name}: {inputs:?}");
        }
    }
}

/// A branch that is not taken, and a loop that is, leave only what they compute.
#[test]
fn control_flow_leaves_no_trace() {
    for (name, operators) in [("if_shape", 2), ("if_nested", 1), ("loop_until", 3), ("functions", 5)] {
        let graph = model(name).0;
        let computed = graph.nodes.iter().filter(|node| !matches!(node.op, FloatOp::Input | FloatOp::Constant(_)));
        assert_eq!(computed.count(), operators, "{name}");
    }
}
