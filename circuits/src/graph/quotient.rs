//! Quotients of two values that both depend on the record, as products with tables:
//!
//! | the graph has | it becomes |
//! |---|---|
//! | `f(u)/g(u)` of one value `u` | one function of `u` |
//! | `x·f(u)/g(u)`, `x/g(u)`, `x·f(u)` where `f` divides | `x` times one function of `u` |
//! | `x/(y·z)` | `(x/y)/z` |
//! | `x` over a norm along an axis | `x` times one function of the sum of magnitudes or squares, or of the largest entry |
//! | a function of a sum of products of two values | one function of that, with the numbers in between |
//!
//! What a table magnifies is rounded with more bits: a [`FloatOp::Fine`] stands behind every `x`, and everything that reads `x` reads that.
//! Sums along axes are matrix products, whose accumulators the table reads as they are: of two values where products are added up, with ones
//! otherwise. Which nodes are rewritten depends on the graph and on shapes, not on constants.

mod fine;
mod rules;
mod sums;
mod views;

use std::borrow::Cow;
use std::collections::HashMap;

use super::composed::Token;
use super::{FloatGraph, FloatNode, FloatOp, NodeId, Unary, lanes};
use views::{Known, composed, moves};

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
    let product = |node: &FloatNode| match &node.op {
        FloatOp::Mul => node.inputs.iter().all(|id| nodes[id.0].constant().is_none()),
        op => matches!(op, FloatOp::Unary(Unary::Power(2.0))),
    };
    match &node.op {
        FloatOp::Div => nodes[node.inputs[1].0].constant().is_none(),
        FloatOp::Normalize { .. } => norms.contains(&node.name),
        FloatOp::AveragePool { .. } => {
            let mut source = node.inputs[0];
            while moves(&nodes[source.0].op) {
                source = nodes[source.0].inputs[0];
            }
            product(&nodes[source.0])
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
            (FloatOp::Unary(_), _) => self.of_products(node),
            (FloatOp::Normalize { norm, axis }, &[x]) if norms.contains(name) => self.over_norm(name, x, *norm, *axis),
            _ => None,
        };
        found.filter(|id| self.shape(*id) == node.shape)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::super::Norm;
    use super::*;

    struct Nodes(Vec<FloatNode>);

    impl Nodes {
        fn node(&mut self, op: FloatOp, inputs: &[usize], shape: &[usize]) -> usize {
            let inputs = inputs.iter().map(|&id| NodeId(id)).collect();
            self.0.push(FloatNode { name: format!("n{}", self.0.len()), op, inputs, shape: shape.to_vec() });
            self.0.len() - 1
        }

        fn constant(&mut self, shape: &[usize], value: f32) -> usize {
            self.node(FloatOp::Constant(ArrayD::from_elem(IxDyn(shape), value)), &[], shape)
        }

        fn graph(self) -> FloatGraph {
            let output = NodeId(self.0.len() - 1);
            FloatGraph { nodes: self.0, output, positions: 1, labels: None, notes: Vec::new() }
        }
    }

    /// `x/(2 + |y + b|)` with a layer `y` and a bias `b`.
    fn damped() -> FloatGraph {
        let mut n = Nodes(Vec::new());
        n.node(FloatOp::Input, &[], &[1, 3]);
        let weight = n.constant(&[3, 1], 0.7);
        let y = n.node(FloatOp::MatMul, &[0, weight], &[1, 1]);
        let bias = n.constant(&[1], 0.123);
        let y = n.node(FloatOp::Add, &[y, bias], &[1, 1]);
        let size = n.node(FloatOp::Unary(Unary::Abs), &[y], &[1, 1]);
        let two = n.constant(&[], 2.0);
        let divisor = n.node(FloatOp::Add, &[size, two], &[1, 1]);
        n.node(FloatOp::Div, &[0, divisor], &[1, 3]);
        n.graph()
    }

    #[test]
    fn numbers_are_in_the_function_and_biases_are_not() {
        let graph = without_quotients(&damped(), &[]).into_owned();
        let programs = graph.nodes.iter().filter_map(|node| match &node.op {
            FloatOp::Composed(program) => Some((program.clone(), node.inputs[0])),
            _ => None,
        });
        let [(program, base)] = &programs.collect::<Vec<_>>()[..] else { panic!("one table") };
        assert!((program.at(-3.0) - 0.2).abs() < 1e-12);
        assert!(matches!(graph.nodes[base.0].op, FloatOp::Add), "the bias is added before");
        assert!(!graph.nodes.iter().any(|node| matches!(node.op, FloatOp::Div)));
    }

    #[test]
    fn values_are_the_same() {
        for graph in [damped(), unit(Norm::L1), unit(Norm::L2), unit(Norm::Max)] {
            let rewritten = without_quotients(&graph, &["n1".into()]).into_owned();
            let (before, after) = (graph.scores(&[0.5, -2.0, 0.25]), rewritten.scores(&[0.5, -2.0, 0.25]));
            for (before, after) in before.unwrap().iter().zip(after.unwrap()) {
                assert!((before - after).abs() < 1e-6, "{before} {after}");
            }
        }
    }

    fn unit(norm: Norm) -> FloatGraph {
        let mut n = Nodes(Vec::new());
        n.node(FloatOp::Input, &[], &[1, 3]);
        n.node(FloatOp::Normalize { norm, axis: 1 }, &[0], &[1, 3]);
        n.graph()
    }

    #[test]
    fn graphs_without_quotients_are_left_alone() {
        assert!(matches!(without_quotients(&unit(Norm::L2), &[]), Cow::Borrowed(_)));
    }

    /// Everything that reads a value with more bits reads these.
    #[test]
    fn values_are_rounded_once() {
        let mut n = Nodes(damped().nodes);
        let weight = n.constant(&[3, 3], 0.3);
        let x = n.node(FloatOp::MatMul, &[0, weight], &[1, 3]);
        let share = n.node(FloatOp::Div, &[x, 7], &[1, 3]);
        n.node(FloatOp::Add, &[x, share], &[1, 3]);
        let graph = without_quotients(&n.graph(), &[]).into_owned();
        let fine: Vec<_> = graph.nodes.iter().filter(|node| matches!(node.op, FloatOp::Fine)).collect();
        let [FloatNode { inputs, .. }] = &fine[..] else { panic!("one value with more bits") };
        assert_eq!(graph.nodes.iter().filter(|node| node.inputs.contains(&inputs[0])).count(), 1);
    }
}
