//! Writes layers: integer weights, corrected biases, movement, and the integers they make of the calibration records.
//!
//! The bias is where the accumulator's mean over the calibration records becomes that of the float model:
//! `b = round(mean(acc_float)/s_acc − mean(Σ_j W_j·x_j))`. It takes up the mean error of the rounded weights and of every layer
//! before.

use ndarray::{Array1, ArrayD, Axis, concatenate};

use super::QuantizedModel;
use super::assemble::{Assembled, Assembly, Grid};
use super::error::QuantizeError;
use super::forms::{Form, round};
use super::integers::{Batch, by_channel};
use super::like;
use super::network::Op;
use super::scheme::bias_bound;
use crate::architecture::{Architecture, Interval, LayerNode, ParameterId, ParameterSpec, ValueId};
use crate::layers::{Affine, Combine, Concat, Dense, Layer, Rearrange, Requantize};
use crate::parameters::Parameters;

impl Assembly<'_> {
    /// Writes a linear layer whose accumulators have the given scales, one per channel.
    pub(super) fn linear(&mut self, id: usize, scale: &Array1<f64>) -> Result<(), QuantizeError> {
        let coefficients = self.coefficients(id)?;
        let node = &self.network.nodes[id];
        let (name, bound) = (node.name.clone(), self.weight_bound());
        let dense = matches!(node.op, Op::Dense(_));
        let weight = coefficients.weights(scale, bound).into_dyn();
        let weight =
            if dense { weight } else { weight.into_shape_with_order(node.shape.clone()).expect("one entry each") };
        let limit = bias_bound(coefficients.fan_in, self.input_interval(id), bound);
        let input = self.integers[node.inputs[0]].as_ref().expect("nodes are settled in order");
        let products = Parameters::new(vec![weight.clone()]);
        let mut integers = Batch::run(&linear_layer(dense, 0, None), &[input], &products);
        let bias = self.bias(id, scale, &integers, limit);
        let bias = if dense { bias } else { bias.into_shape_with_order(node.shape.clone()).expect("one entry each") };
        integers.shift(&bias);
        let step = self.network.nodes[id].len() / scale.len();
        let step = (0..step).flat_map(|_| scale.iter().copied()).collect();
        let weight = self.parameter(format!("{name}.weight"), weight, bound);
        let bias = self.parameter(format!("{name}.bias"), bias, limit);
        self.place(id, linear_layer(dense, weight, Some(bias)), integers, Grid::steps(step))
    }

    fn bias(&self, id: usize, scale: &Array1<f64>, products: &Batch, limit: i64) -> ArrayD<i64> {
        let mean = |rows| by_channel(rows, scale.len()).mean_axis(Axis(0)).expect("there are calibration records");
        let bias = mean(&self.floats[id]) / scale - mean(&products.rows());
        bias.mapv(|b| round(b).clamp(-limit, limit)).into_dyn()
    }

    fn parameter(&mut self, name: String, tensor: ArrayD<i64>, bound: i64) -> usize {
        let (shape, interval) = (tensor.shape().to_vec(), Interval::new(-bound, bound));
        self.specs.push(ParameterSpec { name, shape, interval, norm: None });
        self.tensors.push(tensor);
        self.specs.len() - 1
    }

    /// Writes a sum at the given scale, or movement.
    pub(super) fn emit(&mut self, id: usize, scale: f64) -> Result<(), QuantizeError> {
        let node = &self.network.nodes[id];
        let inputs: Vec<&Grid> = node.inputs.iter().map(|&input| self.grid(input)).collect();
        let (layer, grid) = match &node.op {
            Op::Sum(signs) => {
                let factor = |(grid, sign): (&&Grid, &i64)| sign * (grid.step[0] / scale).round() as i64;
                let factors = inputs.iter().zip(signs).map(factor).collect();
                (Layer::Combine(Combine { factors, constant: 0 }), Grid::steps(Array1::from_elem(node.len(), scale)))
            }
            Op::Concat { axis } => (Layer::Concat(Concat { axis: *axis }), joined(&inputs, self.shapes(id), *axis)),
            Op::Move(indices) => (rearrange(&node.shape, indices.as_deref()), picked(inputs[0], indices.as_deref())),
            _ => return Ok(()),
        };
        let integers = self.run(id, &layer);
        self.place(id, layer, integers, grid)
    }

    fn shapes(&self, id: usize) -> Vec<&[usize]> {
        self.network.nodes[id].inputs.iter().map(|&input| self.network.nodes[input].shape.as_slice()).collect()
    }

    fn run(&self, id: usize, layer: &Layer) -> Batch {
        let input = |&input: &usize| self.integers[input].as_ref().expect("nodes are settled in order");
        let inputs: Vec<&Batch> = self.network.nodes[id].inputs.iter().map(input).collect();
        Batch::run(layer, &inputs, &Parameters::new(Vec::new()))
    }

    /// Writes the rounding and the activation of a settled accumulator.
    pub(super) fn requantise(&mut self, id: usize, root: usize, shift: u32, form: &Form) -> Result<(), QuantizeError> {
        let layer = Layer::Requantize(Requantize { shift, activation: form.activation.clone() });
        let step = match form.fixed {
            Some(fixed) => Array1::from_elem(self.network.nodes[id].len(), fixed.value),
            None => &self.grid(root).step * 2f64.powi(shift as i32),
        };
        let integers = self.run(id, &layer);
        self.place(id, layer, integers, Grid::steps(step))
    }

    fn place(&mut self, id: usize, layer: Layer, integers: Batch, grid: Grid) -> Result<(), QuantizeError> {
        let node = &self.network.nodes[id];
        let inputs: Vec<_> = node.inputs.iter().filter_map(|&input| self.types[input].clone()).collect();
        let inferred = layer.operator().infer(&inputs, &self.specs);
        let wrong = |source| QuantizeError::Layer { layer: node.name.clone(), source };
        self.types[id] = Some(inferred.map_err(wrong)?);
        let inputs = node.inputs.iter().map(|&input| ValueId(input)).collect();
        self.layers[id - 1] = Some(LayerNode { name: node.name.clone(), layer, inputs });
        (self.integers[id], self.grids[id]) = (Some(integers), Some(grid));
        Ok(())
    }

    /// The whole program, checked.
    pub(super) fn finish(self) -> Result<Assembled, QuantizeError> {
        let output = self.network.output;
        let architecture = Architecture {
            encoding: self.settings.encoding.clone(),
            input_shape: self.network.nodes[0].shape.clone(),
            parameters: self.specs,
            layers: self.layers.into_iter().map(|layer| layer.expect("every node is settled")).collect(),
            scores: ValueId(output),
            score_scale: self.grids[output].as_ref().expect("every node is settled").step[0],
            head: self.settings.head,
            labels: self.settings.labels.clone(),
            outcome: self.settings.outcome,
        };
        let parameters = Parameters::new(self.tensors);
        let architecture = self.like.map_or(Ok(architecture.clone()), |like| like::same(like, &architecture))?;
        architecture.validate()?;
        let grids = self.grids.into_iter().map(|grid| grid.expect("every node is settled")).collect();
        Ok(Assembled { model: QuantizedModel { architecture, parameters }, grids })
    }
}

