//! Normalisation: with learned statistics folded into one product and one sum, or with those of the value itself.

use ndarray::ArrayD;

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::tensor::array;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, ShapeError, Unary};
use crate::window::{Window, WindowAxis};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("BatchNormalization", 9, (5, 5), batch_normalization),
    Operator::onnx("GroupNormalization", 18, (3, 3), group_normalization),
    Operator::onnx("InstanceNormalization", 6, (3, 3), instance_normalization),
    Operator::onnx("LRN", 1, (1, 1), local_response),
    Operator::onnx("MeanVarianceNormalization", 9, (1, 1), mean_variance_normalization),
    Operator::onnx("LayerNormalization", 17, (2, 3), layer_normalization),
];

/// `y = (x − mean) · scale / √(variance + ε) + bias`, per entry of axis 1.
fn batch_normalization(call: &mut Call<'_>) -> Outputs {
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    call.attributes.ignore("momentum");
    if call.attributes.flag("training_mode", false)? || call.outputs > 1 {
        return Reason::argument("attribute `training_mode`", "is on, or running statistics are asked for");
    }
    let x = call.float(0)?;
    let [scale, bias, mean, variance] =
        [statistic(call, 1)?, statistic(call, 2)?, statistic(call, 3)?, statistic(call, 4)?];
    let factor = scale / variance.mapv(|variance| (variance + epsilon).sqrt());
    let offset = bias - mean * &factor;
    if !factor.iter().chain(&offset).all(|x| x.is_finite()) {
        return wrong(4, "is a variance below zero, or too small");
    }
    let (factor, offset) = (call.constant(factor)?, call.constant(offset)?);
    let product = call.push(FloatOp::Mul, &[x, factor])?;
    call.one(FloatOp::Add, &[product, offset])
}

/// One entry per channel, shaped to broadcast over the axes behind it.
fn statistic(call: &Call<'_>, index: usize) -> Result<ArrayD<f32>, Reason> {
    let shape = call.input_shape(0)?;
    let values = call.floats(index)?;
    let channels = shape.get(1).copied().unwrap_or(1);
    if values.shape() != [channels] {
        ShapeError::new(format!("input {index} has not one entry for each of {channels} channels"))?;
    }
    let mut own = vec![1; shape.len().saturating_sub(1).max(1)];
    own[0] = channels;
    array(own, values.iter().copied().collect())
}

/// Standard scores over all axes from `axis` on, then scale and bias.
fn layer_normalization(call: &mut Call<'_>) -> Outputs {
    let (first, epsilon) = (call.attributes.int("axis", -1)?, call.attributes.float("epsilon", 1e-5)?);
    call.attributes.ignore("stash_type");
    if call.outputs > 1 {
        return Reason::argument("output 1", "asks for the mean; select the normalised output alone");
    }
    let (x, shape) = (call.float(0)?, call.input_shape(0)?);
    let first = axis(first, shape.len())?;
    let lanes = [&shape[..first], &[shape[first..].iter().product()]].concat();
    let scores = standard_scores(call, x, &lanes, &shape, epsilon)?;
    let scale = call.float(1)?;
    let scaled = call.push(FloatOp::Mul, &[scores, scale])?;
    match call.optional_float(2)? {
        Some(bias) => call.one(FloatOp::Add, &[scaled, bias]),
        None => Ok(vec![Value::Float(scaled)]),
    }
}

