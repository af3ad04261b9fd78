//! Entrywise product of two values that both depend on the record: `out[k] = left[k]·right[k]`, no rounding.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{count, pair};
use super::{LayerError, Operator, ValueType};
use crate::architecture::ParameterSpec;
use crate::parameters::Parameters;
use crate::system::{IndexMap, SystemBuilder, TensorId};

/// Multiplies entry by entry; its output are accumulators, to be requantised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multiply {}

impl Operator for Multiply {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let [left, right] = pair(inputs)?;
        if left.shape != right.shape {
            let expected = format!("two values of one shape, such as {:?}", left.shape);
            return Err(LayerError::Shape { expected, got: right.shape.clone() });
        }
        count(&left.shape)?;
        let bounds = Bounds::from(left.interval) * right.interval.into();
        Ok(ValueType { shape: left.shape.clone(), interval: bounds.tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        inputs[0] * inputs[1]
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        self.infer(&system.values(inputs), system.parameters())?;
        system.product("products", [inputs[0], inputs[1]], IndexMap::Identity)
    }
}
