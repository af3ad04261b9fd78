//! What cannot be quantised, and what is said about it.

use zkdx_circuits::graph::{FloatOp, Norm};
use zkdx_circuits::quantize::{Options, QuantizeError, quantize};

use crate::builder::{Builder, noise, noisy_records};

fn message(builder: Builder, output: usize, options: &Options<'_>) -> String {
    let graph = builder.graph(output);
    let len = graph.nodes[0].shape.iter().product();
    quantize(&graph, &noisy_records(1, 20, len), None, options).map(drop).unwrap_err().to_string()
}

#[test]
fn every_offending_node_is_named_at_once() {
    let mut b = Builder::new(&[1, 4]);
    let attention = b.map("attention", FloatOp::Softmax { axis: 1 }, 0);
    let gate = b.node("gate", FloatOp::Mul, &[attention, 0], &[1, 4]);
    let vector = b.node("vector", FloatOp::Reshape, &[gate], &[4]);
    let turned = b.node("turned", FloatOp::Reshape, &[0], &[4, 1]);
    let mixed = b.node("mixed", FloatOp::MatMul, &[vector, turned], &[1]);
    let ratio = b.node("ratio", FloatOp::Mul, &[gate, mixed], &[1, 4]);
    let scaled = b.map("unit", FloatOp::Normalize { norm: Norm::L2, axis: 1 }, ratio);
    let capped = b.map("cap", FloatOp::Clip { lo: f32::MIN, hi: 6.0 }, scaled);
    let scores = b.dense("scores", capped, &noise(3, 12), &noise(4, 3));
    let expected = "\
the model cannot be quantised:
  node `mixed` (MatMul): multiplies a vector by a matrix that both depend on the record; give the vector a second axis of one entry
  node `cap` (Clip): has one open end that is not ReLU; give both ends, or use Relu";
    assert_eq!(message(b, scores, &Options::default()), expected);
}

#[test]
fn models_without_a_layer_are_refused() {
    assert_eq!(
        message(Builder::new(&[1, 4]), 0, &Options::default()),
        "the model has no layer between record and scores"
    );
}

#[test]
fn options_are_checked() {
    let graph = |classes: usize| {
        let mut b = Builder::new(&[1, 4]);
        let output = b.dense("scores", 0, &noise(3, 4 * classes), &noise(4, classes));
        (b, output)
    };
    let say = |options: Options<'_>| {
        let (b, output) = graph(3);
        message(b, output, &options)
    };
    assert_eq!(say(Options { weight_bits: 3, ..Options::default() }), "weight_bits is 3, must be from 4 to 16");
    assert_eq!(say(Options { margin: Some(f64::NAN), ..Options::default() }), "margin is NaN, must be from 0 to 10");
    let labels = Some(vec!["a".into(), "b".into()]);
    assert_eq!(say(Options { labels, ..Options::default() }), "2 labels were given, the model has 3");
    let features = Some(vec![("age".into(), "year".into())]);
    assert_eq!(say(Options { features, ..Options::default() }), "1 features were given, the model has 4");
}

#[test]
fn calibration_records_are_checked() {
    let graph = || {
        let mut b = Builder::new(&[1, 2]);
        let output = b.dense("scores", 0, &noise(3, 6), &noise(4, 3));
        b.graph(output)
    };
    let say = |records: &[Vec<f64>]| quantize(&graph(), records, None, &Options::default()).map(drop).unwrap_err();
    assert_eq!(say(&[]), QuantizeError::NoRecords { set: "calibration" });
    let short = "calibration record 2 has 1 values, the model takes 2";
    assert_eq!(say(&[vec![1.0, 2.0], vec![1.0]]).to_string(), short);
    let infinite = "calibration record 1: value 2 is not a finite number";
    assert_eq!(say(&[vec![1.0, f64::INFINITY]]).to_string(), infinite);
}

#[test]
fn accumulators_that_could_overflow_are_refused() {
    let mut b = Builder::new(&[1, 1 << 19]);
    let output = b.dense("scores", 0, &noise(3, 1 << 20), &noise(4, 2));
    let options = Options { input_bits: Some(16), weight_bits: 16, ..Options::default() };
    let said = message(b, output, &options);
    assert!(said.starts_with("layer `scores`: an accumulator could reach"), "{said}");
}
