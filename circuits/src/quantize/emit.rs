//! Writes layers: integer weights, corrected biases, movement, and the integers they make of the calibration records.
//!
//! The bias is where the accumulator's mean over the calibration records becomes that of the float model:
//! `b = round(mean(acc_float)/s_acc − mean(Σ_j W_j·x_j))`. It takes up the mean error of the rounded weights and of every layer
//! before.

use std::num::NonZeroUsize;

use ndarray::{Array, Array1, Array2, ArrayD, Dimension};

use super::QuantizedModel;
use super::accumulators::Scale;
use super::assemble::{Assembled, Assembly};
use super::classes::is_free;
use super::coefficients::{Coefficients, norm, norm_bound};
use super::error::QuantizeError;
use super::forms::Form;
use super::grid::Grid;
use super::groups::Groups;
use super::integers::Batch;
use super::like;
use super::network::{Function, Node, Op};
use super::windows::Averaging;
use crate::architecture::{Architecture, Interval, LayerNode, Norm, ParameterId, ParameterSpec, ValueId};
use crate::layers::{
    Affine, Combine, Concat, Conv, Dense, Embed, Layer, LayerError, MatMul, MaxPool, Multiply, Rearrange, Requantize,
    Share, Standardize, SumPool, ValueType,
};
use crate::parameters::Parameters;

