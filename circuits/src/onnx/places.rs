//! Operators that read each axis at places of its own, as one gather.

use super::call::Call;
use super::error::Reason;
use super::value::Value;
use crate::graph::{FloatOp, ShapeError, count};

/// Most entries that a gather may make: places take more memory than entries.
const MAX_PLACES: usize = 1 << 24;

/// For each entry of an axis of the output, the entry of the input's axis; `None` reads the fill.
pub(super) type Places = Vec<Option<usize>>;

/// The input read at these places, one list for each axis. Where every entry stays, this is the input itself.
pub(super) fn gather(call: &mut Call<'_>, input: Value, axes: &[Places], fill: f32) -> Result<Value, Reason> {
    let from = call.builder.shape_of(&input).unwrap_or_default();
    let shape: Vec<_> = axes.iter().map(Vec::len).collect();
    let stays = |(places, dim): (&Places, &usize)| places.iter().copied().eq((0..*dim).map(Some));
    if axes.iter().zip(&from).all(stays) {
        return Ok(input);
    }
    check(&shape)?;
    let mut indices = vec![Some(0)];
    for (places, dim) in axes.iter().zip(&from) {
        indices = refined(&indices, places, *dim);
    }
    call.rearrange(FloatOp::Gather { indices, fill }, &[input], &shape)
}

/// Refuses shapes of no entries or of too many, before lists of places are made.
pub(super) fn check(shape: &[usize]) -> Result<(), ShapeError> {
    if count(shape)? > MAX_PLACES {
        return ShapeError::new(format!("shape {shape:?} has more than {MAX_PLACES} entries, the most that are moved"));
    }
    Ok(())
}

/// The places with one more axis behind. Both counts are far below 2³².
fn refined(outer: &[Option<u32>], places: &Places, dim: usize) -> Vec<Option<u32>> {
    let inner = |outer: Option<u32>| places.iter().map(move |place| Some(outer? * dim as u32 + (*place)? as u32));
    outer.iter().flat_map(|place| inner(*place)).collect()
}
