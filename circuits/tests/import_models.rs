//! The example models, imported, answer as ONNX Runtime does on every held-out record.

use std::path::PathBuf;

use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, Summary, import, inspect};

const TOLERANCE: f32 = 1e-5;

fn file(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn table(path: &str) -> (Vec<String>, Vec<Vec<f32>>) {
    let text = String::from_utf8(file(path)).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap().split(',').map(String::from).collect();
    let rows = lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect());
    (header, rows.collect())
}

fn model(name: &str, options: &ImportOptions) -> (FloatGraph, Summary) {
    let bytes = file(&format!("{name}/model.onnx"));
    (import(&bytes, options).unwrap(), inspect(&bytes, options).unwrap())
}

fn output(name: &str) -> ImportOptions {
    ImportOptions { output: Some(name.into()) }
}

/// Compares scores with the columns of the reference whose names start with `prefix`, and the class with `predicted`.
fn agrees_with_runtime(name: &str, prefix: &str, options: &ImportOptions) {
    let (graph, _) = model(name, options);
    let (header, reference) = table(&format!("{name}/reference.csv"));
    let held_out = if name == "digits" { "digits/held_out.csv" } else { "data/held_out.csv" };
    let (_, records) = table(held_out);
    assert_eq!(records.len(), reference.len());
    let entries = graph.input_shape().iter().product();
    let columns: Vec<_> = (0..header.len()).filter(|column| header[*column].starts_with(prefix)).collect();
    for (record, expected) in records.iter().zip(&reference) {
        let scores = graph.scores(&record[..entries]).unwrap();
        assert_eq!(scores.len(), columns.len());
        for (score, column) in scores.iter().zip(&columns) {
            assert!((score - expected[*column]).abs() <= TOLERANCE * expected[*column].abs().max(1.0));
        }
        let class = (0..scores.len()).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert_eq!(class as f32, expected[0]);
    }
}

#[test]
fn logreg_agrees_with_runtime() {
    agrees_with_runtime("logreg", "probability", &ImportOptions::default());
}

#[test]
fn digits_agree_with_runtime() {
    agrees_with_runtime("digits", "probability", &ImportOptions::default());
    agrees_with_runtime("digits", "logit", &output("logits"));
}

#[test]
fn mlp_agrees_with_runtime() {
    agrees_with_runtime("mlp", "probability", &ImportOptions::default());
    agrees_with_runtime("mlp", "logit", &output("logits"));
}

#[test]
fn mlp_of_skl2onnx_agrees_with_runtime() {
    agrees_with_runtime("mlp-skl2onnx", "probability", &ImportOptions::default());
    agrees_with_runtime("mlp-skl2onnx", "probability", &output("probabilities"));
    agrees_with_runtime("mlp-skl2onnx", "probability", &output("output_label"));
}

#[test]
fn node_values_come_with_the_scores() {
    let (graph, _) = model("mlp", &ImportOptions::default());
    let (_, records) = table("data/held_out.csv");
    let values = graph.evaluate(&records[0][..30]).unwrap();
    assert_eq!(values.len(), graph.nodes.len());
    assert!(values.iter().zip(&graph.nodes).all(|(value, node)| value.shape() == node.shape));
    let scores: Vec<f32> = values[graph.output.0].iter().copied().collect();
    assert_eq!(scores, graph.scores(&records[0][..30]).unwrap());
}

#[test]
fn summaries_are_readable() {
    let (graph, summary) = model("logreg", &ImportOptions::default());
    assert_eq!((graph.parameters(), summary.parameters), (122, 122));
    assert_eq!(graph.labels, Some(vec!["0".into(), "1".into()]));
    let expected = "\
node              operator                     shape    parameters
Scaler            ai.onnx.ml.Scaler            [1, 30]          60
LinearClassifier  ai.onnx.ml.LinearClassifier  [1, 2]           62
ZipMap            ai.onnx.ml.ZipMap            [1, 2]            0
total                                                          122
record [1, 30], output `output_probability` [1, 2]
labels: 0, 1
note: the batch axis becomes 1: one record at a time
note: output `output_label` is left out, `output_probability` is proven
";
    assert_eq!(summary.to_string(), expected);
}

#[test]
fn summaries_count_every_learned_value() {
    let (graph, summary) = model("mlp", &ImportOptions::default());
    assert_eq!(graph.parameters(), 30 + 30 + 30 * 64 + 64 + 64 * 32 + 32 + 32 * 2 + 2);
    assert_eq!(summary.nodes.iter().map(|node| node.parameters).sum::<usize>(), graph.parameters());
    assert_eq!(summary.notes, ["the batch axis `N` becomes 1: one record at a time"]);
}
