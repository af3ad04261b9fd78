//! Class maps: scores for the classes of each of many positions, as models for segmentation and for tagging have them.
//!
//! The axis of the classes is the one that a final `ArgMax` or `Softmax` names, or that of the channels which a convolution or a
//! matrix product made; of images that nothing tells it of, axis 1, as exporters write it. It is moved last, in front of what turns
//! scores into probabilities, so that the scores of a position follow one another.

use super::builder::Builder;
use super::error::{Reason, printable};
use crate::graph::{FloatNode, FloatOp, NodeId};

/// Scores of a class map.
#[derive(Clone)]
pub(super) struct Map {
    /// The scores with the classes last.
    pub(super) scores: NodeId,
    /// Number of positions.
    pub(super) positions: usize,
    /// What was found, for printing.
    pub(super) note: String,
}

impl Map {
    /// The map of an output, if it is more than one score for each class.
    pub(super) fn find(name: &str, scores: NodeId, builder: &mut Builder) -> Result<Option<Self>, Reason> {
        let shape = builder.shape(scores).to_vec();
        if shape.iter().filter(|dim| **dim > 1).count() <= 1 {
            return Ok(None);
        }
        let guessed = (shape.len() >= 4).then_some(1);
        match (shape.first(), channels(builder, scores).or(guessed)) {
            (Some(1), Some(axis)) => Self::new(name, scores, axis, builder).map(Some),
            (Some(1), None) => refuse(
                &shape,
                "has scores along several axes, and nothing tells which of them counts the classes: end the model in ArgMax \
                 or Softmax over that axis",
            ),
            _ => refuse(&shape, "is more than one score for each class of one record"),
        }
    }

    /// The map of scores whose classes `axis` counts.
    pub(super) fn new(name: &str, scores: NodeId, axis: usize, builder: &mut Builder) -> Result<Self, Reason> {
        let shape = builder.shape(scores).to_vec();
        let positions = shape.iter().enumerate().filter(|(other, _)| *other != axis).map(|(_, dim)| dim).product();
        let last = axis + 1 == shape.len();
        let scores = if last { scores } else { turned(name, scores, axis, builder)? };
        Ok(Self { scores, positions, note: note(name, &shape, axis) })
    }
}

fn refuse<T>(shape: &[usize], problem: &str) -> Result<T, Reason> {
    Err(Reason::Output(format!("its shape {shape:?} {problem}")))
}

/// Moves an axis last, in front of a softmax along it and of what is done to each entry alone at the end of a network.
fn turned(name: &str, scores: NodeId, axis: usize, builder: &mut Builder) -> Result<NodeId, Reason> {
    let last = builder.shape(scores).len() - 1;
    let mut readouts = Vec::new();
    let mut inner = scores;
    while let Some(node @ FloatNode { inputs, .. }) = builder.nodes.get(inner.0) {
        readouts.push(match &node.op {
            FloatOp::Softmax { axis: along } if *along == axis => (node.name.clone(), FloatOp::Softmax { axis: last }),
            op @ (FloatOp::Sigmoid | FloatOp::Quantize(_)) => (node.name.clone(), op.clone()),
            _ => break,
        });
        inner = inputs[0];
    }
    let perm = (0..=last).filter(|&other| other != axis).chain([axis]).collect();
    let mut id = builder.push(name, FloatOp::Transpose { perm }, &[inner], &[])?;
    for (name, op) in readouts.into_iter().rev() {
        id = builder.push(&name, op, &[id], &[])?;
    }
    Ok(id)
}

/// The axis along which the value has the channels that a layer made, or the shares of a softmax.
fn channels(builder: &Builder, mut id: NodeId) -> Option<usize> {
    let mut perms = Vec::new();
    let axis = loop {
        let node = builder.nodes.get(id.0)?;
        id = match &node.op {
            FloatOp::Conv { .. } | FloatOp::MaxPool { .. } | FloatOp::AveragePool { .. } => break 1,
            FloatOp::Softmax { axis } => break *axis,
            FloatOp::MatMul if builder.known(*node.inputs.get(1)?).is_some_and(|weight| weight.ndim() == 2) => {
                break node.shape.len().checked_sub(1)?;
            }
            FloatOp::Transpose { perm } => {
                perms.push(perm);
                *node.inputs.first()?
            }
            _ => entrywise(builder, node)?,
        };
    };
    perms.into_iter().rev().try_fold(axis, |axis, perm| perm.iter().position(|&from| from == axis))
}

/// What a node reads entry by entry.
fn entrywise(builder: &Builder, node: &FloatNode) -> Option<NodeId> {
    let whole = |id: &&NodeId| builder.known(**id).is_none() && builder.shape(**id) == node.shape;
    match &node.op {
        FloatOp::Add
        | FloatOp::Sub
        | FloatOp::Mul
        | FloatOp::Div
        | FloatOp::Relu
        | FloatOp::LeakyRelu { .. }
        | FloatOp::Clip { .. }
        | FloatOp::Sigmoid
        | FloatOp::Tanh
        | FloatOp::Unary(_)
        | FloatOp::Quantize(_) => node.inputs.iter().find(whole).copied(),
        _ => None,
    }
}

fn note(name: &str, shape: &[usize], axis: usize) -> String {
    let extents = shape.iter().enumerate().skip(1).filter(|(other, _)| *other != axis);
    let extents: Vec<_> = extents.map(|(_, dim)| dim.to_string()).collect();
    let classes = match shape.get(axis) {
        Some(1) => "two classes by one score each".to_owned(),
        classes => format!("{} classes, along axis {axis}", classes.unwrap_or(&0)),
    };
    format!("`{}` {shape:?} is a class map: {} positions, {classes}", printable(name), extents.join(" × "))
}
