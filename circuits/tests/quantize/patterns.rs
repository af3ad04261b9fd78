//! Every way in which constants fold, activations round and graphs end.

use zkdx_circuits::Head;
use zkdx_circuits::graph::{FloatGraph, FloatOp, Norm};
use zkdx_circuits::layers::Layer;
use zkdx_circuits::quantize::{Options, QuantizedModel};

use crate::builder::{Builder, faithful, noise};

pub(crate) fn kinds(model: &QuantizedModel) -> String {
    let kind = |layer: &Layer| match layer {
        Layer::Dense(_) => 'D',
        Layer::Conv(_) => 'K',
        Layer::MaxPool(_) => 'M',
        Layer::SumPool(_) => 'S',
        Layer::Affine(_) => 'A',
        Layer::Requantize(_) => 'Q',
        Layer::Combine(_) => '+',
        Layer::Concat(_) => 'C',
        Layer::Rearrange(_) => 'R',
        Layer::Multiply(_) => 'P',
        Layer::MatMul(_) => 'B',
        Layer::Share(_) => '%',
        Layer::Standardize(_) => 'N',
        _ => '?',
    };
    model.architecture.layers.iter().map(|node| kind(&node.layer)).collect()
}

/// Quantises, checks against the float model, and gives layers and head.
pub(crate) fn check(graph: &FloatGraph) -> (String, Head) {
    let (model, _) = faithful(graph, &Options::default()).unwrap();
    (kinds(&model), model.architecture.head)
}

pub(crate) fn logits(builder: &mut Builder, input: usize, classes: usize, seed: u64) -> usize {
    let width = *builder.shape(input).last().unwrap();
    builder.dense("logits", input, &noise(seed, width * classes), &noise(seed + 1, classes))
}

#[test]
fn scalers_before_and_after_fold_into_the_dense_layer() {
    let mut b = Builder::new(&[1, 4]);
    let x = b.with(FloatOp::Sub, 0, &[0.1, 0.2, -0.3, 0.4]);
    let x = b.with(FloatOp::Div, x, &[0.5, 2.0, 1.5, 0.25]);
    let x = b.with(FloatOp::Mul, x, &[1.0, -2.0, 0.5, 3.0]);
    let x = b.dense("hidden", x, &noise(3, 20), &noise(4, 5));
    let x = b.with(FloatOp::Mul, x, &noise(5, 5));
    let x = b.with(FloatOp::Add, x, &noise(6, 5));
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.with(FloatOp::Mul, x, &noise(7, 5));
    let x = logits(&mut b, x, 3, 8);
    let x = b.map("softmax", FloatOp::Softmax { axis: 1 }, x);
    assert_eq!(check(&b.graph(x)), ("DQD".into(), Head::Softmax));
}

#[test]
fn constant_minus_value_and_reshapes_fold_too() {
    let mut b = Builder::new(&[1, 4]);
    let x = b.dense("hidden", 0, &noise(3, 24), &noise(4, 6));
    let x = b.node("reshape", FloatOp::Reshape, &[x], &[1, 2, 3]);
    let one = b.constant(&[1], &[1.0]);
    let x = b.node("flip", FloatOp::Sub, &[one, x], &[1, 2, 3]);
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.node("transpose", FloatOp::Transpose { perm: vec![0, 2, 1] }, &[x], &[1, 3, 2]);
    let x = b.node("slice", FloatOp::Slice { axis: 1, start: 2, step: -2, len: 2 }, &[x], &[1, 2, 2]);
    let x = b.node("flatten", FloatOp::Reshape, &[x], &[1, 4]);
    let x = logits(&mut b, x, 3, 8);
    assert_eq!(check(&b.graph(x)), ("DQRRRRD".into(), Head::Scores));
}

#[test]
fn two_dense_layers_become_one_where_that_is_smaller() {
    let mut b = Builder::new(&[1, 4]);
    let x = b.dense("wide", 0, &noise(3, 40), &noise(4, 10));
    let x = logits(&mut b, x, 3, 8);
    assert_eq!(check(&b.graph(x)).0, "D");
    let mut b = Builder::new(&[1, 8]);
    let x = b.dense("narrow", 0, &noise(3, 8), &noise(4, 1));
    let x = logits(&mut b, x, 8, 8);
    assert_eq!(check(&b.graph(x)).0, "DQD");
}

