//! Operators on quantised integers: each is the operator on the floats that they stand for, and a rounding.
//!
//! `MatMulInteger` and `ConvInteger` give sums of products without their step, which a later product brings.

use ndarray::{ArrayD, IxDyn};

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::quantized::{entries, levels, meant, named, parameters, quantized, step, zero};
use super::registry::{self, Operator};
use super::value::{Quantized, Unit, Value};
use crate::architecture::Interval;
use crate::graph::{FloatOp, NodeId};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("QLinearConv", 10, (8, 9), convolution),
    Operator::onnx("QLinearMatMul", 10, (8, 8), product),
    Operator::onnx("MatMulInteger", 10, (2, 4), |call| sums(call, "MatMul", COLUMNS)),
    Operator::onnx("ConvInteger", 10, (2, 4), |call| sums(call, "Conv", FILTERS)),
    Operator::runtime("QLinearAdd", (7, 8), |call| pair(call, FloatOp::Add)),
    Operator::runtime("QLinearMul", (7, 8), |call| pair(call, FloatOp::Mul)),
    Operator::runtime("QLinearSigmoid", (4, 5), |call| alone(call, "Sigmoid")),
    Operator::runtime("QLinearLeakyRelu", (4, 5), |call| alone(call, "LeakyRelu")),
    Operator::runtime("QLinearGlobalAveragePool", (4, 5), |call| alone(call, "GlobalAveragePool")),
    Operator::runtime("QLinearAveragePool", (4, 5), |call| alone(call, "AveragePool")),
    Operator::runtime("QLinearSoftmax", (5, 5), softmax),
    Operator::runtime("QLinearConcat", (5, usize::MAX), concat),
    Operator::runtime("QGemm", (6, 9), gemm),
];

/// The axis of a matrix that has a column for each output.
const COLUMNS: i64 = -1;

/// The axis of a convolution's filters.
const FILTERS: i64 = 0;

/// The floats that input `at` stands for, with step and zero behind it; steps of a constant lie along `axis`.
fn operand(call: &mut Call<'_>, at: usize, axis: i64) -> Result<NodeId, Reason> {
    match call.value(at)? {
        Value::Quantized(value) => meant(call, &value, [at + 1, at + 2]),
        Value::Rows(rows) => named(call, &rows, [at + 1, at + 2], COLUMNS),
        Value::Entries(id, interval) => {
            let (step, zero) = (step(call, at + 1)?, zero(call, at + 2)?);
            entries(call, id, (step, zero, interval))
        }
        Value::Narrow(values, _) | Value::Int(values) => {
            let (steps, zeros) = parameters(call, [at + 1, at + 2], values.shape(), axis)?;
            levels(call, &values, steps, &zeros)
        }
        _ => wrong(at, "is not a tensor of quantised integers"),
    }
}

/// Step, zero and type of the integers of the output.
fn target(call: &Call<'_>, at: usize) -> Result<(f32, i64, Interval), Reason> {
    match call.optional(at + 1) {
        Some(Value::Narrow(_, interval)) => Ok((step(call, at)?, zero(call, at + 1)?, *interval)),
        None => Ok((step(call, at)?, 0, Interval::new(0, u8::MAX.into()))),
        Some(_) => wrong(at + 1, "is not a constant of integers of 8 or 16 bits"),
    }
}

/// The floats of ONNX's own operator `name` on other inputs, with the attributes of this one.
fn as_floats(call: &mut Call<'_>, name: &str, inputs: Vec<Option<Value>>) -> Result<NodeId, Reason> {
    let operator = registry::find("", name).ok_or(Reason::Operator)?;
    call.inputs = inputs;
    match (operator.convert)(call)?.first() {
        Some(Value::Float(id)) => Ok(*id),
        _ => Err(Reason::Operator),
    }
}

fn floats(ids: &[NodeId]) -> Vec<Option<Value>> {
    ids.iter().map(|id| Some(Value::Float(*id))).collect()
}

