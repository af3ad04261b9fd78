//! From accumulators back to activations: `q = ⌊(x + 2^(shift−1)) / 2^shift⌋`, then a clamp or a table.
//!
//! Proven as `x + 2^(shift−1) = q·2^shift + r` with `0 ≤ r < 2^shift` and one lookup of `(q, y)`.

use serde::{Deserialize, Serialize};

use crate::architecture::Interval;

/// Rounds half up by a power of two, then applies an activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requantize {
    /// Binary logarithm of the divisor.
    pub shift: u32,
    /// Applied to the quotient.
    pub activation: Activation,
}

/// What happens to a rounded quotient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Clamped to the interval; `[0, …]` is ReLU.
    Clamp(Interval),
    /// Clamped to the interval, then looked up: `values[q − clamp.lo]`.
    Table {
        /// Keys of the table.
        clamp: Interval,
        /// One value per key.
        values: Vec<i64>,
    },
}

impl super::Operator for Requantize {
    fn infer(&self, _: &[super::ValueType], _: &[crate::architecture::ParameterSpec]) -> Result<super::ValueType, super::LayerError> { unimplemented!() }
    fn evaluate(&self, _: &[&ndarray::ArrayD<i64>], _: &crate::Parameters) -> ndarray::ArrayD<i64> { unimplemented!() }
    fn relate(&self, _: &mut crate::system::SystemBuilder<'_>, _: &[crate::system::TensorId]) -> crate::system::TensorId { unimplemented!() }
}
