//! Accumulators before a sink: which they are, how fine their scale may be, and what their weights are in units of their input.

use ndarray::Array1;

use super::assemble::Assembly;
use super::coefficients::{Coefficients, Limits};
use super::error::QuantizeError;
use super::forms::power_above;
use super::integers::Batch;
use super::like;
use super::network::{Function, Op};
use super::scheme::bias_bound;
use crate::architecture::Interval;

/// The scale of a class.
pub(super) type Scale<'a> = dyn Fn(u32) -> f64 + 'a;

impl Assembly<'_> {
    /// The accumulators, and what moves or picks them, that end in `root`; in order.
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

    /// The class of each channel of a node with weights.
    pub(super) fn channel_labels(&self, id: usize) -> Box<dyn Iterator<Item = u32> + '_> {
        let labels = self.classes.labels(id);
        match &self.network.nodes[id].op {
            Op::Conv(conv) => Box::new(labels.iter().copied().step_by(conv.window.positions())),
            Op::Dense(linear) => Box::new(labels.iter().copied().take(linear.bias.len())),
            _ => Box::new(labels.iter().copied()),
        }
    }

    /// The smallest scale at which the weights of every member fit.
    pub(super) fn least_of(&self, members: &[usize]) -> Result<f64, QuantizeError> {
        let linear = members.iter().filter(|&&id| self.network.nodes[id].is_linear());
        linear.copied().try_fold(0.0, |max, id| Ok(self.least(id)?.iter().copied().fold(max, f64::max)))
    }

    /// The finest scale among the activations that members of a sum read.
    pub(super) fn finest_of(&self, members: &[usize]) -> f64 {
        let sums = members.iter().filter(|&&id| matches!(self.network.nodes[id].op, Op::Sum(_)));
        let settled =
            sums.flat_map(|&id| &self.network.nodes[id].inputs).filter_map(|&input| self.grids[input].as_ref());
        let steps = settled.flat_map(|grid| grid.step.iter().copied().filter(|&step| step > 0.0));
        steps.fold(f64::INFINITY, f64::min)
    }

    /// Writes accumulators whose classes have the given scales. A term of a sum whose weights are too large for them has
    /// coarser scales of its own, and a factor in the sum. Other weights that are too large are an error if the scales are `public`,
    /// and clamped otherwise.
    pub(super) fn settle(&mut self, members: &[usize], scale: &Scale<'_>, public: bool) -> Result<(), QuantizeError> {
        for &id in members {
            if !self.network.nodes[id].is_linear() {
                self.emit(id, scale)?;
                continue;
            }
            let scales: Array1<f64> = self.channel_labels(id).map(scale).collect();
            let coarser = self.coarser(id, &scales, public)?;
            self.linear(id, &(scales * coarser))?;
        }
        Ok(())
    }

    /// How many times coarser than asked for the scales of a member are.
    fn coarser(&self, id: usize, scales: &Array1<f64>, public: bool) -> Result<f64, QuantizeError> {
        let least = self.least(id)?;
        let sum = self.sum_after(id);
        let factor = self.like.zip(sum).map_or(1.0, |(like, (sum, term))| like::factor(like, sum, term));
        let excess = least.iter().zip(scales).map(|(least, scale)| least / scale).fold(0.0, f64::max) / factor;
        // The scales of one layer and those computed from them again differ by float rounding.
        if excess <= 1.0 + 1e-9 {
            return Ok(factor);
        }
        match sum {
            Some(_) if self.like.is_none() => Ok(power_above(excess)),
            _ if !public => Ok(factor),
            _ => {
                let (layer, bits) = (self.network.nodes[id].name.clone(), self.settings.bits.weights[id]);
                Err(QuantizeError::TooLarge { layer, excess, bits, advice: like::advice(self.like) })
            }
        }
    }

    /// The sum that reads a node, perhaps through movement or pooling, and which of its terms that is.
    fn sum_after(&self, id: usize) -> Option<(usize, usize)> {
        self.network.readers(id).find_map(|reader| {
            let node = &self.network.nodes[reader];
            match node.op {
                Op::Sum(_) => Some((reader, node.inputs.iter().position(|&input| input == id)?)),
                _ if node.passes() && self.grids[reader].is_none() => self.sum_after(reader),
                _ => None,
            }
        })
    }

    pub(super) fn input_interval(&self, id: usize) -> Interval {
        if self.network.is_table(id) {
            return Interval::new(0, 1);
        }
        self.types[self.network.nodes[id].inputs[0]].as_ref().expect("nodes are settled in order").interval
    }

    /// The integers of a settled node.
    pub(super) fn integer(&self, id: usize) -> &Batch {
        self.integers[id].as_ref().expect("nodes are settled in order")
    }

    pub(super) fn coefficients(&self, id: usize) -> Result<Coefficients, QuantizeError> {
        let node = &self.network.nodes[id];
        let refused = || QuantizeError::malformed(&node.name, "its input has another scale at each position");
        let mut coefficients = Coefficients::of(node, self.grid(node.inputs[0])).ok_or_else(refused)?;
        if self.is_rectified(id) {
            coefficients.silence(self.input_interval(id));
        }
        Ok(coefficients)
    }

    /// Whether nothing but a ReLU reads a node.
    fn is_rectified(&self, id: usize) -> bool {
        let relu = |reader: usize| matches!(self.network.nodes[reader].op, Op::Apply(Function::Relu));
        id != self.network.output && self.network.readers(id).all(relu)
    }

    /// What the integers of a layer may be.
    pub(super) fn limits(&self, id: usize, fan_in: usize) -> Limits {
        let kept = self.like.map(|like| like::limits(like, id));
        let (bias, norm) = kept.unwrap_or((None, None));
        let first = self.limits_at_first(id, fan_in);
        Limits { bias: bias.unwrap_or(first.bias), norm, ..first }
    }

    /// The same without an architecture to keep to.
    fn limits_at_first(&self, id: usize, fan_in: usize) -> Limits {
        let weight = self.weight_bound(id);
        // A layer that reads nothing but zeros has its biases all the same.
        let input = self.input_interval(id);
        let nothing = input.magnitude() == 0;
        let bits = self.settings.bits.activations[self.network.nodes[id].inputs[0]];
        let input = if nothing { Interval::new(0, (1 << bits) - 1) } else { input };
        Limits { weight, bias: bias_bound(fan_in, input, weight), norm: None }
    }

    pub(super) fn least(&self, id: usize) -> Result<Array1<f64>, QuantizeError> {
        let coefficients = self.coefficients(id)?;
        Ok(coefficients.least(&self.limits(id, coefficients.fan_in)))
    }

    /// What [`Self::least`] is without an architecture to keep to.
    pub(super) fn least_at_first(&self, id: usize) -> Result<Array1<f64>, QuantizeError> {
        let coefficients = self.coefficients(id)?;
        Ok(coefficients.least(&self.limits_at_first(id, coefficients.fan_in)))
    }
}
