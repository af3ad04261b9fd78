//! `Pow`: a table for each exponent; entries of different exponents are parted and joined again. A constant base is an exponential.

use ndarray::ArrayD;

use super::call::{Call, Outputs, wrong};
use super::condition::places_of;
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, Unary, broadcast};

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("Pow", 7, (2, 2), power)];

/// Most exponents of one node: each is a table.
const MAX_EXPONENTS: usize = 16;

fn power(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let exponents = match call.value(1)? {
        Value::Int(exponents) => exponents.mapv(|p| p as f32),
        Value::Float(p) if call.builder.known(p).is_none() && call.builder.known(x).is_some() => {
            return exponential(call, p);
        }
        _ => call.floats(1)?.clone(),
    };
    let Some(&first) = exponents.first() else { return wrong(1, "is a tensor without entries") };
    let shape = broadcast(call.builder.shape(x), exponents.shape())?;
    if exponents.iter().all(|&p| p == first) && shape == call.shape(x) {
        return Ok(vec![Value::Float(to_the(call, x, first)?)]);
    }
    Ok(vec![Value::Float(parted(call, x, exponents, &shape)?)])
}

fn to_the(call: &mut Call<'_>, x: NodeId, exponent: f32) -> Result<NodeId, Reason> {
    match exponent {
        1.0 => Ok(x),
        0.5 => call.push(FloatOp::Unary(Unary::Sqrt), &[x]),
        _ => call.push(FloatOp::Unary(Unary::Power(exponent.into())), &[x]),
    }
}

/// `c^x = e^(x·ln c)`.
fn exponential(call: &mut Call<'_>, x: NodeId) -> Outputs {
    let base = call.floats(0)?;
    if !base.iter().all(|&base| base > 0.0) {
        return wrong(0, "is a base that is not above 0");
    }
    let logarithm = base.mapv(f32::ln);
    let logarithm = call.constant(logarithm)?;
    let exponent = call.push(FloatOp::Mul, &[x, logarithm])?;
    call.one(FloatOp::Unary(Unary::Exp), &[exponent])
}

/// The entries of each exponent in a row, then all rows in the places where they were.
fn parted(call: &mut Call<'_>, x: NodeId, exponents: ArrayD<f32>, shape: &[usize]) -> Result<NodeId, Reason> {
    let from = places_of(call, x, shape)?;
    let Some(each) = exponents.broadcast(shape).map(|view| view.iter().copied().collect::<Vec<f32>>()) else {
        return wrong(1, "does not broadcast");
    };
    let mut distinct = each.clone();
    distinct.sort_by(f32::total_cmp);
    distinct.dedup();
    if distinct.len() > MAX_EXPONENTS {
        return wrong(1, &format!("holds {} exponents, at most {MAX_EXPONENTS} are supported", distinct.len()));
    }
    let (mut parts, mut back, mut start) = (Vec::new(), vec![Some(0); each.len()], 0);
    for exponent in distinct {
        let places: Vec<usize> = (0..each.len()).filter(|&k| each[k] == exponent).collect();
        places.iter().enumerate().for_each(|(at, &k)| back[k] = Some(start + at as u32));
        start += places.len() as u32;
        let indices: Vec<Option<u32>> = places.iter().map(|&k| Some(from[k])).collect();
        let len = indices.len();
        let part = call.builder.push(call.name, FloatOp::Gather { indices, fill: 0.0 }, &[x], &[1, len])?;
        parts.push(to_the(call, part, exponent)?);
    }
    let all = call.push(FloatOp::Concat { axis: 1 }, &parts)?;
    call.builder.push(call.name, FloatOp::Gather { indices: back, fill: 0.0 }, &[all], shape)
}

/// `x^(1/degree)`.
pub(super) fn root(call: &mut Call<'_>, x: NodeId, degree: f32) -> Result<NodeId, Reason> {
    match degree {
        1.0 => Ok(x),
        2.0 => call.push(FloatOp::Unary(Unary::Sqrt), &[x]),
        _ => call.push(FloatOp::Unary(Unary::Power(1.0 / f64::from(degree))), &[x]),
    }
}

/// `|x|^degree`.
pub(super) fn magnitude(call: &mut Call<'_>, x: NodeId, degree: f32) -> Result<NodeId, Reason> {
    if degree == 2.0 {
        return call.push(FloatOp::Mul, &[x, x]);
    }
    let size = call.push(FloatOp::Unary(Unary::Abs), &[x])?;
    to_the(call, size, degree)
}
