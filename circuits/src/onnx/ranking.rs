//! The class of the largest or of the smallest score, for the record or at each position of a map. It ends a network: the index is proven from the scores, not computed in the graph.
//! The smallest score is the largest of the opposites, with ties to the lowest index either way.

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::map::Map;
use super::reduction::{extreme_along, negated};
use super::registry::Operator;
use super::sorting::first;
use super::value::Value;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("ArgMax", 1, (1, 1), |call| class(call, false)),
    Operator::onnx("ArgMin", 1, (1, 1), |call| class(call, true)),
    Operator::onnx("TopK", 10, (2, 2), top),
];

fn class(call: &mut Call<'_>, smallest: bool) -> Outputs {
    let scores = call.float(0)?;
    let shape = call.shape(scores);
    let axis = axis(call.attributes.int("axis", 0)?, shape.len())?;
    call.attributes.flag("keepdims", true)?;
    if call.attributes.flag("select_last_index", false)? {
        return Reason::argument("attribute `select_last_index`", "is 1: ties go to the lowest index");
    }
    let scores = if smallest { negated(call, scores)? } else { scores };
    if is_one_lane(&shape, axis) {
        return Ok(vec![Value::Class(scores)]);
    }
    if shape[0] != 1 {
        return Reason::argument("attribute `axis`", "leaves a class for each of several records");
    }
    let map = Map::new(call.name, scores, axis, call.builder)?;
    let scores = map.scores;
    call.builder.maps.insert(scores, map);
    Ok(vec![Value::Class(scores)])
}

fn is_one_lane(shape: &[usize], axis: usize) -> bool {
    shape.iter().enumerate().all(|(other, dim)| other == axis || *dim == 1)
}

/// The largest or smallest entries along an axis; of one, its class too where there is one for the record.
fn top(call: &mut Call<'_>) -> Outputs {
    let scores = call.float(0)?;
    let shape = call.shape(scores);
    let axis = axis(call.attributes.int("axis", -1)?, shape.len())?;
    let smallest = !call.attributes.flag("largest", true)?;
    let sorted = call.attributes.flag("sorted", true)?;
    let [count] = call.ints(1)?[..] else { return wrong(1, "is not a single number") };
    if count != 1 {
        if !sorted {
            return Reason::argument("attribute `sorted`", "is 0: the order of several entries is left open");
        }
        let count = usize::try_from(count).unwrap_or(0);
        return Ok(vec![Value::Float(first(call, scores, axis, count, smallest)?)]);
    }
    let value = Value::Float(extreme_along(call, scores, axis, smallest)?);
    if !is_one_lane(&shape, axis) {
        return Ok(vec![value]);
    }
    Ok(vec![value, Value::Class(if smallest { negated(call, scores)? } else { scores })])
}
