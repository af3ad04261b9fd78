//! `QuantizeLinear`, `DequantizeLinear` and `DynamicQuantizeLinear`: between floats and integers of few bits.
//!
//! `q = clamp(⌊x/step⌉ + zero)` stands for `step·(q − zero)`. The float graph holds what integers stand for, so that only the rounding is a
//! node there; weights that are given as integers stay integers with their steps.

use ndarray::{ArrayD, IxDyn};

use super::call::{Call, Outputs, axis as call_axis, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::tensor::narrow_interval;
use super::value::{Quantized, Rows, Unit, Value};
use crate::architecture::Interval;
use crate::graph::{FloatOp, Grid, Levels, NodeId};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("QuantizeLinear", 10, (2, 3), quantize),
    Operator::runtime("QuantizeLinear", (2, 3), quantize),
    Operator::onnx("DequantizeLinear", 10, (2, 3), dequantize),
    Operator::runtime("DequantizeLinear", (2, 3), dequantize),
    Operator::onnx("DynamicQuantizeLinear", 11, (1, 1), spanning),
];

const UINT8: i64 = 2;

fn quantize(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let axis = call.attributes.int("axis", 1)?;
    whole_axes(call)?;
    let interval = quantized_type(call)?;
    if let Some(constant) = call.builder.known(x).cloned() {
        let (steps, zeros) = parameters(call, [1, 2], constant.shape(), axis)?;
        let level = |index: IxDyn| {
            let level = (constant[&index] / steps[&index]).round_ties_even() as i64 + zeros[&index];
            level.clamp(interval.lo, interval.hi)
        };
        return Ok(vec![Value::Narrow(ArrayD::from_shape_fn(constant.shape(), level), interval)]);
    }
    let (step, zero) = (step(call, 1)?, zero(call, 2)?);
    quantized(call, x, (step, zero, interval))
}

/// A value moved to a grid, as integers.
pub(super) fn quantized(call: &mut Call<'_>, x: NodeId, (step, zero, interval): (f32, i64, Interval)) -> Outputs {
    if !interval.contains(zero) {
        return Reason::broken(format!("its zero point {zero} is not of the type of its integers"));
    }
    let grid = Grid { step, levels: Interval::new(interval.lo - zero, interval.hi - zero) };
    let float = call.push(FloatOp::Quantize(Some(grid)), &[x])?;
    Ok(vec![Value::Quantized(Quantized { float, unit: Unit::Known(step), zero })])
}

/// The integers that a value may become: those of its zero's type, else of the type named, else of 8 bits from 0.
fn quantized_type(call: &mut Call<'_>) -> Result<Interval, Reason> {
    let named = call.attributes.int("output_dtype", 0)?;
    match call.optional(2) {
        Some(Value::Narrow(_, interval)) => Ok(*interval),
        Some(_) => wrong(2, "is not a constant of integers of 8 or 16 bits"),
        None => {
            let named = if named == 0 { UINT8 } else { named };
            let interval = i32::try_from(named).ok().and_then(narrow_interval);
            interval.map_or_else(|| Reason::argument("attribute `output_dtype`", "is not of 8 or 16 bits"), Ok)
        }
    }
}

fn dequantize(call: &mut Call<'_>) -> Outputs {
    let axis = call.attributes.int("axis", 1)?;
    whole_axes(call)?;
    match call.value(0)? {
        Value::Narrow(values, _) | Value::Int(values) => {
            let (steps, zeros) = parameters(call, [1, 2], values.shape(), axis)?;
            Ok(vec![Value::Float(levels(call, &values, steps, &zeros)?)])
        }
        Value::Quantized(value) => Ok(vec![Value::Float(meant(call, &value, [1, 2])?)]),
        Value::Rows(rows) => Ok(vec![Value::Float(named(call, &rows, [1, 2], axis)?)]),
        Value::Entries(id, interval) => {
            let (step, zero) = (step(call, 1)?, zero(call, 2)?);
            Ok(vec![Value::Float(entries(call, id, (step, zero, interval))?)])
        }
        _ => wrong(0, "is not a tensor of quantised integers"),
    }
}

/// Integers with one step and zero, or with one for each index of an axis; not in blocks of one.
fn whole_axes(call: &mut Call<'_>) -> Result<(), Reason> {
    for name in ["saturate", "precision"] {
        call.attributes.ignore(name);
    }
    match call.attributes.int("block_size", 0)? {
        0 => Ok(()),
        size => Reason::argument("attribute `block_size`", format!("is {size}: blocks of one axis are not supported")),
    }
}

/// The step of a grid, then where it starts, then which zero it has.
fn spanning(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let float = call.push(FloatOp::Quantize(None), &[x])?;
    let value = Value::Quantized(Quantized { float, unit: Unit::Of(float), zero: 0 });
    Ok(vec![value, Value::Units(float, ArrayD::ones(IxDyn(&[]))), Value::Zero(float)])
}

