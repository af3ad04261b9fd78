//! `Pad`: entries in front of and behind each axis; what is negative crops.
//!
//! After cropping, place `i` of an axis of `n` entries with `p` in front reads, as in NumPy,
//! ```text
//! constant   i − p, or the constant where that is none
//! edge       i − p, clamped to 0 … n − 1
//! reflect    i − p, mirrored at entries 0 and n − 1, at most once
//! wrap       i − p, modulo n
//! ```

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::places::{Places, check, gather};
use super::registry::Operator;
use super::value::Value;

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("Pad", 2, (1, 4), pad)];

#[derive(Clone, Copy)]
enum Mode {
    Constant,
    Edge,
    Reflect,
    Wrap,
}

fn pad(call: &mut Call<'_>) -> Outputs {
    let (input, shape) = (call.value(0)?, call.input_shape(0)?);
    let mode = mode(call)?;
    let fill = fill(call)?;
    let pads = pads(call, shape.len())?;
    let sizes = shape.iter().zip(&pads).map(|(dim, [front, back])| {
        let size = i64::try_from(*dim).ok().and_then(|dim| dim.checked_add(*front)?.checked_add(*back));
        match size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0) {
            Some(size) => Ok(size),
            None => amounts(format!("leave nothing of an axis of {dim}, or make far too much of it")),
        }
    });
    check(&sizes.collect::<Result<Vec<_>, Reason>>()?)?;
    let axes = shape.iter().zip(&pads).map(|(dim, pads)| places(*dim, *pads, mode)).collect::<Result<Vec<_>, _>>()?;
    Ok(vec![gather(call, input, &axes, fill)?])
}

fn mode(call: &mut Call<'_>) -> Result<Mode, Reason> {
    match call.attributes.text("mode", "constant")?.as_str() {
        "constant" => Ok(Mode::Constant),
        "edge" => Ok(Mode::Edge),
        "reflect" => Ok(Mode::Reflect),
        "wrap" => Ok(Mode::Wrap),
        _ => Reason::argument("attribute `mode`", "is not constant, edge, reflect or wrap"),
    }
}

/// An attribute before opset 11, an input since.
fn fill(call: &mut Call<'_>) -> Result<f32, Reason> {
    if call.opset < 11 {
        return call.attributes.float("value", 0.0);
    }
    match call.optional(2) {
        Some(Value::Int(value) | Value::Narrow(value, _)) if value.len() == 1 => {
            Ok(value.iter().map(|value| *value as f32).sum())
        }
        Some(Value::Empty(_)) => Ok(0.0),
        _ => Ok(call.optional_scalar(2)?.unwrap_or(0.0)),
    }
}

/// Front and back of each axis; attributes before opset 11, inputs since, for some `axes` only from opset 18 on.
fn pads(call: &mut Call<'_>, rank: usize) -> Result<Vec<[i64; 2]>, Reason> {
    let given = match call.attributes.ints("pads")? {
        Some(pads) if call.opset < 11 => pads,
        None if call.opset >= 11 => call.ints(1)?,
        _ => return amounts("are an attribute before opset 11 and an input since"),
    };
    let axes = match call.optional_ints(3)? {
        Some(axes) => axes.into_iter().map(|index| axis(index, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).collect(),
    };
    if given.len() != 2 * axes.len() {
        return amounts(format!("have {} entries, where {} are due", given.len(), 2 * axes.len()));
    }
    let (front, back) = given.split_at(axes.len());
    let mut pads = vec![None; rank];
    for (axis, pair) in axes.into_iter().zip(front.iter().zip(back)) {
        if pads[axis].replace([*pair.0, *pair.1]).is_some() {
            return wrong(3, "names an axis twice");
        }
    }
    Ok(pads.into_iter().map(Option::unwrap_or_default).collect())
}

fn amounts<T>(problem: impl Into<String>) -> Result<T, Reason> {
    Reason::argument("the pads", problem)
}

/// Sizes are far below 2⁶³ here: their sum was counted before.
fn places(dim: usize, [front, back]: [i64; 2], mode: Mode) -> Result<Places, Reason> {
    let crop = |pad: i64| usize::try_from(pad.saturating_neg()).unwrap_or(0);
    let (start, kept) = (crop(front), dim.saturating_sub(crop(front)).saturating_sub(crop(back)) as i64);
    let (front, back) = (front.max(0), back.max(0));
    if kept < 1 {
        return amounts(format!("leave nothing of an axis of {dim}"));
    }
    if matches!(mode, Mode::Reflect) && front.max(back) >= kept {
        return amounts(format!("reflect more than the {} entries beside the edge", kept - 1));
    }
    let place = |index: i64| match mode {
        Mode::Constant => (0..kept).contains(&index).then_some(index),
        Mode::Edge => Some(index.clamp(0, kept - 1)),
        Mode::Reflect => Some((kept - 1) - ((kept - 1) - index.abs()).abs()),
        Mode::Wrap => Some(index.rem_euclid(kept)),
    };
    Ok((-front..kept + back).map(|index| place(index).map(|place| place as usize + start)).collect())
}
