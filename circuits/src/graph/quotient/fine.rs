//! Values with more bits: what tables magnify is rounded once, and everything that reads it reads that.

use super::super::{FloatGraph, FloatNode, FloatOp, NodeId, lanes, prune};
use super::Rewrite;
use super::views::moves;

impl Rewrite {
    /// The value with more bits, where it is not that of a function whose bits are given.
    pub(super) fn fine(&mut self, name: &str, x: NodeId) -> Option<NodeId> {
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
    pub(super) fn finish(self, old: &FloatGraph) -> FloatGraph {
        let output = self.places.get(old.output.0).copied().unwrap_or(NodeId(0));
        let rounded = self.rounded(output);
        let mut nodes: Vec<FloatNode> = Vec::with_capacity(self.nodes.len());
        let mut places = vec![NodeId(0); self.nodes.len()];
        for (id, mut node) in self.nodes.into_iter().enumerate() {
            if let FloatOp::Fine = node.op {
                places[id] = places[node.inputs[0].0];
                continue;
            }
            node.inputs.iter_mut().for_each(|input| *input = places[input.0]);
            let fine = rounded[id].then(|| FloatNode {
                name: format!("{}/fine", node.name),
                op: FloatOp::Fine,
                inputs: vec![NodeId(nodes.len())],
                shape: node.shape.clone(),
            });
            nodes.extend([node].into_iter().chain(fine));
            places[id] = NodeId(nodes.len() - 1);
        }
        let moved = prune(&mut nodes, places[output.0]);
        let output = moved.get(places[output.0].0).copied().flatten().unwrap_or(NodeId(0));
        FloatGraph { nodes, output, positions: old.positions, labels: old.labels.clone(), notes: old.notes.clone() }
    }

    /// Which values the output needs with more bits.
    fn rounded(&self, output: NodeId) -> Vec<bool> {
        let (mut needed, mut rounded) = (vec![false; self.nodes.len()], vec![false; self.nodes.len()]);
        needed[output.0] = true;
        for (id, node) in self.nodes.iter().enumerate().rev() {
            if needed[id] {
                node.inputs.iter().for_each(|input| needed[input.0] = true);
                node.inputs.iter().for_each(|input| rounded[input.0] |= matches!(node.op, FloatOp::Fine));
            }
        }
        rounded
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
