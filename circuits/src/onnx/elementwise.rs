//! Entrywise arithmetic with broadcasting: on floats, and on the integers that exporters compute shapes with.

use ndarray::{ArrayD, IxDyn, Zip, arr0};

use super::call::{Call, Outputs};
use super::error::Reason;
use super::integers::with_units;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, broadcast};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Add", 7, (2, 2), |call| arithmetic(call, FloatOp::Add, i64::checked_add)),
    Operator::onnx("Sub", 7, (2, 2), |call| arithmetic(call, FloatOp::Sub, i64::checked_sub)),
    Operator::onnx("Mul", 7, (2, 2), |call| arithmetic(call, FloatOp::Mul, i64::checked_mul)),
    Operator::onnx("Sum", 8, (1, usize::MAX), |call| Ok(vec![Value::Float(sum(call)?)])),
    Operator::onnx("Mean", 8, (1, usize::MAX), mean),
    Operator::onnx("Div", 7, (2, 2), |call| arithmetic(call, FloatOp::Div, i64::checked_div)),
];

type Checked = fn(i64, i64) -> Option<i64>;

fn arithmetic(call: &mut Call<'_>, op: FloatOp, ints: Checked) -> Outputs {
    if let (Value::Int(a), Value::Int(b)) = (call.value(0)?, call.value(1)?) {
        return Ok(vec![Value::Int(on_ints(&a, &b, ints)?)]);
    }
    if matches!(op, FloatOp::Mul)
        && let Some(value) = with_units(call)?
    {
        return Ok(vec![value]);
    }
    let (a, b) = (call.float(0)?, call.float(1)?);
    call.one(op, &[a, b])
}

/// All inputs added up, one after the other.
fn sum(call: &mut Call<'_>) -> Result<NodeId, Reason> {
    let mut sum = call.float(0)?;
    for index in 1..call.inputs.len() {
        let next = call.float(index)?;
        sum = call.push(FloatOp::Add, &[sum, next])?;
    }
    Ok(sum)
}

/// Their sum over their number.
fn mean(call: &mut Call<'_>) -> Outputs {
    let sum = sum(call)?;
    let count = call.constant(arr0(call.inputs.len() as f32).into_dyn())?;
    call.one(FloatOp::Div, &[sum, count])
}

/// Entry by entry of integers, with broadcasting.
pub(super) fn on_ints(
    a: &ArrayD<i64>,
    b: &ArrayD<i64>,
    op: impl Fn(i64, i64) -> Option<i64>,
) -> Result<ArrayD<i64>, Reason> {
    let shape = broadcast(a.shape(), b.shape())?;
    let (Some(a), Some(b)) = (a.broadcast(IxDyn(&shape)), b.broadcast(IxDyn(&shape))) else {
        return Reason::broken("its integer inputs do not broadcast");
    };
    let mut fits = true;
    let result = Zip::from(&a).and(&b).map_collect(|a, b| {
        let value = op(*a, *b);
        fits &= value.is_some();
        value.unwrap_or(0)
    });
    if fits { Ok(result) } else { Reason::broken("its integers overflow or are divided by zero") }
}
