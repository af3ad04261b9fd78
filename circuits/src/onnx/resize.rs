//! `Resize` and its forerunner `Upsample`: each axis is read at positions that depend on sizes alone, from the nearest entry or by mixing
//! those around it.
//!
//! Entry `i` of an axis that grows from `n` to `m` by the scale `s` lies, before rounding by `nearest_mode` and clamping, at
//! ```text
//! half_pixel              (i + ½)/s − ½
//! pytorch_half_pixel      the same, 0 where m = 1
//! half_pixel_symmetric    the same, moved so that both ends are cut alike where m ≠ s·n
//! tf_half_pixel_for_nn    (i + ½)/s
//! asymmetric              i/s
//! align_corners           i·(n − 1)/(m − 1), 0 where m = 1
//! ```
//! in 32-bit floats, as in ONNX Runtime.

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::interpolate::{Mixing, along};
use super::places::{Places, check, gather};
use super::registry::Operator;
use super::value::Value;

pub(super) const OPERATORS: &[Operator] =
    &[Operator::onnx("Resize", 10, (1, 4), resize), Operator::onnx("Upsample", 7, (1, 2), upsample)];

/// One axis on its way.
#[derive(Clone, Copy)]
struct Scaling {
    from: usize,
    to: usize,
    scale: f32,
}

/// How places are found.
struct Rule {
    transformation: String,
    rounding: String,
}

fn upsample(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let mixing = mixing(call)?;
    let scales = match call.attributes.floats("scales")? {
        Some(scales) if call.opset < 9 => scales,
        _ => call.floats(1)?.iter().copied().collect(),
    };
    let axes = scaled(&shape, &scales)?;
    resized(call, &axes, &Rule::simple(), mixing)
}

fn resize(call: &mut Call<'_>) -> Outputs {
    let shape = call.input_shape(0)?;
    let mixing = mixing(call)?;
    let rule = if call.opset < 11 { Rule::simple() } else { Rule::take(call)? };
    let axes = match call.attributes.ints("axes")? {
        Some(axes) => axes.into_iter().map(|index| axis(index, shape.len())).collect::<Result<_, _>>()?,
        None => (0..shape.len()).collect::<Vec<_>>(),
    };
    let dims: Vec<_> = axes.iter().map(|axis| shape[*axis]).collect();
    let scalings = targets(call, &dims)?;
    let mut all: Vec<_> = shape.iter().map(|dim| Scaling { from: *dim, to: *dim, scale: 1.0 }).collect();
    for (axis, scaling) in axes.into_iter().zip(scalings) {
        all[axis] = scaling;
    }
    resized(call, &all, &rule, mixing)
}

/// How entries are mixed, if they are.
fn mixing(call: &mut Call<'_>) -> Result<Option<Mixing>, Reason> {
    let coefficient = call.attributes.float("cubic_coeff_a", -0.75)?;
    let excludes = call.attributes.flag("exclude_outside", false)?;
    call.attributes.ignore("extrapolation_value");
    match call.attributes.text("mode", "nearest")?.as_str() {
        "nearest" => Ok(None),
        "linear" | "bilinear" => Ok(Some(Mixing::Linear)),
        "cubic" => Ok(Some(Mixing::Cubic { coefficient, excludes })),
        _ => Reason::argument("attribute `mode`", "is not nearest, linear or cubic"),
    }
}

/// The axes, from either `scales` or `sizes`.
fn targets(call: &mut Call<'_>, dims: &[usize]) -> Result<Vec<Scaling>, Reason> {
    let policy = one_of(call, "keep_aspect_ratio_policy", &["stretch", "not_larger", "not_smaller"])?;
    let given = |index| call.optional(index).is_some_and(|value| !matches!(value, Value::Empty(_)));
    if call.opset < 11 {
        let scales: Vec<f32> = call.floats(1)?.iter().copied().collect();
        return scaled(dims, &scales);
    }
    match (given(2), given(3)) {
        (true, false) => scaled(dims, &call.floats(2)?.iter().copied().collect::<Vec<_>>()),
        (false, true) => sized(dims, &call.ints(3)?, &policy),
        _ => Reason::argument("the target", "is not given by either `scales` or `sizes`"),
    }
}

fn scaled(dims: &[usize], scales: &[f32]) -> Result<Vec<Scaling>, Reason> {
    if scales.len() != dims.len() || scales.iter().any(|scale| *scale <= 0.0) {
        return Reason::argument("the scales", format!("are not a positive number for each of {} axes", dims.len()));
    }
    let scaling = |(&from, &scale): (&usize, &f32)| Scaling { from, to: (from as f32 * scale) as usize, scale };
    Ok(dims.iter().zip(scales).map(scaling).collect())
}