fn linear_layer(dense: bool, weight: usize, bias: Option<usize>) -> Layer {
    let (weight, bias) = (ParameterId(weight), bias.map(ParameterId));
    if dense { Layer::Dense(Dense { weight, bias }) } else { Layer::Affine(Affine { weight, bias }) }
}

fn rearrange(shape: &[usize], indices: Option<&[usize]>) -> Layer {
    let indices = indices.map(|indices| indices.iter().map(|&index| Some(index as u32)).collect());
    Layer::Rearrange(Rearrange { shape: shape.to_vec(), indices, fill: 0 })
}

fn picked(grid: &Grid, indices: Option<&[usize]>) -> Grid {
    let Some(indices) = indices else { return grid.clone() };
    Grid { zero: grid.zero.select(Axis(0), indices), step: grid.step.select(Axis(0), indices) }
}

fn joined(grids: &[&Grid], shapes: Vec<&[usize]>, axis: usize) -> Grid {
    let join = |part: fn(&Grid) -> &Array1<f64>| {
        let shaped =
            |(grid, shape): (&&Grid, &&[usize])| part(grid).to_shape(*shape).expect("one entry each").into_owned();
        let parts: Vec<_> = grids.iter().zip(&shapes).map(shaped).collect();
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        concatenate(Axis(axis), &views).expect("shapes agree but for the axis").iter().copied().collect()
    };
    Grid { zero: join(|grid| &grid.zero), step: join(|grid| &grid.step) }
}
