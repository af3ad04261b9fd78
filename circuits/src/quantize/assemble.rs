//! Puts the integer program together, layer by layer along the network, with the calibration records running along.
//!
//! Accumulators have no scale of their own: the activation that reads them, or the scores, decides it. So a *sink* (an
//! activation or the output) settles all accumulators before it at once: a single layer, or the terms of a sum.

use ndarray::{Array1, Array2, ArrayD, s};

use super::error::QuantizeError;
use super::forms::{Form, power_above};
use super::integers::Batch;
use super::network::{Function, Network, Node, Op};
use super::options::{Options, Settings};
use super::scheme::{Channels, Choice, bias_bound, largest, ranges};
use super::{QuantizedModel, like};
use crate::Feature;
use crate::architecture::{Architecture, LayerNode, ParameterSpec, Policy};
use crate::layers::ValueType;

/// What the integers of a value stand for: `zero + step·integer`, entry by entry. Secret, but for record and scores.
#[derive(Clone)]
pub(super) struct Grid {
    pub(super) zero: Array1<f64>,
    pub(super) step: Array1<f64>,
}

impl Grid {
    pub(super) fn steps(step: Array1<f64>) -> Self {
        Self { zero: Array1::zeros(step.len()), step }
    }

    /// Zero and step of each entry of the last axis, if they are the same at every position.
    pub(super) fn channels(&self, channels: usize) -> Option<(Array1<f64>, Array1<f64>)> {
        let one = |entries: &Array1<f64>| {
            let first = entries.slice(s![..channels]).to_owned();
            entries.exact_chunks(channels).into_iter().all(|position| position == first).then_some(first)
        };
        Some((one(&self.zero)?, one(&self.step)?))
    }
}

/// The integer program and what its values stand for.
pub(super) struct Assembled {
    pub(super) model: QuantizedModel,
    /// Of each node of the network; value `i` of the architecture is node `i`.
    pub(super) grids: Vec<Grid>,
}

/// How much larger the largest weight before the scores may become in a retrained model, at least.
const HEADROOM: f64 = 1.25;

/// Smallest share of an activation's step that an accumulator's unit may be.
const FINEST: f64 = 1.0 / (1u64 << 30) as f64;

/// Quantises a network in normal form; `floats` are its values on the calibration records.
pub(super) fn assemble(
    network: &Network,
    floats: &[Array2<f64>],
    calibration: &[Vec<f64>],
    settings: &Settings,
    options: &Options<'_>,
) -> Result<Assembled, QuantizeError> {
    options.like.map_or(Ok(()), |like| like::same_graph(like, network))?;
    let mut assembly = Assembly::new(network, floats, calibration, settings, options.like)?;
    for id in 1..network.nodes.len() {
        match network.nodes[id].op {
            Op::Apply(function) => assembly.activation(id, function)?,
            Op::Move(_) | Op::Concat { .. } if assembly.is_ready(id) => assembly.emit(id, 1.0)?,
            _ => {}
        }
    }
    if !matches!(network.nodes[network.output].op, Op::Apply(_)) {
        assembly.scores()?;
    }
    assembly.finish()
}

pub(super) struct Assembly<'a> {
    pub(super) network: &'a Network,
    pub(super) floats: &'a [Array2<f64>],
    pub(super) settings: &'a Settings,
    pub(super) like: Option<&'a Architecture>,
    pub(super) grids: Vec<Option<Grid>>,
    pub(super) types: Vec<Option<ValueType>>,
    pub(super) integers: Vec<Option<Batch>>,
    pub(super) layers: Vec<Option<LayerNode>>,
    pub(super) specs: Vec<ParameterSpec>,
    pub(super) tensors: Vec<ArrayD<i64>>,
    /// Step of every activation that shares its scale with others.
    pub(super) shared: f64,
}

