//! Concatenation along an axis.

use serde::{Deserialize, Serialize};

/// Joins its inputs along `axis`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl super::Operator for Concat {
    fn infer(&self, _: &[super::ValueType], _: &[crate::architecture::ParameterSpec]) -> Result<super::ValueType, super::LayerError> { unimplemented!() }
    fn evaluate(&self, _: &[&ndarray::ArrayD<i64>], _: &crate::Parameters) -> ndarray::ArrayD<i64> { unimplemented!() }
    fn relate(&self, _: &mut crate::system::SystemBuilder<'_>, _: &[crate::system::TensorId]) -> crate::system::TensorId { unimplemented!() }
}
