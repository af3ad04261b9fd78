//! Finds standard scores that exporters spell in several nodes: `d/√(mean(d²) + ε)` with `d = x − mean(x)`, means over the last axis.
//!
//! Only this structure is recognised, whatever the values are: the same `d` in numerator and square, one `ε > 0` for all entries.

use super::{FloatNode, FloatOp, NodeId, Unary};

/// Replaces quotients that are standard scores, and counts them. What only they read is then dead.
pub(crate) fn recognize_standard(nodes: &mut [FloatNode]) -> usize {
    let mut count = 0;
    for id in 0..nodes.len() {
        if let Some((x, epsilon)) = standardized(nodes, id) {
            (nodes[id].op, nodes[id].inputs) = (FloatOp::Standardize { epsilon }, vec![x]);
            count += 1;
        }
    }
    count
}

/// The value whose standard scores a node is, and `ε`.
fn standardized(nodes: &[FloatNode], id: usize) -> Option<(NodeId, f32)> {
    let [d, deviation] = two(nodes, NodeId(id), &FloatOp::Div)?;
    let [x, mean] = two(nodes, d, &FloatOp::Sub)?;
    let variance = root(nodes, deviation)?;
    let [a, b] = two(nodes, variance, &FloatOp::Add)?;
    let (square, epsilon) = match (number(nodes, a), number(nodes, b)) {
        (None, Some(epsilon)) => (a, epsilon),
        (Some(epsilon), None) => (b, epsilon),
        _ => return None,
    };
    let shape = &nodes[x.0].shape;
    let scalar = [&shape[..shape.len().checked_sub(1)?], &[1]].concat();
    let lanes = [mean, square].iter().all(|value| nodes[value.0].shape == scalar);
    let same = nodes[id].shape == *shape && mean_of(nodes, mean, shape)? == x;
    let spread = squared(nodes, mean_of(nodes, square, shape)?)? == d;
    (lanes && same && spread && epsilon > 0.0).then_some((x, epsilon))
}

/// The inputs of a node of this operator.
fn two(nodes: &[FloatNode], id: NodeId, op: &FloatOp) -> Option<[NodeId; 2]> {
    let node = &nodes[id.0];
    let same = std::mem::discriminant(&node.op) == std::mem::discriminant(op);
    node.inputs[..].try_into().ok().filter(|_| same)
}

fn root(nodes: &[FloatNode], id: NodeId) -> Option<NodeId> {
    match nodes[id.0].op {
        FloatOp::Unary(Unary::Sqrt) => Some(nodes[id.0].inputs[0]),
        FloatOp::Unary(Unary::Power(0.5)) => Some(nodes[id.0].inputs[0]),
        _ => None,
    }
}

fn squared(nodes: &[FloatNode], id: NodeId) -> Option<NodeId> {
    match (&nodes[id.0].op, &nodes[id.0].inputs[..]) {
        (FloatOp::Unary(Unary::Power(p)), [x]) if *p == 2.0 => Some(*x),
        (FloatOp::Mul, [x, y]) if x == y => Some(*x),
        _ => None,
    }
}

/// The one number that all entries of a constant are.
fn number(nodes: &[FloatNode], id: NodeId) -> Option<f32> {
    let value = nodes[id.0].constant()?;
    value.first().copied().filter(|first| value.iter().all(|entry| entry == first))
}

/// The value of this shape whose means over the last axis a node holds. Reshapes keep the order of entries.
fn mean_of(nodes: &[FloatNode], id: NodeId, shape: &[usize]) -> Option<NodeId> {
    let pool = reshaped(nodes, id);
    let FloatOp::AveragePool { window, .. } = &nodes[pool.0].op else { return None };
    let [axis] = &window.axes[..] else { return None };
    let width = *shape.last()?;
    let whole =
        axis.input == width && axis.kernel == width && axis.positions() == 1 && axis.before == 0 && axis.after == 0;
    let mut x = nodes[pool.0].inputs[0];
    if nodes[x.0].shape != shape {
        x = reshaped(nodes, x);
    }
    (whole && nodes[x.0].shape == shape).then_some(x)
}

fn reshaped(nodes: &[FloatNode], mut id: NodeId) -> NodeId {
    while let FloatOp::Reshape = nodes[id.0].op {
        id = nodes[id.0].inputs[0];
    }
    id
}
