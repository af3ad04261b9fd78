//! Quotients of two values: squash, norms, cosine similarity, shares of sums, linear attention.

use zkdx_circuits::architecture::Policy;
use zkdx_circuits::graph::{FloatGraph, FloatOp, Norm, Unary};
use zkdx_circuits::layers::{Activation, Layer};
use zkdx_circuits::quantize::{Labelled, Options, QuantizedModel, Report, quantize};
use zkdx_circuits::window::{Window, WindowAxis};

use crate::builder::{Builder, faithful, noise, noisy_records, outcome};
use crate::patterns::{kinds, logits};

/// Sum over the last axis, which stays, as the import writes it.
fn sum_of(b: &mut Builder, x: usize) -> usize {
    let width = *b.shape(x).last().unwrap();
    let mean = mean_of(b, x);
    let count = b.constant(&[], &[width as f32]);
    let shape = b.shape(mean);
    b.node("sum", FloatOp::Mul, &[mean, count], &shape)
}

fn mean_of(b: &mut Builder, x: usize) -> usize {
    pooled(b, x, |window| FloatOp::AveragePool { window, count_padding: false })
}

fn pooled(b: &mut Builder, x: usize, op: impl Fn(Window) -> FloatOp) -> usize {
    let mut shape = b.shape(x);
    let last = shape.len() - 1;
    let window = Window { axes: vec![WindowAxis::new(shape[last], shape[last])] };
    shape[last] = 1;
    let pool = b.node("pool", op(window), &[x], &shape);
    b.node("kept", FloatOp::Reshape, &[pool], &shape)
}

fn number(b: &mut Builder, op: FloatOp, x: usize, value: f32) -> usize {
    let (value, shape) = (b.constant(&[], &[value]), b.shape(x));
    b.node("number", op, &[x, value], &shape)
}

fn square(b: &mut Builder, x: usize) -> usize {
    let shape = b.shape(x);
    b.node("square", FloatOp::Mul, &[x, x], &shape)
}

fn squares(b: &mut Builder, x: usize) -> usize {
    let square = square(b, x);
    sum_of(b, square)
}

fn over(b: &mut Builder, x: usize, y: usize) -> usize {
    let shape = b.shape(x);
    b.node("quotient", FloatOp::Div, &[x, y], &shape)
}

/// Rows of vectors, from a layer with weights.
fn rows(b: &mut Builder, name: &str, width: usize, seed: u64) -> usize {
    let last = *b.shape(0).last().unwrap();
    b.dense(name, 0, &noise(seed, last * width), &noise(seed + 1, width))
}

fn ended(mut b: Builder, x: usize) -> FloatGraph {
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 40);
    b.graph(x)
}

fn squash(b: &mut Builder, x: usize) -> usize {
    let sum = squares(b, x);
    let above = number(b, FloatOp::Add, sum, 1.0);
    let share = over(b, sum, above);
    let shape = b.shape(x);
    let scaled = b.node("scaled", FloatOp::Mul, &[x, share], &shape);
    let inside = number(b, FloatOp::Add, sum, 1e-7);
    let root = b.map("root", FloatOp::Unary(Unary::Sqrt), inside);
    over(b, scaled, root)
}

fn capsules() -> FloatGraph {
    let mut b = Builder::new(&[1, 6, 5]);
    let x = rows(&mut b, "capsules", 4, 3);
    let x = squash(&mut b, x);
    ended(b, x)
}

fn rms_norm(spelled: fn(&mut Builder, usize, usize) -> usize) -> FloatGraph {
    let mut b = Builder::new(&[1, 3, 6]);
    let x = rows(&mut b, "rows", 8, 3);
    let square = b.map("square", FloatOp::Unary(Unary::Power(2.0)), x);
    let mean = mean_of(&mut b, square);
    let inside = number(&mut b, FloatOp::Add, mean, 1e-5);
    let x = spelled(&mut b, x, inside);
    let x = b.with(FloatOp::Mul, x, &noise(9, 8));
    ended(b, x)
}

fn by_root(b: &mut Builder, x: usize, inside: usize) -> usize {
    let root = b.map("root", FloatOp::Unary(Unary::Sqrt), inside);
    over(b, x, root)
}

