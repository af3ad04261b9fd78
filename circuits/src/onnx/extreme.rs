//! The larger and the smaller of values, and what is spelled by them: all by `max(a, b) = a + ReLU(b − a)`.

use super::call::{Call, Outputs};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Max", 8, (1, usize::MAX), |call| extreme(call, larger)),
    Operator::onnx("Min", 8, (1, usize::MAX), |call| extreme(call, smaller)),
    Operator::onnx("PRelu", 9, (2, 2), prelu),
];

type Choice = fn(&mut Call<'_>, NodeId, NodeId) -> Result<NodeId, Reason>;

fn extreme(call: &mut Call<'_>, choice: Choice) -> Outputs {
    let mut found = call.float(0)?;
    for index in 1..call.inputs.len() {
        let next = call.float(index)?;
        found = choice(call, found, next)?;
    }
    Ok(vec![Value::Float(found)])
}

fn larger(call: &mut Call<'_>, a: NodeId, b: NodeId) -> Result<NodeId, Reason> {
    let above = difference(call, b, a)?;
    call.push(FloatOp::Add, &[a, above])
}

fn smaller(call: &mut Call<'_>, a: NodeId, b: NodeId) -> Result<NodeId, Reason> {
    let above = difference(call, a, b)?;
    call.push(FloatOp::Sub, &[a, above])
}

/// `ReLU(a − b)`.
fn difference(call: &mut Call<'_>, a: NodeId, b: NodeId) -> Result<NodeId, Reason> {
    let difference = call.push(FloatOp::Sub, &[a, b])?;
    call.push(FloatOp::Relu, &[difference])
}

/// `max(x, lo)`.
pub(super) fn at_least(call: &mut Call<'_>, x: NodeId, lo: f32) -> Result<NodeId, Reason> {
    let lo = call.scalar(lo)?;
    let above = difference(call, x, lo)?;
    call.push(FloatOp::Add, &[above, lo])
}

/// `min(x, hi)`.
pub(super) fn at_most(call: &mut Call<'_>, x: NodeId, hi: f32) -> Result<NodeId, Reason> {
    let hi = call.scalar(hi)?;
    let below = difference(call, hi, x)?;
    call.push(FloatOp::Sub, &[hi, below])
}

/// `ReLU(x) − slope·ReLU(−x)`, the slope being constant.
fn prelu(call: &mut Call<'_>) -> Outputs {
    call.floats(1)?;
    let (x, slope) = (call.float(0)?, call.float(1)?);
    let zero = call.scalar(0.0)?;
    let positive = call.push(FloatOp::Relu, &[x])?;
    let negative = difference(call, zero, x)?;
    let negative = call.push(FloatOp::Mul, &[negative, slope])?;
    call.one(FloatOp::Sub, &[positive, negative])
}
