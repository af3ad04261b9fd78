//! Matrix products: `Gemm` is `α·A·B + β·C` with either matrix transposed on demand, `MatMul` is NumPy's: one product for each entry of
//! the axes before the matrices.

use ndarray::{ArrayD, IxDyn};

use super::call::{Call, Outputs};
use super::contraction::{Label, Named, contract};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, ShapeError};

pub(super) const OPERATORS: &[Operator] =
    &[Operator::onnx("Gemm", 7, (2, 3), gemm), Operator::onnx("MatMul", 1, (2, 2), matmul)];

fn matmul(call: &mut Call<'_>) -> Outputs {
    let (a, b) = (call.float(0)?, call.float(1)?);
    Ok(vec![Value::Float(product(call, a, b)?)])
}

/// NumPy's product of two values.
pub(super) fn product(call: &mut Call<'_>, a: NodeId, b: NodeId) -> Result<NodeId, Reason> {
    let (left, right) = (call.shape(a), call.shape(b));
    let batched = |id, shape: &[usize]| call.builder.known(id).is_some() && shape.len() > 2;
    let vector = left.len() == 1 || right.len() == 1;
    if !vector && !batched(a, &left) && !batched(b, &right) {
        return call.push(FloatOp::MatMul, &[a, b]);
    }
    let shape = FloatOp::MatMul.shape(&[&left, &right], &[])?;
    let batch = left.len().max(right.len()).saturating_sub(2) as Label;
    let (left, right) = (labels(&left, ROW), labels(&right, COLUMN));
    let (left, right) = (Named::new(call, a, &left)?, Named::new(call, b, &right)?);
    let product = contract(call, left, right, |label| label != INNER)?;
    let axes: Vec<Label> = (0..batch).rev().chain([ROW, COLUMN]).collect();
    let product = product.arranged(call, &axes)?;
    call.builder.push(call.name, FloatOp::Reshape, &[product], &shape)
}

/// Names of axes: those before the matrices are numbered from the last.
const INNER: Label = 16;
const ROW: Label = INNER + 1;
const COLUMN: Label = INNER + 2;

/// Names of a factor's axes; a vector has the inner one alone.
fn labels(shape: &[usize], own: Label) -> Vec<Label> {
    let matrix = if own == ROW { [ROW, INNER] } else { [INNER, COLUMN] };
    match shape.len().checked_sub(2) {
        None => vec![INNER],
        Some(batch) => (0..batch as Label).rev().chain(matrix).collect(),
    }
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

/// `factor·x`.
pub(super) fn scale(call: &mut Call<'_>, id: NodeId, factor: f32) -> Result<NodeId, Reason> {
    if factor == 1.0 {
        return Ok(id);
    }
    let factor = call.constant(ArrayD::from_elem(IxDyn(&[]), factor))?;
    call.push(FloatOp::Mul, &[id, factor])
}
