//! Pooling over the last axes, the axes before them one slice at a time.
//! ```text
//! MaxPool      out[.., p] = max over the taps t with an entry of x[.., source(p, t)]
//! AveragePool  out[.., p] = Σ of the same / number of them, or / number of taps where padding counts as zeros
//! ```

use ndarray::{ArrayD, ArrayViewD};

use super::shape::ShapeError;
use crate::window::{Window, WindowAxis};

/// Shape of the output: the last axes become the window's positions.
pub(super) fn shape(x: &[usize], window: &Window, padding_alone: bool) -> Result<Vec<usize>, ShapeError> {
    window.validate()?;
    let Some((outer, inner)) = x.split_at_checked(x.len().wrapping_sub(window.axes.len())) else {
        return ShapeError::new(format!("shape {x:?} has fewer axes than the window"));
    };
    if inner != window.input_shape() {
        return ShapeError::new(format!("the window is not one on axes {inner:?}"));
    }
    if !padding_alone && !window.axes.iter().all(reads_everywhere) {
        return ShapeError::new("at some position the window sees nothing but padding");
    }
    Ok([outer, window.output_shape().as_slice()].concat())
}

/// Whether some tap reads an entry at every position.
fn reads_everywhere(axis: &WindowAxis) -> bool {
    (0..axis.positions()).all(|position| (0..axis.kernel).any(|tap| axis.source(position, tap).is_some()))
}

/// The largest entry that the window reads.
pub(super) fn max(x: &ArrayViewD<'_, f32>, window: &Window, shape: &[usize]) -> Result<ArrayD<f32>, ShapeError> {
    pool(x, window, shape, |entries| entries.fold(f32::NEG_INFINITY, f32::max))
}

/// The mean of the entries that the window reads.
pub(super) fn average(
    x: &ArrayViewD<'_, f32>,
    window: &Window,
    count_padding: bool,
    shape: &[usize],
) -> Result<ArrayD<f32>, ShapeError> {
    let taps = window.taps();
    pool(x, window, shape, |entries| {
        let (sum, count) = entries.fold((0.0, 0), |(sum, count), x| (sum + x, count + 1));
        sum / if count_padding { taps } else { count } as f32
    })
}

fn pool(
    x: &ArrayViewD<'_, f32>,
    window: &Window,
    shape: &[usize],
    fold: impl Fn(&mut dyn Iterator<Item = f32>) -> f32,
) -> Result<ArrayD<f32>, ShapeError> {
    let (entries, sources): (Vec<f32>, _) = (x.iter().copied().collect(), window.sources());
    let pooled = entries.chunks_exact(window.entries()).flat_map(|slice| {
        let read = |source: &Option<u32>| source.and_then(|entry| slice.get(entry as usize)).copied();
        let positions = sources.chunks_exact(window.taps());
        positions.map(|taps| fold(&mut taps.iter().filter_map(read))).collect::<Vec<_>>()
    });
    ArrayD::from_shape_vec(shape, pooled.collect()).map_err(|error| ShapeError(error.to_string()))
}