impl<'a> Assembly<'a> {
    fn new(
        network: &'a Network,
        floats: &'a [Array2<f64>],
        calibration: &[Vec<f64>],
        settings: &'a Settings,
        like: Option<&'a Architecture>,
    ) -> Result<Self, QuantizeError> {
        let (encoding, shape) = (&settings.encoding, network.nodes[0].shape.clone());
        let records = calibration.iter().map(|raw| encoding.encode(raw, Policy::Saturate));
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let each = |part: fn(&Feature) -> f64| (0..encoding.len).map(|k| part(encoding.feature(k))).collect();
        let record = Grid { zero: each(|feature| feature.zero), step: each(|feature| feature.step) };
        let len = network.nodes.len();
        let mut assembly = Self {
            network,
            floats,
            settings,
            like,
            grids: vec![None; len],
            types: vec![None; len],
            integers: (0..len).map(|_| None).collect(),
            layers: vec![None; len - 1],
            specs: Vec::new(),
            tensors: Vec::new(),
            shared: 1.0,
        };
        assembly.integers[0] = Some(Batch::records(&records, &shape));
        assembly.grids[0] = Some(record);
        assembly.types[0] = Some(ValueType { shape, interval: encoding.interval });
        assembly.shared = assembly.shared_step();
        Ok(assembly)
    }

    /// Largest weight.
    pub(super) fn weight_bound(&self) -> i64 {
        (1 << (self.settings.weight_bits - 1)) - 1
    }

    /// The activation of node `id` as integers.
    fn form(&self, id: usize, function: Function) -> Result<Form, QuantizeError> {
        let bits = self.settings.activation_bits;
        match self.like {
            Some(like) => like::form(like, id, function, bits),
            None => Ok(Form::new(function, bits, 1.0)),
        }
    }

    pub(super) fn grid(&self, id: usize) -> &Grid {
        self.grids[id].as_ref().expect("nodes are settled in order")
    }

    fn is_ready(&self, id: usize) -> bool {
        self.network.nodes[id].inputs.iter().all(|&input| self.grids[input].is_some())
    }

    /// Whether all entries of an activation must have one scale: where it enters a sum or the scores, or is moved and then
    /// multiplied position by position.
    fn is_shared(&self, id: usize, moved: bool) -> bool {
        let shares = |reader: usize| {
            let node = &self.network.nodes[reader];
            match node.op {
                Op::Sum(_) => true,
                Op::Dense(_) => moved && node.len() > node.width(),
                Op::Move(_) | Op::Concat { .. } => self.is_shared(reader, true),
                _ => false,
            }
        };
        id == self.network.output || self.network.readers(id).any(shares)
    }

    /// The power of two that serves every activation with a shared scale.
    fn shared_step(&self) -> f64 {
        let output = self.network.output;
        if let (Some(like), Op::Apply(_)) = (self.like, &self.network.nodes[output].op) {
            return like.score_scale;
        }
        let step = |(id, node): (usize, &Node)| {
            let Op::Apply(function) = node.op else { return None };
            let form = Form::new(function, self.settings.activation_bits, 1.0);
            let free = form.fixed.is_some() || !self.is_shared(id, false);
            (!free).then(|| power_above(self.range(id, function, &form, 1)[0] / form.top as f64))
        };
        self.network.nodes.iter().enumerate().filter_map(step).reduce(f64::max).unwrap_or(1.0)
    }

    /// Largest activation of each channel, as far as it is worth representing.
    fn range(&self, id: usize, function: Function, form: &Form, channels: usize) -> Array1<f64> {
        match function {
            Function::LeakyRelu(_) => {
                let before = largest(&self.floats[self.network.nodes[id].inputs[0]], channels) / 4.0;
                let after = largest(&self.floats[id], channels);
                after.iter().zip(&before).map(|(a, b)| a.max(*b)).collect()
            }
            _ => ranges(&self.floats[id], channels, form.top),
        }
    }

    /// Settles an activation and the accumulators that it reads.
    fn activation(&mut self, id: usize, function: Function) -> Result<(), QuantizeError> {
        let mut form = self.form(id, function)?;
        let root = self.network.nodes[id].inputs[0];
        let single = !matches!(self.network.nodes[root].op, Op::Sum(_));
        let target = match form.fixed {
            Some(fixed) => Some(fixed.key),
            None if self.is_shared(id, false) => Some(self.shared),
            None => None,
        };
        let shift = match target {
            None if single => self.free(id, root, function, &form)?,
            _ => self.uniform(id, root, function, &mut form, target)?,
        };
        self.requantise(id, root, shift, &form)
    }

