//! What stands before the trees: each of their features is a monotone function of one entry of the record.

use ndarray::{ArrayD, IxDyn};

use super::refuse;
use crate::architecture::{float_at, float_order};
use crate::graph::{FloatGraph, FloatNode, FloatOp, NodeId};
use crate::quantize::QuantizeError;

/// One feature of the trees.
#[derive(Clone)]
pub(super) struct Source {
    /// The entry of the record.
    pub(super) entry: usize,
    /// What is done to it, in 32-bit floats.
    steps: Vec<Step>,
}

/// A monotone function.
#[derive(Clone, Copy)]
enum Step {
    Add(f32),
    Subtract(f32),
    SubtractFrom(f32),
    Multiply(f32),
    Divide(f32),
}

impl Step {
    fn at(self, x: f32) -> f32 {
        match self {
            Self::Add(c) => x + c,
            Self::Subtract(c) => x - c,
            Self::SubtractFrom(c) => c - x,
            Self::Multiply(c) => x * c,
            Self::Divide(c) => x / c,
        }
    }

    fn falls(self) -> bool {
        match self {
            Self::Add(_) | Self::Subtract(_) => false,
            Self::SubtractFrom(_) => true,
            Self::Multiply(c) | Self::Divide(c) => c < 0.0,
        }
    }
}

/// A question about an entry of the record.
pub(super) struct Question {
    /// The integer of the largest float that answers with the first child.
    pub(super) threshold: i64,
    /// Whether the children change places.
    pub(super) swapped: bool,
}

impl Source {
    /// Whether the feature is less than `threshold`, or equal to it where `inclusive`, as a question about the entry: rounding is monotone,
    /// so the entries that answer yes are all those up to some float, or all those from one on.
    pub(super) fn question(&self, threshold: f32, inclusive: bool) -> Question {
        let feature = |order: i64| self.steps.iter().fold(float_at(order), |x, step| step.at(x));
        let holds = |x: f32| x < threshold || inclusive && x == threshold;
        let swapped = self.steps.iter().filter(|step| step.falls()).count() % 2 == 1;
        let first = |order: i64| holds(feature(order)) != swapped;
        let (mut below, mut above) = (float_order(f32::MIN) - 1, float_order(f32::MAX) + 1);
        // The first child is for orders up to `below`, the second from `above` on.
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if first(middle) { below = middle } else { above = middle }
        }
        Question { threshold: below, swapped }
    }
}

/// The features that the trees at node `trees` read.
pub(super) fn sources(graph: &FloatGraph, trees: NodeId) -> Result<Vec<Source>, QuantizeError> {
    let len: usize = graph.input_shape().iter().product();
    let mut all: Vec<Source> = (0..len).map(|entry| Source { entry, steps: Vec::new() }).collect();
    // For each node, the source of each of its entries.
    let mut values: Vec<Option<ArrayD<i64>>> = Vec::with_capacity(trees.0);
    for (id, node) in graph.nodes.iter().enumerate().take(trees.0) {
        let value = match &node.op {
            FloatOp::Input => {
                let mut order = 0..len as i64;
                Some(ArrayD::from_shape_simple_fn(IxDyn(&node.shape), || order.next().unwrap_or_default()))
            }
            FloatOp::Constant(_) | FloatOp::Levels(_) => None,
            FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div => {
                Some(arithmetic(graph, node, &values, &mut all).map_or_else(|| refuse(graph, id, REASON, ADVICE), Ok)?)
            }
            _ => Some(moved(node, &values).map_or_else(|| refuse(graph, id, REASON, ADVICE), Ok)?),
        };
        values.push(value);
    }
    let input = graph.nodes[trees.0].inputs.first().and_then(|input| values.get(input.0)?.as_ref());
    let read = |input: &ArrayD<i64>| input.iter().map(|&source| all[source as usize].clone()).collect();
    input.map(read).map_or_else(|| refuse(graph, trees.0, "reads a constant", ADVICE), Ok)
}

/// A step of every entry by a constant.
fn arithmetic(
    graph: &FloatGraph,
    node: &FloatNode,
    values: &[Option<ArrayD<i64>>],
    all: &mut Vec<Source>,
) -> Option<ArrayD<i64>> {
    let &[left, right] = node.inputs.as_slice() else { return None };
    let (x, constant, first) = match (graph.nodes[left.0].constant(), graph.nodes[right.0].constant()) {
        (None, Some(constant)) => (values[left.0].as_ref()?, constant, true),
        (Some(constant), None) => (values[right.0].as_ref()?, constant, false),
        _ => return None,
    };
    let (x, constant) = (x.broadcast(node.shape.as_slice())?, constant.broadcast(node.shape.as_slice())?);
    let step = |c: f32| match (&node.op, first) {
        (FloatOp::Add, _) => Some(Step::Add(c)),
        (FloatOp::Sub, true) => Some(Step::Subtract(c)),
        (FloatOp::Sub, false) => Some(Step::SubtractFrom(c)),
        (FloatOp::Mul, _) => Some(Step::Multiply(c)),
        (FloatOp::Div, true) if c != 0.0 => Some(Step::Divide(c)),
        _ => None,
    };
    let mut entries = Vec::with_capacity(x.len());
    for (&source, &c) in x.iter().zip(constant.iter()) {
        let mut source = all[source as usize].clone();
        source.steps.push(step(c)?);
        entries.push(all.len() as i64);
        all.push(source);
    }
    ArrayD::from_shape_vec(node.shape.as_slice(), entries).ok()
}

/// Entries that only change places.
fn moved(node: &FloatNode, values: &[Option<ArrayD<i64>>]) -> Option<ArrayD<i64>> {
    if let FloatOp::Gather { indices, .. } = &node.op
        && indices.iter().any(Option::is_none)
    {
        return None;
    }
    let inputs = node
        .inputs
        .iter()
        .map(|input| values[input.0].as_ref().map(|value| value.view()))
        .collect::<Option<Vec<_>>>()?;
    node.op.rearrange(&inputs, &node.shape).ok()
}

const REASON: &str = "computes something of several features before the trees, or something that is not linear";
const ADVICE: &str = "train the trees on the record itself, or on features that are scaled one by one";
