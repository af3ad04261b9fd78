//! Constants, shapes, and operators that hand their input through.

use ndarray::{ArrayD, IxDyn};

use super::call::{Call, Outputs, wrong};
use super::condition::{is_condition, nonzero};
use super::error::Reason;
use super::integers::cast_sums;
use super::registry::Operator;
use super::tensor::{self, Tensor};
use super::value::Value;
use crate::graph::{NodeId, count};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Constant", 1, (0, 0), constant),
    Operator::onnx("ConstantOfShape", 9, (1, 1), constant_of_shape),
    Operator::onnx("Shape", 1, (1, 1), shape),
    Operator::onnx("Identity", 1, (1, 1), identity).keeping_class(),
    Operator::onnx("Cast", 6, (1, 1), cast).keeping_class(),
    Operator::onnx("Dropout", 7, (1, 3), dropout),
];

fn constant(call: &mut Call<'_>) -> Outputs {
    let forms = [
        call.attributes.tensor("value")?,
        call.attributes.int_tensor("value_int", "value_ints")?,
        call.attributes.float_tensor("value_float", "value_floats")?,
        call.attributes.texts("value_strings")?.map(Tensor::Text),
        call.attributes.optional_text("value_string")?.map(|text| Tensor::Text(vec![text])),
    ];
    let mut forms = forms.into_iter().flatten();
    match (forms.next(), forms.next()) {
        (Some(tensor), None) => Ok(vec![call.builder.tensor(call.name, tensor)?]),
        _ => Reason::argument("the value", "is missing, given twice, or sparse"),
    }
}

fn constant_of_shape(call: &mut Call<'_>) -> Outputs {
    let shape = tensor::shape(&call.ints(0)?)?;
    count(&shape)?;
    let fill = call.attributes.tensor("value")?.unwrap_or_else(|| Tensor::Float(ArrayD::zeros(IxDyn(&[1]))));
    let tensor = match fill {
        Tensor::Float(value) => repeat(&value, &shape).map(Tensor::Float),
        Tensor::Int(value) => repeat(&value, &shape).map(Tensor::Int),
        Tensor::Narrow(value, interval) => repeat(&value, &shape).map(|value| Tensor::Narrow(value, interval)),
        Tensor::Text(_) => None,
    };
    match tensor {
        Some(tensor) => Ok(vec![call.builder.tensor(call.name, tensor)?]),
        None => Reason::argument("attribute `value`", "is not a single number"),
    }
}

fn repeat<T: Clone>(value: &ArrayD<T>, shape: &[usize]) -> Option<ArrayD<T>> {
    let single = value.first().filter(|_| value.len() == 1)?;
    Some(ArrayD::from_elem(IxDyn(shape), single.clone()))
}

/// From opset 15 on, `start` and `end` select axes as in Python.
fn shape(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let rank = shape.len() as i64;
    let bound = |index: i64| (if index < 0 { index.saturating_add(rank) } else { index }).clamp(0, rank) as usize;
    let start = bound(call.attributes.int("start", 0)?);
    let end = bound(call.attributes.int("end", i64::MAX)?);
    let sizes = shape.get(start..end).unwrap_or(&[]).iter().map(|dim| *dim as i64);
    Ok(vec![Value::Int(sizes.collect::<ndarray::Array1<_>>().into_dyn())])
}

fn identity(call: &mut Call<'_>) -> Outputs {
    Ok(vec![call.value(0)?])
}

/// Floats stay floats, and conditions 0 or 1; constants change between floats and integers.
fn cast(call: &mut Call<'_>) -> Outputs {
    let to = i32::try_from(call.attributes.int("to", 0)?).unwrap_or(0);
    call.attributes.ignore("saturate");
    call.attributes.ignore("round_mode");
    let value = call.value(0)?;
    if let (&Value::Sums(sums, unit), tensor::FLOAT) = (&value, to) {
        return cast_sums(call, sums, unit);
    }
    Ok(vec![match (value, to) {
        (value @ Value::Float(_), tensor::FLOAT) | (value @ Value::Int(_), tensor::INT64) => value,
        // A record of integers, which stay what they are.
        (value @ Value::Float(NodeId(0)), tensor::INT64 | tensor::INT32) if call.builder.integers => value,
        (value @ Value::Float(id), tensor::INT64 | tensor::INT32) if is_condition(call, id) => value,
        // So do integers of few bits.
        (Value::Entries(id, _), tensor::FLOAT | tensor::INT32 | tensor::INT64) => Value::Float(id),
        (Value::Float(id), tensor::BOOL) => return nonzero(call, id),
        (Value::Int(value), tensor::FLOAT) => Value::Float(call.constant(value.mapv(|x| x as f32))?),
        (Value::Int(value), tensor::INT32) => Value::Int(value.mapv(|x| i64::from(x as i32))),
        (Value::Int(value), tensor::BOOL) => Value::Int(value.mapv(|x| i64::from(x != 0))),
        (Value::Float(_), tensor::INT64) => Value::Int(call.floats(0)?.mapv(|x| x as i64)),
        (Value::Float(_), tensor::INT32) => Value::Int(call.floats(0)?.mapv(|x| i64::from(x as i32))),
        _ => return Reason::argument("attribute `to`", format!("casts to {}", tensor::type_name(to))),
    }])
}

/// Inference hands the input through.
fn dropout(call: &mut Call<'_>) -> Outputs {
    for name in ["ratio", "seed"] {
        call.attributes.ignore(name);
    }
    if call.optional_ints(2)?.is_some_and(|training| training != [0]) {
        return wrong(2, "switches training on");
    }
    call.builder.notes.push(format!("dropout `{}` does nothing in inference", super::error::printable(call.name)));
    Ok(vec![call.value(0)?])
}
