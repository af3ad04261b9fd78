//! Which power of the challenge each entry of a contraction is multiplied with, and by how much taps are behind, see
//! [`Powers`](super::Powers).

use crate::WindowAxis;
use crate::system::{ContractForm, Sizes};
use crate::window::Window;

/// Exponents of one channel's entries and shifts of its taps. The entries of a matrix with one column are its rows.
pub(super) struct Exponents {
    pub(super) entries: Vec<usize>,
    pub(super) shifts: Vec<usize>,
    /// By position and tap.
    pub(super) sources: Vec<Option<u32>>,
}

impl Exponents {
    /// Of one channel of `left`.
    pub(super) fn of(sizes: &Sizes) -> Self {
        match &sizes.form {
            ContractForm::Matrices => Self {
                entries: (0..sizes.rows).collect(),
                shifts: vec![0],
                sources: (0..sizes.rows as u32).map(Some).collect(),
            },
            ContractForm::Windows { window, .. } => Self {
                entries: (0..window.entries()).map(|entry| entry_exponent(window, entry)).collect(),
                shifts: (0..window.taps()).map(|tap| tap_exponent(window, tap)).collect(),
                sources: window.sources(),
            },
        }
    }

    /// Entries that some tap reads.
    pub(super) fn read(&self) -> impl Iterator<Item = usize> {
        let mut read = vec![false; self.entries.len()];
        self.sources.iter().flatten().for_each(|&entry| read[entry as usize] = true);
        read.into_iter().enumerate().filter_map(|(entry, read)| read.then_some(entry))
    }
}

/// `Σ_axes ⌊(q + before)/stride⌋·(positions of the axes behind)`.
fn entry_exponent(window: &Window, entry: usize) -> usize {
    exponent(window, entry, |axis| axis.input, |axis, q| (q + axis.before) / axis.stride)
}

/// `Σ_axes ⌊t·dilation/stride⌋·(positions of the axes behind)`.
fn tap_exponent(window: &Window, tap: usize) -> usize {
    exponent(window, tap, |axis| axis.kernel, |axis, t| t * axis.dilation / axis.stride)
}

fn exponent(
    window: &Window,
    mut index: usize,
    size: impl Fn(&WindowAxis) -> usize,
    coordinate: impl Fn(&WindowAxis, usize) -> usize,
) -> usize {
    let (mut sum, mut stride) = (0, 1);
    for axis in window.axes.iter().rev() {
        sum += stride * coordinate(axis, index % size(axis));
        (index, stride) = (index / size(axis), stride * axis.positions());
    }
    sum
}
