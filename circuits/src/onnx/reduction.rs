//! `ArgMax`: the class with the largest score. It ends a network: the index is proven from the scores, not computed in the graph.
//!
//! The reductions: the axes are brought last and read through one window over them, as in a global pool.

use super::call::{Call, Outputs, axis};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;

use crate::graph::{FloatOp, NodeId, Unary};
use crate::window::{Window, WindowAxis};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("ArgMax", 1, (1, 1), argmax),
    Operator::onnx("ReduceL1", 1, (1, 2), magnitudes),
    Operator::onnx("ReduceL2", 1, (1, 2), length),
    Operator::onnx("ReduceMax", 1, (1, 2), largest),
    Operator::onnx("ReduceMean", 1, (1, 2), mean),
    Operator::onnx("ReduceMin", 1, (1, 2), smallest),
    Operator::onnx("ReduceSum", 1, (1, 2), sum),
    Operator::onnx("ReduceSumSquare", 1, (1, 2), squares),
];

fn argmax(call: &mut Call<'_>) -> Outputs {
    let scores = call.float(0)?;
    let shape = call.shape(scores);
    let axis = axis(call.attributes.int("axis", 0)?, shape.len())?;
    call.attributes.flag("keepdims", true)?;
    if call.attributes.flag("select_last_index", false)? {
        return Reason::argument("attribute `select_last_index`", "is 1: ties go to the lowest index");
    }
    if shape.iter().enumerate().any(|(other, dim)| other != axis && *dim > 1) {
        return Reason::argument("attribute `axis`", "leaves more than one class per record");
    }
    Ok(vec![Value::Class(scores)])
}

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
    reduce(call, 18, |call, lanes| call.push(FloatOp::MaxPool { window: lanes.window.clone() }, &[lanes.x]))
}

/// The smallest of them: what is above the largest of their opposites.
fn smallest(call: &mut Call<'_>) -> Outputs {
    reduce(call, 18, |call, lanes| {
        let opposite = negated(call, lanes.x)?;
        let largest = call.push(FloatOp::MaxPool { window: lanes.window.clone() }, &[opposite])?;
        negated(call, largest)
    })
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

fn negated(call: &mut Call<'_>, x: NodeId) -> Result<NodeId, Reason> {
    scaled(call, x, -1.0)
}

fn scaled(call: &mut Call<'_>, x: NodeId, factor: f32) -> Result<NodeId, Reason> {
    let factor = call.constant(ndarray::arr0(factor).into_dyn())?;
    call.push(FloatOp::Mul, &[x, factor])
}

/// Brings the axes last and reduces them. They are an attribute before opset `since` and an input from it on; without them all
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
    Ok(vec![call.reshape(Value::Float(reduced), &shape)?])
}
