//! What stands behind the trees: probabilities of their scores, which do not change the class.
//!
//! | behind the score `s` | score that is proven | head |
//! |---|---|---|
//! | nothing, or `(−s, s)` | `s` | scores |
//! | `(1 − s, s)` | `s − ½` | scores |
//! | sigmoid of `s`, or of `(−s, s)` | `s` | sigmoid |
//!
//! | behind several scores | head |
//! |---|---|
//! | nothing, or a sigmoid of each | scores |
//! | softmax | softmax |
//!
//! A product by ones, as exporters write it, is nothing. The class is the second of two if the score is greater than 0, and the first of the largest of several.

use super::refuse;
use crate::architecture::Head;
use crate::graph::{FloatGraph, FloatOp, NodeId};
use crate::quantize::QuantizeError;

/// How scores are read.
pub(super) struct End {
    /// Taken from the sum of the trees.
    pub(super) offset: f64,
    pub(super) head: Head,
}

/// What the value at hand is.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    /// The sums of the trees.
    Scores,
    /// `(−s, s)` of the only one.
    Opposites,
    /// What no further step may change.
    Final,
}

impl End {
    /// Follows the nodes from the trees, at `trees`, to the output.
    pub(super) fn of(graph: &FloatGraph, trees: NodeId) -> Result<Self, QuantizeError> {
        let (mut end, mut shown, mut at) = (Self { offset: 0.0, head: Head::Scores }, Shown::Scores, trees);
        while at != graph.output {
            let next = |node: &crate::graph::FloatNode| node.inputs.contains(&at);
            let readers: Vec<_> = (at.0 + 1..graph.nodes.len()).filter(|&id| next(&graph.nodes[id])).collect();
            let &[id] = readers.as_slice() else {
                return refuse(graph, trees.0, REASON, ADVICE);
            };
            shown = match end.step(graph, id, shown) {
                Some(shown) => shown,
                None => return refuse(graph, id, REASON, ADVICE),
            };
            at = NodeId(id);
        }
        Ok(end)
    }

    /// What the value is after node `id`.
    fn step(&mut self, graph: &FloatGraph, id: usize, shown: Shown) -> Option<Shown> {
        let node = &graph.nodes[id];
        let constant = || graph.nodes[node.inputs.get(1)?.0].constant();
        let is = |values: &[f32]| constant().is_some_and(|constant| constant.iter().eq(values));
        let same = node.inputs.first().is_some_and(|input| graph.nodes[input.0].shape == node.shape);
        let single = node.shape.iter().all(|&dim| dim == 1);
        match (&node.op, shown) {
            (FloatOp::Reshape, _) => Some(shown),
            (FloatOp::Mul, _) if same && constant().is_some_and(|all| all.iter().all(|&factor| factor == 1.0)) => {
                Some(shown)
            }
            (FloatOp::MatMul, Shown::Scores) if is(&[-1.0, 1.0]) => Some(Shown::Opposites),
            (FloatOp::Add, Shown::Opposites) if is(&[1.0, 0.0]) => {
                self.offset = 0.5;
                Some(Shown::Final)
            }
            (FloatOp::Sigmoid, Shown::Opposites) => self.read_by(Head::Sigmoid),
            (FloatOp::Sigmoid, Shown::Scores) if single => self.read_by(Head::Sigmoid),
            (FloatOp::Sigmoid, Shown::Scores) => self.read_by(Head::Scores),
            (FloatOp::Softmax { .. }, Shown::Scores) if !single => self.read_by(Head::Softmax),
            _ => None,
        }
    }

    fn read_by(&mut self, head: Head) -> Option<Shown> {
        self.head = head;
        Some(Shown::Final)
    }
}

const REASON: &str = "computes something of the trees' scores";
const ADVICE: &str = "select the trees' own output";