/// By a factor of its own for each axis, or by the smallest or largest of them.
fn sized(dims: &[usize], sizes: &[i64], policy: &str) -> Result<Vec<Scaling>, Reason> {
    if sizes.len() != dims.len() {
        return wrong(3, &format!("does not hold a size for each of {} axes", dims.len()));
    }
    let scaling = |(&from, &to): (&usize, &i64)| match usize::try_from(to) {
        Ok(to) => Ok(Scaling { from, to, scale: to as f32 / from as f32 }),
        Err(_) => wrong(3, "holds a negative size"),
    };
    let own = dims.iter().zip(sizes).map(scaling).collect::<Result<Vec<_>, Reason>>()?;
    let scales = own.iter().map(|axis| axis.scale);
    let scale = match policy {
        "not_larger" => scales.fold(f32::INFINITY, f32::min),
        "not_smaller" => scales.fold(0.0, f32::max),
        _ => return Ok(own),
    };
    let kept = |axis: &Scaling| Scaling { to: (axis.from as f32 * scale + 0.5) as usize, scale, ..*axis };
    Ok(own.iter().map(kept).collect())
}

fn resized(call: &mut Call<'_>, axes: &[Scaling], rule: &Rule, mixing: Option<Mixing>) -> Outputs {
    check(&axes.iter().map(|axis| axis.to).collect::<Vec<_>>())?;
    let Some(mixing) = mixing else { return nearest(call, axes, rule) };
    let broken = |axis: &Scaling| (axis.from as f32 * axis.scale - axis.to as f32).abs() > 1e-3;
    if rule.transformation == "align_corners" && axes.iter().any(broken) {
        return Reason::argument(
            "attribute `coordinate_transformation_mode`",
            "is align_corners for a scale that gives no whole size, which ONNX and ONNX Runtime take otherwise: give `sizes`",
        );
    }
    let mut x = call.float(0)?;
    for (axis, &scaling) in axes.iter().enumerate() {
        let positions: Vec<f32> = (0..scaling.to).map(|entry| rule.position(entry as f32, scaling)).collect();
        let stays = |(entry, position): (usize, &f32)| entry as f32 == *position;
        if scaling.from != scaling.to || !positions.iter().enumerate().all(stays) {
            x = along(call, x, axis, mixing.matrix(scaling.from, &positions)?)?;
        }
    }
    Ok(vec![Value::Float(x)])
}

fn nearest(call: &mut Call<'_>, axes: &[Scaling], rule: &Rule) -> Outputs {
    let input = call.value(0)?;
    let axes: Vec<_> = axes.iter().map(|axis| rule.places(*axis)).collect();
    Ok(vec![gather(call, input, &axes, 0.0)?])
}

impl Rule {
    /// What `Upsample` and opset 10 do.
    fn simple() -> Self {
        Self { transformation: "asymmetric".into(), rounding: "simple".into() }
    }

    fn take(call: &mut Call<'_>) -> Result<Self, Reason> {
        const TRANSFORMATIONS: [&str; 6] = [
            "half_pixel",
            "pytorch_half_pixel",
            "half_pixel_symmetric",
            "tf_half_pixel_for_nn",
            "asymmetric",
            "align_corners",
        ];
        const ROUNDINGS: [&str; 4] = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];
        if call.attributes.flag("antialias", false)? {
            return Reason::argument(
                "attribute `antialias`",
                "is 1: entries are mixed by place alone; resize with antialias=False",
            );
        }
        let transformation = one_of(call, "coordinate_transformation_mode", &TRANSFORMATIONS)?;
        Ok(Self { transformation, rounding: one_of(call, "nearest_mode", &ROUNDINGS)? })
    }

    fn places(&self, axis: Scaling) -> Places {
        let last = axis.from.saturating_sub(1);
        (0..axis.to)
            .map(|entry| Some((self.round(self.position(entry as f32, axis), axis) as usize).min(last)))
            .collect()
    }

    fn position(&self, entry: f32, Scaling { from, to, scale }: Scaling) -> f32 {
        let half_pixel = (entry + 0.5) / scale - 0.5;
        match self.transformation.as_str() {
            // Both ends are at place 0 where one entry is left.
            "pytorch_half_pixel" | "align_corners" if to <= 1 => 0.0,
            "align_corners" => entry * (from - 1) as f32 / (to - 1) as f32,
            "asymmetric" => entry / scale,
            "tf_half_pixel_for_nn" => (entry + 0.5) / scale,
            "half_pixel_symmetric" => from as f32 / 2.0 * (1.0 - to as f32 / (scale * from as f32)) + half_pixel,
            _ => half_pixel,
        }
    }

    /// What is below 0 is clamped by the conversion to places.
    fn round(&self, position: f32, axis: Scaling) -> f32 {
        match self.rounding.as_str() {
            "floor" => position.floor(),
            "ceil" => position.ceil(),
            "round_prefer_ceil" => (position + 0.5).floor(),
            "round_prefer_floor" => (position - 0.5).ceil(),
            // Before opset 11 the rule was to round down, and up where the axis shrinks.
            _ if axis.scale < 1.0 => position.ceil(),
            _ => position.floor(),
        }
    }
}

/// An attribute that names one of these; the first is the default.
fn one_of(call: &mut Call<'_>, name: &str, known: &[&str]) -> Result<String, Reason> {
    let value = call.attributes.text(name, known.first().copied().unwrap_or(""))?;
    if known.contains(&value.as_str()) {
        return Ok(value);
    }
    Reason::argument(format!("attribute `{name}`"), format!("is not {}", known.join(" or ")))
}
