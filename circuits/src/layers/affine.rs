//! Entrywise affine map with private coefficients: `out[k] = x[k]·weight[k mod len] + bias[k mod len]`.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{count, entries, malformed, parameter, shaped, single, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{ParameterId, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{IndexMap, SystemBuilder, TensorId, Term};

/// Multiplies and shifts each entry; parameters are repeated along the leading axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    /// Factors: shape of the trailing axes of the input.
    pub weight: ParameterId,
    /// Summands, same shape.
    pub bias: Option<ParameterId>,
}

impl Operator for Affine {
    fn infer(&self, inputs: &[ValueType], parameters: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let weight = parameter(parameters, self.weight)?;
        if !x.shape.ends_with(&weight.shape) {
            let parameter = format!("parameter `{}` of shape {:?}", weight.name, weight.shape);
            return Err(malformed(format!("{parameter} does not match the trailing axes of shape {:?}", x.shape)));
        }
        let mut bounds = Bounds::from(x.interval) * weight.interval.into();
        bounds.tracked()?;
        if let Some(id) = self.bias {
            let bias = parameter(parameters, id)?;
            shaped(bias, &weight.shape)?;
            bounds = bounds + bias.interval.into();
        }
        Ok(ValueType { shape: x.shape.clone(), interval: bounds.tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64> {
        let x = entries(inputs[0]);
        let mut out = x.into_owned();
        let weight = entries(&parameters.tensors()[self.weight.0]);
        out.iter_mut().zip(weight.iter().cycle()).for_each(|(out, weight)| *out *= weight);
        if let Some(id) = self.bias {
            let bias = entries(&parameters.tensors()[id.0]);
            out.iter_mut().zip(bias.iter().cycle()).for_each(|(out, bias)| *out += bias);
        }
        tensor(inputs[0].shape(), out)
    }
    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let weight = system.weight(self.weight)?;
        let map = IndexMap::repeated(count(&out.shape)?, system.len(weight));
        let products = system.product("products", [inputs[0], weight], map.clone())?;
        let Some(id) = self.bias else { return Ok(products) };
        let bias = Term::mapped(system.weight(id)?, 1, map);
        Ok(system.linear("accumulator", out, 0, vec![Term::of(products, 1), bias]))
    }
}
