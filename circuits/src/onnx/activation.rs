//! Activations: functions of one entry, and softmax.

use super::call::{Call, Outputs, axis};
use super::registry::Operator;
use crate::graph::FloatOp;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Relu", 6, (1, 1), |call| entrywise(call, FloatOp::Relu)),
    Operator::onnx("Sigmoid", 6, (1, 1), |call| entrywise(call, FloatOp::Sigmoid)),
    Operator::onnx("Tanh", 6, (1, 1), |call| entrywise(call, FloatOp::Tanh)),
    Operator::onnx("LeakyRelu", 6, (1, 1), leaky_relu),
    Operator::onnx("Clip", 6, (1, 3), clip),
    Operator::onnx("Softmax", 13, (1, 1), softmax),
];

fn entrywise(call: &mut Call<'_>, op: FloatOp) -> Outputs {
    let x = call.float(0)?;
    call.one(op, &[x])
}

fn leaky_relu(call: &mut Call<'_>) -> Outputs {
    let alpha = call.attributes.float("alpha", 0.01)?;
    entrywise(call, FloatOp::LeakyRelu { alpha })
}

/// The ends are attributes before opset 11 and inputs since.
fn clip(call: &mut Call<'_>) -> Outputs {
    let (lo, hi) = if call.opset < 11 {
        (call.attributes.float("min", f32::MIN)?, call.attributes.float("max", f32::MAX)?)
    } else {
        (call.optional_scalar(1)?.unwrap_or(f32::MIN), call.optional_scalar(2)?.unwrap_or(f32::MAX))
    };
    entrywise(call, FloatOp::Clip { lo, hi })
}

fn softmax(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let axis = axis(call.attributes.int("axis", -1)?, call.shape(x).len())?;
    call.one(FloatOp::Softmax { axis }, &[x])
}
