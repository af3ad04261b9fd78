//! Sliding windows over the last axes of a tensor: convolution and pooling, in floats and in integers.
//!
//! Along one axis of `n` entries, position `p` and tap `t` read entry
//! ```text
//! p·stride + t·dilation − before,      0 ≤ t < kernel
//! ```
//! which is padding where it is below 0 or not below `n`. There are
//! `⌊(n + before + after − dilation·(kernel − 1) − 1) / stride⌋ + 1` positions. Several axes are counted in row-major order.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most axes that a window may slide along.
pub const MAX_WINDOW_AXES: usize = 3;

/// Largest size of anything along one axis.
const MAX_SIZE: usize = 1 << 20;

/// Most pairs of position and tap.
const MAX_READS: usize = 1 << 26;

/// A window along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowAxis {
    /// Entries of the axis.
    pub input: usize,
    /// Taps.
    pub kernel: usize,
    /// Distance of positions.
    pub stride: usize,
    /// Distance of taps.
    pub dilation: usize,
    /// Padding in front.
    pub before: usize,
    /// Padding behind.
    pub after: usize,
}

/// A window along one to three axes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Axis by axis, the last one being the fastest.
    pub axes: Vec<WindowAxis>,
}

/// Why a window fits nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WindowError {
    /// Wrong number of axes.
    #[error("a window slides along 1 to {MAX_WINDOW_AXES} axes, not {0}")]
    Axes(usize),
    /// A size of zero or beyond all reason.
    #[error("a window's sizes, strides, dilations and paddings are 1 (padding: 0) to {MAX_SIZE}")]
    Size,
    /// The kernel is larger than the padded axis.
    #[error("a kernel that spans {span} entries does not fit an axis of {padded} entries with its padding")]
    Fit {
        /// Entries that the kernel spans.
        span: usize,
        /// Entries of the axis with its padding.
        padded: usize,
    },
    /// Too many reads.
    #[error("a window with more than {MAX_READS} pairs of position and tap")]
    Reads,
}

impl WindowAxis {
    /// A kernel that moves by one entry, without padding.
    pub const fn new(input: usize, kernel: usize) -> Self {
        Self { input, kernel, stride: 1, dilation: 1, before: 0, after: 0 }
    }

    /// Number of positions, for axes that [`Window::validate`] accepts.
    pub const fn positions(&self) -> usize {
        (self.padded() - self.span()) / self.stride + 1
    }

    /// The entry that `tap` reads at `position`; `None` for padding.
    pub fn source(&self, position: usize, tap: usize) -> Option<usize> {
        let entry = (position * self.stride + tap * self.dilation).checked_sub(self.before)?;
        (entry < self.input).then_some(entry)
    }

    const fn padded(&self) -> usize {
        self.input + self.before + self.after
    }

    const fn span(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    fn validate(&self) -> Result<(), WindowError> {
        let sizes = [self.input, self.kernel, self.stride, self.dilation];
        let fits = |size: &usize| (1..=MAX_SIZE).contains(size);
        if !sizes.iter().all(fits) || self.before > MAX_SIZE || self.after > MAX_SIZE {
            return Err(WindowError::Size);
        }
        let (span, padded) = (self.span(), self.padded());
        if span > padded { Err(WindowError::Fit { span, padded }) } else { Ok(()) }
    }
}

impl Window {
    /// Refuses windows that fit nowhere; every other method takes a window that was accepted.
    pub fn validate(&self) -> Result<(), WindowError> {
        if !(1..=MAX_WINDOW_AXES).contains(&self.axes.len()) {
            return Err(WindowError::Axes(self.axes.len()));
        }
        self.axes.iter().try_for_each(WindowAxis::validate)?;
        let sizes = self.axes.iter().flat_map(|axis| [axis.positions(), axis.kernel]);
        let reads = sizes.into_iter().try_fold(1usize, |product, size| product.checked_mul(size));
        let entries = self.axes.iter().try_fold(1usize, |product, axis| product.checked_mul(axis.input));
        match reads.max(entries) {
            Some(most) if reads.is_some() && entries.is_some() && most <= MAX_READS => Ok(()),
            _ => Err(WindowError::Reads),
        }
    }

