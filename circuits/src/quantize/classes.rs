//! Which entries must have one scale: classes of entries, by the graph alone.
//!
//! Every channel of a layer with weights starts as a class of its own. What reads it joins classes: a sum those of its terms, entry by
//! entry; a convolution or pooling those of a plane; a dense layer those of its positions; scores and tables all of them, and a
//! product all those of each factor. Movement carries classes along. One scale serves a class, up to powers of two that are public. It is
//! private, unless a table, the scores or a product fix it: what products read and make has powers of two that the architecture tells.

use std::collections::HashSet;

use super::network::{Function, Network, Node, Op};

/// The class of every entry of every node.
pub(super) struct Classes {
    labels: Vec<Vec<u32>>,
    /// How many activations take part in each class.
    activations: Vec<u32>,
    /// Classes whose scale is told and a power of two, without being that of the scores.
    told: Vec<bool>,
}

/// The class of scales that are public.
pub(super) const PUBLIC: u32 = 0;

impl Classes {
    /// The classes of a network in normal form.
    pub(super) fn of(network: &Network) -> Self {
        let mut join = Join { parents: vec![PUBLIC], told: Vec::new() };
        let mut labels: Vec<Vec<u32>> = Vec::with_capacity(network.nodes.len());
        for node in &network.nodes {
            let own = join.node(node, &labels);
            labels.push(own);
        }
        join.all(&labels[network.output], PUBLIC);
        join.spread_fixed(network, &labels);
        labels.iter_mut().flatten().for_each(|label| *label = join.find(*label));
        let mut activations = vec![0; join.parents.len()];
        for id in (0..labels.len()).filter(|&id| is_free(network, id)) {
            let mut own = labels[id].clone();
            own.sort_unstable();
            own.dedup();
            own.iter().for_each(|&label| activations[label as usize] += 1);
        }
        let mut told = vec![false; join.parents.len()];
        join.told.clone().into_iter().for_each(|label| told[join.find(label) as usize] = true);
        Self { labels, activations, told }
    }

    /// The class of every entry of a node.
    pub(super) fn labels(&self, id: usize) -> &[u32] {
        &self.labels[id]
    }

    /// Number of labels.
    pub(super) fn len(&self) -> usize {
        self.activations.len()
    }

    /// Whether a node's scale is public.
    pub(super) fn is_public(&self, id: usize) -> bool {
        self.labels[id].contains(&PUBLIC)
    }

    /// Whether a node's scale is a power of two that the architecture tells, one for all its entries.
    pub(super) fn is_told(&self, id: usize) -> bool {
        self.labels[id].iter().any(|&label| self.told[label as usize])
    }

    /// Whether a class's scale is a power of two that the architecture tells.
    pub(super) fn tells(&self, label: u32) -> bool {
        self.told[label as usize]
    }

    /// Whether a node's scales are those of other activations too.
    pub(super) fn is_tied(&self, id: usize) -> bool {
        self.labels[id].iter().any(|&label| self.activations[label as usize] > 1)
    }

    /// Whether the record's entries need no scale in common.
    pub(super) fn frees_record(&self) -> bool {
        let mut own = self.labels[0].clone();
        own.sort_unstable();
        own.dedup();
        own.len() == self.labels[0].len()
    }
}

/// Whether a node is an activation that may have any scale.
pub(super) fn is_free(network: &Network, id: usize) -> bool {
    let node = &network.nodes[id];
    match node.op {
        Op::Apply(ref function) => !is_fixed(function) && !matches!(network.nodes[node.inputs[0]].op, Op::Average(_)),
        _ => false,
    }
}

/// Whether a function fixes the scale of what it reads.
pub(super) fn is_fixed(function: &Function) -> bool {
    use Function::{Clip, Decay, Factor, Other, Sigmoid, Tanh};
    matches!(function, Clip(..) | Sigmoid | Tanh | Decay | Other(_) | Factor(_))
}

/// Disjoint sets of labels; the smallest stands for its set.
struct Join {
    parents: Vec<u32>,
    /// Labels whose scales are told.
    told: Vec<u32>,
}

impl Join {
    fn find(&mut self, label: u32) -> u32 {
        let mut at = label;
        while self.parents[at as usize] != at {
            let up = self.parents[self.parents[at as usize] as usize];
            self.parents[at as usize] = up;
            at = up;
        }
        at
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.parents[a.max(b) as usize] = a.min(b);
    }

    fn all(&mut self, labels: &[u32], with: u32) {
        labels.iter().for_each(|&label| self.unite(label, with));
    }

