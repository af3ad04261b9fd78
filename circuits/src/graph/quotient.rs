//! Quotients of two values that both depend on the record, as products with tables:
//!
//! | the graph has | it becomes |
//! |---|---|
//! | `f(u)/g(u)` of one value `u` | one function of `u` |
//! | `x·f(u)/g(u)`, `x/g(u)`, `x·f(u)` where `f` divides | `x` times one function of `u` |
//! | `x/(y·z)` | `(x/y)/z` |
//! | `x` over a norm along an axis | `x` times one function of the sum of magnitudes or squares, or of the largest entry |
//!
//! What a table magnifies is rounded with more bits: a [`FloatOp::Fine`] stands behind every `x`, and everything that reads `x` reads that.
//! Sums along axes are matrix products, whose accumulators the table reads as they are: of two values where products are added up, with ones
//! otherwise. Which nodes are rewritten depends on the graph and on shapes, not on constants.

mod sums;
mod views;

use std::borrow::Cow;
use std::collections::HashMap;

use super::composed::{Composed, Token};
use super::{FloatGraph, FloatNode, FloatOp, NodeId, Norm, Unary, lanes, prune};
use views::{Known, View, composed, moves};

/// The graph without quotients of two values, and without the norms of these names.
pub(crate) fn without_quotients<'a>(graph: &'a FloatGraph, norms: &[String]) -> Cow<'a, FloatGraph> {
    if !graph.nodes.iter().any(|node| concerns(&graph.nodes, node, norms)) {
        return Cow::Borrowed(graph);
    }
    let mut rewrite = Rewrite::default();
    for node in &graph.nodes {
        let node = rewrite.moved(node);
        let id = rewrite.replaced(&node, norms).unwrap_or_else(|| rewrite.keep(node));
        rewrite.places.push(id);
    }
    Cow::Owned(rewrite.finish(graph))
}

/// Whether a node may be rewritten.
fn concerns(nodes: &[FloatNode], node: &FloatNode, norms: &[String]) -> bool {
    let product = |id: &NodeId| matches!(nodes[id.0].op, FloatOp::Mul);
    match &node.op {
        FloatOp::Div => nodes[node.inputs[1].0].constant().is_none(),
        FloatOp::Normalize { .. } => norms.contains(&node.name),
        FloatOp::AveragePool { .. } => {
            let mut source = node.inputs[0];
            while moves(&nodes[source.0].op) {
                source = nodes[source.0].inputs[0];
            }
            product(&source)
        }
        op => Token::of(op).is_some_and(|token| !token.takes_two() && token.divides()),
    }
}

/// A graph being rewritten.
#[derive(Default)]
struct Rewrite {
    nodes: Vec<FloatNode>,
    known: Vec<Known>,
    /// Where each node of the old graph went.
    places: Vec<NodeId>,
    /// Values with more bits.
    fine: HashMap<NodeId, NodeId>,
}

impl Rewrite {
    /// A node of the old graph with its inputs in the new one.
    fn moved(&self, node: &FloatNode) -> FloatNode {
        FloatNode { inputs: node.inputs.iter().map(|id| self.places[id.0]).collect(), ..node.clone() }
    }

    fn keep(&mut self, node: FloatNode) -> NodeId {
        let id = NodeId(self.nodes.len());
        self.nodes.push(node);
        let known = Known::of(&self.nodes, &self.known, id);
        self.known.push(known);
        id
    }

