//! Classifiers of `ai.onnx.ml` and what exporters put behind them: linear scores, dictionaries of probabilities, label names.

use ndarray::{Array1, Array2, ArrayD};

use super::call::{Call, Outputs};
use super::error::Reason;
use super::registry::Operator;
use super::tensor::array;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, ShapeError};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::ml("LinearClassifier", (1, 1), linear_classifier),
    Operator::ml("ZipMap", (1, 1), zip_map),
    Operator::ml("LabelEncoder", (1, 1), label_encoder),
];

/// `x·Wᵀ + b`, one row of `W` per class, then the transform that ONNX Runtime applies.
fn linear_classifier(call: &mut Call<'_>) -> Outputs {
    call.attributes.ignore("multi_class");
    let labels = call.attributes.labels("classlabels_ints", "classlabels_strings")?;
    let transform = call.attributes.text("post_transform", "NONE")?;
    let x = call.float(0)?;
    let x = as_row(call, x)?;
    let (weights, bias) = coefficients(call, x, &transform)?;
    let product = call.push(FloatOp::MatMul, &[x, weights])?;
    let scores = call.push(FloatOp::Add, &[product, bias])?;
    let scores = post_transform(call, scores, &transform)?;
    let Some(labels) = labels.filter(|labels| call.shape(scores).last() == Some(&labels.len())) else {
        return Reason::argument("attribute `classlabels`", "does not name one label for each score");
    };
    call.builder.labels.push((scores, labels));
    Ok(vec![Value::Class(scores), Value::Float(scores)])
}

pub(super) fn as_row(call: &mut Call<'_>, x: NodeId) -> Result<NodeId, Reason> {
    match call.shape(x)[..] {
        [_, _] => Ok(x),
        [features] => call.builder.push(call.name, FloatOp::Reshape, &[x], &[1, features]),
        _ => Ok(ShapeError::new("a linear classifier takes one vector or rows of them")?),
    }
}

/// `Wᵀ` and `b`. A single row stands for two classes: under LOGISTIC their scores are σ(−z) and σ(z).
fn coefficients(call: &mut Call<'_>, x: NodeId, transform: &str) -> Result<(NodeId, NodeId), Reason> {
    let features = call.shape(x).last().copied().unwrap_or(0);
    let mut weights = required(call, "coefficients")?;
    let mut bias = required(call, "intercepts")?;
    if bias.len() == 1 {
        if transform != "LOGISTIC" {
            return Reason::argument("attribute `post_transform`", "must be LOGISTIC where one row serves two classes");
        }
        weights = with_negative(&weights);
        bias = with_negative(&bias);
    }
    let weights: ArrayD<f32> = array(vec![bias.len(), features], weights)?;
    let weights = weights.into_dimensionality().map(|weights: Array2<f32>| weights.reversed_axes().into_dyn());
    let weights = weights.or_else(|_| Reason::broken("the coefficients are not a matrix"))?;
    let weights = call.constant(weights.as_standard_layout().into_owned())?;
    Ok((weights, call.constant(Array1::from(bias).into_dyn())?))
}

pub(super) fn required(call: &mut Call<'_>, name: &str) -> Result<Vec<f32>, Reason> {
    match call.attributes.floats(name)? {
        Some(values) if !values.is_empty() => Ok(values),
        _ => Reason::argument(format!("attribute `{name}`"), "is missing"),
    }
}

fn with_negative(row: &[f32]) -> Vec<f32> {
    row.iter().map(|x| -x).chain(row.iter().copied()).collect()
}

pub(super) fn post_transform(call: &mut Call<'_>, scores: NodeId, transform: &str) -> Result<NodeId, Reason> {
    match transform {
        "NONE" => Ok(scores),
        "LOGISTIC" => call.push(FloatOp::Sigmoid, &[scores]),
        "SOFTMAX" => call.push(FloatOp::Softmax { axis: 1 }, &[scores]),
        _ => Reason::argument("attribute `post_transform`", "is not NONE, LOGISTIC or SOFTMAX"),
    }
}

/// The scores themselves; the dictionary's keys are their labels.
fn zip_map(call: &mut Call<'_>) -> Outputs {
    let scores = call.float(0)?;
    let labels = call.attributes.labels("classlabels_int64s", "classlabels_strings")?;
    match labels.filter(|labels| call.shape(scores).last() == Some(&labels.len())) {
        Some(labels) => call.builder.labels.push((scores, labels)),
        None => return Reason::argument("attribute `classlabels`", "does not name one label for each score"),
    }
    Ok(vec![Value::Float(scores)])
}

/// Renames the classes; a class without labels so far is called by its index.
fn label_encoder(call: &mut Call<'_>) -> Outputs {
    let Value::Class(scores) = call.value(0)? else {
        return Reason::argument("input 0", "is not a class: features cannot be encoded");
    };
    let keys = call.attributes.labels("keys_int64s", "keys_strings")?.unwrap_or_default();
    let values = call.attributes.labels("values_int64s", "values_strings")?.unwrap_or_default();
    for default in ["default_string", "default_int64", "default_float"] {
        call.attributes.ignore(default);
    }
    let classes = call.shape(scores).iter().product::<usize>();
    let old = call.builder.labels.iter().rfind(|(id, _)| *id == scores).map(|(_, labels)| labels.clone());
    let old = old.unwrap_or_else(|| (0..classes).map(|index| index.to_string()).collect());
    let rename = |label: &String| keys.iter().position(|key| key == label).and_then(|at| values.get(at).cloned());
    match old.iter().map(rename).collect::<Option<Vec<_>>>() {
        Some(labels) => call.builder.labels.push((scores, labels)),
        None => return Reason::argument("attribute `keys`", "does not rename every class"),
    }
    Ok(vec![Value::Class(scores)])
}
