//! The record: the one input of the graph that the output depends on.

use super::error::Reason;
use super::proto::{DimensionProto, ValueInfoProto};
use super::tensor;
use crate::architecture::Interval;
use crate::graph::{FloatNode, FloatOp, count};

/// The record as the model declares it.
pub(super) struct Declared {
    /// The input node.
    pub(super) node: FloatNode,
    /// Whether its entries are integers.
    pub(super) integers: bool,
    /// Where these have few bits, the integers of their type.
    pub(super) narrow: Option<Interval>,
    /// Where the batch axis was symbolic.
    pub(super) note: Option<String>,
}

/// Reads the declaration of the record.
pub(super) fn record(input: &ValueInfoProto) -> Result<Declared, Reason> {
    let declared = input.r#type.as_ref().and_then(|declared| declared.tensor_type.as_ref());
    let Some(declared) = declared else { return Reason::broken("it is not declared as a tensor") };
    let narrow = tensor::narrow_interval(declared.elem_type);
    if narrow.is_none() && ![tensor::FLOAT, tensor::INT64, tensor::INT32].contains(&declared.elem_type) {
        return Err(Reason::ElementType(tensor::type_name(declared.elem_type)));
    }
    let Some(shape) = &declared.shape else { return Reason::broken("it is declared without a shape") };
    let sizes = shape.dim.iter().enumerate().map(|(axis, dim)| size(axis, dim));
    let shape = sizes.collect::<Result<Vec<_>, _>>()?;
    count(&shape)?;
    let note = declared.shape.iter().flat_map(|shape| shape.dim.first()).find(|dim| dim.dim_value.is_none());
    let note = note.map(|dim| format!("the batch axis {}becomes 1: one record at a time", quoted(&dim.dim_param)));
    let node = FloatNode { name: input.name.clone(), op: FloatOp::Input, inputs: Vec::new(), shape };
    Ok(Declared { node, integers: declared.elem_type != tensor::FLOAT, narrow, note })
}

/// Axis 0 may be symbolic: it counts records.
fn size(axis: usize, dim: &DimensionProto) -> Result<usize, Reason> {
    match dim.dim_value {
        Some(size) => usize::try_from(size).or_else(|_| Reason::broken(format!("axis {axis} has the size {size}"))),
        None if axis == 0 => Ok(1),
        None if dim.dim_param.is_empty() => Err(Reason::Dynamic { axis, name: "?".into() }),
        None => Err(Reason::Dynamic { axis, name: super::error::printable(&dim.dim_param) }),
    }
}

fn quoted(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("`{}` ", super::error::printable(name)) }
}
