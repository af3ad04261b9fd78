//! Ranges of numbers, triangles of matrices, and running sums, which are products by a triangle.
//! ```text
//! CumSum   out[i] = Σ_{j ≤ i} x[j],   j < i where exclusive,   and from the end where reverse
//! ```

use ndarray::{Array1, Array2};

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::interpolate::along;
use super::places;
use super::registry::Operator;
use super::value::Value;
use crate::graph::FloatOp;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("CumSum", 11, (2, 2), running_sum),
    Operator::onnx("Range", 11, (3, 3), range),
    Operator::onnx("Trilu", 14, (1, 2), triangle),
];

fn running_sum(call: &mut Call<'_>) -> Outputs {
    let (x, shape) = (call.float(0)?, call.input_shape(0)?);
    let [place] = call.ints(1)?[..] else { return wrong(1, "is not a single axis") };
    let place = axis(place, shape.len())?;
    let (exclusive, reverse) = (call.attributes.flag("exclusive", false)?, call.attributes.flag("reverse", false)?);
    let n = shape[place];
    places::check(&[n, n])?;
    let counts = |(from, to): (usize, usize)| {
        let (first, last) = if reverse { (to, from) } else { (from, to) };
        f32::from(u8::from(first < last || first == last && !exclusive))
    };
    let triangle = Array2::from_shape_fn((n, n), counts);
    if n == 1 {
        let triangle = call.constant(triangle.into_dyn())?;
        return call.one(FloatOp::Mul, &[x, triangle]);
    }
    Ok(vec![Value::Float(along(call, x, place, triangle)?)])
}

/// Numbers from a start by steps up to a limit, which is left out.
fn range(call: &mut Call<'_>) -> Outputs {
    if let (Ok([start]), Ok([limit]), Ok([step])) = (one(call, 0), one(call, 1), one(call, 2)) {
        let len = steps(limit as f64 - start as f64, step as f64)?;
        let entry = |k: usize| (k as i64).checked_mul(step).and_then(|far| start.checked_add(far));
        let Some(entries) = (0..len).map(entry).collect::<Option<Array1<i64>>>() else {
            return wrong(1, "is too large");
        };
        return Ok(vec![Value::Int(entries.into_dyn())]);
    }
    let ends = [0, 1, 2].map(|index| call.optional_scalar(index));
    let [Ok(Some(start)), Ok(Some(limit)), Ok(Some(step))] = ends else {
        return Reason::argument("an input", "is not a single number known at import");
    };
    let len = steps(f64::from(limit) - f64::from(start), f64::from(step))?;
    let entries: Array1<f32> = (0..len).map(|k| start + k as f32 * step).collect();
    Ok(vec![Value::Float(call.constant(entries.into_dyn())?)])
}

fn one(call: &Call<'_>, index: usize) -> Result<[i64; 1], ()> {
    call.ints(index).map_err(drop)?.try_into().map_err(drop)
}

fn steps(span: f64, step: f64) -> Result<usize, Reason> {
    let len = (span / step).ceil();
    if !(len >= 1.0 && len < 2f64.powi(53)) {
        return Reason::argument("the range", "has no entries, or too many");
    }
    places::check(&[len as usize])?;
    Ok(len as usize)
}

/// The upper or lower triangle of matrices in the last two axes, zeros elsewhere.
fn triangle(call: &mut Call<'_>) -> Outputs {
    let (input, shape) = (call.value(0)?, call.input_shape(0)?);
    let upper = call.attributes.flag("upper", true)?;
    let shift = match call.optional_ints(1)?.as_deref() {
        None => 0,
        Some([shift]) => *shift,
        Some(_) => return wrong(1, "is not a single number"),
    };
    let [.., rows, columns] = shape[..] else { return wrong(0, "is no matrix") };
    places::check(&shape)?;
    let kept = |k: usize| {
        let (row, column) = ((k / columns % rows) as i64, (k % columns) as i64);
        let above = column.saturating_sub(row).saturating_sub(shift);
        if upper { above >= 0 } else { above <= 0 }
    };
    let len = shape.iter().product();
    // Places are below 2²⁴, the most that are moved.
    let indices = (0..len).map(|k| kept(k).then_some(k as u32)).collect();
    Ok(vec![call.rearrange(FloatOp::Gather { indices, fill: 0.0 }, &[input], &shape)?])
}
