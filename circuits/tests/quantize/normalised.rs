//! Softmax and standard scores in the middle of a network: attention, transformer blocks, normalised convolutions.

use zkdx_circuits::graph::{FloatGraph, FloatOp, Unary};
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Options, QuantizedModel};

use crate::builder::{Builder, faithful, noise, same};
use crate::patterns::{check, kinds, logits};

/// A dense layer with weights of moderate size.
fn hidden(builder: &mut Builder, name: &str, input: usize, width: usize, seed: u64) -> usize {
    let last = *builder.shape(input).last().unwrap();
    let weight: Vec<f32> = noise(seed, last * width).iter().map(|w| w * 1.7 / (last as f32).sqrt()).collect();
    builder.dense(name, input, &weight, &noise(seed + 1, width))
}

/// Self-attention of rows, one head.
fn attend(b: &mut Builder, input: usize, (rows, width): (usize, usize)) -> usize {
    let [q, k, v] = [("query", 3), ("key", 5), ("value", 7)].map(|(name, seed)| hidden(b, name, input, width, seed));
    let k = b.node("transpose", FloatOp::Transpose { perm: vec![0, 2, 1] }, &[k], &[1, width, rows]);
    let scores = b.node("scores", FloatOp::MatMul, &[q, k], &[1, rows, rows]);
    let scores = b.with(FloatOp::Div, scores, &[(width as f32).sqrt()]);
    let weights = b.map("weights", FloatOp::Softmax { axis: 2 }, scores);
    b.node("mixed", FloatOp::MatMul, &[weights, v], &[1, rows, width])
}

fn attention(rows: usize, width: usize) -> FloatGraph {
    let mut b = Builder::new(&[1, rows, width]);
    let x = attend(&mut b, 0, (rows, width));
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 9);
    b.graph(x)
}

fn layer_norm(b: &mut Builder, input: usize, seed: u64) -> usize {
    let width = *b.shape(input).last().unwrap();
    let x = b.map("norm", FloatOp::Standardize { epsilon: 1e-5 }, input);
    let scale: Vec<f32> = noise(seed, width).iter().map(|x| 1.0 + 0.3 * x).collect();
    let x = b.with(FloatOp::Mul, x, &scale);
    b.with(FloatOp::Add, x, &noise(seed + 1, width))
}

/// One block as transformers have it: attention and two dense layers, each added to what it reads, normalised before.
fn transformer(rows: usize, width: usize) -> FloatGraph {
    let shape = [1, rows, width];
    let mut b = Builder::new(&shape);
    let x = hidden(&mut b, "embed", 0, width, 11);
    let normal = layer_norm(&mut b, x, 13);
    let mixed = attend(&mut b, normal, (rows, width));
    let x = b.node("first", FloatOp::Add, &[x, mixed], &shape);
    let normal = layer_norm(&mut b, x, 15);
    let inner = hidden(&mut b, "up", normal, 2 * width, 17);
    let inner = b.map("gelu", FloatOp::Unary(Unary::Gelu), inner);
    let inner = hidden(&mut b, "down", inner, width, 19);
    let x = b.node("second", FloatOp::Add, &[x, inner], &shape);
    let x = layer_norm(&mut b, x, 21);
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 23);
    b.graph(x)
}

/// Softmax over channels, then a convolution of the shares.
fn over_channels() -> FloatGraph {
    let mut b = Builder::new(&[1, 3, 4, 4]);
    let x = b.conv("first", 0, same(4, 3), 3);
    let x = b.map("shares", FloatOp::Softmax { axis: 1 }, x);
    let x = b.conv("second", x, same(2, 3), 5);
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 8);
    b.graph(x)
}

#[test]
fn attention_takes_shares() {
    let (model, report) = faithful(&attention(4, 6), &Options::default()).unwrap();
    assert_eq!(kinds(&model).matches('%').count(), 1);
    assert!(report.held_out.is_some_and(|found| found.agreements > 190));
}

#[test]
fn a_transformer_block_is_faithful() {
    let (model, report) = faithful(&transformer(4, 8), &Options::default()).unwrap();
    assert_eq!(kinds(&model).matches('N').count(), 3);
    assert!(report.held_out.as_ref().is_some_and(|found| found.agreements > 190), "{report}");
}

#[test]
fn shares_along_any_axis_and_of_the_record() {
    check(&over_channels());
    let mut b = Builder::new(&[1, 5]);
    let x = b.map("shares", FloatOp::Softmax { axis: 1 }, 0);
    let x = logits(&mut b, x, 3, 8);
    check(&b.graph(x));
}

/// Classes at every position: the shares are the scores.
#[test]
fn shares_may_be_the_scores() {
    let mut b = Builder::new(&[1, 4, 3]);
    let x = hidden(&mut b, "rows", 0, 2, 3);
    let x = b.map("shares", FloatOp::Softmax { axis: 2 }, x);
    check(&b.graph(x));
}

#[test]
fn standard_scores_of_channels_and_of_the_record() {
    let mut b = Builder::new(&[1, 3, 4, 4]);
    let x = b.conv("conv", 0, same(4, 3), 3);
    let x = b.node("lanes", FloatOp::Reshape, &[x], &[1, 2, 32]);
    let x = b.map("norm", FloatOp::Standardize { epsilon: 1e-5 }, x);
    let x = b.node("planes", FloatOp::Reshape, &[x], &[1, 4, 4, 4]);
    let x = b.per_channel(FloatOp::Mul, x, &[1.0, -0.5, 2.0, 0.7]);
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 8);
    check(&b.graph(x));
    let mut b = Builder::new(&[1, 6]);
    let x = b.map("norm", FloatOp::Standardize { epsilon: 1e-5 }, 0);
    let x = logits(&mut b, x, 3, 8);
    check(&b.graph(x));
}

#[test]
fn they_requantise_onto_their_own_architecture() {
    for graph in [attention(3, 4), transformer(3, 4), over_channels()] {
        let (model, _) = faithful(&graph, &Options::default()).unwrap();
        let like = Options { like: Some(&model.architecture), ..Options::default() };
        let (again, _) = faithful(&graph, &like).unwrap();
        assert_eq!(again.architecture, model.architecture);
        let tensors = |model: &QuantizedModel| model.parameters.tensors().to_vec();
        assert_eq!(tensors(&again), tensors(&model));
    }
}

/// Normalisations, extremes and reductions as ONNX has them.
#[test]
fn imported_operators_quantise() {
    let extremes = ["max_three", "min_two", "prelu", "clip_above", "clip_below"];
    let sums =
        ["reduce_sum_middle", "reduce_max_middle", "reduce_min_middle", "reduce_sumsquare_middle", "reduce_l1_middle"];
    let normalisations = ["layer_normalization", "instance_normalization", "group_normalization"];
    for name in normalisations.into_iter().chain(extremes).chain(sums) {
        let path = format!("{}/tests/fixtures/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let graph = import(&std::fs::read(path).unwrap(), &ImportOptions::default()).unwrap();
        faithful(&graph, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