fn by_reciprocal(b: &mut Builder, x: usize, inside: usize) -> usize {
    let root = b.map("root", FloatOp::Unary(Unary::Sqrt), inside);
    let inverse = b.map("inverse", FloatOp::Unary(Unary::Reciprocal), root);
    let shape = b.shape(x);
    b.node("product", FloatOp::Mul, &[inverse, x], &shape)
}

fn by_power(b: &mut Builder, x: usize, inside: usize) -> usize {
    let inverse = b.map("inverse", FloatOp::Unary(Unary::Power(-0.5)), inside);
    let shape = b.shape(x);
    b.node("product", FloatOp::Mul, &[x, inverse], &shape)
}

/// Sigmoids over their sum.
fn shares() -> FloatGraph {
    let mut b = Builder::new(&[1, 3, 6]);
    let x = rows(&mut b, "rows", 5, 3);
    let x = b.map("sigmoid", FloatOp::Sigmoid, x);
    let sum = sum_of(&mut b, x);
    let x = over(&mut b, x, sum);
    ended(b, x)
}

/// `x/(1 + |y|)`.
fn damped() -> FloatGraph {
    let mut b = Builder::new(&[1, 6]);
    let (x, y) = (rows(&mut b, "left", 5, 3), rows(&mut b, "right", 5, 5));
    let size = b.map("size", FloatOp::Unary(Unary::Abs), y);
    let divisor = number(&mut b, FloatOp::Add, size, 1.0);
    let x = over(&mut b, x, divisor);
    ended(b, x)
}

/// `x²/(1 + x²)`: one function of one value.
fn saturation() -> FloatGraph {
    let mut b = Builder::new(&[1, 6]);
    let x = rows(&mut b, "rows", 5, 3);
    let square = square(&mut b, x);
    let divisor = number(&mut b, FloatOp::Add, square, 1.0);
    let x = over(&mut b, square, divisor);
    ended(b, x)
}

fn over_largest() -> FloatGraph {
    let mut b = Builder::new(&[1, 3, 6]);
    let x = rows(&mut b, "rows", 5, 3);
    let x = b.map("exp", FloatOp::Unary(Unary::Exp), x);
    let largest = pooled(&mut b, x, |window| FloatOp::MaxPool { window });
    let x = over(&mut b, x, largest);
    ended(b, x)
}

fn cosine() -> FloatGraph {
    let mut b = Builder::new(&[1, 4, 6]);
    let (x, y) = (rows(&mut b, "left", 8, 3), rows(&mut b, "right", 8, 5));
    let product = b.node("dot", FloatOp::Mul, &[x, y], &[1, 4, 8]);
    let dot = sum_of(&mut b, product);
    let [left, right] = [x, y].map(|x| {
        let sum = squares(&mut b, x);
        let inside = number(&mut b, FloatOp::Add, sum, 0.05);
        b.map("length", FloatOp::Unary(Unary::Sqrt), inside)
    });
    let lengths = b.node("lengths", FloatOp::Mul, &[left, right], &[1, 4, 1]);
    let x = over(&mut b, dot, lengths);
    ended(b, x)
}

/// `φ(q)·(φ(k)ᵀ·v)` over `φ(q)·Σ φ(k)`, with sigmoids for `φ`.
fn linear_attention() -> FloatGraph {
    let mut b = Builder::new(&[1, 4, 6]);
    let [q, k, v] = [("query", 3), ("key", 5), ("value", 7)].map(|(name, seed)| rows(&mut b, name, 5, seed));
    let [q, k] = [q, k].map(|x| b.map("feature", FloatOp::Sigmoid, x));
    let k = b.node("transpose", FloatOp::Transpose { perm: vec![0, 2, 1] }, &[k], &[1, 5, 4]);
    let mixed = b.node("mixed", FloatOp::MatMul, &[k, v], &[1, 5, 5]);
    let above = b.node("above", FloatOp::MatMul, &[q, mixed], &[1, 4, 5]);
    let total = sum_of(&mut b, k);
    let below = b.node("below", FloatOp::MatMul, &[q, total], &[1, 4, 1]);
    let x = over(&mut b, above, below);
    ended(b, x)
}

