//! Products of two values that both depend on the record: gates, attention, recurrence.

use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::Options;

use crate::builder::{Builder, faithful, noise, same};
use crate::patterns::{check, kinds, logits};

/// A dense layer with weights of moderate size.
fn hidden(builder: &mut Builder, name: &str, input: usize, width: usize, seed: u64) -> usize {
    let last = *builder.shape(input).last().unwrap();
    let weight: Vec<f32> = noise(seed, last * width).iter().map(|w| w * 1.7 / (last as f32).sqrt()).collect();
    builder.dense(name, input, &weight, &noise(seed + 1, width))
}

/// `σ(a)·tanh(b)`, as gated layers have it.
fn gated() -> FloatGraph {
    let mut b = Builder::new(&[1, 6]);
    let gate = hidden(&mut b, "gate", 0, 5, 3);
    let gate = b.map("sigmoid", FloatOp::Sigmoid, gate);
    let value = hidden(&mut b, "value", 0, 5, 5);
    let value = b.map("tanh", FloatOp::Tanh, value);
    let x = b.node("product", FloatOp::Mul, &[gate, value], &[1, 5]);
    let x = logits(&mut b, x, 3, 8);
    b.graph(x)
}

/// `x·xᵀ` of hidden rows, scaled, and used as weights of the rows.
fn attention(rows: usize, width: usize) -> FloatGraph {
    let mut b = Builder::new(&[1, rows, width]);
    let q = hidden(&mut b, "query", 0, width, 3);
    let k = hidden(&mut b, "key", 0, width, 5);
    let v = hidden(&mut b, "value", 0, width, 7);
    let k = b.node("transpose", FloatOp::Transpose { perm: vec![0, 2, 1] }, &[k], &[1, width, rows]);
    let scores = b.node("scores", FloatOp::MatMul, &[q, k], &[1, rows, rows]);
    let scores = b.with(FloatOp::Div, scores, &[(width as f32).sqrt()]);
    let weights = b.map("sigmoid", FloatOp::Sigmoid, scores);
    let x = b.node("mixed", FloatOp::MatMul, &[weights, v], &[1, rows, width]);
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 9);
    b.graph(x)
}

/// Two steps of an LSTM of `width` units over a series.
fn lstm(steps: usize, inputs: usize, width: usize) -> FloatGraph {
    let mut b = Builder::new(&[1, steps * inputs]);
    let zeros = vec![0.0; width];
    let (mut h, mut c) = (b.constant(&[1, width], &zeros), b.constant(&[1, width], &zeros));
    let slice = |b: &mut Builder, x: usize, start: usize, len: usize| {
        b.node("slice", FloatOp::Slice { axis: 1, start, step: 1, len }, &[x], &[1, len])
    };
    for step in 0..steps {
        let x = slice(&mut b, 0, step * inputs, inputs);
        let x = hidden(&mut b, "input", x, 4 * width, 3);
        let state = hidden(&mut b, "state", h, 4 * width, 5);
        let gates = b.node("gates", FloatOp::Add, &[x, state], &[1, 4 * width]);
        let gate = |b: &mut Builder, index: usize, op: FloatOp| {
            let gate = slice(b, gates, index * width, width);
            b.map("gate", op, gate)
        };
        let [input, output, forget] = [0, 1, 2].map(|index| gate(&mut b, index, FloatOp::Sigmoid));
        let cell = gate(&mut b, 3, FloatOp::Tanh);
        let kept = b.node("kept", FloatOp::Mul, &[forget, c], &[1, width]);
        let new = b.node("new", FloatOp::Mul, &[input, cell], &[1, width]);
        c = b.node("cell", FloatOp::Add, &[kept, new], &[1, width]);
        let active = b.map("tanh", FloatOp::Tanh, c);
        h = b.node("hidden", FloatOp::Mul, &[output, active], &[1, width]);
    }
    let x = logits(&mut b, h, 3, 9);
    b.graph(x)
}

#[test]
fn gates_multiply_what_tables_give() {
    assert_eq!(check(&gated()).0, "DQDQPQD");
}

