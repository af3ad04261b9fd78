//! Constant folding and removal of dead nodes.

use super::shape::ShapeError;
use super::{FloatNode, FloatOp, Levels, NodeId};

/// Replaces a node that reads constants alone by its value; `nodes` are those before it.
///
/// A value that is not finite stays unfolded, so that running the graph reports the node.
pub(crate) fn fold(node: &mut FloatNode, nodes: &[FloatNode]) -> Result<(), ShapeError> {
    if let Some(levels) = moved(node, nodes) {
        node.op = FloatOp::Levels(levels.into());
        node.inputs.clear();
        return Ok(());
    }
    let inputs = node.inputs.iter().map(|id| nodes.get(id.0).and_then(FloatNode::constant));
    let Some(inputs) = inputs.collect::<Option<Vec<_>>>().filter(|inputs| !inputs.is_empty()) else {
        return Ok(());
    };
    let views: Vec<_> = inputs.into_iter().map(|value| value.view()).collect();
    let value = node.op.apply(&views, &node.shape)?;
    if value.iter().all(|x| x.is_finite()) {
        node.op = FloatOp::Constant(value);
        node.inputs.clear();
    }
    Ok(())
}

/// Integers of the file stay integers where they only change places.
fn moved(node: &FloatNode, nodes: &[FloatNode]) -> Option<Levels> {
    let &[input] = node.inputs.as_slice() else { return None };
    match &nodes.get(input.0)?.op {
        FloatOp::Levels(levels) => levels.moved(&node.op, &node.shape),
        _ => None,
    }
}

/// Drops the nodes that `output` does not need, and returns where each node went. Node 0, the record, always stays.
pub(crate) fn prune(nodes: &mut Vec<FloatNode>, output: NodeId) -> Vec<Option<NodeId>> {
    let alive = alive(nodes, output);
    let mut next = 0;
    let moved: Vec<_> = alive.iter().map(|alive| alive.then(|| (NodeId(next), next += 1).0)).collect();
    let mut keep = alive.into_iter();
    nodes.retain(|_| keep.next().unwrap_or(false));
    for id in nodes.iter_mut().flat_map(|node| &mut node.inputs) {
        if let Some(Some(new)) = moved.get(id.0) {
            *id = *new;
        }
    }
    moved
}

fn alive(nodes: &[FloatNode], output: NodeId) -> Vec<bool> {
    let mut alive: Vec<bool> = (0..nodes.len()).map(|id| id == 0 || id == output.0).collect();
    for id in (0..nodes.len()).rev().filter(|id| *id <= output.0) {
        if alive[id] {
            for input in nodes[id].inputs.iter().filter(|input| input.0 < id) {
                alive[input.0] = true;
            }
        }
    }
    alive
}
