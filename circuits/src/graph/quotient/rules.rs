//! The rules by which quotients become products and functions of one value.

use super::super::composed::{Composed, Token};
use super::super::{FloatNode, FloatOp, NodeId, Norm, Unary, lanes};
use super::Rewrite;
use super::views::{View, composed, moves};

impl Rewrite {
    /// `a/b`.
    pub(super) fn quotient(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Option<NodeId> {
        let own = composed(&self.nodes, &self.known, (&node.op, &[a, b], &node.shape));
        if let Some(view) = own.last() {
            let function = self.function(&node.name, view)?;
            return self.reshape(&node.name, function, &node.shape);
        }
        self.divided(&node.name, a, b)
    }

    /// A function of a sum of products: a length is `√(Σ x² + ε)`.
    pub(super) fn of_products(&mut self, node: &FloatNode) -> Option<NodeId> {
        let view = composed(&self.nodes, &self.known, (&node.op, &node.inputs, &node.shape)).pop()?;
        let mut source = view.base;
        while moves(&self.nodes[source.0].op) {
            source = self.nodes[source.0].inputs[0];
        }
        let FloatNode { op: FloatOp::MatMul, inputs, .. } = &self.nodes[source.0] else { return None };
        if inputs.iter().any(|&factor| self.is_constant(factor)) {
            return None;
        }
        let function = self.function(&node.name, &view)?;
        self.reshape(&node.name, function, &node.shape)
    }

    /// `a/b` as a product.
    fn divided(&mut self, name: &str, a: NodeId, b: NodeId) -> Option<NodeId> {
        if let (FloatOp::Mul, &[p, q]) = (&self.nodes[a.0].op, &self.nodes[a.0].inputs[..]) {
            let shared = [(p, q), (q, p)].into_iter().find_map(|(x, f)| Some((x, self.shared(f, b)?)));
            if let Some((x, view)) = shared {
                let function = self.function(name, &view)?;
                let shape = self.shape(b).to_vec();
                let function = self.reshape(name, function, &shape)?;
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
    pub(super) fn inverse(&mut self, name: &str, b: NodeId) -> Option<NodeId> {
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
    pub(super) fn multiple(&mut self, name: &str, x: NodeId, f: NodeId) -> Option<NodeId> {
        let mut source = f;
        while moves(&self.nodes[source.0].op) {
            source = self.nodes[source.0].inputs[0];
        }
        let view = self.known[source.0].views.iter().rfind(|view| view.program.divides())?.clone();
        let (function, shape) = (self.function(name, &view)?, self.shape(source).to_vec());
        let factor = self.reshape(name, function, &shape)?;
        let factor = self.moved_like(name, factor, (source, f))?;
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
    pub(super) fn function(&mut self, name: &str, view: &View) -> Option<NodeId> {
        let (base, factor) = self.source(name, view.base)?;
        let scaled = Composed::then(&[&Composed::argument(), &Composed::number(factor)], Token::Product)?;
        let program = if factor == 1.0 { view.program.clone() } else { view.program.of(&scaled)? };
        self.push(&format!("{name}/factor"), FloatOp::Composed(program), &[base], &[])
    }

    /// Division by a norm.
    pub(super) fn over_norm(&mut self, name: &str, x: NodeId, norm: Norm, axis: usize) -> Option<NodeId> {
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
}
