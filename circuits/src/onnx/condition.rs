//! Comparisons, logic and choice. A condition is 0 or 1: known at import, or a step of a difference.
//! ```text
//! a > b = [a − b > 0]      a ≥ b = [a − b ≥ 0]      a = b is [a − b = 0]
//! p ∧ q = p·q      p ∨ q = p + q − p·q      p ⊻ q = p + q − 2·p·q      ¬p = 1 − p      p ? x : y = p·x + (1 − p)·y
//! ```
//! A choice by a condition that is known at import moves entries about and computes nothing.

use ndarray::{ArrayD, IxDyn, arr0};

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::places;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, Unary, broadcast};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Greater", 7, (2, 2), |call| compare(call, Unary::Positive, false)),
    Operator::onnx("GreaterOrEqual", 12, (2, 2), |call| compare(call, Unary::NonNegative, false)),
    Operator::onnx("Less", 7, (2, 2), |call| compare(call, Unary::Positive, true)),
    Operator::onnx("LessOrEqual", 12, (2, 2), |call| compare(call, Unary::NonNegative, true)),
    Operator::onnx("Equal", 7, (2, 2), |call| compare(call, Unary::Zero, false)),
    Operator::onnx("And", 7, (2, 2), |call| logic(call, 0.0, 1.0)),
    Operator::onnx("Or", 7, (2, 2), |call| logic(call, 1.0, -1.0)),
    Operator::onnx("Xor", 7, (2, 2), |call| logic(call, 1.0, -2.0)),
    Operator::onnx("Not", 1, (1, 1), not),
    Operator::onnx("Where", 9, (3, 3), choose),
];

fn compare(call: &mut Call<'_>, step: Unary, swapped: bool) -> Outputs {
    let (mut a, mut b) = (number(call, 0)?, number(call, 1)?);
    if swapped {
        (a, b) = (b, a);
    }
    let difference = call.push(FloatOp::Sub, &[a, b])?;
    let step = call.push(FloatOp::Unary(step), &[difference])?;
    condition(call, step)
}

/// `sum·(p + q) + product·p·q`.
fn logic(call: &mut Call<'_>, sum: f32, product: f32) -> Outputs {
    let (p, q) = (truth(call, 0)?, truth(call, 1)?);
    let both = call.push(FloatOp::Mul, &[p, q])?;
    let both = scaled(call, both, product)?;
    if sum == 0.0 {
        return condition(call, both);
    }
    let either = call.push(FloatOp::Add, &[p, q])?;
    let id = call.push(FloatOp::Add, &[either, both])?;
    condition(call, id)
}

fn not(call: &mut Call<'_>) -> Outputs {
    let p = truth(call, 0)?;
    let id = opposite(call, p)?;
    condition(call, id)
}

fn opposite(call: &mut Call<'_>, p: NodeId) -> Result<NodeId, Reason> {
    let one = call.constant(arr0(1.0).into_dyn())?;
    call.push(FloatOp::Sub, &[one, p])
}

/// `x ≠ 0`, of a value that is no condition yet.
pub(super) fn nonzero(call: &mut Call<'_>, x: NodeId) -> Outputs {
    if is_condition(call, x) {
        return Ok(vec![Value::Float(x)]);
    }
    let zero = call.push(FloatOp::Unary(Unary::Zero), &[x])?;
    let id = opposite(call, zero)?;
    condition(call, id)
}

fn scaled(call: &mut Call<'_>, x: NodeId, factor: f32) -> Result<NodeId, Reason> {
    if factor == 1.0 {
        return Ok(x);
    }
    let factor = call.constant(arr0(factor).into_dyn())?;
    call.push(FloatOp::Mul, &[x, factor])
}

/// A condition as a value: integers where it is known.
fn condition(call: &mut Call<'_>, id: NodeId) -> Outputs {
    if let Some(known) = call.builder.known(id) {
        return Ok(vec![Value::Int(known.mapv(|x| x as i64))]);
    }
    call.builder.conditions.insert(id);
    Ok(vec![Value::Float(id)])
}

/// Floats, or integers as floats.
fn number(call: &mut Call<'_>, index: usize) -> Result<NodeId, Reason> {
    match call.value(index)? {
        Value::Int(values) if !values.is_empty() => call.constant(values.mapv(|x| x as f32)),
        _ => call.float(index),
    }
}

/// An input that is 0 or 1 everywhere.
fn truth(call: &mut Call<'_>, index: usize) -> Result<NodeId, Reason> {
    match call.value(index)? {
        Value::Int(_) => number(call, index),
        Value::Float(id) if is_condition(call, id) => Ok(id),
        _ => wrong(index, "is not a condition: compare it with a number first"),
    }
}

