//! Entries read or written at places that a constant lists: as one gather, of the value alone or of the value and what is written over it.
//! ```text
//! GatherElements   out[…, k, …] = x[…, i[…, k, …], …]        GatherND   out[b, r] = x[b, i[b, r]]
//! ScatterElements  out = x, but out[…, i[…, k, …], …] = u[…, k, …]      ScatterND   out = x, but out[i[r]] = u[r]
//! ```
//! Of several values that are written to one place, the last one stays, as in ONNX Runtime.

use ndarray::{ArrayD, Dimension, IxDyn};

use super::call::{Call, Outputs, axis as call_axis, wrong};
use super::error::Reason;
use super::places::{Places, check, gather};
use super::registry::Operator;
use super::tensor::array;
use super::value::Value;
use crate::graph::FloatOp;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Compress", 9, (2, 2), compress),
    Operator::onnx("GatherElements", 11, (2, 2), gather_elements),
    Operator::onnx("GatherND", 11, (2, 2), gather_nd),
    Operator::onnx("ReverseSequence", 10, (2, 2), reverse_sequence),
    Operator::onnx("Scatter", 9, (3, 3), scatter_elements),
    Operator::onnx("ScatterElements", 11, (3, 3), scatter_elements),
    Operator::onnx("ScatterND", 11, (3, 3), scatter_nd),
];

/// Integers that must be constant, in their shape.
fn indices(call: &Call<'_>, index: usize) -> Result<ArrayD<i64>, Reason> {
    match call.value(index)? {
        Value::Int(values) if !values.is_empty() => {
            check(values.shape())?;
            Ok(values)
        }
        Value::Int(_) => wrong(index, "is a tensor without entries"),
        _ => wrong(index, "is not a tensor of integers known at import"),
    }
}

/// The place of an entry in row-major order.
fn flat(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |place, (at, dim)| place * dim + at)
}

/// The value read at these places, which are below 2³².
fn read(call: &mut Call<'_>, places: Vec<usize>, shape: &[usize]) -> Result<Value, Reason> {
    check(shape)?;
    let indices = places.into_iter().map(|place| Some(place as u32)).collect();
    let input = call.value(0)?;
    call.rearrange(FloatOp::Gather { indices, fill: 0.0 }, &[input], shape)
}

/// For each index of a list that goes along an axis, the place that it names.
fn named_along(list: &ArrayD<i64>, axis: usize, shape: &[usize]) -> Result<Vec<usize>, Reason> {
    let fits = |(other, (own, dim)): (usize, (&usize, &usize))| other == axis || own <= dim;
    if list.ndim() != shape.len() || !list.shape().iter().zip(shape).enumerate().all(fits) {
        return wrong(1, "does not fit the shape of the value");
    }
    let place = |(at, &named): (IxDyn, &i64)| {
        let mut at = at.as_array_view().to_vec();
        at[axis] = call_axis(named, shape[axis]).or_else(|_| wrong(1, "names an entry that is not there"))?;
        Ok(flat(&at, shape))
    };
    list.indexed_iter().map(place).collect()
}

fn gather_elements(call: &mut Call<'_>) -> Outputs {
    let (list, shape) = (indices(call, 1)?, call.input_shape(0)?);
    let axis = call_axis(call.attributes.int("axis", 0)?, shape.len())?;
    let places = named_along(&list, axis, &shape)?;
    Ok(vec![read(call, places, list.shape())?])
}

/// The places of the blocks that the rows of a list name, and the entries of a block.
fn blocks(list: &ArrayD<i64>, shape: &[usize], batch: usize) -> Result<(Vec<usize>, usize), Reason> {
    let depth = list.shape().last().copied().unwrap_or(0);
    let same = list.shape().iter().zip(shape).take(batch).all(|(a, b)| a == b);
    if depth == 0 || batch >= list.ndim() || batch + depth > shape.len() || !same {
        return wrong(1, "does not fit the shape of the value");
    }
    let named = &shape[batch..batch + depth];
    let size: usize = shape[batch + depth..].iter().product();
    let rows: usize = list.shape()[batch..list.ndim() - 1].iter().product();
    let outer: usize = named.iter().product();
    let entries: Vec<i64> = list.iter().copied().collect();
    let block = |(row, index): (usize, &[i64])| {
        let at = index.iter().zip(named).map(|(&index, &dim)| call_axis(index, dim));
        let at = at.collect::<Result<Vec<_>, _>>().or_else(|_| wrong(1, "names an entry that is not there"))?;
        Ok((row / rows * outer + flat(&at, named)) * size)
    };
    Ok((entries.chunks(depth).enumerate().map(block).collect::<Result<_, Reason>>()?, size))
}

