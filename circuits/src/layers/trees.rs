//! An ensemble of decision trees whose nodes are private: structure, features, thresholds and leaves.
//!
//! ```text
//! node = the tree's root; depth times: node = if x[feature[node]] ≤ threshold[node] { left[node] } else { right[node] }
//! out = bias + Σ_trees leaf[node − first_leaf]
//! ```
//! The roots are the nodes `0 … trees − 1`. A path shorter than the depth ends in a node that is its own child; such nodes are leaves too,
//! so that nodes and leaves overlap: nodes are `0 … nodes − 1`, leaves `first_leaf … first_leaf + leaves − 1`. How many nodes, leaves
//! and steps there are is public. A model whose children are no nodes, or whose paths do not end in leaves, has no proofs.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{count, entries, malformed, parameter, shaped, single, tensor};
use super::requantize::divide;
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterId, ParameterSpec};
use crate::gadgets::range::bits;
use crate::parameters::Parameters;
use crate::system::{IndexMap, SystemBuilder, TensorId, Term};

/// Most steps of all trees together.
const MAX_STEPS: usize = 1 << 20;

/// Follows every tree and adds up the leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trees {
    /// `nodes`: which entry of the last axis a node compares.
    pub feature: ParameterId,
    /// `nodes`: with what.
    pub threshold: ParameterId,
    /// `nodes`: what follows if the entry is at most the threshold.
    pub left: ParameterId,
    /// `nodes`: what follows if not.
    pub right: ParameterId,
    /// `leaves × outputs`.
    pub leaf: ParameterId,
    /// `outputs`.
    pub bias: ParameterId,
    /// The node that is the first leaf.
    pub first_leaf: i64,
    /// Number of trees.
    pub trees: usize,
    /// Steps from a root to a leaf.
    pub depth: usize,
}

/// What the parameters say.
struct Reach<'p> {
    threshold: &'p ParameterSpec,
    outputs: usize,
    votes: Bounds,
}

