//! Accumulators before a sink: which they are, how fine their scale may be, and what their weights are in units of their input.

use ndarray::Array1;

use super::assemble::Assembly;
use super::coefficients::Coefficients;
use super::error::QuantizeError;
use super::forms::power_above;
use super::like;
use super::network::Op;
use super::scheme::bias_bound;
use crate::architecture::Interval;
use crate::layers::LayerError;

impl Assembly<'_> {
    /// The accumulators, and movement between them, that end in `root`; in order.
    pub(super) fn members(&self, root: usize) -> Vec<usize> {
        let (mut members, mut open) = (Vec::new(), vec![root]);
        while let Some(id) = open.pop() {
            if self.grids[id].is_none() {
                members.push(id);
                open.extend(self.network.nodes[id].inputs.iter().filter(|&&input| self.grids[input].is_none()));
            }
        }
        members.sort_unstable();
        members.dedup();
        members
    }

    /// The smallest scale at which the weights of every member fit.
    pub(super) fn least_of(&self, members: &[usize]) -> Result<f64, QuantizeError> {
        let linear = members.iter().filter(|&&id| matches!(self.network.nodes[id].op, Op::Dense(_) | Op::Scale(_)));
        linear.copied().try_fold(0.0, |max, id| Ok(self.least(id)?.iter().copied().fold(max, f64::max)))
    }

    /// The finest scale among the activations that members of a sum read.
    pub(super) fn finest_of(&self, members: &[usize]) -> f64 {
        let sums = members.iter().filter(|&&id| matches!(self.network.nodes[id].op, Op::Sum(_)));
        let settled =
            sums.flat_map(|&id| &self.network.nodes[id].inputs).filter_map(|&input| self.grids[input].as_ref());
        settled.map(|grid| grid.step[0]).fold(f64::INFINITY, f64::min)
    }

    /// Writes accumulators whose sums have the given scale. A term whose weights are too large for it has a coarser
    /// scale of its own, and a factor in the sum.
    pub(super) fn settle(&mut self, members: &[usize], scale: f64) -> Result<(), QuantizeError> {
        for &id in members {
            let channels = match &self.network.nodes[id].op {
                Op::Dense(linear) => linear.bias.len(),
                Op::Scale(map) => map.bias.len(),
                _ => {
                    self.emit(id, scale)?;
                    continue;
                }
            };
            let scale = self.fitting(id, scale)?;
            self.linear(id, &Array1::from_elem(channels, scale))?;
        }
        Ok(())
    }

    fn fitting(&self, id: usize, scale: f64) -> Result<f64, QuantizeError> {
        let least = self.least(id)?.iter().copied().fold(0.0, f64::max);
        let term = self.network.readers(id).any(|reader| matches!(self.network.nodes[reader].op, Op::Sum(_)));
        if least <= scale {
            return Ok(scale);
        }
        if term && self.like.is_none() {
            return Ok(power_above(least));
        }
        let (layer, bits) = (self.network.nodes[id].name.clone(), self.settings.weight_bits);
        Err(QuantizeError::TooLarge { layer, excess: least / scale, bits, advice: like::advice(self.like) })
    }

    pub(super) fn input_interval(&self, id: usize) -> Interval {
        self.types[self.network.nodes[id].inputs[0]].as_ref().expect("nodes are settled in order").interval
    }

    pub(super) fn coefficients(&self, id: usize) -> Result<Coefficients, QuantizeError> {
        let node = &self.network.nodes[id];
        let reason = || "its input has another scale at each position".to_owned();
        Coefficients::of(node, self.grid(node.inputs[0]))
            .ok_or_else(|| QuantizeError::Layer { layer: node.name.clone(), source: LayerError::Malformed(reason()) })
    }

    pub(super) fn least(&self, id: usize) -> Result<Array1<f64>, QuantizeError> {
        let coefficients = self.coefficients(id)?;
        let weight = self.weight_bound();
        Ok(coefficients.least(weight, bias_bound(coefficients.fan_in, self.input_interval(id), weight)))
    }
}
