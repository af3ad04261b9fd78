//! Normal form: rounding is a node of its own, and it is where the integer program needs it.
//!
//! Afterwards every activation reads one accumulator that nothing else reads; dense layers and movement read requantised
//! values; a sum reads accumulators or activations; what leads to the scores alone stays unrounded. Where the
//! graph has it otherwise, an identity activation (rounding) or a scaling by one (an accumulator again) is put between.

use ndarray::Array1;

use super::network::{Function, Network, Node, Op, Scaling};

/// Brings a fused network to normal form.
pub(super) fn normalise(network: &Network) -> Network {
    let mut rebuild = Rebuild::new(network);
    for (id, node) in network.nodes.iter().enumerate() {
        let inputs = node.inputs.iter().map(|&input| rebuild.input(id, input)).collect();
        let copy = rebuild.push(Node { inputs, ..node.clone() });
        rebuild.copies.push(copy);
    }
    let output = rebuild.scores(network.output);
    Network { nodes: rebuild.nodes, output }
}

struct Rebuild<'a> {
    old: &'a Network,
    nodes: Vec<Node>,
    /// Number of readers of each old node, the output counting as one.
    readers: Vec<usize>,
    /// Whether an old node is movement that leads to the scores and nowhere else.
    to_scores: Vec<bool>,
    copies: Vec<usize>,
    rounded: Vec<Option<usize>>,
}

impl<'a> Rebuild<'a> {
    fn new(old: &'a Network) -> Self {
        let readers = |id| old.readers(id).count() + usize::from(id == old.output);
        let len = old.nodes.len();
        let mut to_scores = vec![false; len];
        for id in (0..len).rev().filter(|&id| old.nodes[id].moves()) {
            to_scores[id] = old.readers(id).all(|reader| to_scores[reader]);
        }
        let (copies, rounded) = (Vec::new(), vec![None; len]);
        Self { old, nodes: Vec::new(), readers: (0..len).map(readers).collect(), to_scores, copies, rounded }
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// What node `reader` reads instead of `id`.
    fn input(&mut self, reader: usize, id: usize) -> usize {
        match self.old.nodes[reader].op {
            Op::Apply(_) => self.accumulator(id),
            Op::Sum(_) if matches!(self.old.nodes[id].op, Op::Apply(_)) => self.copies[id],
            Op::Sum(_) => self.accumulator(id),
            Op::Move(_) | Op::Concat { .. } if self.to_scores[reader] => self.moved(id),
            _ => self.rounded(id),
        }
    }

    fn scores(&mut self, id: usize) -> usize {
        match self.old.nodes[id].op {
            Op::Apply(_) => self.copies[id],
            _ => self.moved(id),
        }
    }

    fn moved(&mut self, id: usize) -> usize {
        if self.to_scores[id] { self.copies[id] } else { self.accumulator(id) }
    }

    /// An accumulator with the value of `id` that one node may read.
    fn accumulator(&mut self, id: usize) -> usize {
        let node = &self.old.nodes[id];
        if node.accumulates() && self.readers[id] == 1 {
            return self.copies[id];
        }
        let map = Scaling { weight: Array1::ones(node.len()), bias: Array1::zeros(node.len()) };
        let inputs = vec![self.rounded(id)];
        self.push(Node { name: format!("{}/copy", node.name), op: Op::Scale(map), inputs, shape: node.shape.clone() })
    }

    /// The value of `id`, requantised.
    fn rounded(&mut self, id: usize) -> usize {
        let node = &self.old.nodes[id];
        if !node.accumulates() {
            return self.copies[id];
        }
        if let Some(rounded) = self.rounded[id] {
            return rounded;
        }
        let (inputs, shape) = (vec![self.copies[id]], node.shape.clone());
        let name = format!("{}/round", node.name);
        let rounded = self.push(Node { name, op: Op::Apply(Function::Identity), inputs, shape });
        self.rounded[id] = Some(rounded);
        rounded
    }
}
