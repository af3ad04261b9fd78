//! Sums along axes as matrix products: their accumulators are not rounded before a table reads them.
//!
//! `Σ_k p·q` over axes is `Σ_k a[b, l, k]·c[b, k, r]`, where `b` are the axes that both factors have, `l` and `r` those of one alone.

use ndarray::{ArrayD, IxDyn};

use super::super::lanes::{Lanes, kept, mean, reduced};
use super::super::{FloatNode, FloatOp, NodeId, Unary};
use super::Rewrite;
use crate::window::{Window, WindowAxis};

/// What becomes of the axes of a product of which some are added up: places of those with more than one entry.
#[derive(Default)]
struct Parts {
    both: Vec<usize>,
    left: Vec<usize>,
    right: Vec<usize>,
    summed: Vec<usize>,
}

impl Parts {
    fn new(left: &[usize], right: &[usize], shape: &[usize], axes: &[usize]) -> Option<Self> {
        let mut parts = Self::default();
        for axis in (0..shape.len()).filter(|&axis| shape[axis] > 1) {
            match (left[axis] > 1, right[axis] > 1, axes.contains(&axis)) {
                (true, true, true) => parts.summed.push(axis),
                (true, true, false) => parts.both.push(axis),
                (true, false, false) => parts.left.push(axis),
                (false, true, false) => parts.right.push(axis),
                _ => return None,
            }
        }
        Some(parts)
    }
}

/// As many axes as `rank`, the new ones in front.
fn padded(shape: &[usize], rank: usize) -> Option<Vec<usize>> {
    Some([vec![1; rank.checked_sub(shape.len())?], shape.to_vec()].concat())
}

fn entries(shape: &[usize], axes: &[usize]) -> usize {
    axes.iter().map(|&axis| shape[axis]).product()
}

impl Rewrite {
    /// A value with the given axes in this order, and all others, which have one entry, behind.
    fn turned(&mut self, name: &str, x: NodeId, order: &[usize]) -> Option<NodeId> {
        let rest = (0..self.shape(x).len()).filter(|axis| !order.contains(axis));
        let perm: Vec<usize> = order.iter().copied().chain(rest).collect();
        match perm.is_sorted() {
            true => Some(x),
            false => self.push(name, FloatOp::Transpose { perm }, &[x], &[]),
        }
    }

    /// `Σ p·q` over axes of the shape that both broadcast to, which stay with one entry.
    pub(super) fn inner(&mut self, name: &str, [p, q]: [NodeId; 2], axes: &[usize]) -> Option<NodeId> {
        let shape = super::super::broadcast(self.shape(p), self.shape(q)).ok()?;
        let (left, right) = (padded(self.shape(p), shape.len())?, padded(self.shape(q), shape.len())?);
        let parts = Parts::new(&left, &right, &shape, axes)?;
        let [both, l, r, k] = [&parts.both, &parts.left, &parts.right, &parts.summed];
        let sizes = [both, l, r, k].map(|axes| entries(&shape, axes));
        let p = self.reshape(name, p, &left)?;
        let p = self.turned(name, p, &[both.as_slice(), l, k].concat())?;
        let p = self.reshape(name, p, &[sizes[0], sizes[1], sizes[3]])?;
        let q = self.reshape(name, q, &right)?;
        let q = self.turned(name, q, &[both.as_slice(), k, r].concat())?;
        let q = self.reshape(name, q, &[sizes[0], sizes[3], sizes[2]])?;
        let product = self.push(name, FloatOp::MatMul, &[p, q], &[])?;
        let order = [both.as_slice(), l, r].concat();
        let axes_of: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let product = self.reshape(name, product, &axes_of)?;
        let mut back: Vec<usize> = (0..order.len()).collect();
        back.sort_by_key(|&place| order[place]);
        let product = self.turned(name, product, &back)?;
        self.reshape(name, product, &kept(&shape, axes))
    }

    /// A sum of products of two values, in the given shape.
    pub(super) fn products(&mut self, name: &str, lanes: &Lanes, shape: &[usize]) -> Option<NodeId> {
        let factors = self.factors(name, lanes.x)?;
        let sum = self.inner(name, factors, &lanes.axes)?;
        self.reshape(name, sum, shape)
    }

