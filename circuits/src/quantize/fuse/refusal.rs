//! Nodes that cannot be quantised: why, and what to try.

use std::fmt;

use super::{Draft, Readout};
use crate::graph::FloatOp;
use crate::quantize::network::Op;

/// A node that cannot be quantised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Name of the node.
    pub node: String,
    /// Its operator.
    pub operator: &'static str,
    /// Why not.
    pub reason: &'static str,
    /// What to try.
    pub advice: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, operator, reason, advice } = self;
        write!(f, "node `{node}` ({operator}): {reason}; {advice}")
    }
}

/// Why a node is refused, and what to try.
pub(in crate::quantize) type Reason = (&'static str, &'static str);

pub(in crate::quantize) const VECTOR: Reason =
    ("multiplies a vector by a matrix that both depend on the record", "give the vector a second axis of one entry");
pub(in crate::quantize) const QUOTIENT: Reason =
    ("divides by a value that depends on the record", "multiply by a constant instead");
pub(in crate::quantize) const LEFT: Reason = (
    "has the constant on the left or with more than two axes",
    "transpose, so that the weights are a matrix on the right",
);
pub(in crate::quantize) const HALF_OPEN: Reason = ("has one open end that is not ReLU", "give both ends, or use Relu");
pub(in crate::quantize) const NAMES: Reason = (
    "takes rows of a table by numbers that are computed, or of a table that is too long",
    "look up entries of the record itself, in tables of at most 4096 rows",
);
pub(in crate::quantize) const CATEGORIES: Reason = (
    "computes with entries of the record that name rows of a table as well",
    "give the model a record of numbers alone or of categories alone",
);
pub(in crate::quantize) const FILTER: Reason =
    ("convolves with weights that depend on the record", "only convolutions of values by constants can be quantised");
pub(in crate::quantize) const COUNTS: Reason =
    ("averages over too many different numbers of entries at the border", "count the padding, or use less of it");
pub(in crate::quantize) const CONSTANT: Reason =
    ("is applied to constants", "fold the constants before exporting the model");

/// Name of an operator, as ONNX has it.
pub(in crate::quantize) fn operator(op: &FloatOp) -> &'static str {
    match op {
        FloatOp::Input => "Input",
        FloatOp::Constant(_) => "Constant",
        FloatOp::Levels(_) => "DequantizeLinear",
        FloatOp::Quantize(_) => "QuantizeLinear",
        FloatOp::MatMul => "MatMul",
        FloatOp::Add => "Add",
        FloatOp::Sub => "Sub",
        FloatOp::Mul => "Mul",
        FloatOp::Div => "Div",
        FloatOp::Relu => "Relu",
        FloatOp::LeakyRelu { .. } => "LeakyRelu",
        FloatOp::Clip { .. } => "Clip",
        FloatOp::Sigmoid => "Sigmoid",
        FloatOp::Tanh => "Tanh",
        FloatOp::Unary(function) => function.name(),
        FloatOp::Composed(_) => "Div",
        FloatOp::Fine => "Identity",
        FloatOp::Softmax { .. } => "Softmax",
        FloatOp::Standardize { .. } => "LayerNormalization",
        FloatOp::Normalize { .. } => "Normalizer",
        FloatOp::Reshape => "Reshape",
        FloatOp::Transpose { .. } => "Transpose",
        FloatOp::Slice { .. } => "Slice",
        FloatOp::Concat { .. } => "Concat",
        FloatOp::Conv { .. } => "Conv",
        FloatOp::MaxPool { .. } => "MaxPool",
        FloatOp::AveragePool { .. } => "AveragePool",
        FloatOp::Gather { .. } => "Gather",
        FloatOp::Trees(_) => "TreeEnsemble",
        FloatOp::Embed => "Gather",
    }
}

/// Nodes that compute with the record's entries although these are names.
fn computing(draft: &Draft, needed: &[bool]) -> Vec<Refusal> {
    let one_hot = |op: &Op| matches!(op, Op::OneHot(_));
    if !draft.nodes.iter().zip(needed).any(|(node, needed)| *needed && one_hot(&node.op)) {
        return Vec::new();
    }
    let mut named = vec![false; draft.nodes.len()];
    let mut refusals = Vec::new();
    for (id, node) in draft.nodes.iter().enumerate().filter(|(id, _)| needed[*id]) {
        named[id] = match node.op {
            Op::Input => node.inputs.is_empty() && !draft.readouts.contains_key(&id),
            Op::Move(_) => named[node.inputs[0]],
            _ => false,
        };
        if !matches!(node.op, Op::Move(_)) && !one_hot(&node.op) && node.inputs.iter().any(|&input| named[input]) {
            let (reason, advice) = CATEGORIES;
            refusals.push(Refusal { node: node.name.clone(), operator: "a number", reason, advice });
        }
    }
    refusals
}

/// Nodes that compute with names.
pub(in crate::quantize) fn misplaced(draft: &Draft, output: usize) -> Vec<Refusal> {
    computing(draft, &draft.needed(output))
}

/// Names of nodes that divide by a norm although something else than the end of the network reads them.
pub(in crate::quantize) fn norms(draft: &Draft, output: usize) -> Vec<String> {
    let needed = draft.needed(output);
    let middle = draft.readouts.iter().filter(|(id, (kind, _))| needed[**id] && matches!(kind, Readout::Normalize(_)));
    middle.map(|(&id, _)| draft.nodes[id].name.clone()).collect()
}
