//! `ArgMax`: the class with the largest score. It ends a network: the index is proven from the scores, not computed in the graph.

use super::call::{Call, Outputs, axis};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("ArgMax", 1, (1, 1), argmax)];

fn argmax(call: &mut Call<'_>) -> Outputs {
    let scores = call.float(0)?;
    let shape = call.shape(scores);
    let axis = axis(call.attributes.int("axis", 0)?, shape.len())?;
    call.attributes.flag("keepdims", true)?;
    if call.attributes.flag("select_last_index", false)? {
        return Reason::argument("attribute `select_last_index`", "is 1: ties go to the lowest index");
    }
    if shape.iter().enumerate().any(|(other, dim)| other != axis && *dim > 1) {
        return Reason::argument("attribute `axis`", "leaves more than one class per record");
    }
    Ok(vec![Value::Class(scores)])
}