fn convolution(call: &mut Call<'_>) -> Outputs {
    let (x, weight, target) = (operand(call, 0, FILTERS)?, operand(call, 3, FILTERS)?, target(call, 6)?);
    let mut inputs = vec![x, weight];
    if let Some(Value::Int(bias)) = call.optional(8).cloned() {
        inputs.push(sums_bias(call, &bias, [1, 4])?);
    }
    let out = as_floats(call, "Conv", floats(&inputs))?;
    quantized(call, out, target)
}

/// A bias in units of the products: steps of the value times steps of the weights, inputs `at`.
fn sums_bias(call: &mut Call<'_>, bias: &ArrayD<i64>, at: [usize; 2]) -> Result<NodeId, Reason> {
    let unit = call.floats(at[1])? * step(call, at[0])?;
    let units = match unit.first() {
        Some(only) if unit.len() == 1 => ArrayD::from_elem(bias.shape(), *only),
        _ => unit,
    };
    levels(call, bias, units, &ArrayD::zeros(bias.shape()))
}

fn product(call: &mut Call<'_>) -> Outputs {
    let (a, b, target) = (operand(call, 0, COLUMNS)?, operand(call, 3, COLUMNS)?, target(call, 6)?);
    let out = call.push(FloatOp::MatMul, &[a, b])?;
    quantized(call, out, target)
}

fn pair(call: &mut Call<'_>, op: FloatOp) -> Outputs {
    let (a, b, target) = (operand(call, 0, COLUMNS)?, operand(call, 3, COLUMNS)?, target(call, 6)?);
    let out = call.push(op, &[a, b])?;
    quantized(call, out, target)
}

fn alone(call: &mut Call<'_>, name: &str) -> Outputs {
    if call.attributes.int("channels_last", 0)? != 0 {
        return Reason::argument("attribute `channels_last`", "is 1");
    }
    let (x, target) = (operand(call, 0, COLUMNS)?, target(call, 3)?);
    let out = as_floats(call, name, floats(&[x]))?;
    quantized(call, out, target)
}

/// Over one axis, as `Softmax` has it since opset 13; before, over all axes from one on.
fn softmax(call: &mut Call<'_>) -> Outputs {
    let (opset, last) = (call.attributes.int("opset", 13)?, call.input_shape(0)?.len() as i64 - 1);
    let axis = call.attributes.int("axis", -1)?;
    if opset < 13 && axis != -1 && axis != last {
        return Reason::argument("attribute `opset`", "is below 13, and `axis` is not the last");
    }
    let (x, target) = (operand(call, 0, COLUMNS)?, target(call, 3)?);
    let axis = super::call::axis(axis, call.shape(x).len())?;
    let out = call.push(FloatOp::Softmax { axis }, &[x])?;
    quantized(call, out, target)
}

/// Step and zero of the output come first, then three inputs for each part.
fn concat(call: &mut Call<'_>) -> Outputs {
    let target = target(call, 0)?;
    if !(call.inputs.len() - 2).is_multiple_of(3) {
        return Reason::broken("its inputs are not a step, a zero, and three for each part");
    }
    let parts =
        (2..call.inputs.len()).step_by(3).map(|at| operand(call, at, COLUMNS)).collect::<Result<Vec<_>, _>>()?;
    let out = as_floats(call, "Concat", floats(&parts))?;
    quantized(call, out, target)
}

/// Without a step of its own, the output is of floats.
fn gemm(call: &mut Call<'_>) -> Outputs {
    let rows = call.attributes.flag("transB", false)?;
    let axis = if rows { FILTERS } else { COLUMNS };
    let (a, b) = (operand(call, 0, axis)?, operand(call, 3, axis)?);
    let target = call.optional(7).is_some().then(|| target(call, 7)).transpose()?;
    let b = if rows { call.push(FloatOp::Transpose { perm: vec![1, 0] }, &[b])? } else { b };
    let mut inputs = vec![a, b];
    if let Some(Value::Int(bias)) = call.optional(6).cloned() {
        inputs.push(sums_bias(call, &bias, [1, 4])?);
    }
    let out = as_floats(call, "Gemm", floats(&inputs))?;
    match target {
        Some(target) => quantized(call, out, target),
        None => Ok(vec![Value::Float(out)]),
    }
}

