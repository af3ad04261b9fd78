//! `Conv`: cross-correlation over one to three axes, in groups of channels, with a bias for each filter.

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use super::window::{Sliding, sizes, spatial};
use crate::graph::{FloatOp, NodeId, ShapeError};

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("Conv", 1, (2, 3), conv)];

fn conv(call: &mut Call<'_>) -> Outputs {
    let (x, weight) = (call.float(0)?, call.float(1)?);
    let (input, kernel) = operands(call)?;
    let window = Sliding::take(call, input.len(), true)?.window(&input, &kernel)?;
    let groups = groups(call)?;
    let product = call.push(FloatOp::Conv { window, groups }, &[x, weight])?;
    biased(call, product)
}

/// Sizes of the axes and of the kernel. Inputs are one record and a weight of as many axes.
pub(super) fn operands(call: &mut Call<'_>) -> Result<(Vec<usize>, Vec<usize>), Reason> {
    let (input, kernel) = (spatial(call, 0)?, spatial(call, 1)?);
    if input.len() != kernel.len() {
        ShapeError::new(format!("the weight has a kernel of {} axes for {} axes", kernel.len(), input.len()))?;
    }
    if let Some(batch) = call.input_shape(0)?.first().filter(|batch| **batch != 1) {
        ShapeError::new(format!("the batch axis has {batch} entries, where one record is convolved"))?;
    }
    match sizes(call, "kernel_shape", input.len(), 1)? {
        Some(given) if given != kernel => {
            Reason::argument("attribute `kernel_shape`", format!("is {given:?}, the weight has {kernel:?}"))
        }
        _ => Ok((input, kernel)),
    }
}

pub(super) fn groups(call: &mut Call<'_>) -> Result<usize, Reason> {
    match usize::try_from(call.attributes.int("group", 1)?) {
        Ok(groups) if groups > 0 => Ok(groups),
        _ => Reason::argument("attribute `group`", "is not a positive number"),
    }
}

/// The product, with the bias that input 2 has for each of its channels.
pub(super) fn biased(call: &mut Call<'_>, product: NodeId) -> Outputs {
    let Some(bias) = call.optional_float(2)? else { return Ok(vec![Value::Float(product)]) };
    let shape = call.shape(product);
    let filters = shape.get(1).copied().unwrap_or(1);
    if call.shape(bias) != [filters] {
        return wrong(2, &format!("is not a bias for each of {filters} filters"));
    }
    let mut own = vec![1; shape.len() - 1];
    own[0] = filters;
    match call.reshape(Value::Float(bias), &own)? {
        Value::Float(bias) => call.one(FloatOp::Add, &[product, bias]),
        _ => wrong(2, "is not a tensor of floats"),
    }
}
