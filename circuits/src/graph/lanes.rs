//! Reductions as the import writes them: the axes are brought last and read through one window that covers them.

use super::{FloatNode, FloatOp, NodeId};
use crate::window::{Window, WindowAxis};

/// Most nodes that are looked through between a mean and what it is used for: exporters write two or three.
const MAX_STEPS: usize = 16;

/// A value, and the axes of it that a reduction reads at once.
pub(super) struct Lanes {
    pub(super) x: NodeId,
    pub(super) axes: Vec<usize>,
}

/// What a pooling over whole axes reduces.
pub(super) fn reduced(nodes: &[FloatNode], pool: NodeId) -> Option<Lanes> {
    let window = window(&nodes[pool.0].op)?;
    let covers = |axis: &WindowAxis| axis.kernel == axis.input && axis.before == 0 && axis.after == 0;
    let mut x = nodes[pool.0].inputs[0];
    if let (FloatOp::Reshape, [1, rest @ ..]) = (&nodes[x.0].op, &nodes[x.0].shape[..])
        && nodes[nodes[x.0].inputs[0].0].shape == rest
    {
        x = nodes[x.0].inputs[0];
    }
    let rank = nodes[x.0].shape.len();
    let kept = rank.checked_sub(window.axes.len())?;
    let order: Vec<usize> = match &nodes[x.0].op {
        // The axes that stay are in their order: entries of the result are those of the value.
        FloatOp::Transpose { perm } if perm[..kept].is_sorted() => {
            x = nodes[x.0].inputs[0];
            perm.clone()
        }
        _ => (0..rank).collect(),
    };
    let axes = order[kept..].to_vec();
    window.axes.iter().all(covers).then_some(Lanes { x, axes })
}

fn window(op: &FloatOp) -> Option<&Window> {
    match op {
        FloatOp::AveragePool { window, .. } | FloatOp::MaxPool { window } => Some(window),
        _ => None,
    }
}

/// The mean over whole axes that a value is, times a number and perhaps in another shape.
pub(super) fn mean(nodes: &[FloatNode], mut id: NodeId) -> Option<(NodeId, f64)> {
    let mut factor = 1.0;
    for _ in 0..MAX_STEPS {
        let node = &nodes[id.0];
        match (&node.op, &node.inputs[..]) {
            (FloatOp::Reshape, [x]) => id = *x,
            (FloatOp::Mul, [x, c]) => {
                let (value, own) = number(nodes, *c).map(|c| (*x, c)).or_else(|| Some((*c, number(nodes, *x)?)))?;
                (id, factor) = (Some(value).filter(|value| nodes[value.0].shape == node.shape)?, own * factor);
            }
            (FloatOp::AveragePool { .. }, _) => return reduced(nodes, id).map(|_| (id, factor)),
            _ => return None,
        }
    }
    None
}

/// The sum over whole axes that a value is.
pub(super) fn sum(nodes: &[FloatNode], id: NodeId) -> Option<Lanes> {
    let (pool, factor) = mean(nodes, id)?;
    let taps = window(&nodes[pool.0].op)?.taps();
    reduced(nodes, pool).filter(|_| factor == taps as f64)
}

/// The number that a constant of a single entry is.
pub(super) fn number(nodes: &[FloatNode], id: NodeId) -> Option<f64> {
    let value = nodes[id.0].constant().filter(|value| value.len() == 1)?;
    value.first().map(|&value| value.into())
}

/// A shape with these axes of one entry.
pub(super) fn kept(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] }).collect()
}