/// Sums of products of integers, with zeros behind the two inputs.
fn sums(call: &mut Call<'_>, name: &str, axis: i64) -> Outputs {
    let (a, b) = (factor(call, 0, axis)?, factor(call, 1, axis)?);
    let unit = match (a.1, b.1) {
        (Unit::Known(a), Unit::Known(b)) => Unit::Known(a * b),
        (Unit::Of(of), Unit::Known(1.0)) | (Unit::Known(1.0), Unit::Of(of)) => Unit::Of(of),
        _ => return wrong(1, "has a step that is known only when the model runs, as input 0 has"),
    };
    Ok(vec![Value::Sums(as_floats(call, name, floats(&[a.0, b.0]))?, unit)])
}

/// A factor of such sums as floats, and how many units of it they are.
fn factor(call: &mut Call<'_>, at: usize, axis: i64) -> Result<(NodeId, Unit), Reason> {
    match call.value(at)? {
        Value::Quantized(value) if is_zero(call, &value, at + 2)? => Ok((value.float, value.unit)),
        Value::Quantized(_) => wrong(at + 2, "is not the zero point that the integers were made with"),
        Value::Entries(id, interval) => {
            let zero = zero(call, at + 2)?;
            Ok((entries(call, id, (1.0, zero, interval))?, Unit::Known(1.0)))
        }
        Value::Narrow(values, _) => {
            let unit = call.constant(ArrayD::ones(IxDyn(&[])))?;
            call.inputs.resize(5, None);
            call.inputs[4] = Some(Value::Float(unit));
            let (steps, zeros) = parameters(call, [4, at + 2], values.shape(), axis)?;
            Ok((levels(call, &values, steps, &zeros)?, Unit::Known(1.0)))
        }
        _ => wrong(at, "is not a tensor of quantised integers"),
    }
}

fn is_zero(call: &Call<'_>, value: &Quantized, at: usize) -> Result<bool, Reason> {
    match (value.unit, call.optional(at)) {
        (Unit::Of(id), Some(Value::Zero(zero))) => Ok(*zero == id),
        (Unit::Of(_), _) => Ok(false),
        (Unit::Known(_), _) => Ok(zero(call, at)? == value.zero),
    }
}

/// Sums as floats: those of known units are divided by them.
pub(super) fn cast_sums(call: &mut Call<'_>, sums: NodeId, unit: Unit) -> Outputs {
    let Unit::Known(unit) = unit else { return Ok(vec![Value::Sums(sums, unit)]) };
    let each = call.constant(ArrayD::from_elem(IxDyn(&[]), 1.0 / unit))?;
    call.one(FloatOp::Mul, &[sums, each])
}

/// Products with units that are known when the model runs: of a constant, or of the sums that have them.
pub(super) fn with_units(call: &mut Call<'_>) -> Result<Option<Value>, Reason> {
    let (a, b) = (call.value(0)?, call.value(1)?);
    Ok(Some(match (a, b) {
        (Value::Sums(sums, Unit::Of(unit)), Value::Units(of, factor))
        | (Value::Units(of, factor), Value::Sums(sums, Unit::Of(unit)))
            if unit == of =>
        {
            let factor = call.constant(factor)?;
            Value::Float(call.push(FloatOp::Mul, &[sums, factor])?)
        }
        (Value::Units(of, factor), Value::Float(id)) | (Value::Float(id), Value::Units(of, factor)) => {
            match call.builder.known(id) {
                Some(constant) => Value::Units(of, constant * &factor),
                None => return wrong(0, "or 1 is a step that is known only when the model runs"),
            }
        }
        _ => return Ok(None),
    }))
}