impl Operator for Trees {
    fn infer(&self, inputs: &[ValueType], parameters: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let reach = self.reach(x, parameters)?;
        let rows = &x.shape[..x.shape.len() - 1];
        let shape = [rows, &[reach.outputs]].concat();
        count(&[count(&shape)?, self.trees])?;
        let bias = parameter(parameters, self.bias)?;
        Ok(ValueType { shape, interval: (reach.votes + bias.interval.into()).tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64> {
        let read = |id: ParameterId| entries(&parameters.tensors()[id.0]);
        let [feature, threshold, left, right] = [self.feature, self.threshold, self.left, self.right].map(read);
        let (leaf, bias, x) = (read(self.leaf), read(self.bias), entries(inputs[0]));
        let last = |len: usize, index: i64| usize::try_from(index).unwrap_or_default().min(len - 1);
        let (mut shape, outputs) = (inputs[0].shape().to_vec(), bias.len());
        let features = shape.pop().unwrap_or(1);
        let next = |row: &[i64], node: usize| {
            let below = row[last(features, feature[node])] <= threshold[node];
            if below { left[node] } else { right[node] }
        };
        let vote = |row: &[i64], tree: usize| {
            let inner = (1..self.depth).fold(tree, |node, _| last(feature.len(), next(row, node)));
            last(leaf.len() / outputs, next(row, inner) - self.first_leaf) * outputs
        };
        let score = |row: &[i64]| {
            let mut sums = bias.to_vec();
            for tree in 0..self.trees {
                let votes = &leaf[vote(row, tree)..][..outputs];
                sums.iter_mut().zip(votes).for_each(|(sum, vote)| *sum += vote);
            }
            sums
        };
        let scores = x.chunks(features).flat_map(score).collect();
        shape.push(outputs);
        tensor(&shape, scores)
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let x = system.value(inputs[0]);
        let out = self.infer(std::slice::from_ref(&x), system.parameters())?;
        let reach = self.reach(&x, system.parameters())?;
        let features = x.shape.last().copied().unwrap_or(1);
        let rows = count(&x.shape)? / features;
        let records: Vec<_> = match x.shape.len() {
            1 => vec![inputs[0]],
            _ => {
                (0..rows).map(|row| system.part("features", inputs[0], row * features..(row + 1) * features)).collect()
            }
        };
        let node =
            [("feature", self.feature), ("threshold", self.threshold), ("left", self.left), ("right", self.right)];
        let node = node.map(|(name, id)| Ok((name, system.weight(id)?)));
        let node = node.into_iter().collect::<Result<Vec<_>, LayerError>>()?;
        let roots: Vec<u32> = (0..rows).flat_map(|_| 0..self.trees as u32).collect();
        let mut place = system.constants("root", &roots);
        for _ in 0..self.depth {
            let row = system.select(place, 0, &node);
            let below = compare(system, (&x, &records), [row[0], row[1]], reach.threshold.interval)?;
            place = child(system, below, [row[2], row[3]])?;
        }
        let leaf = system.weight(self.leaf)?;
        let votes = system.select(place, self.first_leaf, &[("vote", leaf)])[0];
        let bias = Term::mapped(system.weight(self.bias)?, 1, IndexMap::repeated(rows * reach.outputs, reach.outputs));
        let terms =
            std::iter::once(bias).chain((0..self.trees).map(|tree| self.vote(votes, tree, [rows, reach.outputs])));
        let terms = terms.collect();
        Ok(system.linear("score", out, 0, terms))
    }
}

impl Trees {
    fn reach<'p>(&self, x: &ValueType, parameters: &'p [ParameterSpec]) -> Result<Reach<'p>, LayerError> {
        let features = x.shape.last().copied().unwrap_or(0);
        let [feature, threshold] = [self.feature, self.threshold].map(|id| parameter(parameters, id));
        let (feature, threshold) = (feature?, threshold?);
        let nodes = count(&feature.shape)?;
        for id in [self.feature, self.threshold, self.left, self.right] {
            shaped(parameter(parameters, id)?, &[nodes])?;
        }
        let leaf = parameter(parameters, self.leaf)?;
        let &[leaves, outputs] = leaf.shape.as_slice() else {
            return Err(malformed(format!("parameter `{}` has shape {:?}, needs two axes", leaf.name, leaf.shape)));
        };
        shaped(parameter(parameters, self.bias)?, &[outputs])?;
        let inside = Interval::new(0, features as i64 - 1).encloses(&feature.interval);
        let ends = (0..=nodes as i64).contains(&self.first_leaf) && leaves < 1 << 32;
        let steps = (1..=MAX_STEPS).contains(&self.depth.saturating_mul(self.trees));
        if !inside || !ends || !steps || self.trees > nodes {
            let reason = format!(
                "has {} trees of depth {} with {nodes} nodes, leaves from node {} on, and features {} to {} of {features}",
                self.trees, self.depth, self.first_leaf, feature.interval.lo, feature.interval.hi
            );
            return Err(malformed(reason));
        }
        Ok(Reach { threshold, outputs, votes: Bounds::from(leaf.interval).scaled(self.trees as i128) })
    }

    /// The votes of one tree, for each row.
    fn vote(&self, votes: TensorId, tree: usize, [rows, outputs]: [usize; 2]) -> Term {
        let entry = |k: usize| (((k / outputs) * self.trees + tree) * outputs + k % outputs) as u32;
        Term::mapped(votes, 1, IndexMap::Gather((0..rows * outputs).map(entry).collect()))
    }
}

/// 1 where the entry that `feature` names is at most the threshold, 0 elsewhere: with `|threshold − x| < 2^s`, the bit `b` of
/// `threshold − x + 2^s = 2^s·b + rest`.
fn compare(
    system: &mut SystemBuilder<'_>,
    (x, records): (&ValueType, &[TensorId]),
    [feature, threshold]: [TensorId; 2],
    thresholds: Interval,
) -> Result<TensorId, LayerError> {
    let len = system.len(feature);
    let each = len / records.len();
    let mut terms = vec![Term::of(threshold, 1)];
    for (index, &record) in records.iter().enumerate() {
        let key = system.slice("own", feature, index * each..(index + 1) * each);
        let value = system.select(key, 0, &[("entry", record)])[0];
        let own = |k: usize| if k / each == index { (k % each) as u32 } else { IndexMap::NONE };
        let map = if records.len() == 1 { IndexMap::Identity } else { IndexMap::Gather((0..len).map(own).collect()) };
        terms.push(Term::mapped(value, -1, map));
    }
    let gap = Bounds::from(thresholds) + Bounds::from(x.interval).scaled(-1);
    let shift = bits(gap.tracked()?.magnitude() as u64 + 1).max(1);
    let half = 1i64 << (shift - 1);
    let interval = (gap + Bounds::constant(half.into())).tracked()?;
    let shape = system.value(feature).shape;
    let gap = system.linear("gap", ValueType { shape: shape.clone(), interval }, half, terms);
    let bits = Interval::new(0, 1);
    Ok(divide(system, (gap, shift), ["below", "rest"], ValueType { shape, interval: bits }, Some(bits)))
}

/// `right + below·(left − right)`.
fn child(
    system: &mut SystemBuilder<'_>,
    below: TensorId,
    [left, right]: [TensorId; 2],
) -> Result<TensorId, LayerError> {
    let [l, r] = [left, right].map(|id| system.value(id));
    let interval = (Bounds::from(l.interval) + Bounds::from(r.interval).scaled(-1)).tracked()?;
    let value = ValueType { interval, ..l.clone() };
    let turn = system.linear("turn", value, 0, vec![Term::of(left, 1), Term::of(right, -1)]);
    let turned = system.product("turned", [below, turn], IndexMap::Identity)?;
    let value = ValueType { interval: l.interval.hull(&r.interval), ..l };
    Ok(system.linear("node", value, 0, vec![Term::of(right, 1), Term::of(turned, 1)]))
}