/// Unit vectors as exporters clip and spread their lengths.
fn clipped_and_spread() -> FloatGraph {
    let mut b = Builder::new(&[1, 3, 6]);
    let x = rows(&mut b, "rows", 5, 3);
    let sum = squares(&mut b, x);
    let length = b.map("length", FloatOp::Unary(Unary::Sqrt), sum);
    let length = b.map("clip", FloatOp::Clip { lo: 0.1, hi: f32::MAX }, length);
    let indices = (0..15).map(|k| Some(k / 5)).collect();
    let spread = b.node("spread", FloatOp::Gather { indices, fill: 0.0 }, &[length], &[1, 3, 5]);
    let x = over(&mut b, x, spread);
    ended(b, x)
}

fn normal(norm: Norm) -> FloatGraph {
    let mut b = Builder::new(&[1, 3, 6]);
    let x = rows(&mut b, "rows", 5, 3);
    let x = if norm == Norm::Max { b.map("relu", FloatOp::Softmax { axis: 2 }, x) } else { x };
    let x = b.map("unit", FloatOp::Normalize { norm, axis: 2 }, x);
    ended(b, x)
}

/// Sum along an axis, which stays.
fn sum_along(b: &mut Builder, x: usize, axis: usize) -> usize {
    let (mut shape, len) = (b.shape(x), b.shape(x).len());
    let perm: Vec<usize> = (0..len).filter(|&other| other != axis).chain([axis]).collect();
    let turned: Vec<usize> = perm.iter().map(|&axis| shape[axis]).collect();
    let x = b.node("turned", FloatOp::Transpose { perm }, &[x], &turned);
    let x = sum_of(b, x);
    shape[axis] = 1;
    b.node("kept", FloatOp::Reshape, &[x], &shape)
}

/// Routing by agreement: sums of products along two axes, of factors that are spread over others.
fn routing() -> FloatGraph {
    let mut b = Builder::new(&[1, 4, 6]);
    let votes = rows(&mut b, "votes", 6, 3);
    let votes = b.node("votes", FloatOp::Reshape, &[votes], &[1, 4, 3, 2]);
    let first = sum_along(&mut b, votes, 1);
    let first = squash(&mut b, first);
    let products = b.node("products", FloatOp::Mul, &[votes, first], &[1, 4, 3, 2]);
    let agreement = sum_along(&mut b, products, 3);
    let shares = b.map("shares", FloatOp::Softmax { axis: 2 }, agreement);
    let products = b.node("products", FloatOp::Mul, &[shares, votes], &[1, 4, 3, 2]);
    let second = sum_along(&mut b, products, 1);
    let capsules = squash(&mut b, second);
    let sum = squares(&mut b, capsules);
    let inside = number(&mut b, FloatOp::Add, sum, 1e-7);
    let lengths = b.map("lengths", FloatOp::Unary(Unary::Sqrt), inside);
    b.graph(lengths)
}

fn graphs() -> Vec<(&'static str, FloatGraph)> {
    vec![
        ("capsules", capsules()),
        ("root", rms_norm(by_root)),
        ("reciprocal", rms_norm(by_reciprocal)),
        ("power", rms_norm(by_power)),
        ("shares", shares()),
        ("damped", damped()),
        ("saturation", saturation()),
        ("largest", over_largest()),
        ("cosine", cosine()),
        ("routing", routing()),
        ("attention", linear_attention()),
        ("clipped", clipped_and_spread()),
        ("L1", normal(Norm::L1)),
        ("L2", normal(Norm::L2)),
        ("max", normal(Norm::Max)),
    ]
}

