//! What is known at import of values and of constants: sizes, places that are not zero, and that nothing is NaN or infinite.

use ndarray::{Array1, Array2, ArrayD, IxDyn, arr0};

use super::call::{Call, Outputs, axis, wrong};
use super::condition::is_condition;
use super::elementwise::on_ints;
use super::error::Reason;
use super::places::check;
use super::registry::Operator;
use super::tensor::{FLOAT, INT32, INT64, array};
use super::value::Value;
use crate::graph::{FloatOp, Unary};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("CastLike", 15, (2, 2), cast_like),
    Operator::onnx("EyeLike", 9, (1, 1), eye_like),
    Operator::onnx("IsInf", 10, (1, 1), is_infinite),
    Operator::onnx("IsNaN", 9, (1, 1), |call| Ok(vec![flags(call, |_| false)?])),
    Operator::onnx("Mod", 10, (2, 2), modulo),
    Operator::onnx("NonZero", 9, (1, 1), nonzero),
    Operator::onnx("OneHot", 9, (3, 3), one_hot),
    Operator::onnx("Size", 1, (1, 1), size),
];

fn size(call: &mut Call<'_>) -> Outputs {
    let entries: usize = call.input_shape(0)?.iter().product();
    Ok(vec![Value::Int(arr0(entries as i64).into_dyn())])
}

/// A condition that holds for the entries of a constant that say so, and for none of a value.
fn flags(call: &mut Call<'_>, holds: impl Fn(f32) -> bool) -> Result<Value, Reason> {
    let id = call.float(0)?;
    check(call.builder.shape(id))?;
    Ok(Value::Int(match call.builder.known(id) {
        Some(known) => known.mapv(|x| i64::from(holds(x))),
        None => ArrayD::zeros(IxDyn(call.builder.shape(id))),
    }))
}

/// The smallest float stands for −∞ in masks.
fn is_infinite(call: &mut Call<'_>) -> Outputs {
    let negative = call.attributes.flag("detect_negative", true)?;
    call.attributes.flag("detect_positive", true)?;
    Ok(vec![flags(call, |x| negative && x == f32::MIN)?])
}

/// To floats, or between integers that are known; conditions stay conditions.
fn cast_like(call: &mut Call<'_>) -> Outputs {
    call.attributes.ignore("saturate");
    call.attributes.ignore("round_mode");
    match (call.value(0)?, call.value(1)?) {
        (_, Value::Float(like)) if is_condition(call, like) => wrong(1, "is a condition: cast to a type by its name"),
        (Value::Int(value), Value::Float(_)) => Ok(vec![Value::Float(call.constant(value.mapv(|x| x as f32))?)]),
        (value @ Value::Float(_), Value::Float(_)) => Ok(vec![value]),
        (value @ Value::Int(_), Value::Int(_)) => Ok(vec![value]),
        _ => wrong(1, "is of a type that the value cannot take: cast to a type by its name"),
    }
}

/// Ones on a diagonal.
fn eye_like(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let (shift, kind) = (call.attributes.int("k", 0)?, call.attributes.optional_int("dtype")?);
    let [rows, columns] = shape[..] else { return wrong(0, "is no matrix") };
    check(&shape)?;
    let one = |(row, column): (usize, usize)| i64::from((column as i64).checked_sub(row as i64) == Some(shift));
    let eye = Array2::from_shape_fn((rows, columns), one).into_dyn();
    let floats = match kind.and_then(|kind| i32::try_from(kind).ok()) {
        None => matches!(call.value(0)?, Value::Float(_)),
        Some(FLOAT) => true,
        Some(INT64 | INT32) => false,
        Some(_) => return Reason::argument("attribute `dtype`", "is not of 32-bit floats or of integers"),
    };
    Ok(vec![if floats { Value::Float(call.constant(eye.mapv(|x| x as f32))?) } else { Value::Int(eye) }])
}

/// Of integers that are known, as exporters compute shapes with: the sign is the divisor's.
fn modulo(call: &mut Call<'_>) -> Outputs {
    let truncates = call.attributes.flag("fmod", false)?;
    let (Value::Int(a), Value::Int(b)) = (call.value(0)?, call.value(1)?) else {
        return wrong(0, "is not known at import: a remainder jumps; prepare the record outside of the model");
    };
    let floor = |a: i64, b: i64| {
        let rest = a.checked_rem(b)?;
        Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
    };
    Ok(vec![Value::Int(if truncates { on_ints(&a, &b, i64::checked_rem)? } else { on_ints(&a, &b, floor)? })])
}

/// The places of a constant that are not zero, one column for each.
fn nonzero(call: &mut Call<'_>) -> Outputs {
    let known = match call.value(0)? {
        Value::Int(values) | Value::Narrow(values, _) => values.mapv(|x| x != 0),
        _ => call.floats(0)?.mapv(|x| x != 0.0),
    };
    let found: Vec<usize> = (0..).zip(&known).filter(|(_, holds)| **holds).map(|(place, _)| place).collect();
    if found.is_empty() || known.ndim() == 0 {
        return wrong(0, "is zero everywhere, or a single number");
    }
    let mut behind = known.len();
    let mut places = Array2::zeros((known.ndim(), found.len()));
    for (axis, &dim) in known.shape().iter().enumerate() {
        behind /= dim;
        (0..).zip(&found).for_each(|(column, place)| places[[axis, column]] = (place / behind % dim) as i64);
    }
    Ok(vec![Value::Int(places.into_dyn())])
}

/// `off + (on − off)·[x = k]` along a new axis, for names from the record, which are not below 0.
fn one_hot(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    if !call.builder.integers {
        return wrong(0, "is not of whole numbers: declare the record as int64");
    }
    let depth = match call.value(1)? {
        Value::Int(_) => call.ints(1)?,
        _ => call.floats(1)?.iter().map(|&depth| depth as i64).collect(),
    };
    let Some(depth) = depth.first().and_then(|&depth| usize::try_from(depth).ok()).filter(|&depth| depth > 0) else {
        return wrong(1, "is not a number of places");
    };
    let values = match call.value(2)? {
        Value::Int(values) => values.iter().map(|&value| value as f32).collect(),
        _ => call.floats(2)?.iter().copied().collect::<Vec<_>>(),
    };
    let [off, on] = values[..] else { return wrong(2, "is not two values") };
    let own = call.shape(x);
    let at = axis(call.attributes.int("axis", -1)?, own.len() + 1)?;
    let mut shape = own.clone();
    shape.insert(at, 1);
    check(&[own.iter().product::<usize>(), depth])?;
    let x = call.builder.push(call.name, FloatOp::Reshape, &[x], &shape)?;
    let mut places = vec![1; shape.len()];
    places[at] = depth;
    let names: ArrayD<f32> = array(places, (0..depth).map(|k| k as f32).collect())?;
    let names = call.constant(names)?;
    let distance = call.push(FloatOp::Sub, &[x, names])?;
    let hit = call.push(FloatOp::Unary(Unary::Zero), &[distance])?;
    let (span, off) = (call.scalar(on - off)?, call.constant(Array1::from(vec![off]).into_dyn())?);
    let scaled = call.push(FloatOp::Mul, &[hit, span])?;
    call.one(FloatOp::Add, &[scaled, off])
}
