//! The integer program as it is written: layers, what they are known to give, and secret tensors.

use ndarray::{Array2, ArrayD, Axis};

use super::form::{Linear, Part};
use crate::architecture::{Interval, LayerNode, Norm, ParameterId, ParameterSpec, ValueId};
use crate::layers::{Conv, Dense, Layer, Rearrange, ValueType};
use crate::parameters::wipe;
use crate::quantize::QuantizeError;
use crate::quantize::coefficients::{norm, norm_bound};
use crate::window::Window;

/// Layers so far, and the types of all values: first the record, once its encoding is known.
#[derive(Default)]
pub(super) struct Program {
    pub(super) types: Vec<ValueType>,
    pub(super) layers: Vec<LayerNode>,
    pub(super) specs: Vec<ParameterSpec>,
    tensors: Vec<ArrayD<i64>>,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.tensors.iter_mut().for_each(wipe);
    }
}

impl Program {
    pub(super) fn value(&self, id: ValueId) -> &ValueType {
        &self.types[id.0]
    }

    /// Adds a layer; refuses one that does not fit its inputs.
    pub(super) fn push(&mut self, name: &str, layer: Layer, inputs: &[ValueId]) -> Result<ValueId, QuantizeError> {
        let types: Vec<_> = inputs.iter().map(|id| self.value(*id).clone()).collect();
        let wrong = |source| QuantizeError::Layer { layer: name.into(), source };
        self.types.push(layer.operator().infer(&types, &self.specs).map_err(wrong)?);
        self.layers.push(LayerNode { name: name.into(), layer, inputs: inputs.to_vec(), step: None });
        Ok(ValueId(self.layers.len()))
    }

    /// Entries of a value at other places, 0 where there is none; without places, another shape.
    pub(super) fn moved(
        &mut self,
        name: &str,
        value: ValueId,
        indices: Option<Vec<Option<u32>>>,
        shape: &[usize],
    ) -> Result<ValueId, QuantizeError> {
        if indices.is_none() && self.value(value).shape == shape {
            return Ok(value);
        }
        let shape = if shape.is_empty() { vec![1] } else { shape.to_vec() };
        self.push(name, Layer::Rearrange(Rearrange { shape, indices, fill: 0 }), &[value])
    }

    /// A secret tensor within some power of two, which is at least `least`.
    pub(super) fn parameter(&mut self, name: String, tensor: ArrayD<i64>, least: i64) -> ParameterId {
        let reach = tensor.iter().map(|entry| if *entry < 0 { -(entry + 1) } else { *entry }).fold(least, i64::max);
        let end = 1i64 << (i64::BITS - reach.leading_zeros());
        let (shape, interval) = (tensor.shape().to_vec(), Interval::new(-end, end - 1));
        self.specs.push(ParameterSpec { name, shape, interval, norm: None });
        self.tensors.push(tensor);
        ParameterId(self.specs.len() - 1)
    }

    /// The weights of a layer whose outputs lie on `axis`, with what is promised of all that lead to one of them.
    pub(super) fn weight(&mut self, name: &str, tensor: ArrayD<i64>, axis: usize, least: i64) -> ParameterId {
        let outputs = tensor.shape()[axis];
        let lanes = tensor.axis_iter(Axis(axis)).flat_map(|lane| lane.iter().copied().collect::<Vec<_>>()).collect();
        let rows = Array2::from_shape_vec((outputs, tensor.len() / outputs), lanes).expect("as many in each lane");
        let bound = norm_bound(norm(&rows, 0));
        let id = self.parameter(format!("{name}.weight"), tensor, least);
        self.specs[id.0].norm = Some(Norm { axis, bound });
        id
    }

    /// Notes the record, which comes before every layer.
    pub(super) fn begin(&mut self, shape: &[usize], interval: Interval) {
        self.types.push(ValueType { shape: shape.to_vec(), interval });
    }

    /// `Σ value·level` for each column of levels.
    pub(super) fn dense(
        &mut self,
        name: &str,
        value: ValueId,
        levels: ArrayD<i64>,
        least: i64,
    ) -> Result<ValueId, QuantizeError> {
        let weight = self.weight(name, levels, 1, least);
        self.push(name, Layer::Dense(Dense { weight, bias: None }), &[value])
    }

    /// A convolution by levels.
    pub(super) fn conv(
        &mut self,
        name: &str,
        value: ValueId,
        (levels, least): (ArrayD<i64>, i64),
        (window, groups): (&Window, usize),
    ) -> Result<ValueId, QuantizeError> {
        let weight = self.weight(name, levels, 0, least);
        self.push(name, Layer::Conv(Conv { weight, bias: None, window: window.clone(), groups }), &[value])
    }

    /// The largest magnitude that a sum could have.
    pub(super) fn reach(&self, linear: &Linear) -> f64 {
        let largest = |values: &ArrayD<f64>| values.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        let part = |part: &Part| self.value(part.value).interval.magnitude() as f64 * largest(&part.units);
        let sum = linear.parts.iter().map(part).sum::<f64>() + linear.constant.as_ref().map_or(0.0, largest);
        if sum > 0.0 { sum } else { 1.0 }
    }

    pub(super) fn into_tensors(mut self) -> (Vec<LayerNode>, Vec<ParameterSpec>, Vec<ArrayD<i64>>) {
        let layers = std::mem::take(&mut self.layers);
        (layers, std::mem::take(&mut self.specs), std::mem::take(&mut self.tensors))
    }
}