/// Faithful to the graph as it is given, and not only to what it becomes.
fn quantised(name: &str, graph: &FloatGraph) -> (QuantizedModel, Report) {
    let (model, report) = faithful(graph, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let most = report.held_out.as_ref().unwrap().max_error;
    for raw in noisy_records(2, 200, graph.input_shape().iter().product()) {
        let floats = graph.scores(&raw.iter().map(|&x| x as f32).collect::<Vec<_>>()).unwrap();
        for (score, float) in outcome(&model, &raw).scores.iter().zip(floats) {
            let off = (*score as f64 * report.score_scale - f64::from(float)).abs();
            assert!(off <= most * 1.0001 + 1e-4, "{name}: {off} and not {most}");
        }
    }
    (model, report)
}

#[test]
fn quotients_are_products_with_tables() {
    for (name, graph) in graphs() {
        let (model, report) = quantised(name, &graph);
        let found = report.held_out.unwrap();
        println!(
            "{name:10} {:24} rms {:.4} of {:.4}, largest {:.4}, bound {:.3}, same {}",
            kinds(&model),
            found.rms_error,
            report.layers.last().unwrap().largest,
            found.max_error,
            found.bound,
            found.agreements
        );
        assert!(found.agreements >= 195, "{name}: {found}");
    }
}

#[test]
fn they_keep_to_a_given_architecture() {
    for (name, graph) in graphs() {
        let (model, _) = quantised(name, &graph);
        let like = Options { like: Some(&model.architecture), ..Options::default() };
        let (again, _) = faithful(&graph, &like).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again.architecture, model.architecture, "{name}");
        assert_eq!(again.parameters.tensors(), model.parameters.tensors(), "{name}");
    }
}

/// Other weights, the same tables: only numbers are in them.
#[test]
fn retrained_networks_keep_the_architecture() {
    let mut kept = 0;
    for (name, graph) in graphs() {
        let (before, _) = quantised(name, &graph);
        let mut other = graph.clone();
        for (seed, node) in other.nodes.iter_mut().enumerate() {
            if let FloatOp::Constant(values) = &mut node.op
                && values.len() > 1
            {
                let shifts = noise(seed as u64 + 1, values.len());
                values.iter_mut().zip(shifts).for_each(|(value, shift)| *value *= 1.0 + 0.02 * shift);
            }
        }
        let like = Options { like: Some(&before.architecture), ..Options::default() };
        match faithful(&other, &like) {
            Ok((after, _)) => {
                assert_eq!(after.architecture.digest(), before.architecture.digest(), "{name}");
                assert!(after.parameters.tensors() != before.parameters.tensors(), "{name}");
                kept += 1;
            }
            Err(error) => assert!(error.to_string().contains("does not fit: its weights need "), "{name}: {error}"),
        }
    }
    assert!(kept > 10, "{kept}");
}

/// A squash is one table, a sum of squares, a product: one rounding of the vector, none of the sum.
#[test]
fn a_squash_rounds_once_before_its_table() {
    let (model, _) = quantised("capsules", &capsules());
    let kinds = kinds(&model).replace('R', "");
    assert_eq!(kinds, "DQBQPQD");
}

/// Sums of products are matrix products, and a length is one table of one of them.
#[test]
fn routing_multiplies_matrices() {
    let (model, report) = quantised("routing", &routing());
    let kinds = kinds(&model).replace('R', "");
    assert_eq!((kinds.matches('B').count(), kinds.matches('P').count()), (5, 2), "{kinds}");
    assert!(kinds.ends_with("BQ+") && !kinds.contains('S') && !kinds.contains('A'), "{kinds}");
    // Lengths are below 1, and so is what is said of their error.
    assert!(report.held_out.unwrap().bound < 2.0);
}