/// `x·(bias + α/size·Σ x²)^(−β)`, the sum over channels around that of the entry (Krizhevsky et al. 2012).
fn local_response(call: &mut Call<'_>) -> Outputs {
    let [alpha, beta, bias] =
        [("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)].map(|(name, default)| call.attributes.float(name, default));
    let (x, shape) = (call.float(0)?, call.input_shape(0)?);
    let size = usize::try_from(call.attributes.int("size", 0)?).ok().filter(|size| (1..1 << 16).contains(size));
    let (Some(size), true) = (size, shape.len() > 2) else {
        return Reason::argument(
            "attribute `size`",
            "is not a number of channels, or the value has no entries behind them",
        );
    };
    let forth: Vec<usize> = [0].into_iter().chain(2..shape.len()).chain([1]).collect();
    let back: Vec<usize> = [0, shape.len() - 1].into_iter().chain(1..shape.len() - 1).collect();
    let (before, after) = ((size - 1) / 2, size / 2);
    let window = Window { axes: vec![WindowAxis { before, after, ..WindowAxis::new(shape[1], size) }] };
    let square = call.push(FloatOp::Mul, &[x, x])?;
    let square = call.push(FloatOp::Transpose { perm: forth }, &[square])?;
    let mean = call.push(FloatOp::AveragePool { window, count_padding: true }, &[square])?;
    let mean = call.push(FloatOp::Transpose { perm: back }, &[mean])?;
    let (alpha, bias) = (call.scalar(alpha?)?, call.scalar(bias?)?);
    let scaled = call.push(FloatOp::Mul, &[mean, alpha])?;
    let sum = call.push(FloatOp::Add, &[scaled, bias])?;
    let factor = call.push(FloatOp::Unary(Unary::Power(-f64::from(beta?))), &[sum])?;
    call.one(FloatOp::Mul, &[x, factor])
}

/// Standard scores over the axes that are named. ONNX adds `10⁻⁹` to the deviation; here its square is added under the root.
fn mean_variance_normalization(call: &mut Call<'_>) -> Outputs {
    let (x, shape) = (call.float(0)?, call.input_shape(0)?);
    let axes = call.attributes.ints("axes")?.unwrap_or_else(|| vec![0, 2, 3]);
    let axes = axes.into_iter().map(|index| axis(index, shape.len())).collect::<Result<Vec<_>, _>>()?;
    let (reduced, kept): (Vec<usize>, Vec<usize>) = (0..shape.len()).partition(|other| axes.contains(other));
    let perm = [kept.as_slice(), &reduced].concat();
    let moved: Vec<usize> = perm.iter().map(|&from| shape[from]).collect();
    let lanes: Vec<usize> = moved[..kept.len()].iter().copied().chain([moved[kept.len()..].iter().product()]).collect();
    let mut back = vec![0; perm.len()];
    perm.iter().enumerate().for_each(|(to, &from)| back[from] = to);
    let x = call.push(FloatOp::Transpose { perm }, &[x])?;
    let scores = standard_scores(call, x, &lanes, &moved, 1e-18)?;
    call.one(FloatOp::Transpose { perm: back }, &[scores])
}

/// Standard scores over the entries of each channel.
fn instance_normalization(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let [records, channels, entries @ ..] = &shape[..] else { return wrong(0, "has no channels") };
    let lanes = [*records, *channels, entries.iter().product()];
    per_channel(call, &lanes, &shape)
}

/// Standard scores over the entries of each group of channels.
fn group_normalization(call: &mut Call<'_>) -> Outputs {
    let groups = call.attributes.int("num_groups", 0)?;
    call.attributes.ignore("stash_type");
    let shape = call.input_shape(0)?;
    let [records, channels, entries @ ..] = &shape[..] else { return wrong(0, "has no channels") };
    let groups = usize::try_from(groups).ok().filter(|&groups| groups > 0 && channels % groups == 0);
    let Some(groups) = groups else {
        return Reason::argument("attribute `num_groups`", "does not divide the channels");
    };
    let lanes = [*records, groups, channels / groups * entries.iter().product::<usize>()];
    per_channel(call, &lanes, &shape)
}

/// Standard scores over the last of `lanes`, then a scale and a bias for each channel, or for each group of channels.
fn per_channel(call: &mut Call<'_>, lanes: &[usize; 3], shape: &[usize]) -> Outputs {
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    let x = call.float(0)?;
    let [scale, bias] = [spread(call, 1, lanes[1], shape)?, spread(call, 2, lanes[1], shape)?];
    let scores = standard_scores(call, x, lanes, shape, epsilon)?;
    let (scale, bias) = (call.constant(scale)?, call.constant(bias)?);
    let scaled = call.push(FloatOp::Mul, &[scores, scale])?;
    call.one(FloatOp::Add, &[scaled, bias])
}

/// One entry per channel or per group, shaped to broadcast over the axes behind the channels.
fn spread(call: &Call<'_>, index: usize, groups: usize, shape: &[usize]) -> Result<ArrayD<f32>, Reason> {
    let (values, channels) = (call.floats(index)?, shape[1]);
    if values.shape() != [channels] && values.shape() != [groups] {
        ShapeError::new(format!("input {index} has not one entry for each of {channels} channels"))?;
    }
    let each = channels / values.len();
    let mut own = vec![1; shape.len() - 1];
    own[0] = channels;
    array(own, values.iter().flat_map(|&value| std::iter::repeat_n(value, each)).collect())
}

/// Standard scores of a value over the last axis of its shape as `lanes`.
pub(super) fn standard_scores(
    call: &mut Call<'_>,
    x: NodeId,
    lanes: &[usize],
    shape: &[usize],
    epsilon: f32,
) -> Result<NodeId, Reason> {
    if !(epsilon.is_finite() && epsilon >= 0.0) {
        return Reason::argument("attribute `epsilon`", "is below zero or not a number");
    }
    let flat = float(call.reshape(Value::Float(x), lanes)?)?;
    let scores = call.push(FloatOp::Standardize { epsilon }, &[flat])?;
    float(call.reshape(Value::Float(scores), shape)?)
}

fn float(value: Value) -> Result<NodeId, Reason> {
    match value {
        Value::Float(id) => Ok(id),
        _ => wrong(0, "is not a tensor of floats"),
    }
}
