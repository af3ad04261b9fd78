//! Operators that ONNX Runtime's optimiser and its transformer tools write for several of ONNX's: each is those several.
//! ```text
//! BiasGelu, FastGelu     Gelu(x + b), FastGelu by tanh            QuickGelu    x·σ(α·x)
//! FusedMatMul            α·A·B, either transposed                 FusedGemm, FusedConv    an activation of Gemm, of Conv + z
//! SkipLayerNormalization    the standard scores of x + skip + b, times γ, plus β
//! ```

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::gemm::{product, scale};
use super::registry::{Operator, find};
use super::value::Value;
use crate::graph::{FloatOp, NodeId, Unary};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::runtime("BiasGelu", (2, 2), |call| gelu(call, Unary::Gelu)),
    Operator::runtime("FastGelu", (1, 2), |call| gelu(call, Unary::GeluTanh)),
    Operator::runtime("FusedConv", (2, 4), convolution),
    Operator::runtime("FusedGemm", (2, 3), gemm),
    Operator::runtime("FusedMatMul", (2, 2), matmul),
    Operator::runtime("Gelu", (1, 1), |call| gelu(call, Unary::Gelu)),
    Operator::runtime("QuickGelu", (1, 1), quick_gelu),
    Operator::runtime("SkipLayerNormalization", (3, 5), skip_layer_normalization),
];

/// Runs ONNX's operator `name` on the inputs at hand, with the attributes at hand.
fn onnx(call: &mut Call<'_>, name: &str) -> Result<NodeId, Reason> {
    let operator = find("", name).ok_or(Reason::Operator)?;
    match (operator.convert)(call)?.first() {
        Some(Value::Float(id)) => Ok(*id),
        _ => Err(Reason::Operator),
    }
}

/// The sum of inputs, those left out that are not given.
fn sum(call: &mut Call<'_>, inputs: &[usize]) -> Result<NodeId, Reason> {
    let mut sum = call.float(inputs[0])?;
    for &index in &inputs[1..] {
        if let Some(next) = call.optional_float(index)? {
            sum = call.push(FloatOp::Add, &[sum, next])?;
        }
    }
    Ok(sum)
}

fn gelu(call: &mut Call<'_>, function: Unary) -> Outputs {
    let x = sum(call, &[0, 1])?;
    call.one(FloatOp::Unary(function), &[x])
}

fn quick_gelu(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let alpha = call.attributes.float("alpha", 1.702)?;
    call.one(FloatOp::Unary(Unary::Swish(alpha.into())), &[x])
}

fn matmul(call: &mut Call<'_>) -> Outputs {
    let alpha = call.attributes.float("alpha", 1.0)?;
    for name in ["transBatchA", "transBatchB"] {
        if call.attributes.flag(name, false)? {
            return Reason::argument(format!("attribute `{name}`"), "is 1: transpose before the product");
        }
    }
    let (a, b) = (turned(call, 0, "transA")?, turned(call, 1, "transB")?);
    let product = product(call, a, b)?;
    Ok(vec![Value::Float(scale(call, product, alpha)?)])
}

/// A factor whose last two axes may be exchanged.
fn turned(call: &mut Call<'_>, index: usize, flag: &str) -> Result<NodeId, Reason> {
    let id = call.float(index)?;
    let rank = call.shape(id).len();
    if !call.attributes.flag(flag, false)? || rank < 2 {
        return Ok(id);
    }
    let mut perm: Vec<usize> = (0..rank).collect();
    perm.swap(rank - 2, rank - 1);
    call.push(FloatOp::Transpose { perm }, &[id])
}

/// The activation that a node names, with its parameters.
struct Activation {
    name: String,
    parameters: Vec<f32>,
}

impl Activation {
    fn apply(&self, call: &mut Call<'_>, x: NodeId) -> Outputs {
        let op = match (self.name.as_str(), &self.parameters[..]) {
            ("", []) => return Ok(vec![Value::Float(x)]),
            ("Relu", _) => FloatOp::Relu,
            ("Tanh", _) => FloatOp::Tanh,
            ("Sigmoid", _) => FloatOp::Sigmoid,
            ("LeakyRelu", [alpha]) => FloatOp::LeakyRelu { alpha: *alpha },
            ("Clip", [lo, hi]) if lo <= hi => FloatOp::Clip { lo: *lo, hi: *hi },
            ("HardSigmoid", [alpha, beta]) => {
                FloatOp::Unary(Unary::HardSigmoid { alpha: (*alpha).into(), beta: (*beta).into() })
            }
            _ => {
                let problem =
                    "is none of Relu, Tanh, Sigmoid, LeakyRelu, Clip and HardSigmoid, or has not its parameters";
                return Reason::argument("attribute `activation`", problem);
            }
        };
        call.one(op, &[x])
    }
}

/// `Gemm`, whose activation has parameters under names of their own.
fn gemm(call: &mut Call<'_>) -> Outputs {
    let name = call.attributes.text("activation", "")?;
    let mut parameters = Vec::new();
    for parameter in ["activation_alpha", "activation_beta", "activation_gamma"] {
        parameters.extend(call.attributes.optional_float(parameter)?);
    }
    let product = onnx(call, "Gemm")?;
    if name == "LeakyRelu" && parameters.is_empty() {
        parameters.push(0.01);
    }
    Activation { name, parameters }.apply(call, product)
}

fn convolution(call: &mut Call<'_>) -> Outputs {
    let name = call.attributes.text("activation", "")?;
    let parameters = call.attributes.floats("activation_params")?.unwrap_or_default();
    let added = call.optional_float(3)?;
    call.inputs.truncate(3);
    let mut product = onnx(call, "Conv")?;
    if let Some(added) = added {
        product = call.push(FloatOp::Add, &[product, added])?;
    }
    Activation { name, parameters }.apply(call, product)
}

/// The sum is the fourth output; mean and deviation are not given.
fn skip_layer_normalization(call: &mut Call<'_>) -> Outputs {
    let epsilon = call.attributes.float("epsilon", 1e-12)?;
    let sum = sum(call, &[0, 1, 4])?;
    let shape = call.shape(sum);
    let Some(&width) = shape.last() else { return wrong(0, "has no axes") };
    if call.input_shape(2)? != [width] {
        return wrong(2, "has not one entry for each feature");
    }
    if !(epsilon.is_finite() && epsilon >= 0.0) {
        return Reason::argument("attribute `epsilon`", "is below zero or not a number");
    }
    let scores = call.push(FloatOp::Standardize { epsilon }, &[sum])?;
    let gamma = call.float(2)?;
    let mut out = call.push(FloatOp::Mul, &[scores, gamma])?;
    if let Some(beta) = call.optional_float(3)? {
        out = call.push(FloatOp::Add, &[out, beta])?;
    }
    match call.outputs {
        1 => Ok(vec![Value::Float(out)]),
        _ => Ok(vec![Value::Float(out), Value::Failed, Value::Failed, Value::Float(sum)]),
    }
}
