//! Matrix products: `Gemm` is `α·A·B + β·C` with either matrix transposed on demand, `MatMul` is NumPy's.

use ndarray::{ArrayD, IxDyn};

use super::call::{Call, Outputs};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, ShapeError};

pub(super) const OPERATORS: &[Operator] =
    &[Operator::onnx("Gemm", 7, (2, 3), gemm), Operator::onnx("MatMul", 1, (2, 2), matmul)];

fn matmul(call: &mut Call<'_>) -> Outputs {
    let (a, b) = (call.float(0)?, call.float(1)?);
    call.one(FloatOp::MatMul, &[a, b])
}

fn gemm(call: &mut Call<'_>) -> Outputs {
    let (alpha, beta) = (call.attributes.float("alpha", 1.0)?, call.attributes.float("beta", 1.0)?);
    let a = matrix(call, 0, "transA")?;
    let b = matrix(call, 1, "transB")?;
    let b = scale(call, b, alpha)?;
    let product = call.push(FloatOp::MatMul, &[a, b])?;
    let Some(c) = call.optional_float(2)? else { return Ok(vec![Value::Float(product)]) };
    let c = scale(call, c, beta)?;
    let sum = call.push(FloatOp::Add, &[product, c])?;
    if call.shape(sum) != call.shape(product) {
        ShapeError::new("the bias is larger than the product")?;
    }
    Ok(vec![Value::Float(sum)])
}

fn matrix(call: &mut Call<'_>, index: usize, transposed: &str) -> Result<NodeId, Reason> {
    let id = call.float(index)?;
    if call.shape(id).len() != 2 {
        ShapeError::new(format!("input {index} is not a matrix"))?;
    }
    if !call.attributes.flag(transposed, false)? {
        return Ok(id);
    }
    call.push(FloatOp::Transpose { perm: vec![1, 0] }, &[id])
}

fn scale(call: &mut Call<'_>, id: NodeId, factor: f32) -> Result<NodeId, Reason> {
    if factor == 1.0 {
        return Ok(id);
    }
    let factor = call.constant(ArrayD::from_elem(IxDyn(&[]), factor))?;
    call.push(FloatOp::Mul, &[id, factor])
}
