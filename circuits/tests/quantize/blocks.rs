//! Blocks of known networks: the integers follow the float graph itself, whatever is folded on the way.

use zkdx_circuits::OutcomeKind;
use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::quantize::{Options, quantize};
use zkdx_circuits::window::{Window, WindowAxis};

use crate::builder::{Builder, noise, outcome, same};

const BITS: u32 = 12;

/// Every disclosed score is within a hundredth of the largest, for records in a range.
fn close(what: &str, graph: &FloatGraph, lo: f64, hi: f64) {
    let len: usize = graph.nodes[0].shape.iter().product();
    let scaled = |x: f32| lo + (hi - lo) * (f64::from(x) + 1.0) / 2.0;
    let data: Vec<Vec<f64>> =
        noise(9, 40 * len).chunks(len).map(|row| row.iter().map(|&x| scaled(x)).collect()).collect();
    let options = Options {
        outcome: OutcomeKind::ClassAndScores,
        activation_bits: BITS,
        weight_bits: BITS,
        input_bits: Some(BITS),
        ..Options::default()
    };
    let (model, _) = quantize(graph, &data, None, &options).unwrap_or_else(|error| panic!("{what}: {error}"));
    let floats = |raw: &[f64]| graph.scores(&raw.iter().map(|&x| x as f32).collect::<Vec<_>>()).unwrap();
    let all: Vec<(f64, f64)> = data
        .iter()
        .flat_map(|raw| {
            let found = outcome(&model, raw).scores;
            let scale = model.architecture.score_scale;
            found.into_iter().map(move |score| score as f64 * scale).zip(floats(raw).into_iter().map(f64::from))
        })
        .collect();
    let largest = all.iter().fold(0f64, |max, (_, float)| max.max(float.abs()));
    for (found, float) in all {
        assert!((found - float).abs() < 0.01 * largest, "{what} of {lo} to {hi}: {found} for {float}");
    }
}

fn line(n: usize, kernel: usize, same: bool) -> Window {
    let axis = WindowAxis::new(n, kernel);
    let keep = WindowAxis { before: (kernel - 1) / 2, after: kernel / 2, ..axis };
    Window { axes: vec![if same { keep } else { WindowAxis { stride: kernel, ..axis } }] }
}

/// `[1, 4, 30]` behind a convolution and ReLU.
fn features(b: &mut Builder) -> usize {
    let weight = b.constant(&[4, 2, 3], &noise(3, 24));
    let conv = FloatOp::Conv { window: line(30, 3, true), groups: 1 };
    let x = b.node("conv", conv, &[0, weight], &[1, 4, 30]);
    let x = b.per_channel(FloatOp::Add, x, &noise(5, 4));
    b.map("relu", FloatOp::Relu, x)
}

fn ending(mut b: Builder, x: usize) -> FloatGraph {
    let x = b.flatten(x);
    let len = b.shape(x)[1];
    let scores = b.dense("logits", x, &noise(11, 3 * len), &noise(12, 3));
    b.graph(scores)
}

#[test]
fn means_meet_other_values() {
    for kernel in [2, 3, 5, 6] {
        for (what, op) in [("x + mean", FloatOp::Add), ("mean - x", FloatOp::Sub)] {
            let mut b = Builder::new(&[1, 2, 30]);
            let x = features(&mut b);
            let op_mean = FloatOp::AveragePool { window: line(30, kernel, true), count_padding: true };
            let mean = b.node("mean", op_mean, &[x], &[1, 4, 30]);
            let sum = b.node("sum", op, &[mean, x], &[1, 4, 30]);
            close(&format!("{what} over {kernel}"), &ending(b, sum), -1.0, 1.0);
        }
        for op in [FloatOp::Relu, FloatOp::Sigmoid, FloatOp::Tanh, FloatOp::Clip { lo: 0.0, hi: 0.5 }] {
            let mut b = Builder::new(&[1, 2, 30]);
            let x = features(&mut b);
            let window = line(30, kernel, false);
            let shape = [1, 4, window.output_shape()[0]];
            let mean = b.node("mean", FloatOp::AveragePool { window, count_padding: false }, &[x], &shape);
            let active = b.map("function", op, mean);
            close(&format!("a function of a mean over {kernel}"), &ending(b, active), -1.0, 1.0);
        }
    }
}

