//! Writes layers with weights: integer weights and corrected biases.
//!
//! The bias is where the accumulator's mean over the calibration records becomes that of the float model:
//! `b = round(mean(acc_float)/s_acc − mean(Σ_j W_j·x_j))`. It takes up the mean error of the rounded weights and of every layer
//! before.

use ndarray::{Array, Array1, Array2, ArrayD, Dimension};

use crate::architecture::{Interval, Norm, ParameterId, ParameterSpec};
use crate::layers::{Affine, Conv, Dense, Embed, Layer};
use crate::parameters::Parameters;
use crate::quantize::assemble::Assembly;
use crate::quantize::coefficients::{Coefficients, norm, norm_bound};
use crate::quantize::error::QuantizeError;
use crate::quantize::grid::Grid;
use crate::quantize::groups::Groups;
use crate::quantize::integers::Batch;
use crate::quantize::like;
use crate::quantize::network::{Node, Op};

impl Assembly<'_> {
    /// Writes a layer with weights whose accumulators have the given scales, one per channel.
    pub(in crate::quantize) fn linear(&mut self, id: usize, scale: &Array1<f64>) -> Result<(), QuantizeError> {
        let coefficients = self.coefficients(id)?;
        let node = &self.network.nodes[id];
        let limits = self.limits(id, coefficients.fan_in);
        let weights = coefficients.weights(scale, &limits);
        let norm = self.norm(id, &weights, &(coefficients.norms() / scale));
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
        let layer = self.linear_layer(id, weight, Some(bias));
        let value = self.inferred(id, &layer, &self.specs)?;
        self.place(id, layer, value, (integers, grid));
        Ok(())
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
    fn norm(&self, id: usize, weights: &Array2<i64>, exact: &Array1<f64>) -> Option<Norm> {
        let axis = match self.network.nodes[id].op {
            Op::Dense(_) => 1,
            Op::Conv(_) => 0,
            _ => return None,
        };
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
