//! Normalisation with learned statistics, folded into one product and one sum.

use ndarray::ArrayD;

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::tensor::array;
use crate::graph::{FloatOp, ShapeError};

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("BatchNormalization", 9, (5, 5), batch_normalization)];

/// `y = (x − mean) · scale / √(variance + ε) + bias`, per entry of axis 1.
fn batch_normalization(call: &mut Call<'_>) -> Outputs {
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    call.attributes.ignore("momentum");
    if call.attributes.flag("training_mode", false)? || call.outputs > 1 {
        return Reason::argument("attribute `training_mode`", "is on, or running statistics are asked for");
    }
    let x = call.float(0)?;
    let [scale, bias, mean, variance] =
        [statistic(call, 1)?, statistic(call, 2)?, statistic(call, 3)?, statistic(call, 4)?];
    let factor = scale / variance.mapv(|variance| (variance + epsilon).sqrt());
    let offset = bias - mean * &factor;
    if !factor.iter().chain(&offset).all(|x| x.is_finite()) {
        return wrong(4, "is a variance below zero, or too small");
    }
    let (factor, offset) = (call.constant(factor)?, call.constant(offset)?);
    let product = call.push(FloatOp::Mul, &[x, factor])?;
    call.one(FloatOp::Add, &[product, offset])
}

/// One entry per channel, shaped to broadcast over the axes behind it.
fn statistic(call: &Call<'_>, index: usize) -> Result<ArrayD<f32>, Reason> {
    let shape = call.input_shape(0)?;
    let values = call.floats(index)?;
    let channels = shape.get(1).copied().unwrap_or(1);
    if values.shape() != [channels] {
        ShapeError::new(format!("input {index} has not one entry for each of {channels} channels"))?;
    }
    let mut own = vec![1; shape.len().saturating_sub(1).max(1)];
    own[0] = channels;
    array(own, values.iter().copied().collect())
}
