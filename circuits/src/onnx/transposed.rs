//! `ConvTranspose`: the map whose matrix is the transpose of a convolution's.
//!
//! It is written as a convolution of stride 1: zeros are put between the entries (`stride − 1` of them), the kernel is flipped and
//! its channels are swapped within each group. Where the kernel spans `s`, an axis of `n` entries becomes
//! ```text
//! stride·(n − 1) + output_padding + s − front − back
//! ```
//! entries, and the convolution pads by `s − 1 − front` and `s − 1 − back + output_padding`; what is negative crops. With
//! `output_shape` or `SAME_*` (`n·stride` entries) the padding follows from the size; the odd one is behind only for `SAME_UPPER`.

use ndarray::{ArrayD, Axis};

use super::call::{Call, Outputs, wrong};
use super::convolution::{biased, groups, operands};
use super::error::Reason;
use super::places::{Places, check, gather};
use super::registry::Operator;
use super::tensor::array;
use super::value::Value;
use super::window::{Auto, Sliding, sizes, span};
use crate::graph::{FloatOp, NodeId, ShapeError};
use crate::window::{Window, WindowAxis};

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("ConvTranspose", 1, (2, 3), conv_transpose)];

fn conv_transpose(call: &mut Call<'_>) -> Outputs {
    let (input, kernel) = operands(call)?;
    let sliding = Sliding::take(call, input.len(), true)?;
    let extra = sizes(call, "output_padding", input.len(), 0)?.unwrap_or_else(|| vec![0; input.len()]);
    let target = sizes(call, "output_shape", input.len(), 1)?;
    let groups = groups(call)?;
    let weight = call.floats(1)?.clone();
    let weight = call.constant(flipped(&weight, groups)?)?;
    let mut window = sliding.given(&input, &kernel);
    let mut axes = leading(call)?;
    for (index, axis) in window.axes.iter_mut().enumerate() {
        let target = target.as_ref().and_then(|target| target.get(index)).copied();
        axes.push(turned(axis, sliding.auto, extra[index], target)?);
    }
    let x = spread(call, &axes, &window)?;
    let product = call.push(FloatOp::Conv { window, groups }, &[x, weight])?;
    biased(call, product)
}

/// Batch and channels stay.
fn leading(call: &Call<'_>) -> Result<Vec<Places>, Reason> {
    let shape = call.input_shape(0)?;
    Ok(shape.iter().take(2).map(|dim| (0..*dim).map(Some).collect()).collect())
}

/// Turns an axis of the transposed convolution into one of the convolution, and gives the places that it is read at.
fn turned(axis: &mut WindowAxis, auto: Auto, extra: usize, target: Option<usize>) -> Result<Places, Reason> {
    let (span, spread) = (span(axis), (axis.input - 1) * axis.stride + 1);
    let full = spread - 1 + span + extra;
    let target = target.or(auto.same().then_some((axis.input * axis.stride).min(full)));
    let [front, back] = match target {
        Some(target) => padding(full, target, auto)?,
        None => [axis.before, axis.after],
    };
    if front + back >= full {
        ShapeError::new(format!("pads of {front} and {back} leave nothing of {full} entries"))?;
    }
    let (front_crop, back_crop) = (front.saturating_sub(span - 1), back.saturating_sub(span - 1 + extra));
    check(&[spread])?;
    let kept = front_crop..spread.saturating_sub(back_crop);
    if kept.is_empty() {
        ShapeError::new("pads leave nothing of the input")?;
    }
    let places = kept.map(|place| place.is_multiple_of(axis.stride).then_some(place / axis.stride)).collect::<Places>();
    let (before, after) = ((span - 1).saturating_sub(front), (span - 1 + extra).saturating_sub(back));
    *axis = WindowAxis { input: places.len(), stride: 1, before, after, ..*axis };
    Ok(places)
}

/// Padding that leaves `target` of `full` entries.
fn padding(full: usize, target: usize, auto: Auto) -> Result<[usize; 2], Reason> {
    let Some(total) = full.checked_sub(target) else {
        return Reason::argument(
            "attribute `output_shape`",
            format!("asks for {target} entries, where {full} are made"),
        );
    };
    let (less, more) = (total / 2, total.div_ceil(2));
    Ok(if auto == Auto::SameUpper { [less, more] } else { [more, less] })
}

/// The input with zeros between its entries.
fn spread(call: &mut Call<'_>, axes: &[Places], window: &Window) -> Result<NodeId, Reason> {
    window.validate().map_err(ShapeError::from)?;
    let x = Value::Float(call.float(0)?);
    match gather(call, x, axes, 0.0)? {
        Value::Float(id) => Ok(id),
        _ => wrong(0, "is not a tensor of floats"),
    }
}

/// From `[C, O/groups, kernel…]` to `[O, C/groups, flipped kernel…]`.
fn flipped(weight: &ArrayD<f32>, groups: usize) -> Result<ArrayD<f32>, Reason> {
    let [channels, filters, kernel @ ..] = weight.shape() else { return wrong(1, "is not a weight") };
    if !channels.is_multiple_of(groups) {
        ShapeError::new(format!("{channels} channels do not split into {groups} groups"))?;
    }
    let mut view = weight.view();
    (2..weight.ndim()).for_each(|axis| view.invert_axis(Axis(axis)));
    let grouped = array([&[groups, channels / groups, *filters], kernel].concat(), view.iter().copied().collect())?;
    let mut swapped = grouped.view();
    swapped.swap_axes(1, 2);
    array([&[filters * groups, channels / groups], kernel].concat(), swapped.iter().copied().collect())
}
