//! Nodes and leaves as the tables of [`Trees`](crate::layers::Trees).
//!
//! ```text
//! 0 … trees − 1 │ … inner nodes │ leaves that a path reaches early │ leaves at the full depth
//!        roots  │               │ and that follow themselves       │
//! ├────────── nodes ───────────────────────────────────────────────┤
//!                               ├────────────────── leaves ───────────────────────────────────┤
//! ```

use ndarray::{Array1, Array2, ArrayD};
use zeroize::Zeroize;

use super::source::Source;
use crate::architecture::{Architecture, float_order};
use crate::graph::{Ensemble, TreeNode};
use crate::layers::Layer;
use crate::quantize::QuantizeError;

/// How many nodes of each kind there is room for.
pub(super) struct Size {
    /// Roots among them.
    pub(super) inner: usize,
    pub(super) early: usize,
    pub(super) last: usize,
    pub(super) depth: usize,
}

/// A tree that is a leaf alone gets a root that always leads to it.
const ALWAYS: f32 = f32::MAX;

impl Size {
    /// The room that the trees need; that of a given architecture if there is one.
    pub(super) fn of(ensemble: &Ensemble, like: Option<&Architecture>) -> Result<Self, QuantizeError> {
        let depth = ensemble.depth().max(1);
        let Some(like) = like else { return Ok(Self::needed(ensemble, depth)) };
        let differs = |reason: String| Err(QuantizeError::Differs { place: "the trees".into(), reason });
        let layer = like.layers.iter().find_map(|node| match &node.layer {
            Layer::Trees(layer) => Some(layer),
            _ => None,
        });
        let specs = layer.and_then(|layer| {
            let rows = |id: crate::architecture::ParameterId| like.parameters.get(id.0)?.shape.first().copied();
            Some((layer, rows(layer.feature)?, rows(layer.leaf)?))
        });
        let Some((layer, nodes, leaves)) = specs else { return differs("the architecture has none".into()) };
        let inner = layer.first_leaf.max(0) as usize;
        let early = nodes.saturating_sub(inner);
        let size = Self { inner, early, last: leaves.saturating_sub(early), depth: layer.depth };
        let need = Self::needed(ensemble, layer.depth);
        let fits = depth <= size.depth && need.inner <= inner && need.early <= early && need.last <= size.last;
        match fits && layer.trees == ensemble.roots.len() {
            true => Ok(size),
            false => differs(format!(
                "{} trees of depth {depth} with {} nodes and {} leaves do not fit into {} of depth {} with {inner} and {leaves}",
                ensemble.roots.len(),
                need.inner,
                need.leaves(),
                layer.trees,
                size.depth
            )),
        }
    }

    fn needed(ensemble: &Ensemble, depth: usize) -> Self {
        let mut counts = [0; 3];
        walk(ensemble).into_iter().for_each(|(_, place)| counts[place.kind(depth)] += 1);
        let [inner, early, last] = counts;
        Self { inner, early, last, depth }
    }

    /// Rows of the node table.
    pub(super) fn nodes(&self) -> usize {
        self.inner + self.early
    }

    /// Rows of the leaf table.
    pub(super) fn leaves(&self) -> usize {
        self.early + self.last
    }

    /// All rows.
    pub(super) fn places(&self) -> usize {
        self.inner + self.early + self.last
    }
}

/// What becomes of a node.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Inner,
    /// With its least depth: several questions may lead to it.
    Leaf(usize),
}

impl Place {
    /// 0 of inner nodes, 1 of leaves that a path reaches early, 2 of those at the full depth.
    fn kind(self, depth: usize) -> usize {
        match self {
            Self::Inner => 0,
            Self::Leaf(at) if at < depth => 1,
            Self::Leaf(_) => 2,
        }
    }
}

/// Which node, if any: the root of a tree that is a leaf alone has none of its own.
type Origin = Option<usize>;

/// All nodes, each once: the roots, then the others in the order of their least depth.
fn walk(ensemble: &Ensemble) -> Vec<(Origin, Place)> {
    let mut found: Vec<(Origin, Place)> = Vec::with_capacity(ensemble.nodes.len());
    let (mut open, mut seen) = (Vec::new(), vec![false; ensemble.nodes.len()]);
    for &root in &ensemble.roots {
        match &ensemble.nodes[root] {
            TreeNode::Branch { left, right, .. } => {
                found.push((Some(root), Place::Inner));
                seen[root] = true;
                open.extend([(*left, 1), (*right, 1)]);
            }
            TreeNode::Leaf(_) => {
                found.push((None, Place::Inner));
                open.push((root, 1));
            }
        }
    }
    let mut next = 0;
    while let Some(&(id, depth)) = open.get(next) {
        next += 1;
        if std::mem::replace(&mut seen[id], true) {
            continue;
        }
        match &ensemble.nodes[id] {
            TreeNode::Branch { left, right, .. } => {
                found.push((Some(id), Place::Inner));
                open.extend([(*left, depth + 1), (*right, depth + 1)]);
            }
            TreeNode::Leaf(_) => found.push((Some(id), Place::Leaf(depth))),
        }
    }
    found
}