#[test]
fn every_activation_rounds_within_its_bound() {
    let activations = [
        FloatOp::Relu,
        FloatOp::LeakyRelu { alpha: 0.1 },
        FloatOp::Clip { lo: 0.0, hi: 1.5 },
        FloatOp::Clip { lo: -0.5, hi: 0.75 },
        FloatOp::Clip { lo: 0.0, hi: f32::MAX },
        FloatOp::Sigmoid,
        FloatOp::Tanh,
    ];
    for bits in [4, 8, 11] {
        for op in &activations {
            let mut b = Builder::new(&[1, 6]);
            let x = b.dense("hidden", 0, &noise(3, 48).map(|w| 2.0 * w), &noise(4, 8));
            let x = b.map("activation", op.clone(), x);
            let x = logits(&mut b, x, 3, 8);
            let options = Options { weight_bits: bits, activation_bits: bits, ..Options::default() };
            let (model, _) = faithful(&b.graph(x), &options).unwrap();
            assert_eq!(kinds(&model), "DQD");
        }
    }
}

trait Map {
    fn map(self, f: fn(f32) -> f32) -> Vec<f32>;
}

impl Map for Vec<f32> {
    fn map(self, f: fn(f32) -> f32) -> Vec<f32> {
        self.into_iter().map(f).collect()
    }
}

#[test]
fn residual_connections_become_sums() {
    for op in [FloatOp::Add, FloatOp::Sub] {
        let mut b = Builder::new(&[1, 6]);
        let x = b.dense("first", 0, &noise(3, 36), &noise(4, 6));
        let x = b.map("relu", FloatOp::Relu, x);
        let y = b.dense("second", x, &noise(5, 36), &noise(6, 6));
        let z = b.node("residual", op, &[x, y], &[1, 6]);
        let z = b.map("relu", FloatOp::Relu, z);
        let z = logits(&mut b, z, 3, 8);
        assert_eq!(check(&b.graph(z)).0, "DQD+QD");
    }
}

#[test]
fn the_record_may_skip_a_layer() {
    let mut b = Builder::new(&[1, 6]);
    let x = b.dense("first", 0, &noise(3, 36), &noise(4, 6));
    let x = b.map("tanh", FloatOp::Tanh, x);
    let z = b.node("residual", FloatOp::Add, &[x, 0], &[1, 6]);
    let z = logits(&mut b, z, 3, 8);
    assert_eq!(check(&b.graph(z)).0, "DQA+QD");
}

#[test]
fn branches_are_joined_entry_by_entry() {
    let mut b = Builder::new(&[1, 4]);
    let x = b.dense("left", 0, &noise(3, 12), &noise(4, 3));
    let x = b.map("relu", FloatOp::Relu, x);
    let y = b.dense("right", 0, &noise(5, 8), &noise(6, 2));
    let y = b.map("sigmoid", FloatOp::Sigmoid, y);
    let z = b.node("concat", FloatOp::Concat { axis: 1 }, &[x, y], &[1, 5]);
    let z = b.with(FloatOp::Mul, z, &noise(7, 5));
    let z = b.map("relu", FloatOp::Relu, z);
    let z = logits(&mut b, z, 3, 8);
    assert_eq!(check(&b.graph(z)).0, "DQDQAQAQCD");
}

#[test]
fn dense_layers_over_positions_share_their_scales() {
    let mut b = Builder::new(&[5, 3]);
    let x = b.dense("each", 0, &noise(3, 12), &noise(4, 4));
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.node("transpose", FloatOp::Transpose { perm: vec![1, 0] }, &[x], &[4, 5]);
    let x = b.dense("across", x, &noise(5, 10), &noise(6, 2));
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.node("flatten", FloatOp::Reshape, &[x], &[1, 8]);
    let x = logits(&mut b, x, 3, 8);
    assert_eq!(check(&b.graph(x)).0, "DQRDQRD");
}

#[test]
fn softmax_over_two_is_one_score() {
    let mut b = Builder::new(&[1, 4]);
    let x = logits(&mut b, 0, 2, 8);
    let x = b.map("softmax", FloatOp::Softmax { axis: 1 }, x);
    assert_eq!(check(&b.graph(x)), ("D".into(), Head::Sigmoid));
}

#[test]
fn one_sigmoid_and_its_complement_are_one_score() {
    for flipped in [false, true] {
        let mut b = Builder::new(&[1, 4]);
        let z = logits(&mut b, 0, 1, 8);
        let p = b.map("sigmoid", FloatOp::Sigmoid, z);
        let one = b.constant(&[1], &[1.0]);
        let q = b.node("complement", FloatOp::Sub, &[one, p], &[1, 1]);
        let pair = if flipped { [p, q] } else { [q, p] };
        let x = b.node("concat", FloatOp::Concat { axis: 1 }, &pair, &[1, 2]);
        assert_eq!(check(&b.graph(x)), ("D".into(), Head::Sigmoid));
    }
    let mut b = Builder::new(&[1, 4]);
    let z = logits(&mut b, 0, 1, 8);
    let p = b.map("sigmoid", FloatOp::Sigmoid, z);
    assert_eq!(check(&b.graph(p)), ("D".into(), Head::Sigmoid));
}