    /// Gives all of a value's entries one scale that is told.
    fn tell(&mut self, labels: &[u32]) {
        if let Some(&first) = labels.first() {
            self.all(labels, first);
            self.told.push(first);
        }
    }

    fn fresh(&mut self, count: usize) -> u32 {
        let first = self.parents.len() as u32;
        self.parents.extend(first..first + count as u32);
        first
    }

    /// `count` fresh labels, each for `each` entries in a row, all of them repeated up to `len`.
    fn channels(&mut self, count: usize, each: usize, len: usize) -> Vec<u32> {
        let first = self.fresh(count);
        (0..len).map(|k| first + (k / each.max(1) % count.max(1)) as u32).collect()
    }

    /// Joins each plane of `plane` entries; gives their labels.
    fn planes(&mut self, labels: &[u32], plane: usize) -> Vec<u32> {
        labels.chunks(plane.max(1)).map(|chunk| self.first(chunk)).collect()
    }

    fn first(&mut self, chunk: &[u32]) -> u32 {
        self.all(chunk, chunk[0]);
        chunk[0]
    }

    /// Joins what `node` reads as it must be, and labels its own entries.
    fn node(&mut self, node: &Node, labels: &[Vec<u32>]) -> Vec<u32> {
        let len = node.len();
        let input = node.inputs.first().map_or(&[][..], |&input| &labels[input]);
        match &node.op {
            Op::Input | Op::Scale(_) | Op::OneHot(_) => self.channels(len, 1, len),
            Op::Dense(linear) => {
                let width = linear.weight.nrows();
                input.iter().enumerate().for_each(|(k, &label)| self.unite(label, input[k % width]));
                self.channels(linear.bias.len(), 1, len)
            }
            Op::Conv(conv) => {
                self.planes(input, conv.window.entries());
                self.channels(conv.outputs(), conv.window.positions(), len)
            }
            Op::Apply(function) if is_fixed(function) => {
                self.tell(input);
                let own = self.channels(1, 1, len);
                self.tell(&own);
                own
            }
            Op::Apply(_) | Op::Move(None) => input.to_vec(),
            Op::Move(Some(picks)) => {
                picks.iter().map(|index| index.map_or_else(|| self.fresh(1), |index| input[index as usize])).collect()
            }
            Op::MaxPool(window) | Op::Average(super::windows::Averaging { window, .. }) => {
                let planes = self.planes(input, window.entries());
                planes.iter().flat_map(|&label| std::iter::repeat_n(label, window.positions())).collect()
            }
            Op::Sum(_) => {
                let others = node.inputs.iter().skip(1).flat_map(|&other| labels[other].iter().zip(input));
                others.for_each(|(&a, &b)| self.unite(a, b));
                input.to_vec()
            }
            Op::Concat { axis } => joined(node, labels, *axis),
            Op::Multiply | Op::MatMul | Op::Share | Op::Standardize(_) => {
                node.inputs.iter().for_each(|&input| self.tell(&labels[input]));
                let own = self.channels(1, 1, len);
                self.tell(&own);
                own
            }
        }
    }

    /// Labels of the sets whose scales are public or told.
    fn fixed(&mut self) -> HashSet<u32> {
        let told = self.told.clone().into_iter().map(|label| self.find(label));
        told.chain([PUBLIC]).collect()
    }

    /// An activation or a sum of which one entry's scale is public, or told, has that scale for all.
    fn spread_fixed(&mut self, network: &Network, labels: &[Vec<u32>]) {
        loop {
            let mut changed = false;
            let mut fixed = self.fixed();
            for (node, own) in network.nodes.iter().zip(labels) {
                if !matches!(node.op, Op::Apply(_) | Op::Sum(_)) {
                    continue;
                }
                let found: Vec<u32> = own.iter().map(|&label| self.find(label)).collect();
                let first = found.iter().find(|label| fixed.contains(label)).copied();
                if let Some(first) = first.filter(|first| found.iter().any(|label| label != first)) {
                    self.all(own, first);
                    fixed.insert(self.find(first));
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }
}

fn joined(node: &Node, labels: &[Vec<u32>], axis: usize) -> Vec<u32> {
    let blocks: usize = node.shape[..axis].iter().product();
    let part = |block: usize, input: usize| {
        let len = labels[input].len() / blocks.max(1);
        labels[input][block * len..][..len].iter().copied()
    };
    (0..blocks).flat_map(|block| node.inputs.iter().flat_map(move |&input| part(block, input))).collect()
}
