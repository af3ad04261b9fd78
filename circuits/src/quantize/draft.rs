//! Builds a fused network: every value is an earlier node with a pending entrywise affine map.
//!
//! `value = scale ⊙ base + shift`. Constants only ever touch `scale` and `shift`; the next dense layer absorbs them
//! (`W' = diag(scale)·W`, `b' = b + shift·W`), or the dense layer they follow does. Two dense layers in a row become one where
//! that takes no more weights. Which rule applies depends on the graph and its shapes, not on the weights.

pub(in crate::quantize) mod normalize;
mod sums;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, ArrayD, ArrayView1, Axis, concatenate, s};

pub(super) use windows::{entrywise, is_planar};

use super::network::{Function, Linear, Network, Node, Op, Picks};

/// A network under construction.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) nodes: Vec<Node>,
    /// Nodes that are left out at the end of a network, with what they read.
    pub(super) readouts: BTreeMap<usize, (Readout, Lazy)>,
    /// Convolutions that several nodes read: what is pending on them is not folded back, which would repeat them.
    pinned: BTreeSet<usize>,
}

/// What turns scores into probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readout {
    /// Softmax along an axis with this many entries.
    Softmax {
        /// The axis.
        axis: usize,
        /// Its entries.
        entries: usize,
    },
    /// Division by a norm along an axis with this many entries.
    Normalize(usize),
    /// Refused already; stands in so that later nodes are looked at too.
    Refused,
}

/// `scale ⊙ base + shift`, entries in row-major order of the base's shape.
#[derive(Clone)]
pub(super) struct Lazy {
    pub(super) base: usize,
    pub(super) scale: Array1<f64>,
    pub(super) shift: Array1<f64>,
    /// Whether the graph adds constants, whatever they are.
    pub(super) shifted: bool,
}

impl Lazy {
    /// Whether nothing is pending.
    pub(super) fn is_settled(&self) -> bool {
        self.scale.iter().all(|&a| a == 1.0) && self.shift.iter().all(|&b| b == 0.0)
    }
}

impl Draft {
    /// Adds a node.
    pub(super) fn push(&mut self, name: &str, op: Op, inputs: Vec<usize>, shape: Vec<usize>) -> Lazy {
        self.nodes.push(Node { name: name.to_owned(), op, inputs, shape });
        self.plain(self.nodes.len() - 1)
    }

    /// Node `base` with nothing pending.
    pub(super) fn plain(&self, base: usize) -> Lazy {
        let len = self.nodes[base].len();
        Lazy { base, scale: Array1::ones(len), shift: Array1::zeros(len), shifted: false }
    }

    /// Shape of a value.
    pub(super) fn shape(&self, value: &Lazy) -> &[usize] {
        &self.nodes[value.base].shape
    }

    /// `scale ⊙ value + shift`; folded into the value's dense layer if it is one.
    pub(super) fn affine(&mut self, value: &Lazy, scale: &Array1<f64>, shift: &Array1<f64>) -> Lazy {
        let (scale, shift) = (&value.scale * scale, &value.shift * scale + shift);
        let shifted = value.shifted || shift.iter().any(|&b| b != 0.0);
        let pending = Lazy { base: value.base, scale, shift, shifted };
        self.fold_back(&pending).unwrap_or(pending)
    }

