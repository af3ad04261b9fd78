//! Activations: functions of one entry, and softmax.

use ndarray::{ArrayD, IxDyn};

use super::call::{Call, Outputs, axis};
use super::error::Reason;
use super::extreme::{at_least, at_most};
use super::reduction::log_sum_exp;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, Unary};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Relu", 6, (1, 1), |call| entrywise(call, FloatOp::Relu)),
    Operator::onnx("Sigmoid", 6, (1, 1), |call| entrywise(call, FloatOp::Sigmoid)),
    Operator::onnx("Tanh", 6, (1, 1), |call| entrywise(call, FloatOp::Tanh)),
    Operator::onnx("LeakyRelu", 6, (1, 1), leaky_relu),
    Operator::onnx("Clip", 6, (1, 3), clip),
    Operator::onnx("Softmax", 13, (1, 1), softmax),
    Operator::onnx("Abs", 6, (1, 1), |call| unary(call, Unary::Abs)),
    Operator::onnx("Exp", 6, (1, 1), |call| unary(call, Unary::Exp)),
    Operator::onnx("Log", 6, (1, 1), |call| unary(call, Unary::Log)),
    Operator::onnx("Sqrt", 6, (1, 1), |call| unary(call, Unary::Sqrt)),
    Operator::onnx("Reciprocal", 6, (1, 1), |call| unary(call, Unary::Reciprocal)),
    Operator::onnx("Erf", 9, (1, 1), |call| unary(call, Unary::Erf)),
    Operator::onnx("Sin", 7, (1, 1), |call| unary(call, Unary::Sin)),
    Operator::onnx("Cos", 7, (1, 1), |call| unary(call, Unary::Cos)),
    Operator::onnx("Sinh", 9, (1, 1), |call| unary(call, Unary::Sinh)),
    Operator::onnx("Cosh", 9, (1, 1), |call| unary(call, Unary::Cosh)),
    Operator::onnx("Asin", 7, (1, 1), |call| unary(call, Unary::Asin)),
    Operator::onnx("Acos", 7, (1, 1), |call| unary(call, Unary::Acos)),
    Operator::onnx("Atan", 7, (1, 1), |call| unary(call, Unary::Atan)),
    Operator::onnx("Asinh", 9, (1, 1), |call| unary(call, Unary::Asinh)),
    Operator::onnx("Acosh", 9, (1, 1), |call| unary(call, Unary::Acosh)),
    Operator::onnx("Atanh", 9, (1, 1), |call| unary(call, Unary::Atanh)),
    Operator::onnx("Floor", 6, (1, 1), |call| unary(call, Unary::Floor)),
    Operator::onnx("Ceil", 6, (1, 1), |call| unary(call, Unary::Ceil)),
    Operator::onnx("Round", 11, (1, 1), |call| unary(call, Unary::Round)),
    Operator::onnx("Shrink", 9, (1, 1), shrink),
    Operator::onnx("LogSoftmax", 13, (1, 1), log_softmax),
    Operator::onnx("Softplus", 1, (1, 1), |call| unary(call, Unary::Softplus)),
    Operator::onnx("Softsign", 1, (1, 1), |call| unary(call, Unary::Softsign)),
    Operator::onnx("Mish", 18, (1, 1), |call| unary(call, Unary::Mish)),
    Operator::onnx("Swish", 24, (1, 1), swish),
    Operator::onnx("SwiGLU", 28, (2, 2), swish_times),
    Operator::onnx("HardSwish", 14, (1, 1), |call| unary(call, Unary::HardSwish)),
    Operator::onnx("HardSigmoid", 6, (1, 1), hard_sigmoid),
    Operator::onnx("ThresholdedRelu", 10, (1, 1), thresholded_relu),
    Operator::onnx("Elu", 6, (1, 1), |call| elu(call, 1.0, 1.0, false)),
    Operator::onnx("Celu", 12, (1, 1), |call| elu(call, 1.0, 1.0, true)),
    Operator::onnx("Selu", 6, (1, 1), |call| elu(call, SELU_ALPHA, SELU_GAMMA, false)),
    Operator::onnx("Gelu", 20, (1, 1), gelu),
    Operator::onnx("Neg", 6, (1, 1), negated),
    Operator::onnx("Sign", 9, (1, 1), sign),
];

