//! Ensembles of decision trees, as ONNX's tree operators describe them.

use ndarray::{ArrayD, ArrayViewD};

use super::shape::ShapeError;

/// Trees that add their leaves up.
#[derive(Clone)]
pub struct Ensemble {
    /// Nodes of all trees; children come after their parents.
    pub nodes: Vec<TreeNode>,
    /// The first node of each tree.
    pub roots: Vec<usize>,
    /// What the sums start from, by output.
    pub base: Vec<f32>,
    /// Number of features.
    pub features: usize,
}

/// One node of a tree.
#[derive(Clone)]
pub enum TreeNode {
    /// A question about one feature.
    Branch {
        /// The feature.
        feature: usize,
        /// What it is compared with.
        threshold: f32,
        /// Whether a feature that equals the threshold goes left.
        inclusive: bool,
        /// What follows if the feature is less than the threshold.
        left: usize,
        /// What follows if it is greater.
        right: usize,
    },
    /// What the tree adds to each output, zeros left out.
    Leaf(Vec<(usize, f32)>),
}

impl Ensemble {
    /// Steps from a root to its farthest leaf.
    pub fn depth(&self) -> usize {
        let mut depth = vec![0; self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate().rev() {
            if let TreeNode::Branch { left, right, .. } = node {
                depth[id] = 1 + depth[*left].max(depth[*right]);
            }
        }
        self.roots.iter().map(|&root| depth[root]).max().unwrap_or_default()
    }

    pub(super) fn shape(&self, x: &[usize]) -> Result<Vec<usize>, ShapeError> {
        match x {
            [rows @ .., features] if *features == self.features => Ok([rows, &[self.base.len()]].concat()),
            _ => ShapeError::new(format!("the trees ask about {} features, the shape is {x:?}", self.features)),
        }
    }

    pub(super) fn apply(&self, x: &ArrayViewD<'_, f32>, shape: &[usize]) -> Result<ArrayD<f32>, ShapeError> {
        let entries: Vec<f32> = x.iter().copied().collect();
        let scores = entries.chunks(self.features).flat_map(|row| self.scores(row)).collect();
        ArrayD::from_shape_vec(shape, scores).map_err(|error| ShapeError(error.to_string()))
    }

    /// In 32-bit floats, tree by tree, the base last: as ONNX Runtime adds on one thread.
    fn scores(&self, row: &[f32]) -> Vec<f32> {
        let mut sums = vec![0f32; self.base.len()];
        for &root in &self.roots {
            self.leaf(root, row).iter().for_each(|&(output, vote)| sums[output] += vote);
        }
        sums.iter().zip(&self.base).map(|(sum, base)| sum + base).collect()
    }

    fn leaf(&self, mut id: usize, row: &[f32]) -> &[(usize, f32)] {
        loop {
            match &self.nodes[id] {
                TreeNode::Leaf(votes) => return votes,
                TreeNode::Branch { feature, threshold, inclusive, left, right } => {
                    let x = row[*feature];
                    id = if x < *threshold || *inclusive && x == *threshold { *left } else { *right };
                }
            }
        }
    }
}
