//! One ONNX node at work: what a converter reads and writes.

use ndarray::ArrayD;

use super::attributes::Attributes;
use super::builder::Builder;
use super::error::Reason;
use super::value::{Quantized, Rows, Unit, Value};
use crate::graph::{FloatOp, NodeId, ShapeError};

/// What a converter gives: the values of the node's outputs, in order.
pub(super) type Outputs = Result<Vec<Value>, Reason>;

/// A node being converted.
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: Attributes,
    /// Version of the operator set that the node is from.
    pub(super) opset: i64,
    /// Number of outputs that the node names.
    pub(super) outputs: usize,
    pub(super) inputs: Vec<Option<Value>>,
    pub(super) builder: &'a mut Builder,
}

impl Call<'_> {
    /// An input that must be there.
    pub(super) fn value(&self, index: usize) -> Result<Value, Reason> {
        match self.optional(index) {
            Some(value) => Ok(value.clone()),
            None => wrong(index, "is missing"),
        }
    }

    pub(super) fn optional(&self, index: usize) -> Option<&Value> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    pub(super) fn float(&self, index: usize) -> Result<NodeId, Reason> {
        match self.value(index)? {
            Value::Float(id) => Ok(id),
            Value::Empty(_) => wrong(index, "is a tensor without entries"),
            Value::Class(_) => wrong(index, "is a class, not a score; select an output before it"),
            _ => wrong(index, "is not a tensor of floats"),
        }
    }

    pub(super) fn optional_float(&self, index: usize) -> Result<Option<NodeId>, Reason> {
        self.optional(index).map(|_| self.float(index)).transpose()
    }

    /// Floats that must be constant.
    pub(super) fn floats(&self, index: usize) -> Result<&ArrayD<f32>, Reason> {
        let id = self.float(index)?;
        self.builder.known(id).map_or_else(|| wrong(index, "is not constant"), Ok)
    }

    /// A constant of one entry.
    pub(super) fn optional_scalar(&self, index: usize) -> Result<Option<f32>, Reason> {
        if self.optional(index).is_none() {
            return Ok(None);
        }
        let values = self.floats(index)?;
        match (values.len(), values.first()) {
            (1, Some(value)) => Ok(Some(*value)),
            _ => wrong(index, "is not a single number"),
        }
    }

    /// Integers that must be constant, in a flat list.
    pub(super) fn ints(&self, index: usize) -> Result<Vec<i64>, Reason> {
        match self.value(index)? {
            Value::Int(values) => Ok(values.into_iter().collect()),
            _ => wrong(index, "is not a tensor of integers known at import"),
        }
    }

    pub(super) fn optional_ints(&self, index: usize) -> Result<Option<Vec<i64>>, Reason> {
        self.optional(index).map(|_| self.ints(index)).transpose()
    }

    pub(super) fn shape(&self, id: NodeId) -> Vec<usize> {
        self.builder.shape(id).to_vec()
    }

    /// Shape of an input.
    pub(super) fn input_shape(&self, index: usize) -> Result<Vec<usize>, Reason> {
        self.builder.shape_of(&self.value(index)?).map_or_else(|| wrong(index, "has no shape"), Ok)
    }

    pub(super) fn push(&mut self, op: FloatOp, inputs: &[NodeId]) -> Result<NodeId, Reason> {
        self.builder.push(self.name, op, inputs, &[])
    }

    pub(super) fn constant(&mut self, value: ArrayD<f32>) -> Result<NodeId, Reason> {
        self.push(FloatOp::Constant(value), &[])
    }

    /// A constant of one entry and no axes.
    pub(super) fn scalar(&mut self, value: f32) -> Result<NodeId, Reason> {
        self.constant(ndarray::arr0(value).into_dyn())
    }

    /// The node whose one output is this operator of the float inputs.
    pub(super) fn one(&mut self, op: FloatOp, inputs: &[NodeId]) -> Outputs {
        Ok(vec![Value::Float(self.push(op, inputs)?)])
    }

    /// Moves entries about, of floats or of integers; `shape` is the target of a reshape.
    pub(super) fn rearrange(&mut self, op: FloatOp, inputs: &[Value], shape: &[usize]) -> Result<Value, Reason> {
        if let Some(inputs) = inputs.iter().map(int).collect::<Option<Vec<_>>>() {
            return Ok(Value::Int(rearrange_ints(&op, &inputs, shape)?));
        }
        if let [Value::Narrow(value, interval)] = inputs {
            return Ok(Value::Narrow(rearrange_ints(&op, &[value.view()], shape)?, *interval));
        }
        if let [Value::Entries(id, interval)] = inputs {
            return Ok(Value::Entries(self.builder.push(self.name, op, &[*id], shape)?, *interval));
        }
        if let ([Value::Rows(rows)], FloatOp::Reshape) = (inputs, &op) {
            let shape = op.shape(&[&rows.shape], shape)?;
            return Ok(Value::Rows(Rows { shape, ..rows.clone() }));
        }
        if let [Value::Quantized(value), ..] = inputs {
            return self.rearrange_quantized(op, value, inputs, shape);
        }
        let inputs = inputs.iter().map(|input| match input {
            Value::Float(id) => Ok(*id),
            _ => Reason::argument("an input", "is not a tensor of floats"),
        });
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        Ok(Value::Float(self.builder.push(self.name, op, &inputs, shape)?))
    }

    /// The same of integers that stand for floats, all with one step and zero.
    fn rearrange_quantized(
        &mut self,
        op: FloatOp,
        first: &Quantized,
        inputs: &[Value],
        shape: &[usize],
    ) -> Result<Value, Reason> {
        let float = |input: &Value| match input {
            Value::Quantized(value) if value.unit == first.unit && value.zero == first.zero => Ok(value.float),
            _ => Reason::argument("an input", "has another step or zero point"),
        };
        let inputs = inputs.iter().map(float).collect::<Result<Vec<_>, _>>()?;
        let op = match (op, first.unit) {
            (FloatOp::Gather { indices, fill }, Unit::Known(unit)) if indices.iter().any(Option::is_none) => {
                FloatOp::Gather { indices, fill: (fill - first.zero as f32) * unit }
            }
            (FloatOp::Gather { indices, .. }, Unit::Of(_)) if indices.iter().any(Option::is_none) => {
                return Reason::argument(
                    "input 0",
                    "is padded with an integer whose step is known only when the model runs",
                );
            }
            (op, _) => op,
        };
        let float = self.builder.push(self.name, op, &inputs, shape)?;
        Ok(Value::Quantized(Quantized { float, ..first.clone() }))
    }

    pub(super) fn reshape(&mut self, value: Value, shape: &[usize]) -> Result<Value, Reason> {
        self.rearrange(FloatOp::Reshape, &[value], shape)
    }
}

/// An axis counted from the front; negative ones count from the back.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, Reason> {
    let from_front =
        if axis < 0 { i64::try_from(rank).ok().and_then(|rank| rank.checked_add(axis)) } else { Some(axis) };
    match from_front.and_then(|axis| usize::try_from(axis).ok()).filter(|axis| *axis < rank) {
        Some(axis) => Ok(axis),
        None => Ok(ShapeError::new(format!("there is no axis {axis} among {rank}"))?),
    }
}

pub(super) fn wrong<T>(index: usize, problem: &str) -> Result<T, Reason> {
    Reason::argument(format!("input {index}"), problem)
}

fn int(value: &Value) -> Option<ndarray::ArrayViewD<'_, i64>> {
    match value {
        Value::Int(value) => Some(value.view()),
        _ => None,
    }
}

fn rearrange_ints(
    op: &FloatOp,
    inputs: &[ndarray::ArrayViewD<'_, i64>],
    shape: &[usize],
) -> Result<ArrayD<i64>, ShapeError> {
    let shapes: Vec<_> = inputs.iter().map(|input| input.shape()).collect();
    let shape = op.shape(&shapes, shape)?;
    op.rearrange(inputs, &shape)
}
