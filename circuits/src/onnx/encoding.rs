//! Feature preparation of `ai.onnx.ml` by steps: `Binarizer` is `[x > t]`, `OneHotEncoder` is `[x = c]` for each category, and `Imputer`
//! replaces one number by others. A record never holds NaN, so an imputer of NaN does nothing.

use ndarray::Array1;

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, Unary};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::ml("Binarizer", (1, 1), binarizer),
    Operator::ml("FeatureVectorizer", (1, usize::MAX), feature_vectorizer),
    Operator::ml("Imputer", (1, 1), imputer),
    Operator::ml("OneHotEncoder", (1, 1), one_hot),
];

fn list(call: &mut Call<'_>, values: Vec<f32>) -> Result<NodeId, Reason> {
    call.constant(Array1::from(values).into_dyn())
}

fn binarizer(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let threshold = call.attributes.float("threshold", 0.0)?;
    let threshold = call.constant(ndarray::arr0(threshold).into_dyn())?;
    let above = call.push(FloatOp::Sub, &[x, threshold])?;
    call.one(FloatOp::Unary(Unary::Positive), &[above])
}

/// Rows side by side.
fn feature_vectorizer(call: &mut Call<'_>) -> Outputs {
    let sizes = call.attributes.ints("inputdimensions")?;
    let mut rows = Vec::new();
    for index in 0..call.inputs.len() {
        let x = call.float(index)?;
        let shape = call.shape(x);
        let fits = sizes.as_ref().is_none_or(|sizes| sizes.get(index).copied() == shape.last().map(|&dim| dim as i64));
        match shape[..] {
            [_, _] if fits => rows.push(x),
            [len] if fits => rows.push(call.builder.push(call.name, FloatOp::Reshape, &[x], &[1, len])?),
            _ => return wrong(index, "is not a row of as many features as `inputdimensions` says"),
        }
    }
    call.one(FloatOp::Concat { axis: 1 }, &rows)
}

/// `x + [x = r]·(v − r)`, entry by entry.
fn imputer(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let replaced = call.attributes.any_float("replaced_value_float")?.unwrap_or(0.0);
    let Some(values) = call.attributes.floats("imputed_value_floats")? else {
        return Reason::argument("attribute `imputed_value_floats`", "is missing: integers are not supported");
    };
    let features = call.shape(x).last().copied().unwrap_or(1);
    if values.len() != 1 && values.len() != features {
        return Reason::argument("attribute `imputed_value_floats`", "has not one entry for each feature");
    }
    if replaced.is_nan() {
        return Ok(vec![Value::Float(x)]);
    }
    if !replaced.is_finite() {
        return Reason::argument("attribute `replaced_value_float`", "is infinite");
    }
    let gaps = list(call, values.iter().map(|value| value - replaced).collect())?;
    let replaced = list(call, vec![replaced])?;
    let distance = call.push(FloatOp::Sub, &[x, replaced])?;
    let found = call.push(FloatOp::Unary(Unary::Zero), &[distance])?;
    let change = call.push(FloatOp::Mul, &[found, gaps])?;
    call.one(FloatOp::Add, &[x, change])
}

/// A new last axis of zeros, and a one at the category.
fn one_hot(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    if !call.attributes.flag("zeros", true)? {
        return Reason::argument("attribute `zeros`", "is 0: unknown categories are zeros here");
    }
    let Some(categories) = call.attributes.ints("cats_int64s")?.filter(|categories| !categories.is_empty()) else {
        return Reason::argument("attribute `cats_int64s`", "is missing: texts are not supported");
    };
    let shape = [call.shape(x), vec![1]].concat();
    let x = call.builder.push(call.name, FloatOp::Reshape, &[x], &shape)?;
    let categories = list(call, categories.iter().map(|&category| category as f32).collect())?;
    let distance = call.push(FloatOp::Sub, &[x, categories])?;
    call.one(FloatOp::Unary(Unary::Zero), &[distance])
}