impl Assembly<'_> {
    /// Writes a layer with weights whose accumulators have the given scales, one per channel.
    pub(super) fn linear(&mut self, id: usize, scale: &Array1<f64>) -> Result<(), QuantizeError> {
        let coefficients = self.coefficients(id)?;
        let node = &self.network.nodes[id];
        let limits = self.limits(id, coefficients.fan_in);
        let weights = coefficients.weights(scale, &limits);
        let norm = self.norm(node, &weights, &(coefficients.norms() / scale));
        let weight = reshaped(weights, weight_shape(node));
        let products = Parameters::new(vec![weight.clone()]);
        let interval = Interval::new(-limits.weight, limits.weight);
        let spec = ParameterSpec { name: node.name.clone(), shape: weight.shape().to_vec(), interval, norm };
        let layer = self.linear_layer(id, 0, None);
        self.inferred(id, &layer, &[spec])?;
        let mut integers = Batch::run(&layer, &[self.integer(node.inputs[0])], &products);
        let channels = channels(node, scale.len());
        let missing = self.missing(id, &coefficients, scale, &integers, &channels);
        let bias = coefficients.biases(scale, &missing, limits.bias);
        let limit = match self.like {
            Some(_) => limits.bias,
            None => {
                let reach =
                    norm.map_or(0, |norm| norm.bound).saturating_mul(self.input_interval(id).magnitude() as u64);
                coefficients.bias_limit(scale, &bias, reach).min(limits.bias)
            }
        };
        integers.shift(&reshaped(bias.clone(), broadcast_shape(node, bias.len())));
        let len = bias.len();
        let bias = reshaped(bias, bias_shape(node, len));
        let name = node.name.clone();
        let weight = self.parameter(format!("{name}.weight"), weight, limits.weight, norm);
        let bias = self.parameter(format!("{name}.bias"), bias, limit, None);
        let grid = Grid::steps(channels.each(scale));
        self.place(id, self.linear_layer(id, weight, Some(bias)), integers, grid)
    }

    /// What is missing to the float model's mean of each channel, in units of the accumulator.
    fn missing(
        &self,
        id: usize,
        coefficients: &Coefficients,
        scale: &Array1<f64>,
        products: &Batch,
        channels: &Groups,
    ) -> Array1<f64> {
        let each = (coefficients.offsets.len() / scale.len()).max(1);
        let offsets = coefficients.offsets.exact_chunks(each).into_iter().map(|chunk| chunk.sum() / each as f64);
        let offsets: Array1<f64> = offsets.collect();
        (channels.mean(&self.floats[id]) - offsets) / scale - channels.mean(&products.rows())
    }

    /// What is promised of a layer's weights together; `exact` is the sum of magnitudes of each channel before rounding, which must fit too
    /// for the same scales to be chosen again.
    fn norm(&self, node: &Node, weights: &Array2<i64>, exact: &Array1<f64>) -> Option<Norm> {
        let axis = match node.op {
            Op::Dense(_) => 1,
            Op::Conv(_) => 0,
            _ => return None,
        };
        let id = self.network.nodes.iter().position(|other| std::ptr::eq(other, node))?;
        if self.network.is_table(id) {
            return None;
        }
        match self.like {
            Some(like) => like::limits(like, id).1.map(|bound| Norm { axis, bound }),
            None => {
                let (bound, exact) = (norm_bound(norm(weights, axis)), exact.iter().fold(0.0, |max, &e| e.max(max)));
                let fits = exact <= bound as f64;
                Some(Norm { axis, bound: if fits { bound } else { norm_bound(exact.ceil() as u64) } })
            }
        }
    }

    fn parameter(&mut self, name: String, tensor: ArrayD<i64>, bound: i64, norm: Option<Norm>) -> usize {
        let (shape, interval) = (tensor.shape().to_vec(), Interval::new(-bound, bound));
        self.specs.push(ParameterSpec { name, shape, interval, norm });
        self.tensors.push(tensor);
        self.specs.len() - 1
    }

    /// Writes a sum whose classes have the given scales, or what moves, picks or averages.
    pub(super) fn emit(&mut self, id: usize, scale: &Scale<'_>) -> Result<(), QuantizeError> {
        let node = &self.network.nodes[id];
        let inputs: Vec<&Grid> = node.inputs.iter().map(|&input| self.grid(input)).collect();
        let (layer, grid) = match &node.op {
            Op::Sum(signs) => {
                let mut steps: Array1<f64> = self.classes.labels(id).iter().map(|&label| scale(label)).collect();
                let ratios = inputs.iter().map(|grid| ratio(&grid.step, &steps)).collect::<Option<Vec<_>>>();
                let Some(ratios) = ratios else {
                    let reason = "adds values whose scales are no multiples of that of the sum".to_owned();
                    return Err(QuantizeError::Layer {
                        layer: node.name.clone(),
                        source: LayerError::Malformed(reason),
                    });
                };
                let factors = ratios.into_iter().zip(signs).map(|(ratio, sign)| sign * ratio).collect();
                // What is always 0 has no scale.
                let empty = |k: usize| inputs.iter().all(|grid| grid.step[k] == 0.0);
                steps.iter_mut().enumerate().filter(|(k, _)| empty(*k)).for_each(|(_, step)| *step = 0.0);
                (Layer::Combine(Combine { factors, constant: 0 }), Grid::steps(steps))
            }
            Op::Multiply | Op::MatMul | Op::Share | Op::Standardize(_) if inputs.iter().any(|grid| !grid.is_even()) => {
                let reason = "computes with values joined of others with different scales".to_owned();
                return Err(QuantizeError::Layer { layer: node.name.clone(), source: LayerError::Malformed(reason) });
            }
            Op::Multiply => (Layer::Multiply(Multiply {}), Grid::steps(&inputs[0].step * &inputs[1].step)),
            Op::MatMul => {
                let step = inputs[0].any_step() * inputs[1].any_step();
                (Layer::MatMul(MatMul {}), Grid::steps(Array1::from_elem(node.len(), step)))
            }
            Op::Share => {
                let scale = 1 << self.settings.activation_bits;
                (Layer::Share(Share { scale }), Grid::steps(Array1::from_elem(node.len(), 1.0 / scale as f64)))
            }
            &Op::Standardize(epsilon) => self.standardize(node, epsilon, inputs[0].any_step()),
            Op::OneHot(_) => {
                let shape = with_axes(&self.network.nodes[node.inputs[0]].shape);
                let names = Layer::Rearrange(Rearrange { shape, indices: None, fill: 0 });
                (names, Grid::steps(Array1::ones(node.len())))
            }
            op => {
                let shapes = node.inputs.iter().map(|&input| self.network.nodes[input].shape.as_slice());
                let grid = Grid::passed(node, &inputs.into_iter().zip(shapes).collect::<Vec<_>>());
                (passing_layer(op, &node.shape), grid)
            }
        };
        let integers = self.run(id, &layer)?;
        self.place(id, layer, integers, grid)
    }

    /// Standard scores of integers with the given step: `2^(b−2)` units for each standard deviation.
    fn standardize(&self, node: &Node, epsilon: f64, step: f64) -> (Layer, Grid) {
        let (n, units) = (node.width() as f64, 2f64.powi(self.settings.activation_bits as i32 - 2));
        let epsilon = (n.powi(3) * epsilon / (step * step)).round().max(1.0) as i64;
        let scale = (units * n.sqrt()).round() as i64;
        let grid = Grid::steps(Array1::from_elem(node.len(), 1.0 / units));
        (Layer::Standardize(Standardize { scale, epsilon }), grid)
    }

    /// What a layer without parameters makes of the calibration records, if it takes them.
    fn run(&self, id: usize, layer: &Layer) -> Result<Batch, QuantizeError> {
        self.inferred(id, layer, &[])?;
        let inputs: Vec<&Batch> = self.network.nodes[id].inputs.iter().map(|&input| self.integer(input)).collect();
        Ok(Batch::run(layer, &inputs, &Parameters::new(Vec::new())))
    }

    /// Writes the rounding and the activation of a settled accumulator.
    pub(super) fn requantise(&mut self, id: usize, root: usize, shift: u32, form: &Form) -> Result<(), QuantizeError> {
        let layer = Layer::Requantize(Requantize { shift, activation: form.activation.clone() });
        let root = self.grid(root);
        let grid = match form.fixed {
            Some(fixed) => Grid::steps(Array1::from_elem(self.network.nodes[id].len(), fixed.value)),
            None => Grid { step: &root.step * 2f64.powi(shift as i32), ..root.clone() },
        };
        let integers = self.run(id, &layer)?;
        let told = self.classes.is_public(id) || self.classes.is_told(id);
        let tabulated = matches!(self.network.nodes[id].op, Op::Apply(Function::Other(_)));
        let step = (tabulated || is_free(self.network, id) && told).then(|| grid.any_step());
        self.place(id, layer, integers, grid)?;
        if let Some(layer) = &mut self.layers[id - 1] {
            layer.step = step;
        }
        Ok(())
    }

    fn inferred(&self, id: usize, layer: &Layer, specs: &[ParameterSpec]) -> Result<ValueType, QuantizeError> {
        let node = &self.network.nodes[id];
        let inputs: Vec<_> = node.inputs.iter().filter_map(|&input| self.types[input].clone()).collect();
        let wrong = |source| QuantizeError::Layer { layer: node.name.clone(), source };
        layer.operator().infer(&inputs, specs).map_err(wrong)
    }

    fn place(&mut self, id: usize, layer: Layer, integers: Batch, grid: Grid) -> Result<(), QuantizeError> {
        let node = &self.network.nodes[id];
        self.types[id] = Some(self.inferred(id, &layer, &self.specs)?);
        let inputs = node.inputs.iter().map(|&input| ValueId(input)).collect();
        self.layers[id - 1] = Some(LayerNode { name: node.name.clone(), layer, inputs, step: None });
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
            score_scale: self.grids[output].as_ref().expect("every node is settled").any_step(),
            head: self.settings.head,
            labels: self.settings.labels.clone(),
            outcome: self.settings.outcome,
            records: NonZeroUsize::MIN,
        };
        let parameters = Parameters::new(self.tensors);
        let architecture = self.like.map_or(Ok(architecture.clone()), |like| like::same(like, &architecture))?;
        architecture.validate()?;
        let grids = self.grids.into_iter().map(|grid| grid.expect("every node is settled")).collect();
        Ok(Assembled { model: QuantizedModel { architecture, parameters }, grids })
    }
}

