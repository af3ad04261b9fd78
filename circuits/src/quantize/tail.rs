//! The end of a network: what turns scores into probabilities is stripped, because it does not change the class.
//!
//! | the graph ends in | scores | head |
//! |---|---|---|
//! | Softmax over two | `z = l₁ − l₀` | sigmoid: `softmax(l)₁ = 1 / (1 + e^(l₀ − l₁)) = σ(z)` |
//! | Softmax over more | the logits | softmax |
//! | Sigmoid of one score `z` | `z` | sigmoid |
//! | `(1 − σ(z), σ(z))`, `(σ(−z), σ(z))` | `z` | sigmoid |
//! | Sigmoid of more, each on its own | what the sigmoids read | scores |
//! | Normalizer over any of these | as without it: the sum is positive | the same |
//! | anything else | as it is | scores |
//!
//! At each position of a class map the same holds, without the rules for two scores and for normalised ones: there, the class of two
//! logits costs no more than that of their difference.
//!
//! The class is the first largest entry of several scores, and of one score `z` it is 1 if and only if `z > 0`. For two
//! logits, `l₁ > l₀ ⇔ l₁ − l₀ > 0`, and a tie is class 0 on both sides. Sigmoid is strictly increasing and softmax divides
//! increasing functions of the logits by one positive sum, so order and ties are those of the logits.

use super::draft::{Draft, Lazy, Readout};
use super::network::{Function, Op};
use crate::architecture::Head;
use ndarray::Array1;

/// Scores and how people read them.
pub(super) struct Tail {
    pub(super) scores: Lazy,
    pub(super) head: Head,
}

/// Strips the end of the network whose output is `output`, with scores for so many positions.
pub(super) fn strip(draft: &mut Draft, output: &Lazy, positions: usize) -> Tail {
    if positions > 1 {
        return strip_map(draft, output, positions);
    }
    let value = unnormalised(draft, output);
    if let Some((Readout::Softmax { entries: classes, .. }, logits)) = readout(draft, &value)
        && classes > 1
        && classes == value.scale.len()
    {
        return softmax(draft, logits);
    }
    match unsigmoid(draft, &value) {
        Some(logits) => sigmoids(draft, logits),
        None => Tail { scores: value, head: Head::Scores },
    }
}

/// A class map: at each position, along the last axis, what is left out is a softmax over the classes, or sigmoids.
fn strip_map(draft: &mut Draft, output: &Lazy, positions: usize) -> Tail {
    let (classes, rank) = (output.scale.len() / positions, draft.shape(output).len());
    let readout = draft.readouts.get(&output.base).filter(|_| output.is_settled());
    if let Some((Readout::Softmax { axis, entries }, logits)) = readout
        && (axis + 1, *entries) == (rank, classes)
        && classes > 1
    {
        return Tail { scores: logits.clone(), head: Head::Softmax };
    }
    match unsigmoid(draft, output) {
        Some(scores) => Tail { scores, head: if classes == 1 { Head::Sigmoid } else { Head::Scores } },
        None => Tail { scores: output.clone(), head: Head::Scores },
    }
}

/// The readout that a value is, seen through reshapes.
fn readout(draft: &Draft, value: &Lazy) -> Option<(Readout, Lazy)> {
    if !value.is_settled() {
        return None;
    }
    match (draft.readouts.get(&value.base), &draft.nodes[value.base].op) {
        (Some((kind, inner)), _) => Some((*kind, inner.clone())),
        (None, Op::Move(None)) => readout(draft, &draft.plain(draft.nodes[value.base].inputs[0])),
        _ => None,
    }
}

/// The value without a final normalisation over probabilities.
fn unnormalised(draft: &mut Draft, value: &Lazy) -> Lazy {
    match readout(draft, value) {
        Some((Readout::Normalize(entries), inner)) if entries == value.scale.len() && is_positive(draft, &inner) => {
            inner
        }
        _ => value.clone(),
    }
}

fn is_positive(draft: &mut Draft, value: &Lazy) -> bool {
    matches!(readout(draft, value), Some((Readout::Softmax { .. }, _))) || unsigmoid(draft, value).is_some()
}

/// Two logits become their difference.
fn softmax(draft: &mut Draft, logits: Lazy) -> Tail {
    match difference(draft, &logits) {
        Some(scores) => Tail { scores, head: Head::Sigmoid },
        None => Tail { scores: logits, head: Head::Softmax },
    }
}

fn difference(draft: &mut Draft, logits: &Lazy) -> Option<Lazy> {
    if logits.scale.len() != 2 {
        return None;
    }
    let (first, second) = (draft.entry(logits, 0)?, draft.entry(logits, 1)?);
    let name = draft.nodes[logits.base].name.clone();
    Some(draft.add(&name, &second, &first, -1))
}

/// One sigmoid is a binary model; so are two whose arguments are opposite, as exporters of binary classifiers write them.
fn sigmoids(draft: &mut Draft, logits: Lazy) -> Tail {
    if logits.scale.len() == 1 {
        return Tail { scores: logits, head: Head::Sigmoid };
    }
    let opposite = logits.scale.len() == 2 && opposite(draft, &logits);
    match opposite.then(|| draft.entry(&logits, 1)).flatten() {
        Some(scores) => Tail { scores, head: Head::Sigmoid },
        None => Tail { scores: logits, head: Head::Scores },
    }
}

/// Whether the two entries add up to zero for every record.
fn opposite(draft: &mut Draft, logits: &Lazy) -> bool {
    let (Some(first), Some(second)) = (draft.entry(logits, 0), draft.entry(logits, 1)) else { return false };
    let sum = draft.add("", &first, &second, 1);
    let vanishes = |entries: &Array1<f64>| entries.iter().all(|&entry| entry == 0.0);
    match &draft.nodes[sum.base].op {
        Op::Dense(linear) => linear.weight.iter().all(|&w| w == 0.0) && vanishes(&linear.bias),
        _ => vanishes(&sum.scale) && vanishes(&sum.shift),
    }
}

/// What the sigmoids read if every entry of the value is `σ(z)` or `1 − σ(z) = σ(−z)`.
fn unsigmoid(draft: &mut Draft, value: &Lazy) -> Option<Lazy> {
    let signed = |(&a, &b): (&f64, &f64)| (a, b) == (1.0, 0.0) || (a, b) == (-1.0, 1.0);
    if !value.scale.iter().zip(&value.shift).all(signed) {
        return None;
    }
    let logits = unsigmoid_node(draft, value.base)?;
    let zeros = Array1::zeros(value.scale.len());
    Some(draft.affine(&logits, &value.scale, &zeros))
}

fn unsigmoid_node(draft: &mut Draft, id: usize) -> Option<Lazy> {
    let node = draft.nodes[id].clone();
    match node.op {
        Op::Apply(Function::Sigmoid) => Some(draft.plain(node.inputs[0])),
        // A place that reads nothing holds 0, which is not what the sigmoid of 0 is.
        Op::Move(Some(indices)) if indices.iter().any(Option::is_none) => None,
        Op::Move(indices) => {
            let inner = unsigmoid_node(draft, node.inputs[0])?;
            Some(draft.movement(&node.name, &inner, indices, node.shape))
        }
        Op::Concat { axis } => {
            let parts: Option<Vec<Lazy>> = node.inputs.iter().map(|&part| unsigmoid_node(draft, part)).collect();
            Some(draft.concat(&node.name, &parts?, axis, node.shape))
        }
        _ => None,
    }
}