/// The tables, leaves still as floats. Wiped when dropped.
pub(super) struct Tables {
    feature: Vec<i64>,
    threshold: Vec<i64>,
    left: Vec<i64>,
    right: Vec<i64>,
    leaf: Vec<Votes>,
}

impl Drop for Tables {
    fn drop(&mut self) {
        let columns = [&mut self.feature, &mut self.threshold, &mut self.left, &mut self.right];
        columns.into_iter().for_each(Zeroize::zeroize);
    }
}

impl Tables {
    /// The tables of the trees; room that is left over holds nodes that nothing leads to.
    pub(super) fn new(ensemble: &Ensemble, sources: &[Source], size: &Size) -> Self {
        let walked = walk(ensemble);
        let mut rows = vec![0; ensemble.nodes.len()];
        let mut next = [0, size.inner, size.inner + size.early];
        let mut places = Vec::with_capacity(walked.len());
        for &(origin, place) in &walked {
            let kind = place.kind(size.depth);
            origin.into_iter().for_each(|id| rows[id] = next[kind]);
            places.push(next[kind]);
            next[kind] += 1;
        }
        let [feature, threshold, left, right] = [(); 4].map(|()| vec![0; size.nodes()]);
        let leaf = (0..size.leaves()).map(|_| Votes::default()).collect();
        let mut tables = Self { feature, threshold, left, right, leaf };
        for (index, &(origin, _)) in walked.iter().enumerate() {
            let (row, alone) = (places[index], ensemble.roots.get(index).copied());
            match origin.map(|id| &ensemble.nodes[id]) {
                Some(TreeNode::Branch { feature, threshold, inclusive, left, right }) => {
                    let source = &sources[*feature];
                    let question = source.question(*threshold, *inclusive);
                    let children = if question.swapped { [*right, *left] } else { [*left, *right] };
                    tables.set(row, source.entry, question.threshold, children.map(|child| rows[child]));
                }
                Some(TreeNode::Leaf(votes)) => {
                    if row < size.nodes() {
                        tables.set(row, 0, float_order(ALWAYS), [row, row]);
                    }
                    tables.leaf[row - size.inner] = Votes::summed(votes);
                }
                None => {
                    let leaf = alone.map_or(row, |leaf| rows[leaf]);
                    tables.set(row, 0, float_order(ALWAYS), [leaf, leaf]);
                }
            }
        }
        tables
    }

    fn set(&mut self, row: usize, feature: usize, threshold: i64, [left, right]: [usize; 2]) {
        self.feature[row] = feature as i64;
        self.threshold[row] = threshold;
        (self.left[row], self.right[row]) = (left as i64, right as i64);
    }

    /// The parameters in the order of [`Trees`](crate::layers::Trees).
    pub(super) fn into_tensors(
        mut self,
        outputs: usize,
        base: Vec<i64>,
        round: impl Fn(f64) -> i64,
    ) -> Vec<ArrayD<i64>> {
        let mut leaf = Array2::zeros((self.leaf.len(), outputs));
        for (row, votes) in self.leaf.iter().enumerate() {
            votes.0.iter().for_each(|&(output, vote)| leaf[[row, output]] = round(vote));
        }
        let columns = [&mut self.feature, &mut self.threshold, &mut self.left, &mut self.right];
        let nodes = columns.map(|column| Array1::from(std::mem::take(column)).into_dyn());
        nodes.into_iter().chain([leaf.into_dyn(), Array1::from(base).into_dyn()]).collect()
    }
}

/// The votes of a leaf, one for each output that it has any for. Wiped when dropped.
#[derive(Default)]
pub(super) struct Votes(Vec<(usize, f64)>);

impl Votes {
    pub(super) fn summed(votes: &[(usize, f32)]) -> Self {
        let mut sums: Vec<(usize, f64)> = Vec::with_capacity(votes.len());
        for &(output, vote) in votes {
            match sums.iter_mut().find(|sum| sum.0 == output) {
                Some(sum) => sum.1 += f64::from(vote),
                None => sums.push((output, vote.into())),
            }
        }
        Self(sums)
    }

    /// Largest magnitude.
    pub(super) fn largest(&self) -> f64 {
        self.0.iter().fold(0.0, |max, (_, vote)| max.max(vote.abs()))
    }
}

impl Drop for Votes {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, vote)| vote.zeroize());
    }
}
