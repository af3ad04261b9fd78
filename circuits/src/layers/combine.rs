//! Entrywise sum with public integer factors: `out[k] = Σ_j factor_j·x_j[k]`; residual connections.

use serde::{Deserialize, Serialize};

/// A weighted sum of tensors of one shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Combine {
    /// One factor per input.
    pub factors: Vec<i64>,
    /// Added to every entry.
    pub constant: i64,
}

impl super::Operator for Combine {
    fn infer(&self, _: &[super::ValueType], _: &[crate::architecture::ParameterSpec]) -> Result<super::ValueType, super::LayerError> { unimplemented!() }
    fn evaluate(&self, _: &[&ndarray::ArrayD<i64>], _: &crate::Parameters) -> ndarray::ArrayD<i64> { unimplemented!() }
    fn relate(&self, _: &mut crate::system::SystemBuilder<'_>, _: &[crate::system::TensorId]) -> crate::system::TensorId { unimplemented!() }
}
