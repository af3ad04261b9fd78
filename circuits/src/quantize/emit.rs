//! Writes layers without weights: sums, movement, rounding, and the integers they make of the calibration records.

mod linear;

use std::num::NonZeroUsize;

use ndarray::Array1;

use super::QuantizedModel;
use super::accumulators::Scale;
use super::assemble::{Assembled, Assembly};
use super::classes::is_free;
use super::error::QuantizeError;
use super::forms::Form;
use super::grid::Grid;
use super::integers::Batch;
use super::like;
use super::network::{Function, Op};
use super::windows::Averaging;
use crate::architecture::{Architecture, LayerNode, ParameterSpec, ValueId};
use crate::layers::{
    Combine, Concat, Layer, MatMul, MaxPool, Multiply, Rearrange, Requantize, Share, Standardize, SumPool, ValueType,
};
use crate::parameters::Parameters;

impl Assembly<'_> {
    /// Writes a sum whose classes have the given scales, or what moves, picks or averages.
    pub(super) fn emit(&mut self, id: usize, scale: &Scale<'_>) -> Result<(), QuantizeError> {
        let node = &self.network.nodes[id];
        let inputs: Vec<&Grid> = node.inputs.iter().map(|&input| self.grid(input)).collect();
        let (layer, grid) = match &node.op {
            Op::Sum(signs) => {
                let mut steps: Array1<f64> = self.classes.labels(id).iter().map(|&label| scale(label)).collect();
                let ratios = inputs.iter().map(|grid| ratio(&grid.step, &steps)).collect::<Option<Vec<_>>>();
                let Some(ratios) = ratios else {
                    let reason = "adds values whose scales are no multiples of that of the sum";
                    return Err(QuantizeError::malformed(&node.name, reason));
                };
                let factors = ratios.into_iter().zip(signs).map(|(ratio, sign)| sign * ratio).collect();
                // What is always 0 has no scale.
                let empty = |k: usize| inputs.iter().all(|grid| grid.step[k] == 0.0);
                steps.iter_mut().enumerate().filter(|(k, _)| empty(*k)).for_each(|(_, step)| *step = 0.0);
                (Layer::Combine(Combine { factors, constant: 0 }), Grid::steps(steps))
            }
            Op::Multiply | Op::MatMul | Op::Share | Op::Standardize(_) if inputs.iter().any(|grid| !grid.is_even()) => {
                let reason = "computes with values joined of others with different scales";
                return Err(QuantizeError::malformed(&node.name, reason));
            }
            Op::Multiply => (Layer::Multiply(Multiply {}), Grid::steps(&inputs[0].step * &inputs[1].step)),
            Op::MatMul => {
                let step = inputs[0].any_step() * inputs[1].any_step();
                (Layer::MatMul(MatMul {}), Grid::steps(Array1::from_elem(node.len(), step)))
            }
            Op::Share => {
                let scale = 1 << self.settings.bits.activations[id];
                (Layer::Share(Share { scale }), Grid::steps(Array1::from_elem(node.len(), 1.0 / scale as f64)))
            }
            &Op::Standardize(epsilon) => self.standardize(id, epsilon, inputs[0].any_step()),
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
        self.run(id, layer, grid)
    }

    /// Standard scores of integers with the given step: `2^(b−2)` units for each standard deviation.
    fn standardize(&self, id: usize, epsilon: f64, step: f64) -> (Layer, Grid) {
        let node = &self.network.nodes[id];
        let (n, units) = (node.width() as f64, 2f64.powi(self.settings.bits.activations[id] as i32 - 2));
        let epsilon = (n.powi(3) * epsilon / (step * step)).round().max(1.0) as i64;
        let scale = (units * n.sqrt()).round() as i64;
        let grid = Grid::steps(Array1::from_elem(node.len(), 1.0 / units));
        (Layer::Standardize(Standardize { scale, epsilon }), grid)
    }

    /// Writes a layer without parameters, with what it makes of the calibration records.
    fn run(&mut self, id: usize, layer: Layer, grid: Grid) -> Result<(), QuantizeError> {
        let value = self.inferred(id, &layer, &[])?;
        let inputs: Vec<&Batch> = self.network.nodes[id].inputs.iter().map(|&input| self.integer(input)).collect();
        let integers = Batch::run(&layer, &inputs, &Parameters::new(Vec::new()));
        self.place(id, layer, value, (integers, grid));
        Ok(())
    }

    /// Writes the rounding and the activation of a settled accumulator.
    pub(super) fn requantise(&mut self, id: usize, root: usize, shift: u32, form: &Form) -> Result<(), QuantizeError> {
        let layer = Layer::Requantize(Requantize { shift, activation: form.activation.clone() });
        let root = self.grid(root);
        let grid = match form.fixed {
            Some(fixed) => Grid::steps(Array1::from_elem(self.network.nodes[id].len(), fixed.value)),
            None => Grid { step: &root.step * 2f64.powi(shift as i32), ..root.clone() },
        };
        let told = self.classes.is_public(id) || self.classes.is_told(id);
        let tabulated = matches!(self.network.nodes[id].op, Op::Apply(Function::Other(_) | Function::Factor(_)));
        let step = (tabulated || is_free(self.network, id) && told).then(|| grid.any_step());
        self.run(id, layer, grid)?;
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

    fn place(&mut self, id: usize, layer: Layer, value: ValueType, (integers, grid): (Batch, Grid)) {
        let node = &self.network.nodes[id];
        self.types[id] = Some(value);
        let inputs = node.inputs.iter().map(|&input| ValueId(input)).collect();
        self.layers[id - 1] = Some(LayerNode { name: node.name.clone(), layer, inputs, step: None });
        (self.integers[id], self.grids[id]) = (Some(integers), Some(grid));
    }

    /// The whole program, checked.
    pub(super) fn finish(self) -> Result<Assembled, QuantizeError> {
        let output = self.network.output;
        let scores = self.integer(output).rows() * &self.grid(output).step;
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
            positions: self.settings.positions,
        };
        let architecture = architecture.with_room(self.network.nodes[output].len());
        let parameters = Parameters::new(self.tensors);
        let architecture = self.like.map_or(Ok(architecture.clone()), |like| like::same(like, &architecture))?;
        architecture.validate()?;
        let grids = self.grids.into_iter().map(|grid| grid.expect("every node is settled")).collect();
        Ok(Assembled { model: QuantizedModel { architecture, parameters }, scores, grids })
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