#[test]
fn opposite_sigmoids_are_one_score_and_others_are_two() {
    let weight = noise(3, 4);
    let pair = |sign: f32| weight.iter().flat_map(|&w| [sign * w, w]).collect::<Vec<_>>();
    for (sign, head) in [(-1.0, Head::Sigmoid), (-0.5, Head::Scores)] {
        let mut b = Builder::new(&[1, 4]);
        let x = b.dense("linear", 0, &pair(sign), &[0.25 * sign, 0.25]);
        let x = b.map("logistic", FloatOp::Sigmoid, x);
        let x = b.map("normalizer", FloatOp::Normalize { norm: Norm::L1, axis: 1 }, x);
        let (model, _) = faithful(&b.graph(x), &Options::default()).unwrap();
        assert_eq!((model.architecture.head, model.architecture.labels.len()), (head, 2));
    }
}

#[test]
fn a_tie_is_class_0_before_and_after() {
    let mut b = Builder::new(&[1, 2]);
    let x = b.dense("linear", 0, &[1.0, -1.0, 1.0, -1.0], &[0.0, 0.0]);
    let x = b.map("softmax", FloatOp::Softmax { axis: 1 }, x);
    let graph = b.graph(x);
    let (model, _) = faithful(&graph, &Options::default()).unwrap();
    assert_eq!(model.architecture.head, Head::Sigmoid);
    let tie = zkdx_circuits::layers::argmax(&[0]);
    assert_eq!((tie, zkdx_circuits::layers::argmax(&[7, 7])), (0, 0));
    assert_eq!(crate::builder::float_class(&graph, &[0.0, 0.0]), tie);
}

/// What ends a network changes no class only where it covers all scores.
#[test]
fn ends_that_change_the_class_stay() {
    let mut b = Builder::new(&[1, 4]);
    let z = b.dense("layer", 0, &noise(3, 12), &noise(4, 3));
    let s = b.map("sigmoid", FloatOp::Sigmoid, z);
    let indices = vec![Some(0), None, Some(2), Some(1)];
    let padded = b.node("pad", FloatOp::Gather { indices, fill: 0.0 }, &[s], &[1, 4]);
    let (_, head) = check(&b.graph(padded));
    assert_eq!(head, Head::Scores);
    let mut b = Builder::new(&[1, 4]);
    let z = b.dense("layer", 0, &noise(3, 12), &noise(4, 3));
    let s = b.map("sigmoid", FloatOp::Sigmoid, z);
    let each = b.map("each", FloatOp::Normalize { norm: Norm::L2, axis: 0 }, s);
    // Sigmoids over themselves: always 1, and computed.
    let (model, _) = faithful(&b.graph(each), &Options::default()).unwrap();
    assert!(kinds(&model).contains('P') && model.architecture.head == Head::Scores);
}

/// The record's zero is not that of an activation beside it.
#[test]
fn the_record_is_not_compared_with_other_values() {
    let mut b = Builder::new(&[1, 1, 4, 4]);
    let shift = b.constant(&[1, 1, 1, 1], &[-150.0]);
    let x = b.node("shift", FloatOp::Add, &[0, shift], &[1, 1, 4, 4]);
    let relu = b.map("relu", FloatOp::Relu, x);
    let joined = b.node("join", FloatOp::Concat { axis: 2 }, &[0, relu], &[1, 1, 8, 4]);
    let pooled = b.pool(joined, 2, 1, 0, None);
    let x = b.flatten(pooled);
    let scores = logits(&mut b, x, 3, 7);
    let graph = b.graph(scores);
    let records: Vec<Vec<f64>> =
        noise(5, 16 * 60).chunks(16).map(|row| row.iter().map(|&x| 150.0 + 50.0 * f64::from(x)).collect()).collect();
    // Refused for its scales, or right.
    if let Ok((_, report)) = zkdx_circuits::quantize::quantize(&graph, &records, None, &Options::default()) {
        let scores = report.layers.last().unwrap();
        assert!(scores.max_error < 0.02 * scores.largest, "{report}");
    }
}