    /// Sizes of the axes before.
    pub fn input_shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.input).collect()
    }

    /// Sizes of the axes after: positions.
    pub fn output_shape(&self) -> Vec<usize> {
        self.axes.iter().map(WindowAxis::positions).collect()
    }

    /// Sizes of the kernel.
    pub fn kernel_shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.kernel).collect()
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.axes.iter().map(|axis| axis.input).product()
    }

    /// Number of positions.
    pub fn positions(&self) -> usize {
        self.axes.iter().map(WindowAxis::positions).product()
    }

    /// Number of taps.
    pub fn taps(&self) -> usize {
        self.axes.iter().map(|axis| axis.kernel).product()
    }

    /// The entry that each tap reads at each position, by position, then tap; `None` for padding.
    pub fn sources(&self) -> Vec<Option<u32>> {
        let taps = self.taps();
        let pairs = (0..self.positions()).flat_map(|position| (0..taps).map(move |tap| (position, tap)));
        pairs.map(|(position, tap)| self.source(position, tap).map(|entry| entry as u32)).collect()
    }

    /// The entry that `tap` reads at `position`, all three counted in row-major order.
    pub fn source(&self, position: usize, tap: usize) -> Option<usize> {
        let (mut position, mut tap, mut stride, mut entry) = (position, tap, 1, 0);
        for axis in self.axes.iter().rev() {
            entry += stride * axis.source(position % axis.positions(), tap % axis.kernel)?;
            (position, tap, stride) = (position / axis.positions(), tap / axis.kernel, stride * axis.input);
        }
        Some(entry)
    }

    /// Whether every entry is read exactly once, and nothing else is.
    pub fn partitions(&self) -> bool {
        let tiles = |axis: &WindowAxis| {
            let dense = axis.dilation == 1 || axis.kernel == 1;
            dense && axis.stride == axis.kernel && axis.padded() == axis.input && axis.input.is_multiple_of(axis.kernel)
        };
        self.axes.iter().all(tiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_entries_padding_and_remainders() {
        let axis = WindowAxis { stride: 2, before: 1, ..WindowAxis::new(5, 3) };
        let window = Window { axes: vec![axis] };
        assert_eq!(window.output_shape(), [2]);
        assert_eq!(window.sources(), [None, Some(0), Some(1), Some(1), Some(2), Some(3)]);
        let dilated = Window { axes: vec![WindowAxis { dilation: 2, ..WindowAxis::new(5, 2) }] };
        assert_eq!(dilated.sources(), [0, 2, 1, 3, 2, 4].map(Some));
    }

    #[test]
    fn counts_axes_in_row_major_order() {
        let window = Window { axes: vec![WindowAxis::new(2, 1), WindowAxis::new(3, 2)] };
        assert_eq!(window.output_shape(), [2, 2]);
        assert_eq!(window.sources(), [0, 1, 1, 2, 3, 4, 4, 5].map(Some));
    }

    #[test]
    fn only_tilings_partition() {
        let tiling = WindowAxis { stride: 2, ..WindowAxis::new(4, 2) };
        assert!(Window { axes: vec![tiling, tiling] }.partitions());
        for other in [
            WindowAxis::new(4, 2),
            WindowAxis { input: 5, ..tiling },
            WindowAxis { before: 1, after: 1, ..tiling },
            WindowAxis { dilation: 2, ..tiling },
        ] {
            assert!(!Window { axes: vec![tiling, other] }.partitions(), "{other:?}");
        }
    }

    #[test]
    fn refuses_what_fits_nowhere() {
        let refused = |axis| Window { axes: vec![axis] }.validate().unwrap_err();
        let axis = WindowAxis::new(4, 2);
        assert_eq!(refused(WindowAxis { stride: 0, ..axis }), WindowError::Size);
        assert_eq!(refused(WindowAxis { kernel: 0, ..axis }), WindowError::Size);
        assert_eq!(refused(WindowAxis { before: usize::MAX, ..axis }), WindowError::Size);
        assert_eq!(refused(WindowAxis { kernel: 5, ..axis }), WindowError::Fit { span: 5, padded: 4 });
        assert_eq!(Window { axes: vec![] }.validate(), Err(WindowError::Axes(0)));
        let wide = WindowAxis::new(1 << 20, 1);
        assert_eq!(Window { axes: vec![wide, wide] }.validate(), Err(WindowError::Reads));
    }
}
