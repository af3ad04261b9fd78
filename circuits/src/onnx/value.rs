//! What a name of the ONNX graph stands for while it is imported.

use ndarray::ArrayD;

use crate::architecture::Interval;
use crate::graph::NodeId;

/// A value of the ONNX graph.
#[derive(Clone)]
pub(super) enum Value {
    /// Floats: a node of the float graph, constant or not.
    Float(NodeId),
    /// A float tensor of this shape, which has no entries: how exporters write an input that is not given.
    Empty(Vec<usize>),
    /// Integers known at import: shapes, axes, indices.
    Int(ArrayD<i64>),
    /// Integers of few bits known at import, and those that their type has: weights, zero points.
    Narrow(ArrayD<i64>, Interval),
    /// Integers of few bits that stand for floats on a grid.
    Quantized(Quantized),
    /// Integers of few bits that the record holds: what they stand for is told by what reads them.
    Entries(NodeId, Interval),
    /// Rows of a constant of such integers, which the record names.
    Rows(Rows),
    /// Sums of products of such integers: floats per unit.
    Sums(NodeId, Unit),
    /// Units that are known when the model runs, times constants.
    Units(NodeId, ArrayD<f32>),
    /// Where the integers of such a grid have their zero.
    Zero(NodeId),
    /// Strings known at import: labels.
    Text(Vec<String>),
    /// A list of values.
    Sequence(Vec<Value>),
    /// The class with the largest of these scores, lowest index on ties.
    Class(NodeId),
    /// The result of a node that could not be imported.
    Failed,
}

/// Entries that a string is at least worth, and bytes that are worth another.
const TEXT: [usize; 2] = [4, 8];

impl Value {
    /// Entries of its own, which every copy has again: integers and strings. Floats stay where they are.
    pub(super) fn entries(&self) -> usize {
        match self {
            Self::Int(values) | Self::Narrow(values, _) => values.len(),
            Self::Rows(rows) => rows.table.len(),
            Self::Units(_, factor) => factor.len(),
            Self::Text(texts) => texts.iter().map(|text| TEXT[0] + text.len() / TEXT[1]).sum(),
            Self::Sequence(values) => values.iter().map(|value| 1 + value.entries()).sum(),
            _ => 0,
        }
    }
}

/// Rows of a table of integers, two axes, by entries of the record.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) table: ArrayD<i64>,
    pub(super) names: NodeId,
    /// Shape of what is read.
    pub(super) shape: Vec<usize>,
}

/// Integers `float/unit + zero`.
#[derive(Clone, PartialEq)]
pub(super) struct Quantized {
    /// The floats, which are on the grid.
    pub(super) float: NodeId,
    pub(super) unit: Unit,
    /// Known at import where the unit is.
    pub(super) zero: i64,
}

/// What an integer is worth.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// This much.
    Known(f32),
    /// The step of the grid that this node chooses when the model runs.
    Of(NodeId),
}
