//! Bits of every layer: what the graph has as a whole, what layers have by name, and which layers must have the same.
//!
//! | a layer that | its bits are |
//! |---|---|
//! | has weights | its own: a finer layer has larger integers, and its scales follow |
//! | rounds, where a scale is shared: residual stages, what leads to the scores, what products read | those of all that share it, the most that any was given |
//! | rounds otherwise, or is a table | its own |
//! | divides: shares of a softmax, standard scores | its own |
//!
//! A shared scale is decided by the layer that needs the coarsest one. One of them alone with more bits would have a wider range, and no
//! finer step; so they go together. Layers of one name, such as the steps of a recurrent network, go together too.

use std::collections::BTreeMap;

use super::classes::{Classes, is_fixed, is_free};
use super::error::QuantizeError;
use super::like;
use super::network::{Network, Op};
use super::options::Options;

/// Bits of some layers, by name, where they differ from the graph's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerBits {
    /// Of the weights of layers that have some.
    pub weights: BTreeMap<String, u32>,
    /// Of what layers round to.
    pub activations: BTreeMap<String, u32>,
}

/// Bits by node of the network.
pub(super) struct Bits {
    /// Of weights; what the graph has where a node has none.
    pub(super) weights: Vec<u32>,
    /// Of values, as they come out of the activation, softmax or normalisation that made them.
    pub(super) activations: Vec<u32>,
}

impl Bits {
    /// The bits that the options ask for, or that the architecture has which they keep to.
    pub(super) fn settle(network: &Network, classes: &Classes, options: &Options<'_>) -> Result<Self, QuantizeError> {
        let given = &options.layers;
        if options.like.is_some() && *given != LayerBits::default() {
            return Err(QuantizeError::NoBits { reason: "bits are those of the architecture to keep to" });
        }
        check("weights", given.weights.keys(), &weighted(network))?;
        check("activations", given.activations.keys(), &rounding(network))?;
        let own = |names: &BTreeMap<String, u32>, graph: u32| -> Vec<u32> {
            network.nodes.iter().map(|node| names.get(&node.name).copied().unwrap_or(graph)).collect()
        };
        let weights = own(&given.weights, options.weight_bits);
        let mut activations = vec![options.activation_bits; network.nodes.len()];
        for group in groups(network, classes) {
            let most = group.iter().filter_map(|&id| given.activations.get(&network.nodes[id].name)).max();
            group.iter().for_each(|&id| activations[id] = most.copied().unwrap_or(options.activation_bits));
        }
        let mut bits = Self { weights, activations };
        if let Some(architecture) = options.like {
            like::bits(architecture, network, &mut bits);
        }
        bits.pass(network);
        Ok(bits)
    }

    /// What moves, picks or averages has the bits of what it reads.
    fn pass(&mut self, network: &Network) {
        for (id, node) in network.nodes.iter().enumerate().filter(|(_, node)| node.passes()) {
            let most = node.inputs.iter().map(|&input| self.activations[input]).max();
            self.activations[id] = most.unwrap_or(self.activations[id]);
        }
    }

    /// Fewest and most bits of weights.
    pub(super) fn of_weights(&self, network: &Network) -> (u32, u32) {
        let bits = || (0..network.nodes.len()).filter(|&id| network.nodes[id].is_linear()).map(|id| self.weights[id]);
        (bits().min().unwrap_or_default(), bits().max().unwrap_or_default())
    }
}

/// Names of the layers with weights, in order.
pub(super) fn weighted(network: &Network) -> Vec<String> {
    names(network, |id| network.nodes[id].is_linear())
}

/// Names of the layers that round, in order.
fn rounding(network: &Network) -> Vec<String> {
    names(network, |id| rounds(network, id))
}

fn names(network: &Network, is: impl Fn(usize) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    for id in (0..network.nodes.len()).filter(|&id| is(id)) {
        let name = &network.nodes[id].name;
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn rounds(network: &Network, id: usize) -> bool {
    matches!(network.nodes[id].op, Op::Apply(_)) || network.nodes[id].normalises()
}

/// Refuses names that no layer has.
fn check<'n>(
    what: &'static str,
    given: impl Iterator<Item = &'n String>,
    known: &[String],
) -> Result<(), QuantizeError> {
    let mut given = given;
    match given.find(|name| !known.contains(name)) {
        Some(name) => Err(QuantizeError::UnknownLayer { what, name: name.clone(), known: known.to_vec() }),
        None => Ok(()),
    }
}

/// The nodes that round, those together that have one number of bits.
pub(super) fn groups(network: &Network, classes: &Classes) -> Vec<Vec<usize>> {
    let mut groups: Vec<Group> = Vec::new();
    for id in (0..network.nodes.len()).filter(|&id| rounds(network, id)) {
        let mut joined = Group::of(network, classes, id);
        let (same, others): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|group| group.meets(&joined));
        same.into_iter().for_each(|group| joined.join(group));
        groups = others;
        groups.push(joined);
    }
    groups.iter_mut().for_each(|group| group.nodes.sort_unstable());
    groups.sort_by_key(|group| group.nodes[0]);
    groups.into_iter().map(|group| group.nodes).collect()
}

/// Nodes that share a name or a scale, with their names and the classes of their scales.
struct Group {
    nodes: Vec<usize>,
    names: Vec<String>,
    labels: Vec<u32>,
}

impl Group {
    fn of(network: &Network, classes: &Classes, id: usize) -> Self {
        let labels = if shares(network, id) { classes.labels(id).to_vec() } else { Vec::new() };
        let mut group = Self { nodes: vec![id], names: vec![network.nodes[id].name.clone()], labels };
        group.tidy();
        group
    }

    fn meets(&self, other: &Self) -> bool {
        let common = |label: &u32| other.labels.binary_search(label).is_ok();
        self.labels.iter().any(common) || self.names.iter().any(|name| other.names.contains(name))
    }

    fn join(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
        self.names.extend(other.names);
        self.labels.extend(other.labels);
        self.tidy();
    }

    fn tidy(&mut self) {
        self.labels.sort_unstable();
        self.labels.dedup();
        self.names.sort_unstable();
        self.names.dedup();
    }
}

/// Whether a node's scale is that of its classes: of a mean, only where others read it together with them.
fn shares(network: &Network, id: usize) -> bool {
    match &network.nodes[id].op {
        Op::Apply(function) if !is_fixed(function) => is_free(network, id) || network.keeps_scale(id),
        _ => false,
    }
}
