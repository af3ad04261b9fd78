//! Convolution, as ONNX defines it: the kernel is slid, not flipped. One record, `C` channels, groups of them apart.
//! ```text
//! out[0, o, p] = Σ_i Σ_t weight[o, i, t] · x[0, g·C/groups + i, source(p, t)],      g = ⌊o · groups / O⌋
//! ```
//! Padding counts as zero. A group is one matrix product: its weights by the patches that the window sees.

use ndarray::{Array2, Array3, ArrayD, ArrayView2, ArrayViewD, Axis};

use super::shape::{ShapeError, size};
use crate::window::{Window, WindowError};

impl From<WindowError> for ShapeError {
    fn from(error: WindowError) -> Self {
        Self(error.to_string())
    }
}

/// Shape of the output: one record, the weight's channels, the window's positions.
pub(super) fn shape(x: &[usize], weight: &[usize], window: &Window, groups: usize) -> Result<Vec<usize>, ShapeError> {
    window.validate()?;
    let ([1, channels, entries @ ..], [filters, depth, kernel @ ..]) = (x, weight) else {
        return ShapeError::new(format!("a convolution takes one record of channels, not {x:?} by {weight:?}"));
    };
    if entries != window.input_shape() || kernel != window.kernel_shape() {
        return ShapeError::new(format!("the window is not one of kernel {kernel:?} on axes {entries:?}"));
    }
    if groups == 0 || depth.checked_mul(groups) != Some(*channels) || !filters.is_multiple_of(groups) {
        let fit = format!("{channels} channels do not split into {groups} groups of {depth}");
        return ShapeError::new(format!("{fit} for {filters} filters"));
    }
    size(&[window.positions(), window.taps(), *depth])?;
    Ok([&[1, *filters], window.output_shape().as_slice()].concat())
}

/// The convolution, for shapes that [`shape`] accepts.
pub(super) fn convolve(
    x: &ArrayViewD<'_, f32>,
    weight: &ArrayViewD<'_, f32>,
    window: &Window,
    groups: usize,
    shape: &[usize],
) -> Result<ArrayD<f32>, ShapeError> {
    let (filters, depth) = (weight.len_of(Axis(0)) / groups, weight.len_of(Axis(1)));
    let x = blocks(x, (groups, depth, window.entries()))?;
    let weight = blocks(weight, (groups, filters, depth * window.taps()))?;
    let sources = window.sources();
    let mut out = Array3::zeros((groups, filters, window.positions()));
    for ((x, weight), mut out) in x.outer_iter().zip(weight.outer_iter()).zip(out.outer_iter_mut()) {
        out.assign(&weight.dot(&patches(&x, &sources, window).t()));
    }
    ArrayD::from_shape_vec(shape, out.into_raw_vec_and_offset().0).map_err(|error| ShapeError(error.to_string()))
}

fn blocks(x: &ArrayViewD<'_, f32>, shape: (usize, usize, usize)) -> Result<Array3<f32>, ShapeError> {
    Array3::from_shape_vec(shape, x.iter().copied().collect()).map_err(|error| ShapeError(error.to_string()))
}

/// What the window sees: a row for each position, channel by channel, tap by tap.
fn patches(x: &ArrayView2<'_, f32>, sources: &[Option<u32>], window: &Window) -> Array2<f32> {
    let (taps, channels) = (window.taps(), x.nrows());
    let mut patches = Array2::zeros((window.positions(), channels * taps));
    for (mut patch, sources) in patches.outer_iter_mut().zip(sources.chunks_exact(taps)) {
        for (mut taps, x) in patch.exact_chunks_mut(taps).into_iter().zip(x.outer_iter()) {
            for (tap, source) in taps.iter_mut().zip(sources) {
                *tap = source.map_or(0.0, |entry| x[entry as usize]);
            }
        }
    }
    patches
}
