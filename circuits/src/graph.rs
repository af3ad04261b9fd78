//! The float graph: what an imported model means before it is quantised.
//!
//! Operators are few: movement is one family, affine operators are folded later, and everything ONNX spells in several ways arrives
//! here in one.

mod composed;
mod convolution;
mod evaluate;
mod fold;
mod gather;
mod lanes;
mod levels;
mod pooling;
mod quotient;
mod recognize;
mod shape;
mod shares;
mod standard;
mod trees;
mod unary;

use ndarray::ArrayD;
use thiserror::Error;

use crate::window::Window;

pub use composed::Composed;
pub(crate) use fold::{fold, prune};
pub(crate) use gather::Entry;
pub use levels::{Grid, Levels};
pub(crate) use quotient::without_quotients;
pub(crate) use recognize::recognize;
pub use shape::{MAX_VALUES, ShapeError};
pub(crate) use shape::{broadcast, count, size};
pub(crate) use shares::recognize_shares;
pub(crate) use standard::recognize_standard;
pub use trees::{Ensemble, TreeNode};
pub use unary::Unary;

/// Index of a node; a node only reads earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// A float network with one input and one output of interest. Node 0 is the input.
#[derive(Clone)]
pub struct FloatGraph {
    /// Nodes in topological order.
    pub nodes: Vec<FloatNode>,
    /// Scores or probabilities, one per class; a single entry for a binary model. Of a class map, at each position.
    pub output: NodeId,
    /// Positions with scores of their own, which are then the last axis of the output: more than one for a class map.
    pub positions: usize,
    /// Class labels that the model itself carries.
    pub labels: Option<Vec<String>>,
    /// What the importer decided on the user's behalf, for printing.
    pub notes: Vec<String>,
}

impl FloatGraph {
    /// Shape of the record.
    pub fn input_shape(&self) -> &[usize] {
        self.nodes.first().map_or(&[], |node| &node.shape)
    }

    /// Shape of the scores.
    pub fn output_shape(&self) -> &[usize] {
        self.nodes.get(self.output.0).map_or(&[], |node| &node.shape)
    }

    /// Number of learned values: the entries of all constants.
    pub fn parameters(&self) -> usize {
        self.nodes.iter().map(FloatNode::parameters).sum()
    }
}

/// One node.
#[derive(Clone)]
pub struct FloatNode {
    /// Name from the imported model.
    pub name: String,
    /// What it computes.
    pub op: FloatOp,
    /// What it reads.
    pub inputs: Vec<NodeId>,
    /// Shape of its output.
    pub shape: Vec<usize>,
}

impl FloatNode {
    /// Its value where it is a constant.
    pub fn constant(&self) -> Option<&ArrayD<f32>> {
        match &self.op {
            FloatOp::Constant(value) => Some(value),
            FloatOp::Levels(levels) => Some(levels.floats()),
            _ => None,
        }
    }

    /// Number of learned values that it holds itself.
    pub(crate) fn parameters(&self) -> usize {
        match &self.op {
            FloatOp::Trees(ensemble) => ensemble.nodes.len() + ensemble.base.len(),
            _ => self.constant().map_or(0, ArrayD::len),
        }
    }
}

/// Float operators. Constants are model parameters: secret, never printed.
#[derive(Clone)]
#[non_exhaustive]
pub enum FloatOp {
    /// The record.
    Input,
    /// A parameter of the model.
    Constant(ArrayD<f32>),
    /// A parameter of the model that the file gives as integers.
    Levels(Box<Levels>),
    /// Each entry moved to the grid; without one, to that of 256 levels which the value itself spans.
    Quantize(Option<Grid>),
    /// Matrix product as in NumPy.
    MatMul,
    /// Entrywise sum with broadcasting.
    Add,
    /// Entrywise difference with broadcasting.
    Sub,
    /// Entrywise product with broadcasting.
    Mul,
    /// Entrywise quotient with broadcasting.
    Div,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, `alpha·x` elsewhere.
    LeakyRelu {
        /// Slope below zero.
        alpha: f32,
    },
    /// `min(max(x, lo), hi)`.
    Clip {
        /// Lower end.
        lo: f32,
        /// Upper end.
        hi: f32,
    },
    /// `1 / (1 + e^−x)`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Another function of each entry.
    Unary(Unary),
    /// A function of each entry that the model spells in several nodes.
    Composed(Composed),
    /// Each entry as it is; quantised, with more bits than others have.
    Fine,
    /// `e^x` over its sum along the axis.
    Softmax {
        /// The axis.
        axis: usize,
    },
    /// Standard scores over the last axis: `(x − mean) / √(variance + epsilon)`.
    Standardize {
        /// Keeps the root from 0.
        epsilon: f32,
    },
    /// Division by a norm along the axis; a vector of norm zero stays as it is.
    Normalize {
        /// Which norm.
        norm: Norm,
        /// The axis.
        axis: usize,
    },
    /// Same entries in row-major order, another shape.
    Reshape,
    /// Axes permuted: axis `i` of the output is axis `perm[i]` of the input.
    Transpose {
        /// The permutation.
        perm: Vec<usize>,
    },
    /// Entries `start, start + step, …` of one axis, `len` of them.
    Slice {
        /// The axis.
        axis: usize,
        /// First entry.
        start: usize,
        /// Distance, not zero.
        step: isize,
        /// Number of entries.
        len: usize,
    },
    /// Inputs joined along the axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// Convolution of `[1, C, entries…]` by a weight `[O, C/groups, kernel…]` to `[1, O, positions…]`; the kernel is not flipped.
    Conv {
        /// Where it slides: over the axes behind the channels.
        window: Window,
        /// Parts of the channels that are convolved apart.
        groups: usize,
    },
    /// Rows of the first input, a table, that the integers of the second name.
    Embed,
    /// Decision trees over the last axis.
    Trees(Ensemble),
    /// Largest entry that the window reads, over the last axes. Padding never wins.
    MaxPool {
        /// Where it slides.
        window: Window,
    },
    /// Mean of the entries that the window reads, over the last axes.
    AveragePool {
        /// Where it slides.
        window: Window,
        /// Whether padding counts as zeros; otherwise the mean is of the entries alone.
        count_padding: bool,
    },
    /// The entries at these places, both sides in row-major order; the shape is the node's own.
    Gather {
        /// For each entry of the output, the place that it is read from.
        indices: Vec<Option<u32>>,
        /// What the others are.
        fill: f32,
    },
}

/// A vector norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Sum of magnitudes.
    L1,
    /// Root of the sum of squares.
    L2,
    /// Largest entry, with its sign.
    Max,
}

/// Why a float graph cannot be run.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum GraphError {
    /// The record has the wrong number of values.
    #[error("the model takes {expected} values, got {got}")]
    Input {
        /// Values the model takes.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// A node's shape, inputs and operator do not belong together.
    #[error("node `{node}` is malformed: {reason}")]
    Malformed {
        /// Name of the node.
        node: String,
        /// What does not fit.
        reason: ShapeError,
    },
    /// A node produced a value that is not finite.
    #[error("node `{node}` computes a value that is not finite")]
    NotFinite {
        /// Name of the node.
        node: String,
    },
}
