//! Fetches and checks what a layer refers to. Architectures are untrusted: everything that does not fit is refused here.

use std::borrow::Cow;

use ndarray::{ArrayD, IxDyn};

use super::bounds::Bounds;
use super::{LayerError, ValueType};
use crate::architecture::{Interval, ParameterId, ParameterSpec};

/// Most entries that a tensor may have.
pub const MAX_ENTRIES: usize = 1 << 26;

/// Number of entries of `shape`; refuses empty tensors and tensors beyond [`MAX_ENTRIES`].
pub(crate) fn count(shape: &[usize]) -> Result<usize, LayerError> {
    let product = shape.iter().try_fold(1usize, |product, &axis| product.checked_mul(axis));
    match product {
        Some(entries) if (1..=MAX_ENTRIES).contains(&entries) => Ok(entries),
        _ => Err(malformed(format!("shape {shape:?} does not have between 1 and {MAX_ENTRIES} entries"))),
    }
}

/// Refuses intervals that are inverted or leave the tracked range.
pub(crate) fn proper(interval: Interval) -> Result<Interval, LayerError> {
    if interval.lo > interval.hi {
        return Err(malformed(format!("the interval from {} to {} is empty", interval.lo, interval.hi)));
    }
    Bounds::from(interval).tracked()
}

/// The only input.
pub(crate) fn single(inputs: &[ValueType]) -> Result<&ValueType, LayerError> {
    match inputs {
        [input] => checked(input),
        _ => Err(malformed(format!("takes one input, got {}", inputs.len()))),
    }
}

/// The two inputs.
pub(crate) fn pair(inputs: &[ValueType]) -> Result<[&ValueType; 2], LayerError> {
    match inputs {
        [left, right] => Ok([checked(left)?, checked(right)?]),
        _ => Err(malformed(format!("takes two inputs, got {}", inputs.len()))),
    }
}

/// All inputs, at least one.
pub(crate) fn several(inputs: &[ValueType]) -> Result<&[ValueType], LayerError> {
    if inputs.is_empty() {
        return Err(malformed("takes at least one input, got none".into()));
    }
    inputs.iter().try_for_each(|input| checked(input).map(drop))?;
    Ok(inputs)
}

/// The parameter `id`.
pub(crate) fn parameter(parameters: &[ParameterSpec], id: ParameterId) -> Result<&ParameterSpec, LayerError> {
    let missing = || malformed(format!("refers to parameter {}, but there are {}", id.0, parameters.len()));
    let spec = parameters.get(id.0).ok_or_else(missing)?;
    count(&spec.shape)?;
    proper(spec.interval)?;
    Ok(spec)
}

/// Refuses the parameter `spec` unless it has `shape`.
pub(crate) fn shaped(spec: &ParameterSpec, shape: &[usize]) -> Result<(), LayerError> {
    if spec.shape == shape {
        return Ok(());
    }
    Err(malformed(format!("parameter `{}` has shape {:?}, needs {shape:?}", spec.name, spec.shape)))
}

/// A [`LayerError::Malformed`].
pub(crate) fn malformed(reason: String) -> LayerError {
    LayerError::Malformed(reason)
}

/// Entries in row-major order, copied only where memory is in another order.
pub(crate) fn entries(tensor: &ArrayD<i64>) -> Cow<'_, [i64]> {
    match tensor.as_slice() {
        Some(entries) => Cow::Borrowed(entries),
        None => Cow::Owned(tensor.iter().copied().collect()),
    }
}

/// A tensor of `shape` from its entries in row-major order.
pub(crate) fn tensor(shape: &[usize], entries: Vec<i64>) -> ArrayD<i64> {
    ArrayD::from_shape_vec(IxDyn(shape), entries).expect("as many entries as the shape has")
}

/// Values have axes: with several records, the one in front of a value without any would be taken for its own.
fn checked(input: &ValueType) -> Result<&ValueType, LayerError> {
    if input.shape.is_empty() {
        return Err(LayerError::Shape { expected: "a tensor with axes".into(), got: Vec::new() });
    }
    count(&input.shape)?;
    proper(input.interval)?;
    Ok(input)
}
