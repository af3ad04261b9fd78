//! Builds the float graph node by node: shapes are inferred and constants folded as nodes arrive.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::ArrayD;

use super::error::Reason;
use super::input::Declared;
use super::map::Map;
use super::tensor::Tensor;
use super::value::Value;
use crate::graph::{FloatNode, FloatOp, NodeId, ShapeError, fold};

/// Most entries of all constants and places together, so that a small file cannot ask for all memory.
const MAX_CONSTANTS: usize = 1 << 28;

/// Most entries of integers and strings that all nodes together read: each reads copies of its own.
const MAX_READ: usize = 1 << 29;

/// The graph so far. Node 0 is the record.
pub(super) struct Builder {
    pub(super) nodes: Vec<FloatNode>,
    /// For each node, the ONNX node that it comes from.
    pub(super) origins: Vec<usize>,
    /// Class labels, with the scores that they name.
    pub(super) labels: Vec<(NodeId, Vec<String>)>,
    pub(super) notes: Vec<String>,
    /// Whether the record is declared as integers.
    pub(super) integers: bool,
    /// Nodes whose entries are all 0 or 1, and mean no and yes.
    pub(super) conditions: BTreeSet<NodeId>,
    /// Scores of which the largest does not name the class that the model predicts.
    pub(super) contrary: BTreeSet<NodeId>,
    /// Scores of which the class at each position is taken.
    pub(super) maps: BTreeMap<NodeId, Map>,
    /// The ONNX node at work.
    pub(super) origin: usize,
    constants: usize,
    read: usize,
}

impl Builder {
    pub(super) fn new(record: &Declared) -> Self {
        Self {
            nodes: vec![record.node.clone()],
            origins: vec![usize::MAX],
            labels: Vec::new(),
            notes: record.note.iter().cloned().collect(),
            integers: record.integers,
            conditions: BTreeSet::new(),
            contrary: BTreeSet::new(),
            maps: BTreeMap::new(),
            origin: usize::MAX,
            constants: 0,
            read: 0,
        }
    }

    /// Adds a node; `shape` is the target of a reshape, and empty otherwise.
    pub(super) fn push(
        &mut self,
        name: &str,
        op: FloatOp,
        inputs: &[NodeId],
        shape: &[usize],
    ) -> Result<NodeId, Reason> {
        let shapes: Vec<_> = inputs.iter().map(|id| self.shape(*id)).collect();
        let shape = op.shape(&shapes, shape)?;
        let mut node = FloatNode { name: name.into(), op, inputs: inputs.to_vec(), shape };
        fold(&mut node, &self.nodes)?;
        self.charge(held(&node.op))?;
        self.nodes.push(node);
        self.origins.push(self.origin);
        Ok(NodeId(self.nodes.len() - 1))
    }

    /// Adds a tensor of the file.
    pub(super) fn tensor(&mut self, name: &str, tensor: Tensor) -> Result<Value, Reason> {
        Ok(match tensor {
            Tensor::Float(value) if value.is_empty() => Value::Empty(value.shape().to_vec()),
            Tensor::Float(value) => Value::Float(self.push(name, FloatOp::Constant(value), &[], &[])?),
            Tensor::Int(value) => Value::Int(value),
            Tensor::Narrow(value, interval) => Value::Narrow(value, interval),
            Tensor::Text(labels) => Value::Text(labels),
        })
    }

    pub(super) fn shape(&self, id: NodeId) -> &[usize] {
        self.nodes.get(id.0).map_or(&[], |node| &node.shape)
    }

    pub(super) fn known(&self, id: NodeId) -> Option<&ArrayD<f32>> {
        self.nodes.get(id.0).and_then(FloatNode::constant)
    }

    /// Shape of a value, where it has one.
    pub(super) fn shape_of(&self, value: &Value) -> Option<Vec<usize>> {
        match value {
            Value::Float(id) | Value::Sums(id, _) | Value::Entries(id, _) => Some(self.shape(*id).to_vec()),
            Value::Quantized(value) => Some(self.shape(value.float).to_vec()),
            Value::Rows(rows) => Some(rows.shape.clone()),
            Value::Int(value) | Value::Narrow(value, _) => Some(value.shape().to_vec()),
            Value::Units(_, factor) => Some(factor.shape().to_vec()),
            Value::Zero(_) => Some(Vec::new()),
            Value::Empty(shape) => Some(shape.clone()),
            Value::Text(labels) => Some(vec![labels.len()]),
            Value::Class(_) | Value::Sequence(_) | Value::Failed => None,
        }
    }

    /// Counts integers and strings that a node is about to read.
    pub(super) fn reads(&mut self, entries: usize) -> Result<(), Reason> {
        self.read = self.read.saturating_add(entries);
        if self.read > MAX_READ {
            let problem = format!("has more than {MAX_READ} entries in all: fold the constants of the model first");
            return Reason::argument("what nodes read of known integers and strings", problem);
        }
        Ok(())
    }

    /// Counts integers and strings that a node has made.
    pub(super) fn keeps(&mut self, values: &[Value]) -> Result<(), ShapeError> {
        self.charge(values.iter().map(Value::entries).sum())
    }

    fn charge(&mut self, entries: usize) -> Result<(), ShapeError> {
        self.constants += entries;
        if self.constants > MAX_CONSTANTS {
            return ShapeError::new(format!("the constants of the model have more than {MAX_CONSTANTS} entries"));
        }
        Ok(())
    }
}

/// Entries that a node keeps in memory: of a constant, or places of a gather.
fn held(op: &FloatOp) -> usize {
    match op {
        FloatOp::Constant(value) => value.len(),
        FloatOp::Levels(levels) => levels.floats().len(),
        FloatOp::Gather { indices, .. } => indices.len(),
        FloatOp::Trees(ensemble) => ensemble.nodes.len(),
        _ => 0,
    }
}
