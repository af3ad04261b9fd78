//! Normal form: rounding is a node of its own, and it is where the integer program needs it.
//!
//! Afterwards every activation reads one accumulator that nothing else reads; layers with weights, means and movement read
//! requantised values; a sum reads accumulators or activations; what leads to the scores alone stays unrounded. Where the
//! graph has it otherwise, an identity activation (rounding) or a sum of one term (an accumulator again) is put between; of the record,
//! whose integers have an offset, and of joined values with different scales, a scaling by one.
//!
//! The largest of accumulators is proven with fewer rows than the largest of activations where the windows part them among
//! themselves: then only it is rounded, if nothing else reads the others, and rounding and activation, which never fall, come after.

use ndarray::Array1;

use super::classes::is_fixed;
use super::draft::{entrywise, is_planar};
use super::network::{Function, Network, Node, Op, Scaling};

/// Brings a fused network to normal form.
pub(super) fn normalise(network: &Network) -> Network {
    let mut rebuild = Rebuild::new(network);
    for (id, node) in network.nodes.iter().enumerate() {
        let copy = match rebuild.delayed(id) {
            Some(pool) => rebuild.pooled(id, pool),
            None if rebuild.is_done(id) => rebuild.copies[node.inputs[0]],
            None => rebuild.copy(id),
        };
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
        for id in (0..len).rev().filter(|&id| old.nodes[id].passes()) {
            to_scores[id] = old.readers(id).all(|reader| to_scores[reader]);
        }
        let (copies, rounded) = (Vec::new(), vec![None; len]);
        Self { old, nodes: Vec::new(), readers: (0..len).map(readers).collect(), to_scores, copies, rounded }
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn copy(&mut self, id: usize) -> usize {
        let node = &self.old.nodes[id];
        let inputs = node.inputs.iter().map(|&input| self.input(id, input)).collect();
        let op = match &node.op {
            Op::Average(mean) if self.old.keeps_scale(id) => Op::Average(mean.binary()),
            op => op.clone(),
        };
        self.push(Node { inputs, op, ..node.clone() })
    }

    /// The pooling that comes before activation `id` although the graph has it after.
    fn delayed(&self, id: usize) -> Option<usize> {
        let Op::Apply(function) = &self.old.nodes[id].op else { return None };
        let only = (self.readers[id] == 1 && function.is_monotone()).then(|| self.old.readers(id).next())??;
        self.parts(only).then_some(only)
    }

    /// Whether a node is a pooling whose windows part the entries, and it does not lead to the scores.
    fn parts(&self, id: usize) -> bool {
        matches!(&self.old.nodes[id].op, Op::MaxPool(window) if window.partitions()) && !self.to_scores[id]
    }

    /// Whether a pooling has been put before the activation that it reads.
    fn is_done(&self, id: usize) -> bool {
        matches!(self.old.nodes[id].op, Op::MaxPool(_)) && self.delayed(self.old.nodes[id].inputs[0]).is_some()
    }

    fn pooled(&mut self, id: usize, pool: usize) -> usize {
        let (apply, pool) = (&self.old.nodes[id], &self.old.nodes[pool]);
        let inputs = vec![self.accumulator(apply.inputs[0])];
        let largest = self.push(Node { inputs, ..pool.clone() });
        self.push(Node { inputs: vec![largest], shape: pool.shape.clone(), ..apply.clone() })
    }

    /// Whether a node's copy is an accumulator.
    fn accumulates(&self, id: usize) -> bool {
        let node = &self.old.nodes[id];
        let rescales = |input: usize| self.accumulates(input) && !self.old.nodes[input].multiplies();
        let pools = || self.parts(id) && self.readers[node.inputs[0]] == 1 && rescales(node.inputs[0]);
        node.accumulates() || pools()
    }

    /// What node `reader` reads instead of `id`.
    fn input(&mut self, reader: usize, id: usize) -> usize {
        match self.old.nodes[reader].op {
            Op::Apply(_) => self.accumulator(id),
            Op::Sum(_) if matches!(self.old.nodes[id].op, Op::Apply(_)) => self.copies[id],
            Op::Sum(_) => self.accumulator(id),
            Op::Multiply | Op::MatMul | Op::Share => self.factor(id, Function::Identity),
            Op::Standardize(_) => self.factor(id, Function::Fine),
            // Movement on the way to the scores is of accumulators already.
            Op::Average(_) if self.to_scores[reader] && self.to_scores[id] => self.copies[id],
            Op::Average(_) if self.to_scores[reader] => self.factor(id, Function::Identity),
            _ if self.to_scores[reader] => self.moved(id),
            Op::MaxPool(_) if self.accumulates(reader) => self.copies[id],
            _ => self.rounded(id),
        }
    }

    /// The value of `id` with one scale for all entries and the integer 0 for zero, as products and normalisations read it: entries of the
    /// record, and of values joined, are rounded anew.
    fn factor(&mut self, id: usize, function: Function) -> usize {
        if !self.is_of_record(id) && self.joined(id).is_none() {
            return self.rounded(id);
        }
        let rounded = self.rounded(id);
        let (copy, node) = (self.scaling(id, rounded), &self.old.nodes[id]);
        let (name, shape) = (format!("{}/factor", node.name), node.shape.clone());
        self.push(Node { name, op: Op::Apply(function), inputs: vec![copy], shape })
    }

    /// The node that joins several values into this one, if one does.
    fn joined(&self, id: usize) -> Option<usize> {
        let node = &self.old.nodes[id];
        match node.op {
            Op::Concat { .. } => Some(id),
            _ if node.passes() => self.joined(node.inputs[0]),
            _ => None,
        }
    }

    /// Whether a value joins others whose scales no class decides, so that its entries may have different ones.
    fn mixes(&self, id: usize) -> bool {
        self.joined(id).is_some_and(|id| self.old.nodes[id].inputs.iter().any(|&input| !self.is_free(input)))
    }

    fn is_free(&self, id: usize) -> bool {
        let node = &self.old.nodes[id];
        match node.op {
            Op::Apply(ref function) => {
                let before = &self.old.nodes[node.inputs[0]];
                !is_fixed(function) && !before.multiplies() && !before.normalises()
            }
            _ => node.is_linear() || node.passes() && node.inputs.iter().all(|&input| self.is_free(input)),
        }
    }

    /// Whether a value holds entries of the record as they were encoded.
    fn is_of_record(&self, id: usize) -> bool {
        let node = &self.old.nodes[id];
        matches!(node.op, Op::Input) || node.passes() && node.inputs.iter().any(|&input| self.is_of_record(input))
    }

    fn scores(&mut self, id: usize) -> usize {
        match self.old.nodes[id].op {
            Op::Apply(_) => self.copies[id],
            _ => self.moved(id),
        }
    }

    /// What leads to the scores. A product has the scale that its factors give, and needs a sum to have another.
    fn moved(&mut self, id: usize) -> usize {
        if self.to_scores[id] {
            return self.copies[id];
        }
        let (accumulator, node) = (self.accumulator(id), &self.old.nodes[id]);
        match self.nodes[accumulator].multiplies() {
            true => self.sum_of(&node.name, accumulator),
            false => accumulator,
        }
    }

    /// A sum of one term.
    fn sum_of(&mut self, name: &str, term: usize) -> usize {
        let shape = self.nodes[term].shape.clone();
        self.push(Node { name: format!("{name}/copy"), op: Op::Sum(vec![1]), inputs: vec![term], shape })
    }

    /// An accumulator with the value of `id` that one node may read.
    fn accumulator(&mut self, id: usize) -> usize {
        let node = &self.old.nodes[id];
        if self.accumulates(id) && self.readers[id] == 1 {
            return self.copies[id];
        }
        let rounded = self.rounded(id);
        if !self.is_of_record(id) && !self.mixes(id) {
            return self.sum_of(&node.name, rounded);
        }
        self.scaling(id, rounded)
    }

    /// An accumulator with the value of `id`, whose copy `rounded` is: each entry times one.
    fn scaling(&mut self, id: usize, rounded: usize) -> usize {
        let node = &self.old.nodes[id];
        let (ones, zeros) = (Array1::ones(node.len()), Array1::zeros(node.len()));
        let op = match is_planar(&self.old.nodes, id) {
            true => entrywise(&node.shape, &ones, &zeros),
            false => Op::Scale(Scaling { weight: ones, bias: zeros }.into()),
        };
        self.push(Node { name: format!("{}/copy", node.name), op, inputs: vec![rounded], shape: node.shape.clone() })
    }

    /// The value of `id`, requantised.
    fn rounded(&mut self, id: usize) -> usize {
        let node = &self.old.nodes[id];
        let mean = matches!(node.op, Op::Average(_));
        if !mean && !self.accumulates(id) {
            return self.copies[id];
        }
        if let Some(rounded) = self.rounded[id] {
            return rounded;
        }
        let (inputs, shape) = (vec![self.copies[id]], node.shape.clone());
        let name = format!("{}/round", node.name);
        // No mean of values above zero is below it, so that the sign's bit can be had for digits.
        let function = if mean && self.is_nonnegative(id) { Function::Relu } else { Function::Identity };
        let rounded = self.push(Node { name, op: Op::Apply(function), inputs, shape });
        self.rounded[id] = Some(rounded);
        rounded
    }

    fn is_nonnegative(&self, id: usize) -> bool {
        let node = &self.old.nodes[id];
        match node.op {
            Op::Apply(ref function) => function.is_nonnegative(),
            _ => node.passes() && node.inputs.iter().all(|&input| self.is_nonnegative(input)),
        }
    }
}
