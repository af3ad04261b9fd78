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
