//! Tree ensembles of `ai.onnx.ml`, with the classes that ONNX Runtime reads from them.
//!
//! Where two classes share one score `s`, ONNX Runtime takes the second if `s > 0`, and shows `(−s, s)` or, under LOGISTIC, their sigmoids.
//! Where no leaf is negative, it takes the second if `s > ½` and shows `(1 − s, s)`; under LOGISTIC it would show sigmoids whose larger
//! one is often that of the other class, so this is refused. Two classes with leaves of their own are decided by the larger score, as ONNX
//! says; ONNX Runtime gives the same scores, and a label that is the second wherever its own score is above 0, so the label is refused.
//! A threshold is exact: `<` and `≤` are told apart. SOFTMAX_ZERO and PROBIT change no class and are left out.

mod fifth;
mod listed;
mod table;

use std::collections::HashMap;

use ndarray::{Array1, Array2};

use super::call::{Call, Outputs};
use super::error::{Reason, printable};
use super::registry::Operator;
use super::tensor::Tensor;
use super::value::Value;
use crate::graph::{Ensemble, FloatOp, NodeId, TreeNode};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::ml("TreeEnsemble", (1, 1), fifth::ensemble).since_version(5),
    Operator::ml("TreeEnsembleClassifier", (1, 1), classifier),
    Operator::ml("TreeEnsembleRegressor", (1, 1), regressor),
];

/// A tree and one of its nodes, by the model's numbers.
type Place = (i64, i64);

/// What leaves add.
struct Votes {
    leaves: HashMap<Place, Vec<(usize, f32)>>,
    /// Whether none is negative.
    positive: bool,
}

/// How scores name a class.
#[derive(Clone, Copy, PartialEq)]
enum Decision {
    /// One score for two classes.
    Shared,
    /// Two scores for two classes.
    Own,
    /// The first of the largest.
    Largest,
}

impl Decision {
    fn of(labels: usize, classes: &[i64]) -> Self {
        match labels {
            2 if classes.windows(2).all(|pair| pair[0] == pair[1]) => Self::Shared,
            2 => Self::Own,
            _ => Self::Largest,
        }
    }
}

fn classifier(call: &mut Call<'_>) -> Outputs {
    let labels = call.attributes.labels("classlabels_int64s", "classlabels_strings")?.unwrap_or_default();
    let transform = call.attributes.text("post_transform", "NONE")?;
    let classes = call.attributes.ints("class_ids")?.unwrap_or_default();
    let decision = Decision::of(labels.len(), &classes);
    let shared = decision == Decision::Shared;
    let outputs = if shared { 1 } else { labels.len() };
    let classes = if shared { vec![0; classes.len()] } else { classes };
    let votes = votes(call, "class", classes, outputs)?;
    let base = base(call, outputs)?;
    if decision == Decision::Own && base.iter().any(|&base| base != 0.0) {
        let problem =
            "are given although each of two classes has leaves of its own: add them to the leaves of one tree";
        return Reason::argument("attribute `base_values`", problem);
    }
    let positive = votes.positive;
    let ensemble = listed::table(call, votes)?.ensemble(base, features(call)?)?;
    if (decision == Decision::Own || !shared && !positive) && !is_complete(&ensemble) {
        return Reason::argument("attribute `class_ids`", "leaves some class without a score on some records");
    }
    let x = call.float(0)?;
    let score = call.push(FloatOp::Trees(ensemble), &[x])?;
    let scores = match shared {
        true => two_classes(call, score, positive, &transform)?,
        false => several_scores(call, score, &transform)?,
    };
    call.builder.labels.push((scores, labels));
    let class = if decision == Decision::Own { Value::Failed } else { Value::Class(scores) };
    Ok(vec![class, Value::Float(scores)])
}

fn regressor(call: &mut Call<'_>) -> Outputs {
    let transform = call.attributes.text("post_transform", "NONE")?;
    let aggregate = call.attributes.text("aggregate_function", "SUM")?;
    let outputs = targets(call)?;
    let targets = call.attributes.ints("target_ids")?.unwrap_or_default();
    let votes = votes(call, "target", targets, outputs)?;
    let base = base(call, outputs)?;
    let average = match aggregate.as_str() {
        "SUM" => false,
        "AVERAGE" => true,
        _ => return Reason::argument("attribute `aggregate_function`", "is not SUM or AVERAGE"),
    };
    let ensemble = listed::table(call, votes)?.ensemble(base, features(call)?)?;
    shown(call, ensemble, average, &transform)
}

/// The scores of an ensemble that says nothing of classes.
fn shown(call: &mut Call<'_>, mut ensemble: Ensemble, average: bool, transform: &str) -> Outputs {
    if average {
        let share = 1.0 / ensemble.roots.len() as f32;
        let leaves = ensemble.nodes.iter_mut().filter_map(|node| match node {
            TreeNode::Leaf(votes) => Some(votes),
            TreeNode::Branch { .. } => None,
        });
        leaves.flatten().for_each(|(_, vote)| *vote *= share);
    }
    let x = call.float(0)?;
    let scores = call.push(FloatOp::Trees(ensemble), &[x])?;
    Ok(vec![Value::Float(several_scores(call, scores, transform)?)])
}

fn features(call: &Call<'_>) -> Result<usize, Reason> {
    Ok(call.input_shape(0)?.last().copied().unwrap_or(0))
}

