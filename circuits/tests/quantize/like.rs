//! A retrained model on an architecture that exists.

use zkdx_circuits::graph::{FloatGraph, FloatOp, Unary};
use zkdx_circuits::quantize::{Options, quantize};

use crate::builder::{Builder, noise, noisy_records};
use crate::models::{graph, quantized, records};
use crate::patterns::logits;

/// The same network with every parameter a little different; the two columns of a binary classifier stay opposite.
pub(crate) fn retrained(mut graph: FloatGraph, by: f32) -> FloatGraph {
    for (seed, node) in graph.nodes.iter_mut().enumerate() {
        node.name = format!("other/{}", node.name);
        if let FloatOp::Constant(values) = &mut node.op {
            let shifts = noise(seed as u64 + 1, values.len());
            let pair = if values.shape().last() == Some(&2) { 2 } else { 1 };
            values.iter_mut().enumerate().for_each(|(k, value)| *value *= 1.0 + by * shifts[k / pair]);
        }
    }
    graph
}

#[test]
fn a_retrained_model_keeps_the_architecture() {
    for model in ["logreg", "mlp"] {
        let (before, _) = quantized(&graph(model), Options::default());
        let like = Options { like: Some(&before.architecture), ..Options::default() };
        let (after, report) = quantized(&retrained(graph(model), 0.05), like);
        assert_eq!(before.architecture.digest(), after.architecture.digest());
        assert!(before.parameters.tensors() != after.parameters.tensors());
        let found = report.held_out.unwrap();
        assert!(found.disagreements.iter().all(|changed| changed.within_rounding));
        assert!(found.rms_error <= 0.1 && found.rms_error <= 2.0 * found.expected_error, "{model} {found}");
    }
}

#[test]
fn the_same_model_gives_the_same_integers() {
    let (before, _) = quantized(&graph("mlp"), Options::default());
    let like = Options { like: Some(&before.architecture), ..Options::default() };
    let (after, _) = quantized(&graph("mlp"), like);
    assert!(before.parameters.tensors() == after.parameters.tensors());
}

#[test]
fn a_model_that_does_not_fit_is_refused_by_layer() {
    let (before, _) = quantized(&graph("logreg"), Options::default());
    let like = Options { like: Some(&before.architecture), ..Options::default() };
    let calibration = records("calibration.csv").values;
    let other = quantize(&graph("mlp"), &calibration, None, &like).map(drop).unwrap_err().to_string();
    assert_eq!(
        other,
        "the model is not of the given architecture: the graph: the model has 5 layers, the architecture 1"
    );
    let mut larger = graph("logreg");
    for node in &mut larger.nodes {
        if let FloatOp::Constant(values) = &mut node.op {
            values.mapv_inplace(|value| 4.0 * value);
        }
    }
    let bits = quantize(&larger, &calibration, None, &like).map(drop).unwrap_err().to_string();
    assert!(bits.starts_with("layer `LinearClassifier` does not fit: its weights need"), "{bits}");
    assert!(bits.ends_with("quantise it without the given architecture, which needs a setup of its own"), "{bits}");
}

#[test]
fn tables_and_sums_are_kept_too() {
    let network = |by: f32| {
        let mut b = Builder::new(&[1, 6]);
        let x = b.dense("first", 0, &noise(3, 36), &noise(4, 6));
        let x = b.map("relu", FloatOp::Relu, x);
        let y = b.dense("second", x, &noise(5, 36), &noise(6, 6));
        let z = b.node("residual", FloatOp::Add, &[x, y], &[1, 6]);
        let z = b.map("tanh", FloatOp::Tanh, z);
        let z = b.dense("scores", z, &noise(7, 18), &noise(8, 3));
        retrained(b.graph(z), by)
    };
    let records = crate::builder::noisy_records(1, 100, 6);
    let (before, _) = quantize(&network(0.0), &records, None, &Options::default()).unwrap();
    let like = Options { like: Some(&before.architecture), ..Options::default() };
    let (after, _) = quantize(&network(0.002), &records, None, &like).unwrap();
    assert_eq!(before.architecture.digest(), after.architecture.digest());
}

/// Quantises a network, and again onto what came of it.
fn reproduced(graph: &FloatGraph, case: &str) {
    let records = noisy_records(1, 60, 4);
    let (before, _) = quantize(graph, &records, None, &Options::default()).unwrap();
    let like = Options { like: Some(&before.architecture), ..Options::default() };
    let (after, _) = quantize(graph, &records, None, &like).unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(before.architecture, after.architecture, "{case}");
    assert!(before.parameters.tensors() == after.parameters.tensors(), "{case}");
}

/// Functions whose tables may not tell how far apart their keys are: ends that are rounded to one integer, and steps.
fn flat_functions() -> Vec<FloatOp> {
    let clips = [(0.0, 1.5), (-1.0, 2.0), (-0.3, 0.0)].map(|(lo, hi)| FloatOp::Clip { lo, hi });
    let steps = [Unary::Positive, Unary::NonNegative, Unary::Zero].map(FloatOp::Unary);
    [clips.to_vec(), vec![FloatOp::Sigmoid, FloatOp::Tanh], steps.to_vec()].concat()
}

/// Where weights are so large that keys become that coarse, the same keys are found again.
#[test]
fn keys_that_tables_do_not_tell_are_found_again() {
    for (index, function) in flat_functions().into_iter().enumerate() {
        for power in 0..20 {
            let mut b = Builder::new(&[1, 4]);
            let weights: Vec<f32> = noise(3, 24).iter().map(|w| w * 2f32.powi(power)).collect();
            let x = b.dense("hidden", 0, &weights, &noise(4, 6));
            let x = b.map("function", function.clone(), x);
            let x = logits(&mut b, x, 3, 8);
            reproduced(&b.graph(x), &format!("function {index} of 2^{power}"));
        }
    }
}

/// What sums and products are looked up by follows from the scales of their terms and factors.
#[test]
fn keys_of_sums_and_products_are_found_again() {
    for (index, function) in flat_functions().into_iter().enumerate() {
        for (op, gain) in [(FloatOp::Add, 1.0), (FloatOp::Add, 900.0), (FloatOp::Mul, 1.0), (FloatOp::Mul, 9e4)] {
            let mut b = Builder::new(&[1, 4]);
            let weights = |seed| noise(seed, 24).iter().map(|w| w * gain).collect::<Vec<f32>>();
            let x = b.dense("first", 0, &weights(3), &noise(4, 6));
            let x = b.map("relu", FloatOp::Relu, x);
            let y = b.dense("second", 0, &weights(5), &noise(6, 6));
            let z = b.node("both", op.clone(), &[x, y], &[1, 6]);
            let z = b.map("function", function.clone(), z);
            let z = logits(&mut b, z, 3, 8);
            reproduced(&b.graph(z), &format!("function {index} with {gain}"));
        }
    }
}

/// A bias that takes all of a bound of 1 leaves no room for its correction, so that the bound must be larger.
#[test]
fn small_biases_have_room_to_be_found_again() {
    for percent in 80..=110 {
        let bias = percent as f32 / 100.0 / 64.0;
        let mut b = Builder::new(&[1, 4]);
        let x = b.dense("hidden", 0, &noise(3, 12), &noise(4, 3));
        let x = b.map("step", FloatOp::Unary(Unary::Positive), x);
        let x = b.dense("scores", x, &[1.0, 0.5, -1.0, 0.5, -0.25, 0.0], &[bias, -bias]);
        reproduced(&b.graph(x), &format!("{percent} %"));
    }
}
