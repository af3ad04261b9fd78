//! Lists of values, of a length and at places known at import: they leave no trace.

use super::call::{Call, Outputs, axis, wrong};
use super::control::stack;
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use crate::graph::FloatOp;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("ConcatFromSequence", 11, (1, 1), concat),
    Operator::onnx("SequenceAt", 11, (2, 2), at),
    Operator::onnx("SequenceConstruct", 11, (1, usize::MAX), construct),
    Operator::onnx("SequenceEmpty", 11, (0, 0), empty),
    Operator::onnx("SequenceErase", 11, (1, 2), erase),
    Operator::onnx("SequenceInsert", 11, (2, 3), insert),
    Operator::onnx("SequenceLength", 11, (1, 1), length),
    Operator::onnx("SplitToSequence", 11, (1, 2), split),
];

/// Most values of a list.
const MAX_LENGTH: usize = 1 << 12;

fn sequence(call: &Call<'_>) -> Result<Vec<Value>, Reason> {
    match call.value(0)? {
        Value::Sequence(values) => Ok(values),
        _ => wrong(0, "is not a sequence"),
    }
}

fn listed(values: Vec<Value>) -> Outputs {
    if values.len() > MAX_LENGTH {
        return Reason::argument("the sequence", format!("has more than {MAX_LENGTH} values"));
    }
    Ok(vec![Value::Sequence(values)])
}

fn construct(call: &mut Call<'_>) -> Outputs {
    let values = (0..call.inputs.len()).map(|index| call.value(index)).collect::<Result<Vec<_>, _>>()?;
    match values.iter().any(|value| matches!(value, Value::Sequence(_))) {
        true => Reason::argument("an input", "is a sequence: sequences hold tensors"),
        false => listed(values),
    }
}

fn empty(call: &mut Call<'_>) -> Outputs {
    call.attributes.ignore("dtype");
    listed(Vec::new())
}

/// The place that input `index` names among `len`; the last where it is not given.
fn place(call: &Call<'_>, index: usize, len: usize) -> Result<Option<usize>, Reason> {
    match call.optional_ints(index)?.as_deref() {
        None => Ok(None),
        Some([place]) => axis(*place, len).map(Some).or_else(|_| wrong(index, "is not a place of the sequence")),
        Some(_) => wrong(index, "is not a single number"),
    }
}

fn at(call: &mut Call<'_>) -> Outputs {
    let mut values = sequence(call)?;
    match place(call, 1, values.len())? {
        Some(place) => Ok(vec![values.swap_remove(place)]),
        None => wrong(1, "is missing"),
    }
}

fn erase(call: &mut Call<'_>) -> Outputs {
    let mut values = sequence(call)?;
    match place(call, 1, values.len())?.or(values.len().checked_sub(1)) {
        Some(place) => values.remove(place),
        None => return wrong(0, "is empty"),
    };
    listed(values)
}

fn insert(call: &mut Call<'_>) -> Outputs {
    let (mut values, value) = (sequence(call)?, call.value(1)?);
    if matches!(value, Value::Sequence(_)) {
        return wrong(1, "is a sequence: sequences hold tensors");
    }
    let place = match call.optional_ints(2)?.as_deref() {
        // The place behind the last counts from the front alone.
        Some([place]) if usize::try_from(*place) == Ok(values.len()) => values.len(),
        _ => place(call, 2, values.len())?.unwrap_or(values.len()),
    };
    values.insert(place, value);
    listed(values)
}

fn length(call: &mut Call<'_>) -> Outputs {
    let len = sequence(call)?.len() as i64;
    Ok(vec![Value::Int(ndarray::arr0(len).into_dyn())])
}

/// Joined along an axis, or along a new one.
fn concat(call: &mut Call<'_>) -> Outputs {
    let values = sequence(call)?;
    let Some(along) = call.attributes.optional_int("axis")? else {
        return Reason::argument("attribute `axis`", "is missing");
    };
    if call.attributes.flag("new_axis", false)? {
        return Ok(vec![stack(call, values, along)?]);
    }
    let Some(shape) = values.first().and_then(|value| call.builder.shape_of(value)) else {
        return wrong(0, "is empty, or holds no tensors");
    };
    let axis = axis(along, shape.len())?;
    Ok(vec![call.rearrange(FloatOp::Concat { axis }, &values, &[])?])
}

/// Parts of given lengths, of one length with a shorter last one, or single entries without the axis if it is not kept.
fn split(call: &mut Call<'_>) -> Outputs {
    let (value, shape) = (call.value(0)?, call.input_shape(0)?);
    let axis = axis(call.attributes.int("axis", 0)?, shape.len())?;
    let (keeps, dim) = (call.attributes.flag("keepdims", true)?, shape[axis]);
    let scalar = call.optional(1).and_then(|split| call.builder.shape_of(split)).is_some_and(|shape| shape.is_empty());
    let lengths: Vec<i64> = match call.optional_ints(1)? {
        None => vec![1; dim.min(MAX_LENGTH + 1)],
        Some(each) if scalar => equal(dim, each[0])?,
        Some(lengths) => lengths,
    };
    let drops = call.optional(1).is_none() && !keeps;
    let (mut parts, mut start) = (Vec::new(), 0usize);
    for len in lengths {
        let end = usize::try_from(len).ok().filter(|&len| len > 0).and_then(|len| start.checked_add(len));
        let Some(end) = end.filter(|&end| end <= dim && parts.len() <= MAX_LENGTH) else {
            return wrong(1, "does not add up to the axis, in parts of one entry or more");
        };
        let op = FloatOp::Slice { axis, start, step: 1, len: end - start };
        let part = call.rearrange(op, std::slice::from_ref(&value), &[])?;
        parts.push(if drops { dropped(call, part, axis, &shape)? } else { part });
        start = end;
    }
    if start < dim {
        return wrong(1, "does not add up to the axis, in parts of one entry or more");
    }
    listed(parts)
}

fn equal(dim: usize, each: i64) -> Result<Vec<i64>, Reason> {
    match usize::try_from(each) {
        Ok(size) if size > 0 && dim / size <= MAX_LENGTH => {
            let rest = (dim % size) as i64;
            Ok(std::iter::repeat_n(each, dim / size).chain((rest > 0).then_some(rest)).collect())
        }
        _ => wrong(1, "is not a length for the parts, or makes too many"),
    }
}

fn dropped(call: &mut Call<'_>, part: Value, axis: usize, shape: &[usize]) -> Result<Value, Reason> {
    let mut rest = shape.to_vec();
    rest.remove(axis);
    call.reshape(part, &rest)
}
