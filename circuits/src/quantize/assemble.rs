//! Puts the integer program together, layer by layer along the network, with the calibration records running along.
//!
//! Accumulators have no scale of their own: the activation that reads them, or the scores, decides it. So a *sink* (an
//! activation or the output) settles all accumulators before it at once: a single layer, or the terms of a sum.

use ndarray::{Array2, ArrayD};

use super::classes::Classes;
use super::error::QuantizeError;
use super::forms::{Fixed, Form};
use super::grid::Grid;
use super::integers::Batch;
use super::network::{Function, Network, Op};
use super::options::{Options, Settings};
use super::{QuantizedModel, like, quotients};
use crate::Feature;
use crate::architecture::{Architecture, LayerNode, ParameterSpec, Policy};
use crate::layers::ValueType;

/// The integer program and what its values stand for.
pub(super) struct Assembled {
    pub(super) model: QuantizedModel,
    /// Of the calibration records, one row for each, in units of the float network.
    pub(super) scores: Array2<f64>,
    /// Of each node of the network; value `i` of the architecture is node `i`.
    pub(super) grids: Vec<Grid>,
}

/// Quantises a network in normal form; `floats` are its values on the calibration records.
pub(super) fn assemble(
    network: &Network,
    floats: &[Array2<f64>],
    calibration: &[Vec<f64>],
    settings: &Settings,
    classes: &Classes,
    options: &Options<'_>,
) -> Result<Assembled, QuantizeError> {
    options.like.map_or(Ok(()), |like| like::same_graph(like, network))?;
    let mut assembly = Assembly::new(network, floats, calibration, (settings, classes), options.like)?;
    for id in 1..network.nodes.len() {
        match &network.nodes[id].op {
            Op::Apply(function) => assembly.activation(id, function)?,
            _ if assembly.is_ready(id) && network.nodes[id].settles() => {
                assembly.emit(id, &|_| 1.0)?;
            }
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
    pub(super) classes: &'a Classes,
    pub(super) like: Option<&'a Architecture>,
    pub(super) grids: Vec<Option<Grid>>,
    pub(super) types: Vec<Option<ValueType>>,
    pub(super) integers: Vec<Option<Batch>>,
    pub(super) layers: Vec<Option<LayerNode>>,
    pub(super) specs: Vec<ParameterSpec>,
    pub(super) tensors: Vec<ArrayD<i64>>,
    /// Step of every activation with a public scale that nothing else fixes.
    pub(super) shared: f64,
    /// Step of the activations of each class.
    pub(super) targets: Vec<f64>,
    /// Classes whose step is used already.
    pub(super) used: Vec<bool>,
}

impl<'a> Assembly<'a> {
    fn new(
        network: &'a Network,
        floats: &'a [Array2<f64>],
        calibration: &[Vec<f64>],
        (settings, classes): (&'a Settings, &'a Classes),
        like: Option<&'a Architecture>,
    ) -> Result<Self, QuantizeError> {
        let (encoding, shape) = (&settings.encoding, network.nodes[0].shape.clone());
        let records = calibration.iter().map(|raw| encoding.encode(raw, Policy::Saturate));
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let each = |part: fn(&Feature) -> f64| (0..encoding.len).map(|k| part(encoding.feature(k))).collect();
        let record = Grid { zero: each(|feature| feature.zero), step: each(|feature| feature.step), shifted: true };
        let len = network.nodes.len();
        let mut assembly = Self {
            network,
            floats,
            settings,
            classes,
            like,
            grids: vec![None; len],
            types: vec![None; len],
            integers: (0..len).map(|_| None).collect(),
            layers: vec![None; len - 1],
            specs: Vec::new(),
            tensors: Vec::new(),
            shared: 1.0,
            targets: vec![0.0; classes.len()],
            used: vec![false; classes.len()],
        };
        assembly.integers[0] = Some(Batch::records(&records, &shape));
        assembly.grids[0] = Some(record);
        assembly.types[0] = Some(ValueType { shape, interval: encoding.interval });
        assembly.choose_targets();
        Ok(assembly)
    }

    /// Largest weight of node `id`.
    pub(super) fn weight_bound(&self, id: usize) -> i64 {
        (1 << (self.settings.bits.weights[id] - 1)) - 1
    }

    /// The activation of node `id` as integers.
    pub(super) fn form(&self, id: usize, function: &Function) -> Result<Form, QuantizeError> {
        let bits = self.settings.bits.activations[id];
        match self.like {
            Some(like) => like::form(like, id, function, bits, &[]),
            None => Ok(self.form_at_first(id, function, 1.0)),
        }
    }

    /// The same without an architecture to keep to, with keys so many times as far apart as they could be.
    pub(super) fn form_at_first(&self, id: usize, function: &Function, coarser: f64) -> Form {
        let (bits, input) = (self.settings.bits.activations[id], self.network.nodes[id].inputs[0]);
        let largest = |id: usize| self.floats[id].iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        match function {
            Function::Other(_) => {
                let Fixed { key, value } = Form::calibrated(function, bits, largest(input), largest(id));
                Form::tabulated(function, bits, Fixed { key: key * coarser, value })
            }
            Function::Factor(program) => quotients::form(program, &self.floats[input], bits, coarser),
            _ => Form::new(function, bits, coarser),
        }
    }

    pub(super) fn grid(&self, id: usize) -> &Grid {
        self.grids[id].as_ref().expect("nodes are settled in order")
    }

    fn is_ready(&self, id: usize) -> bool {
        self.network.nodes[id].inputs.iter().all(|&input| self.grids[input].is_some())
    }
}
