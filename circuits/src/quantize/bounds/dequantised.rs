//! Layers with weights as the integers compute them, in units of the float network.

use ndarray::{Array1, Axis};

use crate::architecture::ParameterId;
use crate::layers::Layer;
use crate::quantize::assemble::Assembled;
use crate::quantize::network::{Linear, Node, Op, Scaling};
use crate::quantize::windows::Convolution;

/// Node `id` of the network with the integers' weights, in float units; it has weights.
pub(super) fn dequantised(node: &Node, assembled: &Assembled, id: usize) -> Node {
    Own { node, assembled, id }.dequantised()
}

struct Own<'a> {
    node: &'a Node,
    assembled: &'a Assembled,
    id: usize,
}

impl Own<'_> {
    /// The layer that the integers compute, in float units.
    fn dequantised(&self) -> Node {
        let input = &self.assembled.grids[self.node.inputs[0]];
        let (weight, bias) = self.integers();
        let step = &self.assembled.grids[self.id].step;
        let op = match &self.node.op {
            Op::Dense(linear) => {
                let (inputs, outputs) = linear.weight.dim();
                let (zero, from) = input.channels(inputs).expect("settled with one scale at each position");
                let to = step.slice(ndarray::s![..outputs]);
                let weight = weight.to_shape((inputs, outputs)).expect("one entry per weight");
                let weight = &weight * &to * &inverse(&from).insert_axis(Axis(1));
                let bias = &bias * &to - zero.dot(&weight);
                Op::Dense(Linear { weight, bias }.into())
            }
            Op::Conv(conv) => Op::Conv(self.convolution(conv, weight, bias).into()),
            _ => {
                let weight = &weight * step * inverse(&input.step);
                let bias = &bias * step - &weight * &input.zero;
                Op::Scale(Scaling { weight, bias }.into())
            }
        };
        Node { op, ..self.node.clone() }
    }

    fn convolution(&self, conv: &Convolution, weight: Array1<f64>, bias: Array1<f64>) -> Convolution {
        let input = &self.assembled.grids[self.node.inputs[0]];
        let from = input.planes(conv.window.entries()).expect("settled with one scale in each plane");
        let (from, positions) = (inverse(&from), conv.window.positions());
        let to: Array1<f64> = self.assembled.grids[self.id].step.iter().copied().step_by(positions).collect();
        let mut weight = weight.into_shape_with_order(conv.weight.dim()).expect("one entry per weight");
        weight.indexed_iter_mut().for_each(|((o, column), w)| *w *= to[o] * from[conv.channel(o, column)]);
        let each = bias.len() / to.len();
        let bias = bias.iter().enumerate().map(|(k, b)| b * to[k / each]).collect();
        let mut plain = Convolution { weight, bias, window: conv.window.clone(), groups: conv.groups };
        if input.shifted {
            plain.bias = plain.absorbed(&-&input.zero);
        }
        plain
    }

    fn integers(&self) -> (Array1<f64>, Array1<f64>) {
        let model = &self.assembled.model;
        let entries = |id: ParameterId| model.parameters.tensors()[id.0].iter().map(|&x| x as f64).collect();
        match &model.architecture.layers[self.id - 1].layer {
            Layer::Dense(layer) => (entries(layer.weight), layer.bias.map(entries).unwrap_or_default()),
            Layer::Embed(layer) => (entries(layer.table), layer.bias.map(entries).unwrap_or_default()),
            Layer::Conv(layer) => (entries(layer.weight), layer.bias.map(entries).unwrap_or_default()),
            Layer::Affine(layer) => (entries(layer.weight), layer.bias.map(entries).unwrap_or_default()),
            _ => Default::default(),
        }
    }
}

/// `1/step`, and 0 for entries without a step.
fn inverse(steps: &Array1<f64>) -> Array1<f64> {
    steps.mapv(|step| if step > 0.0 { 1.0 / step } else { 0.0 })
}
