//! `DepthToSpace` and `SpaceToDepth`: squares of `b × b` entries become channels, or come from them.
//!
//! In `DCR` mode channel `(r·b + s)·c + k` is entry `(r, s)` of the squares of channel `k` of `c`; in `CRD` mode channel
//! `(k·b + r)·b + s` is. `SpaceToDepth` undoes either.

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::registry::Operator;
use crate::graph::{FloatOp, ShapeError};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("DepthToSpace", 1, (1, 1), depth_to_space),
    Operator::onnx("SpaceToDepth", 1, (1, 1), space_to_depth),
];

fn depth_to_space(call: &mut Call<'_>) -> Outputs {
    let ([batch, channels, rows, columns], b) = image(call)?;
    let columns_first = match call.attributes.text("mode", "DCR")?.as_str() {
        "DCR" => false,
        "CRD" => true,
        _ => return Reason::argument("attribute `mode`", "is not DCR or CRD"),
    };
    let c = whole(channels, b * b, "channels")?;
    let (split, perm) = if columns_first {
        ([batch, c, b, b, rows, columns], [0, 1, 4, 2, 5, 3])
    } else {
        ([batch, b, b, c, rows, columns], [0, 3, 4, 1, 5, 2])
    };
    permuted(call, &split, &perm, &[batch, c, rows * b, columns * b])
}

fn space_to_depth(call: &mut Call<'_>) -> Outputs {
    let ([batch, channels, rows, columns], b) = image(call)?;
    let (rows, columns) = (whole(rows, b, "rows")?, whole(columns, b, "columns")?);
    let perm = match call.attributes.text("mode", "DCR")?.as_str() {
        "DCR" => [0, 3, 5, 1, 2, 4],
        "CRD" => [0, 1, 3, 5, 2, 4],
        _ => return Reason::argument("attribute `mode`", "is not DCR or CRD"),
    };
    permuted(call, &[batch, channels, rows, b, columns, b], &perm, &[batch, channels * b * b, rows, columns])
}

fn image(call: &mut Call<'_>) -> Result<([usize; 4], usize), Reason> {
    let Ok(shape) = <[usize; 4]>::try_from(call.input_shape(0)?) else {
        return wrong(0, "is not of four axes: batch, channels, rows, columns");
    };
    match call.attributes.int("blocksize", 0)? {
        size @ 1..=65536 => Ok((shape, size as usize)),
        _ => Reason::argument("attribute `blocksize`", "is missing, or not 1 to 65536"),
    }
}

fn whole(count: usize, parts: usize, what: &str) -> Result<usize, Reason> {
    if !count.is_multiple_of(parts) {
        ShapeError::new(format!("{count} {what} do not split into blocks of {parts}"))?;
    }
    Ok(count / parts)
}

/// Splits axes, permutes them and joins them again.
fn permuted(call: &mut Call<'_>, split: &[usize], perm: &[usize], joined: &[usize]) -> Outputs {
    let input = call.value(0)?;
    let split = call.reshape(input, split)?;
    let moved = call.rearrange(FloatOp::Transpose { perm: perm.to_vec() }, &[split], &[])?;
    Ok(vec![call.reshape(moved, joined)?])
}