/// The floats that integers stand for, if they are read with the step and zero, inputs `at`, that they were made with.
pub(super) fn meant(call: &Call<'_>, value: &Quantized, at: [usize; 2]) -> Result<NodeId, Reason> {
    let same = match (value.unit, call.value(at[0])?) {
        (Unit::Known(unit), Value::Float(_)) => step(call, at[0])? == unit && zero(call, at[1])? == value.zero,
        (Unit::Of(id), Value::Units(of, factor)) => {
            let zero = matches!(call.optional(at[1]), Some(Value::Zero(zero)) if *zero == id);
            of == id && factor.ndim() == 0 && zero
        }
        _ => false,
    };
    if same { Ok(value.float) } else { wrong(at[0], "or the zero point is not what these integers were made with") }
}

/// Integers that the record holds as the floats that they stand for, on their grid.
pub(super) fn entries(
    call: &mut Call<'_>,
    id: NodeId,
    (step, zero, interval): (f32, i64, Interval),
) -> Result<NodeId, Reason> {
    if !interval.contains(zero) {
        return Reason::broken(format!("its zero point {zero} is not of the type of its integers"));
    }
    let (from, each) = (call.scalar(zero as f32)?, call.scalar(step)?);
    let centred = call.push(FloatOp::Sub, &[id, from])?;
    let scaled = call.push(FloatOp::Mul, &[centred, each])?;
    let grid = Grid { step, levels: Interval::new(interval.lo - zero, interval.hi - zero) };
    call.push(FloatOp::Quantize(Some(grid)), &[scaled])
}

/// Rows of a table of integers as the floats that they stand for. Steps are one, or lie along the last axis, as the table's columns do.
pub(super) fn named(call: &mut Call<'_>, rows: &Rows, at: [usize; 2], axis: i64) -> Result<NodeId, Reason> {
    let last = rows.shape.len() as i64 - 1;
    if call.floats(at[0])?.len() > 1 && axis != -1 && axis != last {
        return wrong(at[0], "gives steps along another axis than the last, of rows that the record names");
    }
    let (steps, zeros) = parameters(call, at, rows.table.shape(), -1)?;
    let table = levels(call, &rows.table, steps, &zeros)?;
    let read = call.push(FloatOp::Embed, &[table, rows.names])?;
    call.builder.push(call.name, FloatOp::Reshape, &[read], &rows.shape)
}

/// A constant of integers as levels.
pub(super) fn levels(
    call: &mut Call<'_>,
    values: &ArrayD<i64>,
    steps: ArrayD<f32>,
    zeros: &ArrayD<i64>,
) -> Result<NodeId, Reason> {
    let levels = Levels::new(values - zeros, steps)?;
    call.push(FloatOp::Levels(levels.into()), &[])
}

/// Step and zero of each entry of a constant: given once, or for each index of an axis.
pub(super) fn parameters(
    call: &Call<'_>,
    [step, zero]: [usize; 2],
    shape: &[usize],
    axis: i64,
) -> Result<(ArrayD<f32>, ArrayD<i64>), Reason> {
    let steps = call.floats(step)?;
    if steps.iter().any(|step| *step <= 0.0) {
        return wrong(step, "holds a step that is not positive");
    }
    let zeros = match call.optional(zero) {
        Some(Value::Narrow(zeros, _) | Value::Int(zeros)) => zeros.clone(),
        None => ArrayD::zeros(steps.shape()),
        Some(_) => return wrong(zero, "is not a constant of integers"),
    };
    Ok((spread(steps, shape, axis, step)?, spread(&zeros, shape, axis, zero)?))
}

fn spread<T: Copy>(given: &ArrayD<T>, shape: &[usize], axis: i64, index: usize) -> Result<ArrayD<T>, Reason> {
    if let (1, Some(only)) = (given.len(), given.first()) {
        return Ok(ArrayD::from_elem(shape, *only));
    }
    let axis = call_axis(axis, shape.len())?;
    if given.shape() != [shape[axis]] {
        return wrong(index, &format!("is neither one number nor one for each index of axis {axis}"));
    }
    let own: Vec<usize> = (0..shape.len()).map(|at| if at == axis { shape[axis] } else { 1 }).collect();
    let own = given.to_shape(own).or_else(|error| Reason::broken(error.to_string()))?;
    own.broadcast(shape).map_or_else(|| wrong(index, "does not fit"), |view| Ok(view.to_owned()))
}

/// One step for all entries.
pub(super) fn step(call: &Call<'_>, index: usize) -> Result<f32, Reason> {
    match call.optional_scalar(index)? {
        Some(step) if step > 0.0 => Ok(step),
        Some(_) => wrong(index, "is not positive"),
        None => wrong(index, "is missing"),
    }
}

/// One zero for all entries.
pub(super) fn zero(call: &Call<'_>, index: usize) -> Result<i64, Reason> {
    match call.optional(index) {
        None => Ok(0),
        Some(Value::Narrow(zero, _)) if zero.len() == 1 => Ok(zero.sum()),
        Some(_) => wrong(index, "is not a single constant integer of 8 or 16 bits"),
    }
}