/// Global mean and global largest entry added up.
#[test]
fn both_global_poolings() {
    let mut b = Builder::new(&[1, 2, 30]);
    let x = features(&mut b);
    let mean = b.pool(x, 30, 1, 0, Some(true));
    let largest = b.pool(x, 30, 1, 0, None);
    let sum = b.node("sum", FloatOp::Add, &[mean, largest], &[1, 4, 1]);
    close("global poolings", &ending(b, sum), -1.0, 1.0);
}

/// Fewer channels, padded with zeros on both sides, added to more: the shortcut of small residual networks.
#[test]
fn shortcuts_padded_with_channels() {
    for (lo, hi) in [(-1.0, 1.0), (100.0, 200.0)] {
        let mut b = Builder::new(&[1, 2, 4, 4]);
        let x = b.conv("conv", 0, same(2, 3), 21);
        let x = b.map("relu", FloatOp::Relu, x);
        let plane = 16u32;
        let channel = |c: u32| (0..plane).map(move |k| (1..3).contains(&c).then(|| (c - 1) * plane + k));
        let indices = (0..4).flat_map(channel).collect();
        let padded = b.node("pad", FloatOp::Gather { indices, fill: 0.0 }, &[x], &[1, 4, 4, 4]);
        let y = b.conv("wide", x, same(4, 3), 23);
        let sum = b.node("sum", FloatOp::Add, &[y, padded], &[1, 4, 4, 4]);
        let sum = b.map("active", FloatOp::Relu, sum);
        close("a padded shortcut", &ending(b, sum), lo, hi);
    }
}

/// A value and its batch normalisation, added up before a convolution.
#[test]
fn shifts_of_one_value_add_up() {
    let mut b = Builder::new(&[1, 2, 4, 4]);
    let x = b.conv("conv", 0, same(3, 3), 21);
    let x = b.map("tanh", FloatOp::Tanh, x);
    let scaled = b.per_channel(FloatOp::Mul, x, &[0.7, -1.3, 0.4]);
    let normal = b.per_channel(FloatOp::Add, scaled, &[2.0, -1.5, 3.0]);
    let sum = b.node("sum", FloatOp::Add, &[normal, x], &[1, 3, 4, 4]);
    let y = b.conv("next", sum, same(2, 3), 25);
    close("shifts", &ending(b, y), -1.0, 1.0);
}

/// Scores that are means of the record itself, far from zero.
#[test]
fn means_of_the_record_are_scores() {
    let mut b = Builder::new(&[1, 3, 4, 4]);
    let mean = b.pool(0, 4, 4, 0, Some(true));
    let flat = b.flatten(mean);
    close("means of the record", &b.graph(flat), 100.0, 200.0);
}

/// A constant token before those of the record, as vision transformers have it.
#[test]
fn constants_are_joined_with_values() {
    for (lo, hi) in [(-1.0, 1.0), (100.0, 200.0)] {
        let mut b = Builder::new(&[1, 3, 4]);
        let x = b.dense("patches", 0, &noise(3, 20), &noise(4, 5));
        let x = b.map("relu", FloatOp::Relu, x);
        let token = b.constant(&[1, 1, 5], &noise(5, 5));
        let tokens = b.node("tokens", FloatOp::Concat { axis: 1 }, &[token, x], &[1, 4, 5]);
        let places = b.constant(&[1, 4, 5], &noise(6, 20));
        let placed = b.node("placed", FloatOp::Add, &[tokens, places], &[1, 4, 5]);
        let normal = b.map("normal", FloatOp::Standardize { epsilon: 1e-5 }, placed);
        let y = b.dense("up", normal, &noise(7, 40), &noise(8, 8));
        let y = b.map("tanh", FloatOp::Tanh, y);
        close("a token", &ending(b, y), lo, hi);
        let mut b = Builder::new(&[1, 3, 4]);
        let token = b.constant(&[1, 1, 4], &noise(5, 4));
        let tokens = b.node("tokens", FloatOp::Concat { axis: 1 }, &[0, token], &[1, 4, 4]);
        let y = b.dense("up", tokens, &noise(7, 32), &noise(8, 8));
        let y = b.map("relu", FloatOp::Relu, y);
        close("a token beside the record", &ending(b, y), lo, hi);
    }
}
