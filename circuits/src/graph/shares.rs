//! Finds softmax that exporters spell in several nodes: `e^z / Σ e^z` along one axis, with or without `z = x − max x`.
//!
//! Only this structure is recognised: the same exponentials in numerator and sum, the same axis for the sum and for the largest entry.

use super::lanes::{Lanes, kept, reduced, sum};
use super::{FloatNode, FloatOp, NodeId, Unary};

/// Replaces quotients that are shares of exponentials, and counts them. What only they read is then dead.
pub(crate) fn recognize_shares(nodes: &mut [FloatNode]) -> usize {
    let mut count = 0;
    for id in 0..nodes.len() {
        if let Some((x, axis)) = shares(nodes, id) {
            (nodes[id].op, nodes[id].inputs) = (FloatOp::Softmax { axis }, vec![x]);
            count += 1;
        }
    }
    count
}

/// The value whose softmax a node is, and the axis.
fn shares(nodes: &[FloatNode], id: usize) -> Option<(NodeId, usize)> {
    let (FloatOp::Div, &[weights, total]) = (&nodes[id].op, &nodes[id].inputs[..]) else { return None };
    let (FloatOp::Unary(Unary::Exp), &[z]) = (&nodes[weights.0].op, &nodes[weights.0].inputs[..]) else { return None };
    let Lanes { x, axes } = sum(nodes, total)?;
    let &[axis] = &axes[..] else { return None };
    let lane = kept(&nodes[id].shape, &axes);
    let same = x == weights && nodes[weights.0].shape == nodes[id].shape && nodes[total.0].shape == lane;
    same.then(|| (unshifted(nodes, z, axis, &lane).unwrap_or(z), axis))
}

/// What the largest entry of the axis is subtracted from.
fn unshifted(nodes: &[FloatNode], z: NodeId, axis: usize, lane: &[usize]) -> Option<NodeId> {
    let (FloatOp::Sub, &[x, largest]) = (&nodes[z.0].op, &nodes[z.0].inputs[..]) else { return None };
    let mut pool = largest;
    while let FloatOp::Reshape = nodes[pool.0].op {
        pool = nodes[pool.0].inputs[0];
    }
    let lanes = reduced(nodes, pool).filter(|_| matches!(nodes[pool.0].op, FloatOp::MaxPool { .. }))?;
    let fits =
        lanes.x == x && lanes.axes == [axis] && nodes[largest.0].shape == lane && nodes[x.0].shape == nodes[z.0].shape;
    fits.then_some(x)
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::*;
    use crate::window::{Window, WindowAxis};

    /// Exponentials of rows of four over the sum of these, or of other values.
    fn quotient(of_others: bool, largest_of: usize) -> Vec<FloatNode> {
        let node = |op, inputs: &[usize], shape: &[usize]| FloatNode {
            name: String::new(),
            op,
            inputs: inputs.iter().map(|&id| NodeId(id)).collect(),
            shape: shape.to_vec(),
        };
        let window = Window { axes: vec![WindowAxis::new(4, 4)] };
        let pool = FloatOp::AveragePool { window: window.clone(), count_padding: false };
        let count = FloatOp::Constant(ArrayD::from_elem(IxDyn(&[]), 4.0));
        vec![
            node(FloatOp::Input, &[], &[3, 4]),
            node(FloatOp::Relu, &[0], &[3, 4]),
            node(FloatOp::MaxPool { window }, &[largest_of], &[3, 1]),
            node(FloatOp::Sub, &[1, 2], &[3, 4]),
            node(FloatOp::Unary(Unary::Exp), &[3], &[3, 4]),
            node(pool, &[if of_others { 1 } else { 4 }], &[3, 1]),
            node(count, &[], &[]),
            node(FloatOp::Mul, &[5, 6], &[3, 1]),
            node(FloatOp::Div, &[4, 7], &[3, 4]),
        ]
    }

    fn found(mut nodes: Vec<FloatNode>) -> Option<(usize, usize)> {
        recognize_shares(&mut nodes);
        match nodes.pop().map(|node| (node.op, node.inputs)) {
            Some((FloatOp::Softmax { axis }, inputs)) => Some((inputs[0].0, axis)),
            _ => None,
        }
    }

    #[test]
    fn shares_of_exponentials_are_softmax() {
        assert_eq!(found(quotient(false, 1)), Some((1, 1)), "of what the largest is subtracted from");
        assert_eq!(found(quotient(false, 0)), Some((3, 1)), "of what is left where something else is subtracted");
        assert_eq!(found(quotient(true, 1)), None);
        let mut other = quotient(false, 1);
        other[6].op = FloatOp::Constant(ArrayD::from_elem(IxDyn(&[]), 3.0));
        assert_eq!(found(other), None, "no sum but three quarters of one");
    }
}