fn targets(call: &mut Call<'_>) -> Result<usize, Reason> {
    let outputs = call.attributes.int("n_targets", 1)?;
    match usize::try_from(outputs).ok().filter(|outputs| (1..1 << 16).contains(outputs)) {
        Some(outputs) => Ok(outputs),
        None => Reason::argument("attribute `n_targets`", "is not a number of outputs"),
    }
}

/// `(−s, s)`, perhaps under a sigmoid, or `(1 − s, s)`. ONNX Runtime takes no softmax of these.
fn two_classes(call: &mut Call<'_>, score: NodeId, positive: bool, transform: &str) -> Result<NodeId, Reason> {
    let signs = call.constant(Array2::from_shape_fn((1, 2), |(_, class)| [-1.0, 1.0][class]).into_dyn())?;
    let both = call.push(FloatOp::MatMul, &[score, signs])?;
    match (positive, transform) {
        (true, "LOGISTIC") => Reason::argument(
            "attribute `post_transform`",
            "is LOGISTIC although no leaf is negative: labels would contradict probabilities",
        ),
        (false, "LOGISTIC") => call.push(FloatOp::Sigmoid, &[both]),
        (_, "NONE" | "SOFTMAX" | "SOFTMAX_ZERO" | "PROBIT") => {
            if transform == "PROBIT" {
                left_out(call);
            }
            if !positive {
                return Ok(both);
            }
            let ones = call.constant(Array1::from(vec![1.0, 0.0]).into_dyn())?;
            call.push(FloatOp::Add, &[both, ones])
        }
        _ => unknown(),
    }
}

/// ONNX Runtime transforms several scores; of a single one it takes PROBIT alone.
fn several_scores(call: &mut Call<'_>, scores: NodeId, transform: &str) -> Result<NodeId, Reason> {
    let shape = call.shape(scores);
    let axis = shape.len().saturating_sub(1);
    let single = shape.last() == Some(&1);
    match transform {
        "NONE" => Ok(scores),
        "PROBIT" if single => {
            Reason::argument("attribute `post_transform`", "is PROBIT of a single score: export without it")
        }
        "SOFTMAX" if !single => call.push(FloatOp::Softmax { axis }, &[scores]),
        "LOGISTIC" if !single => call.push(FloatOp::Sigmoid, &[scores]),
        "SOFTMAX" | "LOGISTIC" | "SOFTMAX_ZERO" | "PROBIT" => {
            if !single {
                left_out(call);
            }
            Ok(scores)
        }
        _ => unknown(),
    }
}

/// A note that a transform is not applied.
fn left_out(call: &mut Call<'_>) {
    let name = printable(call.name);
    let note =
        format!("the post-transform of `{name}` is left out: the scores before it are proven, the class is the same");
    call.builder.notes.push(note);
}

fn unknown<T>() -> Result<T, Reason> {
    Reason::argument("attribute `post_transform`", "is not NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT")
}

/// Whether every record gives every class a vote: some tree has one in all of its leaves.
fn is_complete(ensemble: &Ensemble) -> bool {
    (0..ensemble.base.len()).all(|output| {
        let mut sure = vec![false; ensemble.nodes.len()];
        for (id, node) in ensemble.nodes.iter().enumerate().rev() {
            sure[id] = match node {
                TreeNode::Branch { left, right, .. } => sure[*left] && sure[*right],
                TreeNode::Leaf(votes) => votes.iter().any(|vote| vote.0 == output),
            };
        }
        ensemble.roots.iter().any(|&root| sure[root])
    })
}

/// The votes of leaves, by attributes that start with `kind`.
fn votes(call: &mut Call<'_>, kind: &str, ids: Vec<i64>, outputs: usize) -> Result<Votes, Reason> {
    let trees = call.attributes.ints(&format!("{kind}_treeids"))?.unwrap_or_default();
    let nodes = call.attributes.ints(&format!("{kind}_nodeids"))?.unwrap_or_default();
    let weights = floats(call, &format!("{kind}_weights"))?;
    let count = ids.len();
    if [trees.len(), nodes.len(), weights.len()] != [count; 3] {
        return Reason::broken(format!("its lists `{kind}_…` are not of one length"));
    }
    let mut votes = Votes { leaves: HashMap::new(), positive: weights.iter().all(|weight| *weight >= 0.0) };
    for (((tree, node), id), weight) in trees.into_iter().zip(nodes).zip(ids).zip(weights) {
        let Some(output) = usize::try_from(id).ok().filter(|id| *id < outputs) else {
            return Reason::broken(format!("`{kind}_ids` names output {id} of {outputs}"));
        };
        votes.leaves.entry((tree, node)).or_default().push((output, weight));
    }
    Ok(votes)
}

fn base(call: &mut Call<'_>, outputs: usize) -> Result<Vec<f32>, Reason> {
    let base = floats(call, "base_values")?;
    match base.len() {
        0 => Ok(vec![0.0; outputs]),
        given if given == outputs => Ok(base),
        _ => Reason::argument("attribute `base_values`", "does not have one value for each score"),
    }
}

/// Floats under their own name, or as a tensor of floats.
fn floats(call: &mut Call<'_>, name: &str) -> Result<Vec<f32>, Reason> {
    if let Some(values) = call.attributes.floats(name)?.filter(|values| !values.is_empty()) {
        return Ok(values);
    }
    match call.attributes.tensor(&format!("{name}_as_tensor"))? {
        None => Ok(Vec::new()),
        Some(Tensor::Float(values)) => Ok(values.into_iter().collect()),
        Some(_) => Reason::argument(format!("attribute `{name}_as_tensor`"), "does not hold floats"),
    }
}
