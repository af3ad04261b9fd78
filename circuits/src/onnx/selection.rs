//! Operators that pick and join entries along one axis, at places known at import.

use ndarray::ArrayD;

use super::call::{Call, Outputs, axis as call_axis, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::value::{Rows, Value};
use crate::graph::{FloatOp, NodeId, count};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Concat", 4, (1, usize::MAX), concat),
    Operator::onnx("Slice", 10, (3, 5), slice),
    Operator::onnx("Gather", 1, (2, 2), gather),
    Operator::ml("ArrayFeatureExtractor", (2, 2), array_feature_extractor),
];

fn concat(call: &mut Call<'_>) -> Outputs {
    let Some(index) = call.attributes.optional_int("axis")? else {
        return Reason::argument("attribute `axis`", "is missing");
    };
    let axis = call_axis(index, call.input_shape(0)?.len())?;
    let mut inputs = (0..call.inputs.len()).map(|index| call.value(index)).collect::<Result<Vec<_>, _>>()?;
    // What holds nothing adds nothing: exporters join shapes of which a part may be empty.
    if !inputs.iter().all(is_empty) {
        inputs.retain(|input| !is_empty(input));
    }
    Ok(vec![call.rearrange(FloatOp::Concat { axis }, &inputs, &[])?])
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Int(entries) => entries.is_empty(),
        _ => matches!(value, Value::Empty(_)),
    }
}

fn slice(call: &mut Call<'_>) -> Outputs {
    let (starts, ends) = (call.ints(1)?, call.ints(2)?);
    let axes = call.optional_ints(3)?.unwrap_or_else(|| (0..).take(starts.len()).collect());
    let steps = call.optional_ints(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return wrong(1, "has not as many entries as the other bounds");
    }
    let mut value = call.value(0)?;
    let shape = call.input_shape(0)?;
    for (((start, end), index), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = call_axis(index, shape.len())?;
        let span = span(axis, shape[axis], (start, end, step));
        value = match (value, span) {
            (Value::Int(entries), Err(_)) if entries.ndim() == 1 && step != 0 => Value::Int(ArrayD::zeros(vec![0])),
            (value, span) => call.rearrange(span?, &[value], &[])?,
        };
    }
    Ok(vec![value])
}

/// Bounds as in Python: negative ones count from the back, and what lies outside is cut off.
fn span(axis: usize, dim: usize, bounds: (i64, i64, i64)) -> Result<FloatOp, Reason> {
    let (start, end, step) = (i128::from(bounds.0), i128::from(bounds.1), i128::from(bounds.2));
    let size = dim as i128;
    let from_front = |bound: i128| if bound < 0 { bound + size } else { bound };
    let (low, high) = if step < 0 { (-1, size - 1) } else { (0, size) };
    let (start, end) = (from_front(start).clamp(low, high), from_front(end).clamp(low, high));
    let len = if step == 0 { 0 } else { ((end - start) + step - step.signum()) / step };
    match (usize::try_from(start), isize::try_from(step), usize::try_from(len)) {
        (Ok(start), Ok(step), Ok(len)) if len > 0 => Ok(FloatOp::Slice { axis, start, step, len }),
        _ => Reason::argument("the slice", format!("selects nothing of axis {axis}")),
    }
}

/// Indices of any shape take the place of the axis.
fn gather(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let axis = call_axis(call.attributes.int("axis", 0)?, shape.len())?;
    if let Value::Float(names) = call.value(1)? {
        return embed(call, axis, names);
    }
    let indices = call.ints(1)?;
    let picked = pick(call, 0, axis, &indices)?;
    let target = [&shape[..axis], &call.input_shape(1)?, &shape[axis + 1..]].concat();
    Ok(vec![call.reshape(picked, &target)?])
}

/// Rows of a constant that the record names: an embedding.
fn embed(call: &mut Call<'_>, axis: usize, names: NodeId) -> Outputs {
    let shape = call.input_shape(0)?;
    if axis != 0 || shape.is_empty() {
        return wrong(1, "depends on the record, which works along axis 0 alone");
    }
    let (table, rest) = (call.value(0)?, &shape[1..]);
    let table = call.reshape(table, &[shape[0], rest.iter().product()])?;
    let target = [&call.shape(names), rest].concat();
    let table = match table {
        Value::Float(table) if call.builder.known(table).is_some() => table,
        Value::Narrow(table, _) => {
            count(&target)?;
            return Ok(vec![Value::Rows(Rows { table, names, shape: target })]);
        }
        _ => return wrong(0, "is not a constant of floats or of integers of 8 or 16 bits"),
    };
    let rows = call.push(FloatOp::Embed, &[table, names])?;
    Ok(vec![call.reshape(Value::Float(rows), &target)?])
}

/// Columns by constant index; or, behind an `ArgMax`, the labels by class.
fn array_feature_extractor(call: &mut Call<'_>) -> Outputs {
    if let Value::Class(scores) = call.value(1)? {
        return class_labels(call, scores);
    }
    let shape = call.input_shape(0)?;
    let axis = call_axis(-1, shape.len())?;
    let indices = call.ints(1)?;
    let picked = pick(call, 0, axis, &indices)?;
    let rows = shape[..axis].iter().product();
    Ok(vec![call.reshape(picked, &[rows, indices.len()])?])
}

fn class_labels(call: &mut Call<'_>, scores: NodeId) -> Outputs {
    let labels = match call.value(0)? {
        Value::Text(labels) => labels,
        Value::Int(labels) => labels.iter().map(i64::to_string).collect(),
        _ => return wrong(0, "is not a list of labels"),
    };
    call.builder.labels.push((scores, labels));
    Ok(vec![Value::Class(scores)])
}

/// One slice per run of evenly spaced indices, joined.
fn pick(call: &mut Call<'_>, input: usize, axis: usize, indices: &[i64]) -> Result<Value, Reason> {
    let (value, shape) = (call.value(input)?, call.input_shape(input)?);
    let indices = indices.iter().map(|index| call_axis(*index, shape[axis])).collect::<Result<Vec<_>, _>>()?;
    let mut parts = Vec::new();
    let mut rest = &indices[..];
    while let Some(start) = rest.first() {
        let (step, len) = run(rest);
        parts.push(call.rearrange(
            FloatOp::Slice { axis, start: *start, step, len },
            std::slice::from_ref(&value),
            &[],
        )?);
        rest = &rest[len..];
    }
    match parts.len() {
        1 => Ok(parts.remove(0)),
        _ => call.rearrange(FloatOp::Concat { axis }, &parts, &[]),
    }
}

/// Step and length of the longest evenly spaced run at the front. Indices are below 2⁶³, so steps fit.
fn run(indices: &[usize]) -> (isize, usize) {
    let steps = || indices.windows(2).map(|pair| pair[1] as isize - pair[0] as isize);
    match steps().next() {
        None | Some(0) => (1, 1),
        Some(step) => (step, 1 + steps().take_while(|next| *next == step).count()),
    }
}
