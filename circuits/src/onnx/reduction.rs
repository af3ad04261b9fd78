//! `ArgMax`: the class with the largest score. It ends a network: the index is proven from the scores, not computed in the graph.
//!
//! `ReduceMean` over the last axes, as exporters write a global average pool: one window over them.

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;

use crate::graph::FloatOp;
use crate::window::{Window, WindowAxis};

pub(super) const OPERATORS: &[Operator] =
    &[Operator::onnx("ArgMax", 1, (1, 1), argmax), Operator::onnx("ReduceMean", 1, (1, 2), reduce_mean)];

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

/// The axes are an attribute before opset 18 and an input since; without them the mean is of all entries, or of none where
/// `noop_with_empty_axes` says so.
fn reduce_mean(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let shape = call.shape(x);
    let keeps = call.attributes.flag("keepdims", true)?;
    let does_nothing = call.opset >= 18 && call.attributes.flag("noop_with_empty_axes", false)?;
    let axes = if call.opset < 18 { call.attributes.ints("axes")? } else { call.optional_ints(1)? };
    let first = match axes.filter(|axes| !axes.is_empty()) {
        Some(axes) => first_of_last(&axes, shape.len())?,
        None if does_nothing => return Ok(vec![Value::Float(x)]),
        None => 0,
    };
    let (kept, pooled) = shape.split_at(first);
    let window = Window { axes: pooled.iter().map(|dim| WindowAxis::new(*dim, *dim)).collect() };
    let mean = call.push(FloatOp::AveragePool { window, count_padding: false }, &[x])?;
    let ones = vec![1; if keeps { pooled.len() } else { 0 }];
    Ok(vec![call.reshape(Value::Float(mean), &[kept, ones.as_slice()].concat())?])
}

/// The first of these axes, which must be the last ones of all.
fn first_of_last(axes: &[i64], rank: usize) -> Result<usize, Reason> {
    let mut axes = axes.iter().map(|index| axis(*index, rank)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    let first = rank.saturating_sub(axes.len());
    if axes.iter().copied().eq(first..rank) { Ok(first) } else { wrong(1, "or `axes` names others than the last axes") }
}
