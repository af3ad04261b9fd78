//! Feature scaling of `ai.onnx.ml`: `Scaler` is `(x − offset) · scale`, `Normalizer` divides by a norm.

use super::call::{Call, Outputs};
use super::error::Reason;
use super::registry::Operator;
use crate::graph::{FloatOp, NodeId, Norm, ShapeError};

pub(super) const OPERATORS: &[Operator] =
    &[Operator::ml("Scaler", (1, 1), scaler), Operator::ml("Normalizer", (1, 1), normalizer)];

fn scaler(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let offset = statistic(call, x, "offset")?;
    let scale = statistic(call, x, "scale")?;
    let centred = call.push(FloatOp::Sub, &[x, offset])?;
    call.one(FloatOp::Mul, &[centred, scale])
}

/// One number for all features, or one for each.
fn statistic(call: &mut Call<'_>, x: NodeId, name: &str) -> Result<NodeId, Reason> {
    let features = call.shape(x).last().copied().unwrap_or(1);
    match call.attributes.floats(name)? {
        Some(values) if values.len() == 1 || values.len() == features => {
            call.constant(ndarray::Array1::from(values).into_dyn())
        }
        _ => Reason::argument(
            format!("attribute `{name}`"),
            format!("has not one entry for each of {features} features"),
        ),
    }
}

fn normalizer(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let norm = match call.attributes.text("norm", "MAX")?.as_str() {
        "MAX" => Norm::Max,
        "L1" => Norm::L1,
        "L2" => Norm::L2,
        _ => return Reason::argument("attribute `norm`", "is not MAX, L1 or L2"),
    };
    match call.shape(x).len() {
        rank @ 1..=2 => call.one(FloatOp::Normalize { norm, axis: rank - 1 }, &[x]),
        _ => Ok(ShapeError::new("a normalizer takes one vector or rows of them")?),
    }
}