    /// The factors of a product of two values of the record; of a square, with more bits.
    fn factors(&mut self, name: &str, product: NodeId) -> Option<[NodeId; 2]> {
        let FloatNode { op, inputs, .. } = &self.nodes[product.0];
        let [p, q] = match (op, &inputs[..]) {
            (FloatOp::Mul, &[p, q]) if !self.is_constant(p) && !self.is_constant(q) => [p, q],
            (FloatOp::Unary(Unary::Power(2.0)), &[p]) => [p, p],
            _ => return None,
        };
        if p != q {
            return Some([p, q]);
        }
        let fine = self.fine(name, p)?;
        Some([fine, fine])
    }

    /// `factor·Σ x` over axes, which stay with one entry: a product with a column of equal weights.
    pub(super) fn added(&mut self, name: &str, lanes: &Lanes, factor: f64) -> Option<NodeId> {
        let shape = self.shape(lanes.x).to_vec();
        let flat = self.flat(name, lanes)?;
        let weights = ArrayD::from_elem(IxDyn(&[entries(&shape, &lanes.axes), 1]), factor as f32);
        let weights = self.push(name, FloatOp::Constant(weights), &[], &[])?;
        let sum = self.push(name, FloatOp::MatMul, &[flat, weights], &[])?;
        self.reshape(name, sum, &kept(&shape, &lanes.axes))
    }

    /// The largest entries along axes, which stay with one entry.
    pub(super) fn largest(&mut self, name: &str, lanes: &Lanes) -> Option<NodeId> {
        let shape = self.shape(lanes.x).to_vec();
        let flat = self.flat(name, lanes)?;
        let width = entries(&shape, &lanes.axes);
        let window = Window { axes: vec![WindowAxis::new(width, width)] };
        let largest = self.push(name, FloatOp::MaxPool { window }, &[flat], &[])?;
        self.reshape(name, largest, &kept(&shape, &lanes.axes))
    }

    /// One record of rows, each along the axes.
    fn flat(&mut self, name: &str, lanes: &Lanes) -> Option<NodeId> {
        let shape = self.shape(lanes.x).to_vec();
        let others: Vec<usize> = (0..shape.len()).filter(|axis| !lanes.axes.contains(axis)).collect();
        let turned = self.turned(name, lanes.x, &[others.as_slice(), &lanes.axes].concat())?;
        self.reshape(name, turned, &[1, entries(&shape, &others), entries(&shape, &lanes.axes)])
    }

    /// What a table reads instead of `base`, and what that has to be multiplied with to be the same.
    pub(super) fn source(&mut self, name: &str, base: NodeId) -> Option<(NodeId, f64)> {
        let Some(lanes) = reduced(&self.nodes, base) else { return Some((base, 1.0)) };
        let (shape, taps) = (self.shape(base).to_vec(), entries(self.shape(lanes.x), &lanes.axes) as f64);
        let (sum, factor) = match self.nodes[base.0].op {
            FloatOp::MaxPool { .. } => {
                let x = self.fine(name, lanes.x)?;
                (self.largest(name, &Lanes { x, ..lanes })?, 1.0)
            }
            _ => match self.products(name, &lanes, &shape) {
                Some(sum) => (sum, 1.0 / taps),
                None => {
                    let x = self.fine(name, lanes.x)?;
                    (self.added(name, &Lanes { x, ..lanes }, 1.0 / taps)?, 1.0)
                }
            },
        };
        Some((self.reshape(name, sum, &shape)?, factor))
    }

    /// A sum or mean along axes, however it is scaled, as a product with a column of weights.
    pub(super) fn sum_as_product(&mut self, name: &str, x: NodeId) -> Option<NodeId> {
        let (pool, factor) = mean(&self.nodes, x)?;
        let (lanes, shape) = (reduced(&self.nodes, pool)?, self.shape(x).to_vec());
        let FloatOp::AveragePool { window, .. } = &self.nodes[pool.0].op else { return None };
        let factor = factor / window.taps() as f64;
        let sum = self.added(name, &lanes, factor)?;
        self.reshape(name, sum, &shape)
    }
}