/// Klambauer et al. 2017, as ONNX rounds them.
const SELU_ALPHA: f32 = 1.673_263_2;
const SELU_GAMMA: f32 = 1.050_701;

fn unary(call: &mut Call<'_>, function: Unary) -> Outputs {
    entrywise(call, FloatOp::Unary(function))
}

fn hard_sigmoid(call: &mut Call<'_>) -> Outputs {
    let (alpha, beta) = (call.attributes.float("alpha", 0.2)?, call.attributes.float("beta", 0.5)?);
    unary(call, Unary::HardSigmoid { alpha: alpha.into(), beta: beta.into() })
}

fn shrink(call: &mut Call<'_>) -> Outputs {
    let (bias, lambda) = (call.attributes.float("bias", 0.0)?, call.attributes.float("lambd", 0.5)?);
    unary(call, Unary::Shrink { lambda: lambda.into(), bias: bias.into() })
}

/// `x − ln Σ e^x` along the axis.
fn log_softmax(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let axis = axis(call.attributes.int("axis", -1)?, call.shape(x).len())?;
    let total = log_sum_exp(call, x, axis)?;
    call.one(FloatOp::Sub, &[x, total])
}

fn swish(call: &mut Call<'_>) -> Outputs {
    let beta = call.attributes.float("alpha", 1.0)?;
    unary(call, Unary::Swish(beta.into()))
}

/// `Swish(a)·b`.
fn swish_times(call: &mut Call<'_>) -> Outputs {
    let (gate, value) = (call.float(0)?, call.float(1)?);
    let beta = call.attributes.float("alpha", 1.0)?;
    let gate = call.push(FloatOp::Unary(Unary::Swish(beta.into())), &[gate])?;
    call.one(FloatOp::Mul, &[gate, value])
}

fn thresholded_relu(call: &mut Call<'_>) -> Outputs {
    let threshold = call.attributes.float("alpha", 1.0)?;
    unary(call, Unary::ThresholdedRelu(threshold.into()))
}

/// Elu, Selu, and Celu, whose exponent is over alpha.
fn elu(call: &mut Call<'_>, alpha: f32, gamma: f32, divided: bool) -> Outputs {
    let alpha = f64::from(call.attributes.float("alpha", alpha)?);
    let gamma = if gamma == 1.0 { 1.0 } else { f64::from(call.attributes.float("gamma", gamma)?) };
    if divided && alpha == 0.0 {
        return Reason::argument("attribute `alpha`", "is 0");
    }
    unary(call, Unary::Elu { alpha, gamma, scale: if divided { alpha } else { 1.0 } })
}

fn gelu(call: &mut Call<'_>) -> Outputs {
    match call.attributes.text("approximate", "none")?.as_str() {
        "none" => unary(call, Unary::Gelu),
        "tanh" => unary(call, Unary::GeluTanh),
        _ => Reason::argument("attribute `approximate`", "is not none or tanh"),
    }
}

/// `[x > 0] + [x ≥ 0] − 1`.
fn sign(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let above = call.push(FloatOp::Unary(Unary::Positive), &[x])?;
    let not_below = call.push(FloatOp::Unary(Unary::NonNegative), &[x])?;
    let sum = call.push(FloatOp::Add, &[above, not_below])?;
    let one = call.constant(ArrayD::from_elem(IxDyn(&[]), 1.0))?;
    call.one(FloatOp::Sub, &[sum, one])
}

fn negated(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let minus = call.constant(ArrayD::from_elem(IxDyn(&[]), -1.0))?;
    call.one(FloatOp::Mul, &[x, minus])
}

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
    if lo > hi {
        return Reason::argument("the lower end", format!("is {lo}, above the upper end {hi}"));
    }
    // Exporters write the ends of the 32-bit floats for "no end". Lower end 0 alone is ReLU.
    let open = |end: f32| end.abs() >= f32::MAX;
    let x = call.float(0)?;
    match (open(lo), open(hi)) {
        (false, true) if lo != 0.0 => Ok(vec![Value::Float(at_least(call, x, lo)?)]),
        (true, false) => Ok(vec![Value::Float(at_most(call, x, hi)?)]),
        _ => call.one(FloatOp::Clip { lo, hi }, &[x]),
    }
}

fn softmax(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let axis = axis(call.attributes.int("axis", -1)?, call.shape(x).len())?;
    call.one(FloatOp::Softmax { axis }, &[x])
}