/// How many units of a sum a unit of one of its terms is, at every entry where the term has a scale; 1 if it has none anywhere.
fn ratio(term: &Array1<f64>, sum: &Array1<f64>) -> Option<i64> {
    let ratios = || term.iter().zip(sum).filter(|(term, _)| **term > 0.0).map(|(term, sum)| term / sum);
    let first = ratios().next().map_or(1.0, f64::round);
    let near = |ratio: f64| (ratio / first - 1.0).abs() < 1e-6;
    ((1.0..MAX_FACTOR).contains(&first) && ratios().all(near)).then_some(first as i64)
}

/// Largest factor of a term.
const MAX_FACTOR: f64 = (1u64 << 40) as f64;

impl Assembly<'_> {
    fn linear_layer(&self, id: usize, weight: usize, bias: Option<usize>) -> Layer {
        let (weight, bias) = (ParameterId(weight), bias.map(ParameterId));
        match self.network.is_table(id) {
            true => Layer::Embed(Embed { table: weight, bias, first: 0 }),
            false => linear_layer(&self.network.nodes[id], weight, bias),
        }
    }
}

fn linear_layer(node: &Node, weight: ParameterId, bias: Option<ParameterId>) -> Layer {
    match &node.op {
        Op::Dense(_) => Layer::Dense(Dense { weight, bias }),
        Op::Conv(conv) => Layer::Conv(Conv { weight, bias, window: conv.window.clone(), groups: conv.groups }),
        _ => Layer::Affine(Affine { weight, bias }),
    }
}

