//! The reductions: the axes are brought last and read through one window over them, as in a global pool.

use super::call::{Call, Outputs, axis};
use super::error::Reason;
use super::power::{magnitude, root};
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, Norm, Unary};
use crate::window::{Window, WindowAxis};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("GlobalLpPool", 2, (1, 1), global_norm),
    Operator::onnx("LpNormalization", 1, (1, 1), over_norm),
    Operator::onnx("ReduceL1", 1, (1, 2), magnitudes),
    Operator::onnx("ReduceL2", 1, (1, 2), length),
    Operator::onnx("ReduceLogSum", 1, (1, 2), logarithm),
    Operator::onnx("ReduceLogSumExp", 1, (1, 2), smooth_largest),
    Operator::onnx("ReduceMax", 1, (1, 2), largest),
    Operator::onnx("ReduceMean", 1, (1, 2), mean),
    Operator::onnx("ReduceMin", 1, (1, 2), smallest),
    Operator::onnx("ReduceSum", 1, (1, 2), sum),
    Operator::onnx("ReduceSumSquare", 1, (1, 2), squares),
];

/// The mean of the entries along the axes.
fn mean(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, |call, lanes| Ok(average(call, lanes)?.0))
}

/// Their sum: the mean, times their number.
fn sum(call: &mut Call<'_>) -> Outputs {
    reduce(call, 13, total)
}

/// The largest of them.
fn largest(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, most)
}

/// The smallest of them: what is above the largest of their opposites.
fn smallest(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, least)
}

fn most(call: &mut Call<'_>, lanes: &Lanes) -> Result<NodeId, Reason> {
    call.push(FloatOp::MaxPool { window: lanes.window.clone() }, &[lanes.x])
}

fn least(call: &mut Call<'_>, lanes: &Lanes) -> Result<NodeId, Reason> {
    let x = negated(call, lanes.x)?;
    let largest = most(call, &Lanes { x, window: lanes.window.clone() })?;
    negated(call, largest)
}

/// The largest or smallest entry along one axis, which stays.
pub(super) fn extreme_along(call: &mut Call<'_>, x: NodeId, axis: usize, smallest: bool) -> Result<NodeId, Reason> {
    over(call, x, &[axis], true, if smallest { least } else { most })
}

/// The logarithm of the sum.
fn logarithm(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, |call, lanes| {
        let sum = total(call, lanes)?;
        call.push(FloatOp::Unary(Unary::Log), &[sum])
    })
}

fn smooth_largest(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, smooth)
}

/// The same along one axis, which stays.
pub(super) fn log_sum_exp(call: &mut Call<'_>, x: NodeId, axis: usize) -> Result<NodeId, Reason> {
    over(call, x, &[axis], true, smooth)
}

/// `ln Σ e^x = m + ln Σ e^(x − m)`, `m` being the largest.
fn smooth(call: &mut Call<'_>, lanes: &Lanes) -> Result<NodeId, Reason> {
    let largest = most(call, lanes)?;
    let below = call.push(FloatOp::Sub, &[lanes.x, largest])?;
    let x = call.push(FloatOp::Unary(Unary::Exp), &[below])?;
    let sum = total(call, &Lanes { x, window: lanes.window.clone() })?;
    let above = call.push(FloatOp::Unary(Unary::Log), &[sum])?;
    call.push(FloatOp::Add, &[largest, above])
}

/// `(Σ |x|^p)^(1/p)` over the entries of each channel.
fn global_norm(call: &mut Call<'_>) -> Outputs {
    let p = call.attributes.int("p", 2)? as f32;
    if p < 1.0 {
        return Reason::argument("attribute `p`", "is below 1");
    }
    let x = call.float(0)?;
    let axes: Vec<usize> = (2..call.shape(x).len()).collect();
    if axes.is_empty() {
        return super::call::wrong(0, "has no entries behind its channels");
    }
    let norm = over(call, x, &axes, true, |call, lanes| {
        let x = magnitude(call, lanes.x, p)?;
        let sum = total(call, &Lanes { x, window: lanes.window.clone() })?;
        root(call, sum, p)
    })?;
    Ok(vec![Value::Float(norm)])
}

/// Division by a norm along an axis.
fn over_norm(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let axis = axis(call.attributes.int("axis", -1)?, call.shape(x).len())?;
    let norm = match call.attributes.int("p", 2)? {
        1 => Norm::L1,
        2 => Norm::L2,
        _ => return Reason::argument("attribute `p`", "is not 1 or 2"),
    };
    call.one(FloatOp::Normalize { norm, axis }, &[x])
}