#[test]
fn attention_mixes_values_by_products_of_values() {
    let (model, _) = faithful(&attention(4, 6), &Options::default()).unwrap();
    assert_eq!(kinds(&model).matches('B').count(), 2);
}

#[test]
fn recurrent_cells_unroll() {
    for steps in 1..4 {
        let (model, report) = faithful(&lstm(steps, 3, 4), &Options::default()).unwrap();
        let products = kinds(&model).matches('P').count();
        assert_eq!(products, 3 * steps - 1, "the first cell keeps nothing");
        assert!(report.held_out.is_some_and(|held_out| held_out.agreements > 190));
    }
}

#[test]
fn powers_of_the_record_and_of_sums() {
    let mut b = Builder::new(&[1, 4]);
    let square = b.node("square", FloatOp::Mul, &[0, 0], &[1, 4]);
    let cube = b.node("cube", FloatOp::Mul, &[square, 0], &[1, 4]);
    let sum = b.node("sum", FloatOp::Add, &[square, cube], &[1, 4]);
    let x = b.node("all", FloatOp::Mul, &[sum, sum], &[1, 4]);
    let x = logits(&mut b, x, 3, 8);
    check(&b.graph(x));
}

#[test]
fn factors_spread_over_axes() {
    let mut b = Builder::new(&[1, 3, 4]);
    let rows = hidden(&mut b, "rows", 0, 4, 3);
    let rows = b.map("relu", FloatOp::Relu, rows);
    let gate = hidden(&mut b, "gate", 0, 1, 5);
    let gate = b.map("sigmoid", FloatOp::Sigmoid, gate);
    let x = b.node("product", FloatOp::Mul, &[rows, gate], &[1, 3, 4]);
    let x = b.flatten(x);
    let x = logits(&mut b, x, 2, 8);
    check(&b.graph(x));
}

#[test]
fn products_requantise_onto_their_own_architecture() {
    for graph in [gated(), attention(3, 4), lstm(2, 3, 4)] {
        let (model, _) = faithful(&graph, &Options::default()).unwrap();
        let like = Options { like: Some(&model.architecture), ..Options::default() };
        let (again, _) = faithful(&graph, &like).unwrap();
        assert_eq!(again.architecture, model.architecture);
        let tensors = |model: &zkdx_circuits::quantize::QuantizedModel| model.parameters.tensors().to_vec();
        assert_eq!(tensors(&again), tensors(&model));
    }
}

/// Cells as ONNX has them, unrolled by the importer.
#[test]
fn imported_cells_quantise() {
    for name in ["rnn_last", "gru_last", "gru_reset_after", "gru_both", "lstm_last", "lstm_both", "lstm_peepholes"] {
        let path = format!("{}/tests/fixtures/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let graph = import(&std::fs::read(path).unwrap(), &ImportOptions::default()).unwrap();
        faithful(&graph, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// The largest of products in windows that part them, and products among the scores.
#[test]
fn products_are_pooled_and_scored() {
    let mut b = Builder::new(&[1, 2, 4, 4]);
    let rows = b.conv("rows", 0, same(2, 3), 3);
    let rows = b.map("tanh", FloatOp::Tanh, rows);
    let square = b.node("square", FloatOp::Mul, &[rows, rows], &[1, 2, 4, 4]);
    let pooled = b.pool(square, 2, 2, 0, None);
    let pooled = b.map("relu", FloatOp::Relu, pooled);
    let flat = b.flatten(pooled);
    let left = b.node("slice", FloatOp::Slice { axis: 1, start: 0, step: 1, len: 3 }, &[flat], &[1, 3]);
    let right = logits(&mut b, flat, 3, 8);
    let right = b.map("sigmoid", FloatOp::Sigmoid, right);
    let x = b.node("product", FloatOp::Mul, &[left, right], &[1, 3]);
    let x = b.node("joined", FloatOp::Concat { axis: 1 }, &[x, left], &[1, 6]);
    check(&b.graph(x));
}