    /// Adds a node; `shape` is the target of a reshape or a gather. Nothing if the shapes do not fit.
    fn push(&mut self, name: &str, op: FloatOp, inputs: &[NodeId], shape: &[usize]) -> Option<NodeId> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|id| self.shape(*id)).collect();
        let shape = op.shape(&shapes, shape).ok()?;
        Some(self.keep(FloatNode { name: name.into(), op, inputs: inputs.to_vec(), shape }))
    }

    fn shape(&self, id: NodeId) -> &[usize] {
        &self.nodes[id.0].shape
    }

    fn reshape(&mut self, name: &str, x: NodeId, shape: &[usize]) -> Option<NodeId> {
        if self.shape(x) == shape {
            return Some(x);
        }
        self.push(name, FloatOp::Reshape, &[x], shape)
    }

    fn is_constant(&self, id: NodeId) -> bool {
        self.nodes[id.0].constant().is_some()
    }

    /// What stands in for a node that is rewritten.
    fn replaced(&mut self, node: &FloatNode, norms: &[String]) -> Option<NodeId> {
        let name = &node.name;
        let found = match (&node.op, &node.inputs[..]) {
            (FloatOp::Div, &[a, b]) if !self.is_constant(b) => self.quotient(node, a, b),
            (FloatOp::Mul, &[a, b]) if !self.is_constant(a) && !self.is_constant(b) => {
                let own = composed(&self.nodes, &self.known, (&node.op, &[a, b], &node.shape));
                match own.last().filter(|view| view.program.divides()) {
                    Some(view) => self.function(name, view).and_then(|f| self.reshape(name, f, &node.shape)),
                    None => [(a, b), (b, a)].into_iter().find_map(|(x, f)| self.multiple(name, x, f)),
                }
            }
            (FloatOp::Mul, _) => {
                let id = self.keep(node.clone());
                let sum = lanes::sum(&self.nodes, id);
                Some(sum.and_then(|lanes| self.products(name, &lanes, &node.shape)).unwrap_or(id))
            }
            (FloatOp::Normalize { norm, axis }, &[x]) if norms.contains(name) => self.over_norm(name, x, *norm, *axis),
            _ => None,
        };
        found.filter(|id| self.shape(*id) == node.shape)
    }

    /// `a/b`.
    fn quotient(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Option<NodeId> {
        let own = composed(&self.nodes, &self.known, (&node.op, &[a, b], &node.shape));
        if let Some(view) = own.last() {
            let function = self.function(&node.name, view)?;
            return self.reshape(&node.name, function, &node.shape);
        }
        self.divided(&node.name, a, b)
    }

    /// `a/b` as a product.
    fn divided(&mut self, name: &str, a: NodeId, b: NodeId) -> Option<NodeId> {
        if let (FloatOp::Mul, &[p, q]) = (&self.nodes[a.0].op, &self.nodes[a.0].inputs[..]) {
            let shared = [(p, q), (q, p)].into_iter().find_map(|(x, f)| Some((x, self.shared(f, b)?)));
            if let Some((x, view)) = shared {
                let function = self.function(name, &view)?;
                let function = self.reshape(name, function, &self.shape(b).to_vec())?;
                return self.product(name, x, function);
            }
        }
        if let (FloatOp::Mul, &[y, z], 1) =
            (&self.nodes[b.0].op, &self.nodes[b.0].inputs[..], self.known[b.0].views.len())
            && !self.is_constant(y)
            && !self.is_constant(z)
        {
            let once = self.divided(name, a, y)?;
            return self.divided(name, once, z);
        }
        let factor = self.inverse(name, b)?;
        self.product(name, a, factor)
    }

    /// `f/g` as a function of one value, if both are functions of it.
    fn shared(&self, f: NodeId, g: NodeId) -> Option<View> {
        let quotient = (&FloatOp::Div, &[f, g][..], self.shape(g));
        composed(&self.nodes, &self.known, quotient).pop().filter(|_| self.shape(f) == self.shape(g))
    }

    /// `1/b`: the function before entries change places.
    fn inverse(&mut self, name: &str, b: NodeId) -> Option<NodeId> {
        let FloatNode { op, inputs, shape, .. } = self.nodes[b.0].clone();
        if moves(&op) {
            let inner = self.inverse(name, inputs[0])?;
            return self.push(name, op, &[inner], &shape);
        }
        let view = self.known[b.0].views.last()?.clone();
        let function = self.function(name, &View { program: view.program.reciprocal()?, ..view })?;
        self.reshape(name, function, &shape)
    }

    /// `x·f` where `f` is a function of a value that divides; the entries of `f` may have changed places.
    fn multiple(&mut self, name: &str, x: NodeId, f: NodeId) -> Option<NodeId> {
        let mut source = f;
        while moves(&self.nodes[source.0].op) {
            source = self.nodes[source.0].inputs[0];
        }
        let view = self.known[source.0].views.iter().rfind(|view| view.program.divides())?.clone();
        let mut factor = self.function(name, &view)?;
        factor = self.reshape(name, factor, &self.shape(source).to_vec())?;
        factor = self.moved_like(name, factor, (source, f))?;
        self.product(name, x, factor)
    }

    /// A value moved as `to` is from `from`.
    fn moved_like(&mut self, name: &str, value: NodeId, (from, to): (NodeId, NodeId)) -> Option<NodeId> {
        if from == to {
            return Some(value);
        }
        let FloatNode { op, inputs, shape, .. } = self.nodes[to.0].clone();
        let inner = self.moved_like(name, value, (from, inputs[0]))?;
        self.push(name, op, &[inner], &shape)
    }

    /// `x·factor`.
    fn product(&mut self, name: &str, x: NodeId, factor: NodeId) -> Option<NodeId> {
        let x = self.fine(name, x)?;
        self.push(name, FloatOp::Mul, &[x, factor], &[])
    }

    /// A node that is this function of its base. Sums under it become matrix products.
    fn function(&mut self, name: &str, view: &View) -> Option<NodeId> {
        let (base, factor) = self.source(name, view.base)?;
        let scaled = Composed::then(&[&Composed::argument(), &Composed::number(factor)], Token::Product)?;
        let program = if factor == 1.0 { view.program.clone() } else { view.program.of(&scaled)? };
        self.push(&format!("{name}/factor"), FloatOp::Composed(program), &[base], &[])
    }

    /// Division by a norm.
    fn over_norm(&mut self, name: &str, x: NodeId, norm: Norm, axis: usize) -> Option<NodeId> {
        let fine = self.fine(name, x)?;
        let lanes = lanes::Lanes { x: fine, axes: vec![axis] };
        let size = match norm {
            Norm::L1 => {
                let x = self.push(name, FloatOp::Unary(Unary::Abs), &[fine], &[])?;
                self.added(name, &lanes::Lanes { x, ..lanes }, 1.0)?
            }
            Norm::L2 => self.inner(name, [fine, fine], &lanes.axes)?,
            Norm::Max => self.largest(name, &lanes)?,
        };
        let mut program = Composed::argument();
        if norm == Norm::L2 {
            program = Composed::then(&[&program], Token::Function(Unary::Sqrt))?;
        }
        let program = Composed::then(&[&program], Token::Guarded)?.reciprocal()?;
        let factor = self.push(&format!("{name}/factor"), FloatOp::Composed(program), &[size], &[])?;
        let factor = self.reshape(name, factor, &lanes::kept(self.shape(x), &[axis]))?;
        self.push(name, FloatOp::Mul, &[fine, factor], &[])
    }

    /// The value with more bits, where it is not that of a function whose bits are given.
    fn fine(&mut self, name: &str, x: NodeId) -> Option<NodeId> {
        if let Some(&fine) = self.fine.get(&x) {
            return Some(fine);
        }
        let FloatNode { op, inputs, shape, .. } = self.nodes[x.0].clone();
        let fine = match &op {
            op if self.is_constant(x) || is_tabulated(op) => x,
            op if moves(op) && lanes::mean(&self.nodes, x).is_none() => {
                let inner = self.fine(name, inputs[0])?;
                self.push(name, op.clone(), &[inner], &shape)?
            }
            _ => {
                let sum = self.sum_as_product(name, x).unwrap_or(x);
                self.push(&format!("{name}/fine"), FloatOp::Fine, &[sum], &[])?
            }
        };
        self.fine.insert(x, fine);
        Some(fine)
    }

    /// The new graph; what reads a value that has been given more bits reads these.
    fn finish(self, old: &FloatGraph) -> FloatGraph {
        let mut behind = vec![None; self.nodes.len()];
        for (fine, node) in self.nodes.iter().enumerate().filter(|(_, node)| matches!(node.op, FloatOp::Fine)) {
            behind[node.inputs[0].0].get_or_insert(fine);
        }
        let mut nodes: Vec<FloatNode> = Vec::with_capacity(self.nodes.len());
        let mut places = vec![NodeId(0); self.nodes.len()];
        for (id, mut node) in self.nodes.into_iter().enumerate() {
            if let FloatOp::Fine = node.op {
                places[id] = places[node.inputs[0].0];
                continue;
            }
            node.inputs.iter_mut().for_each(|input| *input = places[input.0]);
            let (name, shape) = (node.name.clone(), node.shape.clone());
            nodes.push(node);
            places[id] = NodeId(nodes.len() - 1);
            if behind[id].is_some() {
                nodes.push(FloatNode {
                    name: format!("{name}/fine"),
                    op: FloatOp::Fine,
                    inputs: vec![places[id]],
                    shape,
                });
                places[id] = NodeId(nodes.len() - 1);
            }
        }
        let output = self.places.get(old.output.0).map_or(NodeId(0), |id| places[id.0]);
        let moved = prune(&mut nodes, output);
        let output = moved.get(output.0).copied().flatten().unwrap_or(output);
        FloatGraph { nodes, output, labels: old.labels.clone(), notes: old.notes.clone() }
    }
}

/// Whether an operator's values have as many bits as its table or clamp gives them.
fn is_tabulated(op: &FloatOp) -> bool {
    matches!(
        op,
        FloatOp::Fine
            | FloatOp::Composed(_)
            | FloatOp::Relu
            | FloatOp::LeakyRelu { .. }
            | FloatOp::Clip { .. }
            | FloatOp::Sigmoid
            | FloatOp::Tanh
            | FloatOp::Unary(_)
            | FloatOp::Softmax { .. }
            | FloatOp::Standardize { .. }
            | FloatOp::Normalize { .. }
            | FloatOp::Embed
    )
}
