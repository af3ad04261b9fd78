//! Movement: reshape, transpose, slice, pad and broadcast are all one gather.

use serde::{Deserialize, Serialize};

/// `out[k] = x[indices[k]]`, or `fill` where the index is absent; without indices a reshape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rearrange {
    /// Shape of the output.
    pub shape: Vec<usize>,
    /// Which entry of the input each entry of the output is.
    pub indices: Option<Vec<Option<u32>>>,
    /// What stands where the index is absent.
    pub fill: i64,
}

impl super::Operator for Rearrange {
    fn infer(&self, _: &[super::ValueType], _: &[crate::architecture::ParameterSpec]) -> Result<super::ValueType, super::LayerError> { unimplemented!() }
    fn evaluate(&self, _: &[&ndarray::ArrayD<i64>], _: &crate::Parameters) -> ndarray::ArrayD<i64> { unimplemented!() }
    fn relate(&self, _: &mut crate::system::SystemBuilder<'_>, _: &[crate::system::TensorId]) -> crate::system::TensorId { unimplemented!() }
}