    /// A scale per channel, private: the next dense layer absorbs it.
    fn free(&mut self, id: usize, root: usize, function: Function, form: &Form) -> Result<u32, QuantizeError> {
        let channels = self.channels(id, root, function, form)?;
        let bound = self.type_bound(root)?;
        let shifts = (0..=30).filter(|shift| bound >> shift < 1 << 23);
        let choice = match self.like {
            Some(like) => {
                let shift = like::shift(like, id)?;
                Choice { shift, scale: channels.scale(shift, form.top) }
            }
            None => channels.choose(form.top, shifts),
        };
        self.linear(root, &choice.scale)?;
        Ok(choice.shift)
    }

    /// Magnitude that the accumulator of a linear node may reach.
    fn type_bound(&self, id: usize) -> Result<i64, QuantizeError> {
        let (coefficients, input) = (self.coefficients(id)?, self.input_interval(id));
        let weight = self.weight_bound();
        let products = coefficients.fan_in as f64 * input.magnitude() as f64 * weight as f64;
        Ok(products.min(2f64.powi(60)) as i64 + bias_bound(coefficients.fan_in, input, weight))
    }

    fn channels(&self, id: usize, root: usize, function: Function, form: &Form) -> Result<Channels, QuantizeError> {
        let least = self.least(root)?;
        let count = least.len();
        let input = self.network.nodes[root].inputs[0];
        let integers = self.integers[input].as_ref().expect("nodes are settled in order");
        let spread = match self.network.nodes[root].op {
            Op::Scale(_) => integers.variance(count) + 1.0,
            _ => Array1::from_elem(count, integers.variance(self.network.nodes[input].width()).sum() + 1.0),
        };
        let range = self.range(id, function, form, count);
        let importance = self.importance(id, &range);
        Ok(Channels { range, least, spread, importance })
    }

    /// What the next dense layers make of an error of each channel; without one, errors count relative to the range.
    fn importance(&self, id: usize, range: &Array1<f64>) -> Array1<f64> {
        let next = self.network.readers(id).filter_map(|reader| match &self.network.nodes[reader].op {
            Op::Dense(linear) if linear.weight.nrows() == range.len() => {
                Some(linear.weight.mapv(|w| w * w).sum_axis(ndarray::Axis(1)))
            }
            _ => None,
        });
        next.reduce(|a, b| a + b).unwrap_or_else(|| range.mapv(|r| if r > 0.0 { r.powi(-2) } else { 0.0 }))
    }

    /// One scale for all channels, a power of two.
    fn uniform(
        &mut self,
        id: usize,
        root: usize,
        function: Function,
        form: &mut Form,
        target: Option<f64>,
    ) -> Result<u32, QuantizeError> {
        let members = self.members(root);
        let mut target = target.unwrap_or_else(|| power_above(self.range(id, function, form, 1)[0] / form.top as f64));
        if let Some(like) = self.like {
            let shift = like::shift(like, id)?;
            self.settle(&members, target * 0.5f64.powi(shift as i32))?;
            return Ok(shift);
        }
        let least = power_above(self.least_of(&members)?);
        if members.len() == 1 && least > target {
            let coarser = form.fixed.map(|_| least / target);
            *form = Form::new(function, self.settings.activation_bits, coarser.unwrap_or(1.0));
            target = least;
        }
        let scale = least.min(self.finest_of(&members)).clamp(target * FINEST, target);
        self.settle(&members, scale)?;
        Ok((target / scale).log2().round() as u32)
    }

    /// Settles the scores: accumulators of one public scale.
    fn scores(&mut self) -> Result<(), QuantizeError> {
        let members = self.members(self.network.output);
        let scale = match self.like {
            Some(like) => like.score_scale,
            None => power_above(HEADROOM * self.least_of(&members)?).min(self.finest_of(&members)),
        };
        self.settle(&members, scale)
    }
}