    fn fold_back(&mut self, value: &Lazy) -> Option<Lazy> {
        let node = self.nodes[value.base].clone();
        match &node.op {
            Op::Dense(linear) => {
                let columns = linear.bias.len();
                let (scale, shift) = (per_channel(&value.scale, columns)?, per_channel(&value.shift, columns)?);
                let linear = Linear { weight: &linear.weight * &scale, bias: &linear.bias * &scale + shift };
                Some(self.push(&node.name, Op::Dense(linear.into()), node.inputs, node.shape))
            }
            Op::Conv(conv) if !self.pinned.contains(&value.base) => {
                let scale = per_plane(&value.scale, conv.window.positions())?;
                let conv = conv.after(&scale, &value.shift);
                Some(self.push(&node.name, Op::Conv(conv.into()), node.inputs, node.shape))
            }
            Op::MaxPool(window) if value.scale.iter().all(|&a| a == 1.0) => {
                let shift = per_plane(&value.shift, window.positions())?;
                let source = self.plain(node.inputs[0]);
                let shift = spread(&shift, window.entries());
                let source = self.fold_back(&Lazy { shift, shifted: true, ..source })?;
                Some(self.push(&node.name, node.op, vec![source.base], node.shape))
            }
            Op::Multiply | Op::MatMul => {
                let factor = uniform(&value.scale).filter(|_| value.shift.iter().all(|&shift| shift == 0.0))?;
                let left = self.plain(node.inputs[0]);
                let left = self.fold_back(&Lazy { scale: Array1::from_elem(left.scale.len(), factor), ..left })?;
                let base = left.is_settled().then_some(left.base)?;
                Some(self.push(&node.name, node.op, vec![base, node.inputs[1]], node.shape))
            }
            Op::Move(indices) => {
                let source = self.plain(node.inputs[0]);
                let (scale, shift) = scatter(value, indices.as_deref(), source.scale.len())?;
                let source = self.fold_back(&Lazy { scale, shift, shifted: value.shifted, ..source })?;
                Some(self.push(&node.name, node.op, vec![source.base], node.shape))
            }
            _ => None,
        }
    }

    /// The value as a node of its own.
    pub(super) fn settle(&mut self, name: &str, value: &Lazy) -> usize {
        if value.is_settled() {
            return value.base;
        }
        self.scale(name, value)
    }

    /// Keeps what is pending on a value from being folded into the convolutions that it is.
    pub(super) fn pin(&mut self, mut base: usize) {
        while let Op::Move(_) | Op::MaxPool(_) = self.nodes[base].op {
            base = self.nodes[base].inputs[0];
        }
        self.pinned.insert(base);
    }

    /// `value·weight + bias` over the last axis; the shape is the output's.
    pub(super) fn dense(&mut self, name: &str, value: &Lazy, linear: Linear, shape: Vec<usize>) -> Lazy {
        let inputs = linear.weight.nrows();
        let (Some(scale), Some(shift)) = (per_channel(&value.scale, inputs), per_channel(&value.shift, inputs)) else {
            let base = self.settle(name, value);
            return self.push(name, Op::Dense(linear.into()), vec![base], shape);
        };
        let bias = &linear.bias + shift.dot(&linear.weight);
        let weight = &linear.weight * &scale.insert_axis(Axis(1));
        self.compose(name, value.base, Linear { weight, bias }, shape)
    }

    fn compose(&mut self, name: &str, base: usize, linear: Linear, shape: Vec<usize>) -> Lazy {
        let before = self.nodes[base].clone();
        if let Op::Dense(first) = &before.op {
            let ((inputs, middle), outputs) = (first.weight.dim(), linear.bias.len());
            if inputs * outputs <= middle * (inputs + outputs) {
                let bias = first.bias.dot(&linear.weight) + &linear.bias;
                let linear = Linear { weight: first.weight.dot(&linear.weight), bias };
                return self.push(name, Op::Dense(linear.into()), before.inputs, shape);
            }
        }
        self.push(name, Op::Dense(linear.into()), vec![base], shape)
    }

    /// The activation of every entry; moved in front of movement, which it commutes with.
    pub(super) fn apply(&mut self, name: &str, function: Function, value: &Lazy) -> Lazy {
        let node = self.nodes[value.base].clone();
        match &node.op {
            Op::Move(picks) if value.is_settled() && keeps_holes(&function, picks.as_deref()) => {
                let source = self.plain(node.inputs[0]);
                let inner = self.apply(name, function, &source);
                self.push(&node.name, node.op, vec![inner.base], node.shape)
            }
            Op::MaxPool(_) if value.is_settled() && function.is_monotone() => {
                let source = self.plain(node.inputs[0]);
                let inner = self.apply(name, function, &source);
                self.push(&node.name, node.op, vec![inner.base], node.shape)
            }
            Op::Concat { axis } => {
                let parts = self.parts(value, *axis);
                let parts = parts.iter().map(|part| self.apply(name, function.clone(), part).base).collect();
                self.push(&node.name, node.op, parts, node.shape)
            }
            _ => {
                let base = self.settle(name, value);
                self.push(name, Op::Apply(function), vec![base], node.shape)
            }
        }
    }