fn passing_layer(op: &Op, shape: &[usize]) -> Layer {
    match op {
        Op::Concat { axis } => Layer::Concat(Concat { axis: *axis }),
        Op::MaxPool(window) => Layer::MaxPool(MaxPool { window: window.clone() }),
        Op::Average(Averaging { window, factors, .. }) => {
            Layer::SumPool(SumPool { window: window.clone(), factors: factors.clone() })
        }
        Op::Move(picks) => {
            let indices = picks.as_ref().map(|picks| picks.to_vec());
            Layer::Rearrange(Rearrange { shape: with_axes(shape), indices, fill: 0 })
        }
        _ => Layer::Rearrange(Rearrange { shape: with_axes(shape), indices: None, fill: 0 }),
    }
}

/// A scalar gets an axis of one entry.
fn with_axes(shape: &[usize]) -> Vec<usize> {
    if shape.is_empty() { vec![1] } else { shape.to_vec() }
}

/// The channels of a layer's output.
fn channels(node: &Node, count: usize) -> Groups {
    match &node.op {
        Op::Conv(conv) => Groups::repeated(count, conv.window.positions(), node.len()),
        _ => Groups::repeated(count, 1, node.len()),
    }
}

fn weight_shape(node: &Node) -> Vec<usize> {
    match &node.op {
        Op::Dense(linear) => linear.weight.shape().to_vec(),
        Op::Conv(conv) => [&[conv.outputs(), conv.depth()], conv.window.kernel_shape().as_slice()].concat(),
        _ => node.shape.clone(),
    }
}

/// The shape of `len` biases.
fn bias_shape(node: &Node, len: usize) -> Vec<usize> {
    match &node.op {
        Op::Conv(conv) if len > conv.outputs() => [&[conv.outputs()], conv.window.output_shape().as_slice()].concat(),
        Op::Scale(_) => node.shape.clone(),
        _ => vec![len],
    }
}

/// The same as what is added to an output.
fn broadcast_shape(node: &Node, len: usize) -> Vec<usize> {
    match &node.op {
        Op::Conv(conv) if len == conv.outputs() => [vec![len], vec![1; conv.window.axes.len()]].concat(),
        _ => bias_shape(node, len),
    }
}

fn reshaped<D: Dimension>(tensor: Array<i64, D>, shape: Vec<usize>) -> ArrayD<i64> {
    tensor.into_dyn().into_shape_with_order(shape).expect("as many entries as the shape has")
}
