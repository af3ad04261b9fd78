//! Entries picked by place, in row-major order: padding, resizing, the zeros between entries.

use ndarray::{ArrayD, ArrayViewD};

use super::shape::{ShapeError, count};

/// What can be moved about: it has a value for places that read nothing.
pub(crate) trait Entry: Clone {
    /// The fill, if it is a value of this type.
    fn filling(fill: f32) -> Option<Self>;
}

impl Entry for f32 {
    fn filling(fill: f32) -> Option<Self> {
        Some(fill)
    }
}

impl Entry for i64 {
    fn filling(fill: f32) -> Option<Self> {
        // Every integral float below 2⁶³ is exact as an integer.
        (fill.fract() == 0.0 && fill.abs() < 2f32.powi(63)).then_some(fill as Self)
    }
}

/// The node's own shape, if there is a place for each entry and all places exist.
pub(super) fn shape(x: &[usize], own: &[usize], indices: &[Option<u32>]) -> Result<Vec<usize>, ShapeError> {
    let (from, to) = (count(x)?, count(own)?);
    if to != indices.len() {
        return ShapeError::new(format!("{} places do not fill shape {own:?}", indices.len()));
    }
    if let Some(place) = indices.iter().flatten().find(|place| **place as usize >= from) {
        return ShapeError::new(format!("shape {x:?} has no entry {place}"));
    }
    Ok(own.to_vec())
}

/// The entries at these places, for shapes that [`shape`] accepts.
pub(super) fn gather<T: Entry>(
    x: &ArrayViewD<'_, T>,
    indices: &[Option<u32>],
    fill: f32,
    shape: &[usize],
) -> Result<ArrayD<T>, ShapeError> {
    let Some(fill) = T::filling(fill) else { return ShapeError::new("the fill is not an integer, as the entries are") };
    let entries: Vec<T> = x.iter().cloned().collect();
    let read = |place: &Option<u32>| place.and_then(|place| entries.get(place as usize)).unwrap_or(&fill).clone();
    let picked = indices.iter().map(read).collect();
    ArrayD::from_shape_vec(shape, picked).map_err(|error| ShapeError(error.to_string()))
}
