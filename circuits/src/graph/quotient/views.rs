//! A value as a function of each entry of an earlier one.

use super::super::composed::{Composed, Token};
use super::super::lanes::number;
use super::super::{FloatNode, FloatOp, NodeId};

/// As a function of how many values before it a value is known.
const VIEWS: usize = 8;

/// A value as a function of the entries of `base`, in the same order and perhaps in another shape.
#[derive(Clone)]
pub(super) struct View {
    pub(super) base: NodeId,
    pub(super) program: Composed,
}

/// What is known of a node.
pub(super) struct Known {
    /// The node as a function of itself, then of other values, the nearest first; none of a constant.
    pub(super) views: Vec<View>,
    /// Whether what is added to it or multiplied with it belongs to a layer's weights, or to the scaling of the record: it is private, and no
    /// table may have it.
    weighted: bool,
}

impl Known {
    /// Of the node `id`; `known` are those before it.
    pub(super) fn of(nodes: &[FloatNode], known: &[Self], id: NodeId) -> Self {
        let node = &nodes[id.0];
        if node.constant().is_some() {
            return Self { views: Vec::new(), weighted: false };
        }
        let mut views = vec![View { base: id, program: Composed::argument() }];
        views.extend(composed(nodes, known, (&node.op, &node.inputs, &node.shape)));
        views.sort_by_key(|view| std::cmp::Reverse(view.base));
        views.truncate(VIEWS);
        Self { views, weighted: is_weighted(nodes, known, node) }
    }
}

/// What an operator makes of these inputs as a function of values before it.
pub(super) fn composed(
    nodes: &[FloatNode],
    known: &[Known],
    (op, inputs, shape): (&FloatOp, &[NodeId], &[usize]),
) -> Vec<View> {
    let view = |base: NodeId, program: Option<Composed>| program.map(|program| View { base, program });
    let of = |id: NodeId| known[id.0].views.iter().filter(move |_| nodes[id.0].shape == *shape);
    let with = |x: NodeId, program: &dyn Fn(&Composed) -> Option<Composed>| {
        of(x).filter(|_| !known[x.0].weighted).filter_map(|v| view(v.base, program(&v.program))).collect::<Vec<_>>()
    };
    match (op, inputs) {
        (FloatOp::Reshape, [x]) => known[x.0].views.clone(),
        (FloatOp::Composed(function), [x]) => of(*x).filter_map(|v| view(v.base, function.of(&v.program))).collect(),
        (_, [x]) => {
            let Some(token) = Token::of(op) else { return Vec::new() };
            of(*x).filter_map(|v| view(v.base, Composed::then(&[&v.program], token))).collect()
        }
        (_, [a, b]) => {
            let Some(token) = Token::of(op) else { return Vec::new() };
            match (number(nodes, *a).map(Composed::number), number(nodes, *b).map(Composed::number)) {
                (Some(a), None) => with(*b, &|b| Composed::then(&[&a, b], token)),
                (None, Some(b)) => with(*a, &|a| Composed::then(&[a, &b], token)),
                _ => {
                    let pairs = of(*a).filter_map(|a| Some((a, of(*b).find(|b| b.base == a.base)?)));
                    pairs.filter_map(|(a, b)| view(a.base, Composed::then(&[&a.program, &b.program], token))).collect()
                }
            }
        }
        _ => Vec::new(),
    }
}

fn is_weighted(nodes: &[FloatNode], known: &[Known], node: &FloatNode) -> bool {
    let fixed = || node.inputs.iter().any(|input| nodes[input.0].constant().is_some());
    let inner = || node.inputs.iter().any(|input| known[input.0].weighted);
    match &node.op {
        FloatOp::Input | FloatOp::Conv { .. } | FloatOp::Embed => true,
        FloatOp::MatMul => fixed(),
        FloatOp::Add | FloatOp::Sub => inner(),
        FloatOp::Mul | FloatOp::Div => fixed() && inner(),
        op => moves(op) && inner(),
    }
}

/// Whether an operator gives each entry a place, without others between.
pub(super) fn moves(op: &FloatOp) -> bool {
    match op {
        FloatOp::Reshape | FloatOp::Transpose { .. } | FloatOp::Slice { .. } => true,
        FloatOp::Gather { indices, .. } => indices.iter().all(Option::is_some),
        _ => false,
    }
}
