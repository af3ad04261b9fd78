//! Fully connected: `out[p, o] = Σ_i x[p, i]·weight[i, o] + bias[o]` over the last axis of `x`, no rounding.

use serde::{Deserialize, Serialize};

use crate::architecture::ParameterId;

/// A dense layer; its output are accumulators, to be requantised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dense {
    /// `inputs × outputs`.
    pub weight: ParameterId,
    /// `outputs`.
    pub bias: Option<ParameterId>,
}

impl super::Operator for Dense {
    fn infer(&self, _: &[super::ValueType], _: &[crate::architecture::ParameterSpec]) -> Result<super::ValueType, super::LayerError> { unimplemented!() }
    fn evaluate(&self, _: &[&ndarray::ArrayD<i64>], _: &crate::Parameters) -> ndarray::ArrayD<i64> { unimplemented!() }
    fn relate(&self, _: &mut crate::system::SystemBuilder<'_>, _: &[crate::system::TensorId]) -> crate::system::TensorId { unimplemented!() }
}