    /// Entries of a value in another order and shape.
    pub(super) fn movement(&mut self, name: &str, value: &Lazy, indices: Option<Picks>, shape: Vec<usize>) -> Lazy {
        match indices {
            Some(indices) => self.gather(name, value, indices, 0.0, shape),
            None => {
                let moved = self.push(name, Op::Move(None), vec![value.base], shape);
                Lazy { base: moved.base, ..value.clone() }
            }
        }
    }

    /// A constant as a value: no entry of the node `source`, and the constant pending on them.
    pub(super) fn constant(&mut self, name: &str, source: usize, constant: &ArrayD<f64>) -> Lazy {
        let nothing = Op::Move(Some(vec![None; constant.len()].into()));
        let moved = self.push(&format!("{name}/constant"), nothing, vec![source], constant.shape().to_vec());
        Lazy { shift: constant.iter().copied().collect(), shifted: true, ..moved }
    }

    /// Values joined along an axis.
    pub(super) fn concat(&mut self, name: &str, values: &[Lazy], axis: usize, shape: Vec<usize>) -> Lazy {
        let join = |part: fn(&Lazy) -> &Array1<f64>| {
            let parts: Vec<ArrayD<f64>> = values.iter().map(|value| shaped(part(value), self.shape(value))).collect();
            let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
            concatenate(Axis(axis), &views).expect("shapes agree but for the axis").iter().copied().collect()
        };
        let (scale, shift) = (join(|value| &value.scale), join(|value| &value.shift));
        let joined = self.push(name, Op::Concat { axis }, values.iter().map(|value| value.base).collect(), shape);
        let shifted = values.iter().any(|value| value.shifted);
        Lazy { scale, shift, shifted, ..joined }
    }

    /// The parts of a concatenation, each with its share of what is pending.
    pub(super) fn parts(&mut self, value: &Lazy, axis: usize) -> Vec<Lazy> {
        let node = self.nodes[value.base].clone();
        let (scale, shift) = (shaped(&value.scale, &node.shape), shaped(&value.shift, &node.shape));
        let mut start = 0;
        let mut part = |base: usize| {
            let end = start + self.nodes[base].shape[axis];
            let cut = |all: &ArrayD<f64>| all.slice_axis(Axis(axis), (start..end).into()).iter().copied().collect();
            let pending = Lazy { base, scale: cut(&scale), shift: cut(&shift), shifted: value.shifted };
            start = end;
            self.fold_back(&pending).unwrap_or(pending)
        };
        node.inputs.iter().map(|&base| part(base)).collect()
    }

    /// Entry `index` of a value as a value of its own, where no extra work is needed for it.
    pub(super) fn entry(&mut self, value: &Lazy, index: usize) -> Option<Lazy> {
        let node = self.nodes[value.base].clone();
        let inner = match &node.op {
            Op::Dense(linear) if linear.bias.len() == value.scale.len() => {
                let weight = linear.weight.slice(s![.., index..index + 1]).to_owned();
                let bias = linear.bias.slice(s![index..index + 1]).to_owned();
                let mut shape = node.shape;
                shape.last_mut().map(|width| *width = 1)?;
                Some(self.push(&node.name, Op::Dense(Linear { weight, bias }.into()), node.inputs, shape))
            }
            Op::Move(indices) => {
                let source = self.plain(node.inputs[0]);
                let index =
                    indices.as_ref().map_or(Some(index), |indices| indices[index].map(|index| index as usize))?;
                self.entry(&source, index)
            }
            Op::Concat { .. } if node.inputs.len() == value.scale.len() => Some(self.plain(node.inputs[index])),
            _ => None,
        }?;
        let pick = |entries: &Array1<f64>| Array1::from_elem(1, entries[index]);
        Some(self.affine(&inner, &pick(&value.scale), &pick(&value.shift)))
    }

