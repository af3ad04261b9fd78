//! What a name of the ONNX graph stands for while it is imported.

use ndarray::ArrayD;

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
    /// Strings known at import: labels.
    Text(Vec<String>),
    /// The class with the largest of these scores, lowest index on ties.
    Class(NodeId),
    /// The result of a node that could not be imported.
    Failed,
}
