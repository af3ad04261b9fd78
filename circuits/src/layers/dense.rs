//! Fully connected: `out[p, o] = Σ_i x[p, i]·weight[i, o] + bias[o]` over the last axis of `x`, no rounding.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::operands::{count, entries, malformed, parameter, shaped, single, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{ParameterId, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{ContractForm, IndexMap, Sizes, SystemBuilder, TensorId, Term};

/// A dense layer; its output are accumulators, to be requantised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dense {
    /// `inputs × outputs`.
    pub weight: ParameterId,
    /// `outputs`.
    pub bias: Option<ParameterId>,
}

impl Operator for Dense {
    fn infer(&self, inputs: &[ValueType], parameters: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let weight = parameter(parameters, self.weight)?;
        let [inner, outputs] = matrix(weight)?;
        let shape = output_shape(x, inner, outputs)?;
        let mut bounds = weight.products(x.interval, inner, 1)?;
        if let Some(id) = self.bias {
            let bias = parameter(parameters, id)?;
            shaped(bias, &[outputs])?;
            bounds = bounds + bias.interval.into();
        }
        Ok(ValueType { shape, interval: bounds.tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64> {
        let weight = &parameters.tensors()[self.weight.0];
        let [inner, outputs] = [weight.shape()[0], weight.shape()[1]];
        let bias = self.bias.map(|id| entries(&parameters.tensors()[id.0]));
        let start = bias.map_or_else(|| vec![0; outputs], |bias| bias.into_owned());
        let mut shape = inputs[0].shape().to_vec();
        shape.pop();
        shape.push(outputs);
        let (x, weight) = (entries(inputs[0]), entries(weight));
        let out = x.chunks(inner).flat_map(|row| accumulate(start.clone(), row, &weight));
        tensor(&shape, out.collect())
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let interval = system.value(inputs[0]).interval;
        let spec = parameter(system.parameters(), self.weight)?;
        let weight = system.weight(self.weight)?;
        let len = count(&out.shape)?;
        let columns = out.shape.last().copied().unwrap_or(1);
        let (rows, inner) = (len / columns, system.len(weight) / columns);
        let sizes = Sizes { batch: 1, rows, inner, columns, form: ContractForm::Matrices };
        let interval = spec.products(interval, inner, 1)?.tracked()?;
        let products = ValueType { shape: out.shape.clone(), interval };
        let products = system.contract("products", products, [inputs[0], weight], sizes)?;
        let Some(id) = self.bias else { return Ok(products) };
        let bias = Term::mapped(system.weight(id)?, 1, IndexMap::repeated(len, columns));
        Ok(system.linear("accumulator", out, 0, vec![Term::of(products, 1), bias]))
    }
}

/// `sum[o] + Σ_i row[i]·weight[i, o]`.
fn accumulate(mut sum: Vec<i64>, row: &[i64], weight: &[i64]) -> Vec<i64> {
    for (x, factors) in row.iter().zip(weight.chunks(sum.len())) {
        for (sum, factor) in sum.iter_mut().zip(factors) {
            *sum += x * factor;
        }
    }
    sum
}

fn matrix(weight: &ParameterSpec) -> Result<[usize; 2], LayerError> {
    let wrong = || malformed(format!("parameter `{}` has shape {:?}, needs two axes", weight.name, weight.shape));
    weight.shape.as_slice().try_into().map_err(|_| wrong())
}

fn output_shape(x: &ValueType, inner: usize, outputs: usize) -> Result<Vec<usize>, LayerError> {
    let Some((_, rows)) = x.shape.split_last().filter(|(last, _)| **last == inner) else {
        let expected = format!("a tensor whose last axis has {inner} entries");
        return Err(LayerError::Shape { expected, got: x.shape.clone() });
    };
    let shape = [rows, &[outputs]].concat();
    count(&shape)?;
    Ok(shape)
}