    /// The product of two values, entry by entry or as matrices.
    pub(super) fn product(&mut self, name: &str, op: Op, factors: [&Lazy; 2], shape: Vec<usize>) -> Lazy {
        let factors = factors.map(|factor| self.settle(&format!("{name}/factor"), factor));
        self.push(name, op, factors.to_vec(), shape)
    }

    /// Which nodes `output` needs; the record is always one of them.
    pub(super) fn needed(&self, output: usize) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        (needed[0], needed[output]) = (true, true);
        for id in (0..=output).rev() {
            if needed[id] {
                self.nodes[id].inputs.iter().for_each(|&input| needed[input] = true);
            }
        }
        needed
    }

    /// The network of the nodes that `output` needs.
    pub(super) fn finish(self, output: usize) -> Network {
        let needed = self.needed(output);
        keep(self.nodes, &needed, output)
    }
}

fn keep(nodes: Vec<Node>, needed: &[bool], output: usize) -> Network {
    let mut position = vec![0; nodes.len()];
    let mut kept = Vec::new();
    for (id, mut node) in nodes.into_iter().enumerate().filter(|(id, _)| needed[*id]) {
        node.inputs.iter_mut().for_each(|input| *input = position[*input]);
        position[id] = kept.len();
        kept.push(node);
    }
    Network { nodes: kept, output: position[output] }
}

/// The coefficient that all entries have.
fn uniform(entries: &Array1<f64>) -> Option<f64> {
    entries.first().copied().filter(|first| entries.iter().all(|entry| entry == first))
}

/// The coefficients of the last axis, if they are the same at every position.
fn per_channel(entries: &Array1<f64>, channels: usize) -> Option<Array1<f64>> {
    let first = entries.slice(s![..channels.min(entries.len())]).to_owned();
    let same = entries.exact_chunks(channels.max(1)).into_iter().all(|position| position == first);
    (same && first.len() == channels).then_some(first)
}

/// The coefficient of each plane of `plane` entries, if each has one.
fn per_plane(entries: &Array1<f64>, plane: usize) -> Option<Array1<f64>> {
    let planes = entries.exact_chunks(plane);
    let one = |plane: ArrayView1<'_, f64>| plane.iter().all(|&entry| entry == plane[0]).then_some(plane[0]);
    planes.into_iter().map(one).collect()
}

/// Each coefficient for a whole plane.
fn spread(coefficients: &Array1<f64>, plane: usize) -> Array1<f64> {
    coefficients.iter().flat_map(|&coefficient| std::iter::repeat_n(coefficient, plane)).collect()
}

/// Whether places that read nothing are 0 after the function too.
fn keeps_holes(function: &Function, picks: Option<&[Option<u32>]>) -> bool {
    function.at(0.0) == 0.0 || picks.is_none_or(|picks| picks.iter().all(Option::is_some))
}

/// What is pending after a movement, as pending before it; `None` if an entry is read twice or nothing has a shift.
fn scatter(value: &Lazy, indices: Option<&[Option<u32>]>, len: usize) -> Option<(Array1<f64>, Array1<f64>)> {
    let Some(indices) = indices else { return Some((value.scale.clone(), value.shift.clone())) };
    let (mut scale, mut shift, mut seen) = (Array1::ones(len), Array1::zeros(len), vec![false; len]);
    for (k, index) in indices.iter().enumerate() {
        let Some(index) = index.map(|index| index as usize) else {
            if value.shift[k] != 0.0 {
                return None;
            }
            continue;
        };
        if std::mem::replace(&mut seen[index], true) {
            return None;
        }
        (scale[index], shift[index]) = (value.scale[k], value.shift[k]);
    }
    Some((scale, shift))
}

fn shaped(entries: &Array1<f64>, shape: &[usize]) -> ArrayD<f64> {
    entries.to_shape(shape).expect("as many entries as the shape has").into_owned()
}