fn gather_nd(call: &mut Call<'_>) -> Outputs {
    let (list, shape) = (indices(call, 1)?, call.input_shape(0)?);
    let Ok(batch) = usize::try_from(call.attributes.int("batch_dims", 0)?) else {
        return Reason::argument("attribute `batch_dims`", "is negative");
    };
    let (starts, size) = blocks(&list, &shape, batch)?;
    let depth = list.shape()[list.ndim() - 1];
    let target = [&list.shape()[..list.ndim() - 1], &shape[batch + depth..]].concat();
    check(&target)?;
    let places = starts.into_iter().flat_map(|start| start..start + size).collect();
    Ok(vec![read(call, places, &target)?])
}

/// The value with input 2 written over it: entry `k` of that at place `places[k]`.
fn written(call: &mut Call<'_>, places: &[usize], shape: &[usize]) -> Outputs {
    if call.attributes.text("reduction", "none")? != "none" {
        return Reason::argument(
            "attribute `reduction`",
            "adds to entries, or compares them: write values of their own",
        );
    }
    check(shape)?;
    let (len, updates) = (shape.iter().product::<usize>(), call.input_shape(2)?);
    if updates.iter().product::<usize>() != places.len() {
        return wrong(2, "has not one entry for each place");
    }
    let mut from: Vec<usize> = (0..len).collect();
    places.iter().enumerate().for_each(|(k, &place)| from[place] = len + k);
    let (value, update) = (call.value(0)?, call.value(2)?);
    let parts = [call.reshape(value, &[len])?, call.reshape(update, &[places.len()])?];
    let both = call.rearrange(FloatOp::Concat { axis: 0 }, &parts, &[])?;
    let indices = from.into_iter().map(|place| Some(place as u32)).collect();
    Ok(vec![call.rearrange(FloatOp::Gather { indices, fill: 0.0 }, &[both], shape)?])
}

fn scatter_elements(call: &mut Call<'_>) -> Outputs {
    let (list, shape) = (indices(call, 1)?, call.input_shape(0)?);
    let axis = call_axis(call.attributes.int("axis", 0)?, shape.len())?;
    let places = named_along(&list, axis, &shape)?;
    written(call, &places, &shape)
}

fn scatter_nd(call: &mut Call<'_>) -> Outputs {
    let (list, shape) = (indices(call, 1)?, call.input_shape(0)?);
    let (starts, size) = blocks(&list, &shape, 0)?;
    check(&[starts.len(), size])?;
    let places: Vec<usize> = starts.into_iter().flat_map(|start| start..start + size).collect();
    written(call, &places, &shape)
}

/// The entries of an axis, or of the value in a row, at which a condition holds.
fn compress(call: &mut Call<'_>) -> Outputs {
    let holds: Vec<usize> = (0..).zip(call.ints(1)?).filter(|(_, holds)| *holds != 0).map(|(place, _)| place).collect();
    let (mut value, mut shape) = (call.value(0)?, call.input_shape(0)?);
    let axis = match call.attributes.optional_int("axis")? {
        Some(index) => call_axis(index, shape.len())?,
        None => {
            shape = vec![shape.iter().product()];
            value = call.reshape(value, &shape)?;
            0
        }
    };
    if holds.is_empty() || holds.iter().any(|&place| place >= shape[axis]) {
        return wrong(1, "holds nowhere, or behind the end of the axis");
    }
    check(&shape)?;
    let mut places: Vec<Places> = shape.iter().map(|&dim| (0..dim).map(Some).collect()).collect();
    places[axis] = holds.into_iter().map(Some).collect();
    Ok(vec![gather(call, value, &places, 0.0)?])
}

/// The first so many entries of each series backwards.
fn reverse_sequence(call: &mut Call<'_>) -> Outputs {
    let (lengths, shape) = (call.ints(1)?, call.input_shape(0)?);
    let (time, batch) = (call.attributes.int("time_axis", 0)?, call.attributes.int("batch_axis", 1)?);
    let (time, batch) = (call_axis(time, shape.len())?, call_axis(batch, shape.len())?);
    if time == batch || lengths.len() != shape[batch] {
        return wrong(1, "has not one length for each series");
    }
    check(&shape)?;
    let places: ArrayD<usize> = array(shape.clone(), (0..shape.iter().product()).collect())?;
    let place = |(at, _): (IxDyn, &usize)| {
        let mut at = at.as_array_view().to_vec();
        let len = usize::try_from(lengths[at[batch]]).ok().filter(|&len| len <= shape[time]);
        let Some(len) = len else { return wrong(1, "holds a length that is longer than the series, or negative") };
        if at[time] < len {
            at[time] = len - 1 - at[time];
        }
        Ok(flat(&at, &shape))
    };
    let places = places.indexed_iter().map(place).collect::<Result<Vec<_>, Reason>>()?;
    Ok(vec![read(call, places, &shape)?])
}
