//! The end of a quantised model: probabilities of the scores, which do not change the class.

use crate::architecture::Head;
use crate::graph::{FloatGraph, FloatOp, NodeId};

/// Where the scores are, and how they are read.
pub(super) struct End {
    pub(super) scores: NodeId,
    pub(super) head: Head,
}

impl End {
    /// Goes back from the output over a softmax of all scores or a sigmoid of one, which may be rounded and reshaped; of a class map, over
    /// one of the scores at each position, which are its last axis.
    pub(super) fn of(graph: &FloatGraph) -> Self {
        let mut at = graph.output;
        loop {
            let node = &graph.nodes[at.0];
            let len = node.shape.iter().product::<usize>() / graph.positions.max(1);
            let ends = |axis: usize| graph.positions <= 1 || axis + 1 == node.shape.len();
            let head = match node.op {
                FloatOp::Softmax { axis } if len > 1 && node.shape[axis] == len && ends(axis) => Head::Softmax,
                FloatOp::Sigmoid if len == 1 => Head::Sigmoid,
                FloatOp::Quantize(_) => {
                    at = node.inputs[0];
                    continue;
                }
                FloatOp::Reshape if graph.positions <= 1 => {
                    at = node.inputs[0];
                    continue;
                }
                _ => return Self { scores: graph.output, head: Head::Scores },
            };
            return Self { scores: node.inputs[0], head };
        }
    }
}
