//! Entrywise affine map with private coefficients: `out[k] = x[k]·weight[k mod len] + bias[k mod len]`.

use serde::{Deserialize, Serialize};

use crate::architecture::ParameterId;

/// Multiplies and shifts each entry; parameters are repeated along the leading axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    /// Factors: shape of the trailing axes of the input.
    pub weight: ParameterId,
    /// Summands, same shape.
    pub bias: Option<ParameterId>,
}

impl super::Operator for Affine {
    fn infer(&self, _: &[super::ValueType], _: &[crate::architecture::ParameterSpec]) -> Result<super::ValueType, super::LayerError> { unimplemented!() }
    fn evaluate(&self, _: &[&ndarray::ArrayD<i64>], _: &crate::Parameters) -> ndarray::ArrayD<i64> { unimplemented!() }
    fn relate(&self, _: &mut crate::system::SystemBuilder<'_>, _: &[crate::system::TensorId]) -> crate::system::TensorId { unimplemented!() }
}
