//! Pools: the largest entry or the mean of what a window sees.
//!
//! Padding never wins a maximum. A mean is of the entries alone, or with `count_include_pad` of the padding too; what `ceil_mode`
//! adds behind the padding never counts, so means at the end of an axis are rescaled there.

use ndarray::ArrayD;

use super::call::{Call, Outputs};
use super::error::Reason;
use super::registry::Operator;
use super::tensor::array;
use super::value::Value;
use super::window::{Sliding, ceil, sizes, spatial};
use crate::graph::FloatOp;
use crate::window::{Window, WindowAxis};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("MaxPool", 1, (1, 1), max_pool),
    Operator::onnx("AveragePool", 1, (1, 1), average_pool),
    Operator::onnx("GlobalMaxPool", 1, (1, 1), |call| global(call, |window| FloatOp::MaxPool { window })),
    Operator::onnx("GlobalAveragePool", 1, (1, 1), |call| {
        global(call, |window| FloatOp::AveragePool { window, count_padding: false })
    }),
];

fn max_pool(call: &mut Call<'_>) -> Outputs {
    if call.attributes.flag("storage_order", false)? {
        return Reason::argument("attribute `storage_order`", "is 1: the indices that it orders are not supported");
    }
    let (window, _) = windows(call, true)?;
    let x = call.value(0)?;
    Ok(vec![call.rearrange(FloatOp::MaxPool { window }, &[x], &[])?])
}

fn average_pool(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let count_padding = call.attributes.flag("count_include_pad", false)?;
    let dilates = call.opset >= 19;
    let (window, padded) = windows(call, dilates)?;
    let mean = call.push(FloatOp::AveragePool { window: window.clone(), count_padding }, &[x])?;
    if !count_padding || window == padded {
        return Ok(vec![Value::Float(mean)]);
    }
    let factors = rescaling(&window, &padded)?;
    let factors = call.constant(factors)?;
    call.one(FloatOp::Mul, &[mean, factors])
}

/// The window, and the same with the padding that counts.
fn windows(call: &mut Call<'_>, dilates: bool) -> Result<(Window, Window), Reason> {
    let input = spatial(call, 0)?;
    let Some(kernel) = sizes(call, "kernel_shape", input.len(), 1)? else {
        return Reason::argument("attribute `kernel_shape`", "is missing");
    };
    let sliding = Sliding::take(call, input.len(), dilates)?;
    let padded = sliding.window(&input, &kernel)?;
    let rounds_up = call.attributes.flag("ceil_mode", false)? && !sliding.auto.same();
    let axes = padded.axes.iter().map(|axis| if rounds_up { ceil(*axis) } else { *axis });
    Ok((Window { axes: axes.collect() }, padded))
}

/// Number of taps over number of taps that count, at each position.
fn rescaling(window: &Window, padded: &Window) -> Result<ArrayD<f32>, Reason> {
    let axes = window.axes.iter().zip(&padded.axes);
    let factors = axes.fold(vec![1.0], |factors, (axis, padded)| {
        let own = along(axis, padded);
        factors.iter().flat_map(|factor| own.iter().map(move |own| factor * own)).collect()
    });
    array(window.output_shape(), factors)
}

fn along(axis: &WindowAxis, padded: &WindowAxis) -> Vec<f32> {
    let end = padded.before + padded.input + padded.after;
    let counts = |position: usize| {
        (0..axis.kernel).filter(|tap| position * axis.stride + tap * axis.dilation < end).count().max(1)
    };
    (0..axis.positions()).map(|position| axis.kernel as f32 / counts(position) as f32).collect()
}

/// One window over all axes behind the channels.
fn global(call: &mut Call<'_>, op: fn(Window) -> FloatOp) -> Outputs {
    let x = call.float(0)?;
    let axes = spatial(call, 0)?.into_iter().map(|dim| WindowAxis::new(dim, dim));
    let window = Window { axes: axes.collect() };
    call.one(op(window), &[x])
}
