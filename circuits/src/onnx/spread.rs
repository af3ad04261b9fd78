//! Operators that repeat entries along axes, or cut an axis into parts.

use super::call::{Call, Outputs, axis as call_axis, wrong};
use super::error::Reason;
use super::places::{Places, check, gather};
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, broadcast};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Expand", 8, (2, 2), expand),
    Operator::onnx("Split", 2, (1, 2), split),
    Operator::onnx("Tile", 6, (2, 2), tile),
];

/// To the shape that the input's own and the given one broadcast to.
fn expand(call: &mut Call<'_>) -> Outputs {
    let (value, own) = (call.value(0)?, call.input_shape(0)?);
    let target = sizes(&call.ints(1)?)?;
    let shape = broadcast(&own, &target)?;
    check(&shape)?;
    let padded = [vec![1; shape.len() - own.len()], own].concat();
    let places: Vec<Places> = shape
        .iter()
        .zip(&padded)
        .map(|(&to, &from)| (0..to).map(|k| Some(if from == 1 { 0 } else { k })).collect())
        .collect();
    let value = call.reshape(value, &padded)?;
    Ok(vec![gather(call, value, &places, 0.0)?])
}

/// Each axis so many times over.
fn tile(call: &mut Call<'_>) -> Outputs {
    let (value, own) = (call.value(0)?, call.input_shape(0)?);
    let repeats = sizes(&call.ints(1)?)?;
    if repeats.len() != own.len() {
        return wrong(1, "has not one entry for each axis");
    }
    let shape = own.iter().zip(&repeats).map(|(&dim, &times)| dim.checked_mul(times)).collect::<Option<Vec<_>>>();
    let Some(shape) = shape else { return wrong(1, "holds a size that is too large") };
    check(&shape)?;
    let places: Vec<Places> =
        shape.iter().zip(&own).map(|(&to, &from)| (0..to).map(|k| Some(k % from)).collect()).collect();
    Ok(vec![gather(call, value, &places, 0.0)?])
}

/// Parts of given lengths, or as many as there are outputs: of one length, from opset 18 on with a shorter last one. The lengths are
/// an attribute before opset 13 and an input since.
fn split(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let axis = call_axis(call.attributes.int("axis", 0)?, shape.len())?;
    let count = call.attributes.optional_int("num_outputs")?.map_or(Ok(call.outputs), usize::try_from);
    let lengths = if call.opset < 13 { call.attributes.ints("split")? } else { call.optional_ints(1)? };
    let lengths = match (lengths, count) {
        (Some(lengths), _) => sizes(&lengths)?,
        (None, Ok(count)) if count > 0 && count <= shape[axis] => equal(shape[axis], count, call.opset)?,
        _ => return Reason::argument("attribute `num_outputs`", "is not between 1 and the entries of the axis"),
    };
    let sum = lengths.iter().try_fold(0usize, |sum, &len| sum.checked_add(len));
    if lengths.contains(&0) || sum != Some(shape[axis]) || lengths.len() < call.outputs {
        return wrong(1, "or `split` does not add up to the axis, in parts of one entry or more");
    }
    let mut start = 0;
    let mut part = |len: usize| {
        let op = FloatOp::Slice { axis, start, step: 1, len };
        start += len;
        call.rearrange(op, &[call.value(0)?], &[])
    };
    lengths.into_iter().map(&mut part).collect::<Result<Vec<Value>, _>>()
}

/// `count` lengths that add up to `dim`.
fn equal(dim: usize, count: usize, opset: i64) -> Result<Vec<usize>, Reason> {
    let each = dim.div_ceil(count);
    match dim.checked_sub(each * (count - 1)) {
        Some(last) if last == each || opset >= 18 && last > 0 => Ok([vec![each; count - 1], vec![last]].concat()),
        _ => Reason::argument("the axis", "cannot be cut into as many equal parts as there are outputs"),
    }
}

fn sizes(list: &[i64]) -> Result<Vec<usize>, Reason> {
    let sizes = list.iter().map(|&size| usize::try_from(size).ok()).collect::<Option<Vec<_>>>();
    sizes.map_or_else(|| wrong(1, "holds a negative size"), Ok)
}
