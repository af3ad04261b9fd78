//! Normalisations by statistics of the value itself that ONNX has under names of their own: `LRN` divides by what is near along the channels,
//! `MeanVarianceNormalization` makes standard scores over chosen axes.

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::normalization::standard_scores;
use super::registry::Operator;
use crate::graph::{FloatOp, NodeId, Unary};
use crate::window::{Window, WindowAxis};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("LRN", 1, (1, 1), local_response),
    Operator::onnx("MeanVarianceNormalization", 9, (1, 1), mean_variance),
];

/// What ONNX adds to a standard deviation, squared: it keeps the root from 0.
const LEAST_VARIANCE: f32 = 1e-18;

/// `x / (bias + alpha/size · Σ x²)^beta`, the sum being over `size` channels around each.
fn local_response(call: &mut Call<'_>) -> Outputs {
    let [alpha, beta, bias] = [
        call.attributes.float("alpha", 1e-4)?,
        call.attributes.float("beta", 0.75)?,
        call.attributes.float("bias", 1.0)?,
    ];
    let size = usize::try_from(call.attributes.int("size", 0)?).ok().filter(|&size| size > 0);
    let Some(size) = size else { return Reason::argument("attribute `size`", "is missing or below 1") };
    let (x, shape) = (call.float(0)?, call.input_shape(0)?);
    let Some(&channels) = shape.get(1) else { return wrong(0, "has no channels") };
    let square = call.push(FloatOp::Mul, &[x, x])?;
    let window = window(size, channels);
    let share = window.taps() as f32 / size as f32;
    let mean = around(call, square, &shape, window)?;
    let (alpha, bias) = (call.scalar(alpha * share)?, call.scalar(bias)?);
    let scaled = call.push(FloatOp::Mul, &[mean, alpha])?;
    let sum = call.push(FloatOp::Add, &[scaled, bias])?;
    let divisor = call.push(FloatOp::Unary(Unary::Power(beta.into())), &[sum])?;
    call.one(FloatOp::Div, &[x, divisor])
}

/// `size` channels around each of them, as far as any can be there; of an even number, one more behind than before.
fn window(size: usize, channels: usize) -> Window {
    let before = (size - 1) / 2;
    let [before, after] = [before, size - 1 - before].map(|side| side.min(channels.saturating_sub(1)));
    let axis = WindowAxis { input: channels, kernel: before + 1 + after, stride: 1, dilation: 1, before, after };
    Window { axes: vec![axis] }
}

/// Means over a window along the channels, padding counted as 0.
fn around(call: &mut Call<'_>, x: NodeId, shape: &[usize], window: Window) -> Result<NodeId, Reason> {
    let last: Vec<usize> = (0..shape.len()).filter(|&axis| axis != 1).chain([1]).collect();
    let mut back: Vec<usize> = (0..shape.len()).collect();
    back.sort_by_key(|&axis| last[axis]);
    let turned = call.push(FloatOp::Transpose { perm: last }, &[x])?;
    let mean = call.push(FloatOp::AveragePool { window, count_padding: true }, &[turned])?;
    call.push(FloatOp::Transpose { perm: back }, &[mean])
}

/// Standard scores over axes that need not be the last.
fn mean_variance(call: &mut Call<'_>) -> Outputs {
    let axes = call.attributes.ints("axes")?.unwrap_or_else(|| vec![0, 2, 3]);
    let (x, shape) = (call.float(0)?, call.input_shape(0)?);
    let axes = axes.iter().map(|&index| axis(index, shape.len())).collect::<Result<Vec<_>, _>>()?;
    let (reduced, kept): (Vec<usize>, Vec<usize>) = (0..shape.len()).partition(|axis| axes.contains(axis));
    if reduced.is_empty() {
        return Reason::argument("attribute `axes`", "names none");
    }
    let perm = [kept.as_slice(), &reduced].concat();
    let mut back: Vec<usize> = (0..shape.len()).collect();
    back.sort_by_key(|&axis| perm[axis]);
    let turned: Vec<usize> = perm.iter().map(|&axis| shape[axis]).collect();
    let lanes = [&turned[..kept.len()], &[turned[kept.len()..].iter().product()]].concat();
    let x = call.push(FloatOp::Transpose { perm }, &[x])?;
    let scores = standard_scores(call, x, &lanes, &turned, LEAST_VARIANCE)?;
    call.one(FloatOp::Transpose { perm: back }, &[scores])
}
