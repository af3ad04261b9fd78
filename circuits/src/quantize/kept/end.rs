//! The end of a quantised model: probabilities of the scores, which do not change the class.

use crate::architecture::Head;
use crate::graph::{FloatGraph, FloatOp, NodeId};

/// Where the scores are, and how they are read.
pub(super) struct End {
    pub(super) scores: NodeId,
    pub(super) head: Head,
}

impl End {
    /// Goes back from the output over a softmax of all scores or a sigmoid of one, which may be rounded and reshaped.
    pub(super) fn of(graph: &FloatGraph) -> Self {
        let mut at = graph.output;
        loop {
            let node = &graph.nodes[at.0];
            let len = node.shape.iter().product::<usize>();
            let head = match node.op {
                FloatOp::Softmax { axis } if len > 1 && node.shape[axis] == len => Head::Softmax,
                FloatOp::Sigmoid if len == 1 => Head::Sigmoid,
                FloatOp::Quantize(_) | FloatOp::Reshape => {
                    at = node.inputs[0];
                    continue;
                }
                _ => return Self { scores: graph.output, head: Head::Scores },
            };
            return Self { scores: node.inputs[0], head };
        }
    }
}
