//! Operators that give the same entries another shape or order.

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::registry::Operator;
use crate::graph::FloatOp;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Flatten", 1, (1, 1), flatten).keeping_class(),
    Operator::onnx("Reshape", 5, (2, 2), reshape).keeping_class(),
    Operator::onnx("Squeeze", 1, (1, 2), squeeze).keeping_class(),
    Operator::onnx("Unsqueeze", 1, (1, 2), unsqueeze).keeping_class(),
    Operator::onnx("Transpose", 1, (1, 1), transpose),
];

fn flatten(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let split = match call.attributes.int("axis", 1)? {
        end if usize::try_from(end) == Ok(shape.len()) => shape.len(),
        inside => axis(inside, shape.len())?,
    };
    let (rows, columns) = shape.split_at(split);
    to_shape(call, &[rows.iter().product(), columns.iter().product()])
}

/// In the target, 0 copies the size of the same axis (unless `allowzero`), and one −1 takes what is left.
fn reshape(call: &mut Call<'_>) -> Outputs {
    let (shape, target) = (call.input_shape(0)?, call.ints(1)?);
    let copies = !call.attributes.flag("allowzero", false)?;
    let sizes = target.iter().enumerate().map(|(axis, size)| match size {
        -1 => Ok(None),
        0 if copies => shape
            .get(axis)
            .map_or_else(|| wrong(1, "copies the size of an axis that is not there"), |dim| Ok(Some(*dim))),
        size => usize::try_from(*size).map(Some).or_else(|_| wrong(1, "holds a negative size")),
    });
    let sizes = sizes.collect::<Result<Vec<_>, Reason>>()?;
    let target = fill(&sizes, shape.iter().product())?;
    to_shape(call, &target)
}

fn fill(sizes: &[Option<usize>], entries: usize) -> Result<Vec<usize>, Reason> {
    let known = sizes.iter().flatten().try_fold(1usize, |product, size| product.checked_mul(*size));
    let rest = known.and_then(|known| entries.checked_div(known)).unwrap_or(0);
    if sizes.iter().filter(|size| size.is_none()).count() > 1 {
        return wrong(1, "holds −1 more than once");
    }
    Ok(sizes.iter().map(|size| size.unwrap_or(rest)).collect())
}

fn squeeze(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let dropped = match listed(call)? {
        Some(axes) => resolve(&axes, shape.len())?,
        None => (0..shape.len()).filter(|axis| shape[*axis] == 1).collect(),
    };
    if dropped.iter().any(|axis| shape[*axis] != 1) {
        return wrong(1, "names an axis of more than one entry");
    }
    let kept: Vec<_> = (0..shape.len()).filter(|axis| !dropped.contains(axis)).map(|axis| shape[axis]).collect();
    to_shape(call, &kept)
}

/// The axes are an attribute before opset 13 and an input since.
fn listed(call: &mut Call<'_>) -> Result<Option<Vec<i64>>, Reason> {
    if call.opset < 13 { call.attributes.ints("axes") } else { call.optional_ints(1) }
}

fn unsqueeze(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let Some(axes) = listed(call)? else { return wrong(1, "is missing") };
    let rank = shape.len() + axes.len();
    let added = resolve(&axes, rank)?;
    let mut old = shape.into_iter();
    let target: Vec<_> =
        (0..rank).map(|axis| if added.contains(&axis) { 1 } else { old.next().unwrap_or(1) }).collect();
    to_shape(call, &target)
}

/// Without `perm`, the axes are reversed.
fn transpose(call: &mut Call<'_>) -> Outputs {
    let rank = call.input_shape(0)?.len();
    let perm = match call.attributes.ints("perm")? {
        Some(perm) => perm.into_iter().map(|from| axis(from, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).rev().collect(),
    };
    let input = call.value(0)?;
    Ok(vec![call.rearrange(FloatOp::Transpose { perm }, &[input], &[])?])
}

fn resolve(axes: &[i64], rank: usize) -> Result<Vec<usize>, Reason> {
    let mut resolved = axes.iter().map(|index| axis(*index, rank)).collect::<Result<Vec<_>, _>>()?;
    resolved.sort_unstable();
    resolved.dedup();
    if resolved.len() == axes.len() { Ok(resolved) } else { wrong(1, "names an axis twice") }
}

fn to_shape(call: &mut Call<'_>, shape: &[usize]) -> Outputs {
    let input = call.value(0)?;
    Ok(vec![call.reshape(input, shape)?])
}