/// The constants of a layer with weights are private: no table has them.
#[test]
fn weights_stay_out_of_tables() {
    let tables = |scale: f32| {
        let mut b = Builder::new(&[1, 6]);
        let x = rows(&mut b, "left", 1, 3);
        let weight = noise(5, 6);
        let weight = b.constant(&[6, 1], &weight);
        let y = b.node("right", FloatOp::MatMul, &[0, weight], &[1, 1]);
        let bias = b.constant(&[1], &[4.0 * scale]);
        let y = b.node("bias", FloatOp::Add, &[y, bias], &[1, 1]);
        let y = b.map("exp", FloatOp::Unary(Unary::Softplus), y);
        let x = over(&mut b, x, y);
        let (model, _) = quantised("private", &ended(b, x));
        let table = |layer: &Layer| match layer {
            Layer::Requantize(layer) => match &layer.activation {
                Activation::Table { clamp, values } => Some((*clamp, values.clone())),
                Activation::Clamp(_) => None,
            },
            _ => None,
        };
        model.architecture.layers.iter().filter_map(|node| table(&node.layer)).collect::<Vec<_>>()
    };
    // Where both have the key, they have the same value.
    let [first, second] = [1.0, 1.01].map(|scale| tables(scale).remove(0));
    let common = first.0.lo.max(second.0.lo)..=first.0.hi.min(second.0.hi);
    assert!(common.clone().count() > 100);
    let value =
        |table: &(zkdx_circuits::architecture::Interval, Vec<i64>), key: i64| table.1[(key - table.0.lo) as usize];
    assert!(common.into_iter().all(|key| value(&first, key) == value(&second, key)));
}

#[test]
fn vectors_of_norm_zero_stay_as_they_are() {
    for norm in [Norm::L1, Norm::L2, Norm::Max] {
        let mut b = Builder::new(&[1, 4]);
        let x = b.map("relu", FloatOp::Relu, 0);
        let x = b.map("unit", FloatOp::Normalize { norm, axis: 1 }, x);
        let graph = ended(b, x);
        let mut records = noisy_records(1, 100, 4);
        records.iter_mut().step_by(10).for_each(|record| *record = vec![-0.5; 4]);
        // No vector that is nearly zero.
        records.retain(|record| record.iter().all(|x| *x <= 0.0) || record.iter().any(|x| *x > 0.3));
        let labelled = Labelled { records: &records, classes: &vec![0; records.len()] };
        let (model, report) = quantize(&graph, &records, Some(labelled), &Options::default()).unwrap();
        let found = report.held_out.unwrap();
        assert!(found.max_error <= found.bound * 1.0001 && found.max_error < 0.1, "{norm:?}: {found}");
        let record = model.architecture.encoding.encode(&[-0.5; 4], Policy::Refuse).unwrap();
        let run = model.architecture.evaluate(&record, &model.parameters).unwrap();
        let bias: Vec<f32> = noise(41, 3);
        for (score, bias) in run.scores.iter().zip(bias) {
            assert!((*score as f64 * report.score_scale - f64::from(bias)).abs() < 0.02, "{norm:?}");
        }
    }
}

/// What calibration did not find has the value at the end of the table, and the bound says so.
#[test]
fn divisors_beyond_the_table_are_within_the_bound() {
    let mut b = Builder::new(&[1, 2]);
    let x = rows(&mut b, "left", 3, 3);
    let y = b.dense("right", 0, &[0.3, 0.2, 0.1, 0.2, -0.1, 0.3], &[1.0; 3]);
    let x = over(&mut b, x, y);
    let graph = ended(b, x);
    let (calibration, far) = (noisy_records(1, 100, 2), noisy_records(2, 100, 2));
    let far: Vec<Vec<f64>> = far.iter().map(|record| record.iter().map(|x| 1.9 * x).collect()).collect();
    let labelled = Labelled { records: &far, classes: &[0; 100] };
    let (_, report) = quantize(&graph, &calibration, Some(labelled), &Options::default()).unwrap();
    let found = report.held_out.unwrap();
    assert!(found.max_error > 0.05 && found.max_error <= found.bound * 1.0001, "{found}");
}

#[test]
fn divisors_that_come_near_zero_are_refused() {
    let said = |around: f32| {
        let mut b = Builder::new(&[1, 4]);
        let x = rows(&mut b, "left", 3, 3);
        let y = b.dense("right", 0, &noise(5, 12), &[around; 3]);
        let x = over(&mut b, x, y);
        quantize(&ended(b, x), &noisy_records(1, 200, 4), None, &Options::default()).map(drop)
    };
    assert_eq!(said(5.0), Ok(()));
    let message = said(0.0).unwrap_err().to_string();
    let expected = "\
the model cannot be quantised:
  node `quotient` (Div): divides by values that are 0 or have both signs on calibration records; add an epsilon to the divisor or clip it, so that it stays on one side of 0";
    assert_eq!(message, expected);
}
