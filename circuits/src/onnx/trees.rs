//! Tree ensembles of `ai.onnx.ml`, with the classes that ONNX Runtime reads from them.
//!
//! Where two classes share one score `s`, ONNX Runtime takes the second if `s > 0`, and shows `(−s, s)` or, under LOGISTIC, their sigmoids.
//! Where no leaf is negative, it takes the second if `s > ½` and shows `(1 − s, s)`; under LOGISTIC it would show sigmoids whose larger
//! one is often that of the other class, so this is refused. A threshold is exact: `<` and `≤` are told apart.

use std::collections::{HashMap, VecDeque};

use ndarray::{Array1, Array2};

use super::call::{Call, Outputs};
use super::error::Reason;
use super::registry::Operator;
use super::tensor::Tensor;
use super::value::Value;
use crate::graph::{Ensemble, FloatOp, NodeId, TreeNode};

pub(super) const OPERATORS: &[Operator] = &[
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

fn classifier(call: &mut Call<'_>) -> Outputs {
    let labels = call.attributes.labels("classlabels_int64s", "classlabels_strings")?.unwrap_or_default();
    let transform = call.attributes.text("post_transform", "NONE")?;
    let classes = call.attributes.ints("class_ids")?.unwrap_or_default();
    let shared = labels.len() == 2 && classes.windows(2).all(|pair| pair[0] == pair[1]);
    let outputs = if shared { 1 } else { labels.len() };
    if labels.len() == 2 && !shared {
        return Reason::argument("attribute `class_ids`", "gives each of two classes leaves of its own");
    }
    let classes = if shared { vec![0; classes.len()] } else { classes };
    let votes = votes(call, "class", classes, outputs)?;
    let base = base(call, outputs)?;
    let (ensemble, positive) = ensemble(call, votes, base)?;
    if !shared && !positive && !is_complete(&ensemble) {
        return Reason::argument("attribute `class_ids`", "leaves some class without a score on some records");
    }
    let x = call.float(0)?;
    let score = call.push(FloatOp::Trees(ensemble), &[x])?;
    let scores = match (shared, positive) {
        (true, positive) => two_classes(call, score, positive, &transform)?,
        (false, _) => several_classes(call, score, &transform)?,
    };
    call.builder.labels.push((scores, labels));
    Ok(vec![Value::Class(scores), Value::Float(scores)])
}

fn regressor(call: &mut Call<'_>) -> Outputs {
    let transform = call.attributes.text("post_transform", "NONE")?;
    let aggregate = call.attributes.text("aggregate_function", "SUM")?;
    let outputs = call.attributes.int("n_targets", 1)?;
    let Some(outputs) = usize::try_from(outputs).ok().filter(|outputs| (1..1 << 16).contains(outputs)) else {
        return Reason::argument("attribute `n_targets`", "is not a number of outputs");
    };
    let targets = call.attributes.ints("target_ids")?.unwrap_or_default();
    let votes = votes(call, "target", targets, outputs)?;
    let base = base(call, outputs)?;
    let average = match aggregate.as_str() {
        "SUM" => false,
        "AVERAGE" => true,
        _ => return Reason::argument("attribute `aggregate_function`", "is not SUM or AVERAGE"),
    };
    let (mut ensemble, _) = ensemble(call, votes, base)?;
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
    Ok(vec![Value::Float(several_classes(call, scores, &transform)?)])
}

/// `(−s, s)`, perhaps under a sigmoid, or `(1 − s, s)`.
fn two_classes(call: &mut Call<'_>, score: NodeId, positive: bool, transform: &str) -> Result<NodeId, Reason> {
    let signs = call.constant(Array2::from_shape_fn((1, 2), |(_, class)| [-1.0, 1.0][class]).into_dyn())?;
    let both = call.push(FloatOp::MatMul, &[score, signs])?;
    match (positive, transform) {
        (true, "LOGISTIC") => Reason::argument(
            "attribute `post_transform`",
            "is LOGISTIC although no leaf is negative: labels would contradict probabilities",
        ),
        (true, "NONE") => {
            let ones = call.constant(Array1::from(vec![1.0, 0.0]).into_dyn())?;
            call.push(FloatOp::Add, &[both, ones])
        }
        (false, "NONE") => Ok(both),
        (false, "LOGISTIC") => call.push(FloatOp::Sigmoid, &[both]),
        _ => Reason::argument("attribute `post_transform`", "is not NONE or LOGISTIC, where two classes share a score"),
    }
}

fn several_classes(call: &mut Call<'_>, scores: NodeId, transform: &str) -> Result<NodeId, Reason> {
    let axis = call.shape(scores).len().saturating_sub(1);
    match transform {
        "NONE" => Ok(scores),
        "SOFTMAX" => call.push(FloatOp::Softmax { axis }, &[scores]),
        "LOGISTIC" => call.push(FloatOp::Sigmoid, &[scores]),
        _ => Reason::argument("attribute `post_transform`", "is not NONE, SOFTMAX or LOGISTIC"),
    }
}

/// Whether every record gives every class a vote: some tree has one in all of its leaves.
fn is_complete(ensemble: &Ensemble) -> bool {
    let votes = |output: usize, root: usize| {
        let (mut open, mut all) = (vec![root], true);
        while let Some(id) = open.pop() {
            match &ensemble.nodes[id] {
                TreeNode::Branch { left, right, .. } => open.extend([*left, *right]),
                TreeNode::Leaf(votes) => all &= votes.iter().any(|vote| vote.0 == output),
            }
        }
        all
    };
    (0..ensemble.base.len()).all(|output| ensemble.roots.iter().any(|&root| votes(output, root)))
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

/// The rows of the node table, as the model lists them.
struct Listed {
    places: Vec<Place>,
    modes: Vec<String>,
    features: Vec<i64>,
    thresholds: Vec<f32>,
    /// If the comparison holds.
    yes: Vec<i64>,
    no: Vec<i64>,
}

impl Listed {
    fn read(call: &mut Call<'_>) -> Result<Self, Reason> {
        let mut ints = |name: &str| -> Result<Vec<i64>, Reason> { Ok(call.attributes.ints(name)?.unwrap_or_default()) };
        let (trees, nodes) = (ints("nodes_treeids")?, ints("nodes_nodeids")?);
        let (features, yes, no) = (ints("nodes_featureids")?, ints("nodes_truenodeids")?, ints("nodes_falsenodeids")?);
        let modes = call.attributes.texts("nodes_modes")?.unwrap_or_default();
        let thresholds = floats(call, "nodes_values")?;
        // Statistics, and where missing values go: records have none.
        for name in ["nodes_hitrates", "nodes_hitrates_as_tensor", "nodes_missing_value_tracks_true"] {
            call.attributes.ignore(name);
        }
        let count = trees.len();
        let lists = [nodes.len(), features.len(), yes.len(), no.len(), modes.len(), thresholds.len()];
        if lists != [count; 6] || count == 0 {
            return Reason::broken("its lists `nodes_…` are empty or not of one length");
        }
        let places = trees.into_iter().zip(nodes).collect();
        Ok(Self { places, modes, features, thresholds, yes, no })
    }

    fn is_leaf(&self, row: usize) -> bool {
        self.modes[row] == "LEAF"
    }

    /// The rows that a row's comparison leads to.
    fn children(&self, row: usize, rows: &HashMap<Place, usize>) -> Result<[usize; 2], Reason> {
        let (tree, node) = self.places[row];
        let find = |child: i64| match rows.get(&(tree, child)) {
            Some(found) => Ok(*found),
            None => Reason::broken(format!("node {node} of tree {tree} leads to node {child}, which is not there")),
        };
        Ok([find(self.yes[row])?, find(self.no[row])?])
    }

    /// The question of a row, with the nodes that follow where it holds and where not.
    fn branch(&self, row: usize, features: usize, [yes, no]: [usize; 2]) -> Result<TreeNode, Reason> {
        let feature = usize::try_from(self.features[row]).ok().filter(|feature| *feature < features);
        let Some(feature) = feature else {
            return Reason::broken(format!("a node asks about feature {} of {features}", self.features[row]));
        };
        let (inclusive, left, right) = match self.modes[row].as_str() {
            "BRANCH_LEQ" => (true, yes, no),
            "BRANCH_LT" => (false, yes, no),
            "BRANCH_GT" => (true, no, yes),
            "BRANCH_GTE" => (false, no, yes),
            _ => return Reason::argument("attribute `nodes_modes`", "asks for equality or for sets of values"),
        };
        Ok(TreeNode::Branch { feature, threshold: self.thresholds[row], inclusive, left, right })
    }
}

/// The trees, each from its root on, and whether no leaf is negative.
fn ensemble(call: &mut Call<'_>, mut votes: Votes, base: Vec<f32>) -> Result<(Ensemble, bool), Reason> {
    let listed = Listed::read(call)?;
    let id = call.float(0)?;
    let features = call.shape(id).last().copied().unwrap_or(0);
    let rows: HashMap<Place, usize> = listed.places.iter().copied().zip(0..).collect();
    if rows.len() != listed.places.len() {
        return Reason::broken("a node is listed twice");
    }
    let mut ensemble = Ensemble { nodes: Vec::new(), roots: Vec::new(), base, features };
    for root in roots(&listed, &rows)? {
        ensemble.roots.push(ensemble.nodes.len());
        let mut queue = VecDeque::from([root]);
        while let Some(row) = queue.pop_front() {
            if ensemble.nodes.len() + queue.len() > listed.places.len() {
                return Reason::broken("a node is the child of two others");
            }
            let next = ensemble.nodes.len() + queue.len() + 1;
            let node = match listed.is_leaf(row) {
                true => TreeNode::Leaf(votes.leaves.remove(&listed.places[row]).unwrap_or_default()),
                false => {
                    queue.extend(listed.children(row, &rows)?);
                    listed.branch(row, features, [next, next + 1])?
                }
            };
            ensemble.nodes.push(node);
        }
    }
    match votes.leaves.is_empty() {
        true => Ok((ensemble, votes.positive)),
        false => Reason::broken("a node that is no leaf of any tree has weights"),
    }
}

/// The rows that are nobody's child, one for each tree, in the order of the list.
fn roots(listed: &Listed, rows: &HashMap<Place, usize>) -> Result<Vec<usize>, Reason> {
    let mut is_child = vec![false; listed.places.len()];
    for row in (0..is_child.len()).filter(|&row| !listed.is_leaf(row)) {
        listed.children(row, rows)?.into_iter().for_each(|child| is_child[child] = true);
    }
    let roots: Vec<_> = (0..is_child.len()).filter(|&row| !is_child[row]).collect();
    let mut trees: Vec<_> = listed.places.iter().map(|place| place.0).collect();
    trees.sort_unstable();
    trees.dedup();
    let mut found: Vec<_> = roots.iter().map(|&row| listed.places[row].0).collect();
    found.sort_unstable();
    if found == trees { Ok(roots) } else { Reason::broken("a tree has no root, or more than one") }
}
