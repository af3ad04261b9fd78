//! Contractions: where entries are, and the products themselves.
//!
//! Products are computed in 64-bit floats, which are exact here: entries that layers have accepted are integers, and the
//! magnitudes of the products of one output add up to at most `2^48` ([`MAX_BITS`](crate::layers::MAX_BITS)), so every partial sum, in any order, is an integer below `2^53`. [`TensorSystem::check`](super::TensorSystem::check) does not rely on that: it adds
//! up wide integers.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

use super::{ContractForm, Sizes};

/// Entries of `left`, each as often as it is read, that a thread copies at a time.
const TILE_ENTRIES: usize = 1 << 22;

/// Where the entries of a contraction's tensors are.
pub(crate) struct ContractLayout<'s> {
    sizes: &'s Sizes,
    /// By position and tap, for convolutions.
    sources: Vec<Option<u32>>,
    taps: usize,
    /// Entries of a channel.
    entries: usize,
}

impl ContractLayout<'_> {
    /// Batch entry, row and column of entry `index` of `out`.
    pub(crate) fn coordinates(&self, index: usize) -> (usize, usize, usize) {
        let Sizes { rows, columns, .. } = *self.sizes;
        match self.sizes.form {
            ContractForm::Matrices => (index / (rows * columns), index / columns % rows, index % columns),
            ContractForm::Windows { lead, .. } => {
                let (each, outputs) = (rows / lead, self.sizes.batch * columns);
                let (output, first) = (index / each % outputs, index / (each * outputs));
                (output / columns, first * each + index % each, output % columns)
            }
        }
    }

    /// Index of `out[b, m, n]`.
    pub(crate) fn out(&self, b: usize, m: usize, n: usize) -> usize {
        let Sizes { rows, columns, .. } = *self.sizes;
        match self.sizes.form {
            ContractForm::Matrices => (b * rows + m) * columns + n,
            ContractForm::Windows { lead, .. } => {
                planar((b * columns + n, self.sizes.batch * columns), (m, rows), lead)
            }
        }
    }

    /// Index of `left[b, m, k]`; `None` where it is padding.
    pub(crate) fn left(&self, b: usize, m: usize, k: usize) -> Option<usize> {
        let Sizes { rows, inner, .. } = *self.sizes;
        match self.sizes.form {
            ContractForm::Matrices => Some((b * rows + m) * inner + k),
            ContractForm::Windows { lead, .. } => {
                let entry = self.sources[m * self.taps + k % self.taps]?;
                let (channel, channels) =
                    (b * (inner / self.taps) + k / self.taps, inner / self.taps * self.sizes.batch);
                Some(planar((channel, channels), (entry as usize, self.entries), lead))
            }
        }
    }

    /// Index of `right[b, k, n]`.
    pub(crate) fn right(&self, b: usize, k: usize, n: usize) -> usize {
        let Sizes { inner, columns, .. } = *self.sizes;
        match self.sizes.form {
            ContractForm::Matrices => (b * inner + k) * columns + n,
            ContractForm::Windows { .. } => (b * columns + n) * inner + k,
        }
    }
}

impl Sizes {
    /// Entries of `out`.
    pub(crate) fn outputs(&self) -> usize {
        self.batch * self.rows * self.columns
    }

    /// Entries of `left`.
    pub(crate) fn left_entries(&self) -> usize {
        match &self.form {
            ContractForm::Matrices => self.batch * self.rows * self.inner,
            ContractForm::Windows { window, .. } => self.batch * (self.inner / window.taps()) * window.entries(),
        }
    }

    /// Index in `left` of an entry of a channel: of a column, counted over the batch, if `left` is a matrix.
    pub(crate) fn channel_entry(&self, channel: usize, entry: usize) -> usize {
        match &self.form {
            ContractForm::Matrices => (channel / self.inner * self.rows + entry) * self.inner + channel % self.inner,
            ContractForm::Windows { window, lead } => {
                planar((channel, self.batch * self.inner / window.taps()), (entry, window.entries()), *lead)
            }
        }
    }

    /// Where entries are.
    pub(crate) fn layout(&self) -> ContractLayout<'_> {
        let (sources, taps, entries) = match &self.form {
            ContractForm::Matrices => (Vec::new(), 1, 1),
            ContractForm::Windows { window, .. } => (window.sources(), window.taps(), window.entries()),
        };
        ContractLayout { sizes: self, sources, taps, entries }
    }

    /// `out` for factors whose products were accepted by a layer.
    pub(crate) fn contract(&self, left: &[i64], right: &[i64]) -> Vec<i64> {
        let layout = self.layout();
        let right: Zeroizing<Vec<f64>> = Zeroizing::new(right.iter().map(|&entry| entry as f64).collect());
        let per_batch = self.rows * self.columns;
        let mut out = vec![0; self.batch * per_batch];
        let each = self.rows.div_ceil(rayon::current_num_threads()).min(TILE_ENTRIES / self.inner).max(1);
        let tiles = (0..self.batch).flat_map(|b| (0..self.rows).step_by(each).map(move |first| (b, first)));
        let products = |(b, first): (usize, usize)| {
            let rows = first..self.rows.min(first + each);
            (b, first, self.tile(&layout, left, &right, b, rows))
        };
        let products: Vec<_> = tiles.collect::<Vec<_>>().into_par_iter().map(products).collect();
        for (b, first, mut tile) in products {
            for ((row, n), value) in tile.indexed_iter() {
                out[layout.out(b, first + row, n)] = *value as i64;
            }
            tile.iter_mut().for_each(Zeroize::zeroize);
        }
        out
    }

    /// Some rows of the product of batch entry `b`.
    fn tile(
        &self,
        layout: &ContractLayout<'_>,
        left: &[i64],
        right: &[f64],
        b: usize,
        rows: std::ops::Range<usize>,
    ) -> Array2<f64> {
        let start = rows.start;
        let read = |(row, k)| layout.left(b, start + row, k).map_or(0.0, |index| left[index] as f64);
        let mut patches = Array2::from_shape_fn((rows.len(), self.inner), read);
        let matrix = &right[b * self.inner * self.columns..][..self.inner * self.columns];
        let product = match self.form {
            ContractForm::Matrices => patches.dot(&view(matrix, self.inner, self.columns)),
            ContractForm::Windows { .. } => patches.dot(&view(matrix, self.columns, self.inner).t()),
        };
        patches.iter_mut().for_each(Zeroize::zeroize);
        product
    }
}

/// Index of an entry of a channel, both given with how many there are, where an entry's first axis, of length
/// `lead`, stands before the channels.
fn planar((channel, channels): (usize, usize), (entry, entries): (usize, usize), lead: usize) -> usize {
    let each = entries / lead;
    (entry / each * channels + channel) * each + entry % each
}

fn view(entries: &[f64], rows: usize, columns: usize) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((rows, columns), entries).expect("as many entries as a matrix has")
}