/// The sum of their magnitudes.
fn magnitudes(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, |call, lanes| {
        let x = call.push(FloatOp::Unary(Unary::Abs), &[lanes.x])?;
        total(call, &Lanes { x, window: lanes.window.clone() })
    })
}

/// The sum of their squares.
fn squares(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, sum_of_squares)
}

/// The root of that sum.
fn length(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, |call, lanes| {
        let squares = sum_of_squares(call, lanes)?;
        call.push(FloatOp::Unary(Unary::Sqrt), &[squares])
    })
}

/// A value whose last axes are those to be reduced, with the window that covers them.
pub(super) struct Lanes {
    pub(super) x: NodeId,
    pub(super) window: Window,
}

fn average(call: &mut Call<'_>, lanes: &Lanes) -> Result<(NodeId, usize), Reason> {
    let op = FloatOp::AveragePool { window: lanes.window.clone(), count_padding: false };
    Ok((call.push(op, &[lanes.x])?, lanes.window.taps()))
}

pub(super) fn total(call: &mut Call<'_>, lanes: &Lanes) -> Result<NodeId, Reason> {
    let (mean, count) = average(call, lanes)?;
    scaled(call, mean, count as f32)
}

fn sum_of_squares(call: &mut Call<'_>, lanes: &Lanes) -> Result<NodeId, Reason> {
    let x = call.push(FloatOp::Mul, &[lanes.x, lanes.x])?;
    total(call, &Lanes { x, window: lanes.window.clone() })
}

pub(super) fn negated(call: &mut Call<'_>, x: NodeId) -> Result<NodeId, Reason> {
    scaled(call, x, -1.0)
}

fn scaled(call: &mut Call<'_>, x: NodeId, factor: f32) -> Result<NodeId, Reason> {
    let factor = call.scalar(factor)?;
    call.push(FloatOp::Mul, &[x, factor])
}

/// Reduces the axes that the node names. They are an attribute before opset `since` and an input from it on; without them all
/// are meant, or none where `noop_with_empty_axes` says so.
fn reduce(
    call: &mut Call<'_>,
    since: i64,
    reducer: impl Fn(&mut Call<'_>, &Lanes) -> Result<NodeId, Reason>,
) -> Outputs {
    let x = call.float(0)?;
    let shape = call.shape(x);
    let keeps = call.attributes.flag("keepdims", true)?;
    let does_nothing = call.opset >= since && call.attributes.flag("noop_with_empty_axes", false)?;
    let axes = if call.opset < since { call.attributes.ints("axes")? } else { call.optional_ints(1)? };
    let axes = match axes.filter(|axes| !axes.is_empty()) {
        Some(axes) => axes.iter().map(|index| axis(*index, shape.len())).collect::<Result<Vec<_>, _>>()?,
        None if does_nothing => return Ok(vec![Value::Float(x)]),
        None => (0..shape.len()).collect(),
    };
    Ok(vec![Value::Float(over(call, x, &axes, keeps, reducer)?)])
}

/// Brings the axes last and reduces them; where they are kept, they have one entry.
fn over(
    call: &mut Call<'_>,
    x: NodeId,
    axes: &[usize],
    keeps: bool,
    reducer: impl Fn(&mut Call<'_>, &Lanes) -> Result<NodeId, Reason>,
) -> Result<NodeId, Reason> {
    let shape = call.shape(x);
    let (reduced, kept): (Vec<usize>, Vec<usize>) = (0..shape.len()).partition(|other| axes.contains(other));
    let perm = [kept.as_slice(), &reduced].concat();
    let x = match perm.is_sorted() {
        true => x,
        false => call.push(FloatOp::Transpose { perm }, &[x])?,
    };
    // A window slides over the axes of channels: of one, where all axes are reduced.
    let x = match kept.is_empty() {
        true => call.builder.push(call.name, FloatOp::Reshape, &[x], &[&[1], shape.as_slice()].concat())?,
        false => x,
    };
    let window = Window { axes: reduced.iter().map(|&axis| WindowAxis::new(shape[axis], shape[axis])).collect() };
    let reduced = reducer(call, &Lanes { x, window })?;
    let dim = |other: usize| if axes.contains(&other) { keeps.then_some(1) } else { Some(shape[other]) };
    let shape: Vec<usize> = (0..shape.len()).filter_map(dim).collect();
    call.builder.push(call.name, FloatOp::Reshape, &[reduced], &shape)
}