/// Whether a value is a condition, or moves entries of conditions about.
pub(super) fn is_condition(call: &Call<'_>, id: NodeId) -> bool {
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        if call.builder.conditions.contains(&id) {
            continue;
        }
        let Some(node) = call.builder.nodes.get(id.0) else { return false };
        let moves = match &node.op {
            FloatOp::Reshape | FloatOp::Transpose { .. } | FloatOp::Slice { .. } | FloatOp::Concat { .. } => true,
            FloatOp::Gather { indices, .. } => indices.iter().all(Option::is_some),
            _ => false,
        };
        if !moves {
            return false;
        }
        open.extend(&node.inputs);
    }
    true
}

fn choose(call: &mut Call<'_>) -> Outputs {
    let (a, b, c) = (call.input_shape(0)?, call.input_shape(1)?, call.input_shape(2)?);
    let shape = broadcast(&broadcast(&a, &b)?, &c)?;
    if let Value::Int(known) = call.value(0)? {
        return Ok(vec![select(call, &spread(&known, &shape)?, &shape)?]);
    }
    let p = truth(call, 0)?;
    let (x, y) = (number(call, 1)?, number(call, 2)?);
    let otherwise = opposite(call, p)?;
    let (x, y) = (call.push(FloatOp::Mul, &[p, x])?, call.push(FloatOp::Mul, &[otherwise, y])?);
    call.one(FloatOp::Add, &[x, y])
}

fn spread<T: Clone>(value: &ArrayD<T>, shape: &[usize]) -> Result<ArrayD<T>, Reason> {
    places::check(shape)?;
    match value.broadcast(IxDyn(shape)) {
        Some(value) => Ok(value.to_owned()),
        None => Reason::broken("its inputs do not broadcast"),
    }
}

/// Entries of input 1 where the condition holds, and of input 2 elsewhere.
fn select(call: &mut Call<'_>, condition: &ArrayD<i64>, shape: &[usize]) -> Result<Value, Reason> {
    if let (Value::Int(x), Value::Int(y)) = (call.value(1)?, call.value(2)?) {
        let (x, y) = (spread(&x, shape)?, spread(&y, shape)?);
        let chosen = ndarray::Zip::from(condition).and(&x).and(&y).map_collect(|p, x, y| if *p != 0 { *x } else { *y });
        return Ok(Value::Int(chosen));
    }
    let (x, y) = (number(call, 1)?, number(call, 2)?);
    let holds: Vec<bool> = condition.iter().map(|&p| p != 0).collect();
    let (from_x, from_y) = (places_of(call, x, shape)?, places_of(call, y, shape)?);
    let pick = |fill: f32, places: &[u32], kept: bool| {
        let indices = holds.iter().zip(places).map(|(&holds, &place)| (holds == kept).then_some(place)).collect();
        FloatOp::Gather { indices, fill }
    };
    let (op, input) = match (uniform(call, x), uniform(call, y)) {
        (_, Some(fill)) => (pick(fill, &from_x, true), x),
        (Some(fill), _) => (pick(fill, &from_y, false), y),
        _ => return joined(call, [x, y], [&from_x, &from_y], &holds, shape),
    };
    Ok(Value::Float(call.builder.push(call.name, op, &[input], shape)?))
}

/// Both values side by side, and of each entry the place of the chosen one.
fn joined(
    call: &mut Call<'_>,
    values: [NodeId; 2],
    from: [&[u32]; 2],
    holds: &[bool],
    shape: &[usize],
) -> Result<Value, Reason> {
    let mut parts = Vec::new();
    for value in values {
        let len = call.builder.shape(value).iter().product();
        parts.push(call.builder.push(call.name, FloatOp::Reshape, &[value], &[1, len])?);
    }
    let behind = call.builder.shape(parts[0])[1] as u32;
    let both = call.push(FloatOp::Concat { axis: 1 }, &parts)?;
    let place = |(k, &holds): (usize, &bool)| Some(if holds { from[0][k] } else { behind + from[1][k] });
    let indices = holds.iter().enumerate().map(place).collect();
    Ok(Value::Float(call.builder.push(call.name, FloatOp::Gather { indices, fill: 0.0 }, &[both], shape)?))
}

/// For each entry of `shape`, the entry of the value that it broadcasts from.
pub(super) fn places_of(call: &Call<'_>, value: NodeId, shape: &[usize]) -> Result<Vec<u32>, Reason> {
    let own = call.builder.shape(value);
    let len = own.iter().product::<usize>() as u32;
    let places: ArrayD<u32> = super::tensor::array(own.to_vec(), (0..len).collect())?;
    Ok(spread(&places, shape)?.into_iter().collect())
}

/// The number that all entries of a constant are.
fn uniform(call: &Call<'_>, value: NodeId) -> Option<f32> {
    let known = call.builder.known(value)?;
    known.first().copied().filter(|first| known.iter().all(|entry| entry == first))
}
