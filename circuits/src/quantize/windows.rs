//! Convolution and pooling of float values, one row per record.
//!
//! ```text
//! conv     out[o, p] = bias[o] + Σ_(c, t) weight[o, c, t]·x[c, source(p, t)]
//! largest  out[c, p] = max_t x[c, source(p, t)]
//! mean     out[c, p] = factor_p / denominator · Σ_t x[c, source(p, t)]
//! ```
//! A convolution is a matrix product with the patches that its window sees; padding counts as 0, and never is the largest.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};
use rayon::prelude::*;
use zeroize::Zeroize;

use crate::window::Window;

/// A convolution's coefficients. Wiped when dropped.
#[derive(Clone)]
pub(super) struct Convolution {
    /// `O × (C/groups · taps)`.
    pub(super) weight: Array2<f64>,
    /// `O`, or `O · positions`.
    pub(super) bias: Array1<f64>,
    pub(super) window: Window,
    pub(super) groups: usize,
}

impl Drop for Convolution {
    fn drop(&mut self) {
        self.weight.iter_mut().for_each(Zeroize::zeroize);
        self.bias.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// A mean over windows: `factor_p / denominator` times the sum at position `p`.
#[derive(Clone)]
pub(super) struct Averaging {
    pub(super) window: Window,
    /// One factor per position; absent where all are 1.
    pub(super) factors: Option<Vec<i64>>,
    pub(super) denominator: i64,
}

/// Bits of factors where the mean of some number of entries is no binary fraction: an error of one in some ten thousand.
const FACTOR_BITS: i32 = 12;

/// Largest denominator.
const MAX_DENOMINATOR: i64 = 1 << 24;

impl Convolution {
    /// Channels of its output.
    pub(super) fn outputs(&self) -> usize {
        self.weight.nrows()
    }

    /// Channels that each output reads.
    pub(super) fn depth(&self) -> usize {
        self.weight.ncols() / self.window.taps()
    }

    /// Channel of the input that output `o` reads with its `column`.
    pub(super) fn channel(&self, o: usize, column: usize) -> usize {
        o * self.groups / self.outputs() * self.depth() + column / self.window.taps()
    }

    /// The products' sums on one record, without the bias: `O · positions`.
    pub(super) fn products(&self, x: ArrayView1<'_, f64>) -> Array1<f64> {
        self.slide(x, &self.window.sources())
    }

    /// Its value on every record.
    pub(super) fn run(&self, x: &Array2<f64>) -> Array2<f64> {
        let sources = self.window.sources();
        let mut out = Array2::zeros((x.nrows(), self.outputs() * self.window.positions()));
        let rows = out.outer_iter_mut().zip(x.outer_iter()).par_bridge();
        rows.for_each(|(mut out, x)| out.assign(&self.slide(x, &sources)));
        let each = out.ncols() / self.bias.len().max(1);
        for mut row in out.outer_iter_mut() {
            row.iter_mut().enumerate().for_each(|(k, sum)| *sum += self.bias[k / each]);
        }
        out
    }

    fn slide(&self, x: ArrayView1<'_, f64>, sources: &[Option<u32>]) -> Array1<f64> {
        let (positions, depth) = (self.window.positions(), self.depth());
        let x = x.to_shape((self.groups * depth, self.window.entries())).expect("channels of whole planes");
        let filters = self.outputs() / self.groups;
        let mut out = Array2::zeros((self.outputs(), positions));
        for group in 0..self.groups {
            let (rows, from) = (group * filters, group * depth);
            let patches = patches(&x.slice(s![from..from + depth, ..]), sources, &self.window);
            let sums = self.weight.slice(s![rows..rows + filters, ..]).dot(&patches);
            out.slice_mut(s![rows..rows + filters, ..]).assign(&sums);
        }
        out.into_flat()
    }
}

/// What the window sees: a row for each channel and tap, a column for each position.
fn patches(x: &ArrayView2<'_, f64>, sources: &[Option<u32>], window: &Window) -> Array2<f64> {
    let (taps, positions) = (window.taps(), window.positions());
    let mut patches = Array2::zeros((x.nrows() * taps, positions));
    for (index, mut row) in patches.outer_iter_mut().enumerate() {
        let (plane, reads) = (x.row(index / taps), sources.iter().skip(index % taps).step_by(taps));
        for (entry, source) in row.iter_mut().zip(reads) {
            *entry = source.map_or(0.0, |source| plane[source as usize]);
        }
    }
    patches
}

impl Averaging {
    /// The mean over the window; `None` if no small denominator serves every position.
    pub(super) fn new(window: &Window, count_padding: bool) -> Option<Self> {
        let sources = window.sources();
        let count = |reads: &[Option<u32>]| reads.iter().flatten().count().max(1) as i64;
        let counts: Vec<i64> = sources.chunks(window.taps()).map(count).collect();
        let same = counts.iter().all(|&count| count == window.taps() as i64);
        if count_padding || same {
            return Some(Self { window: window.clone(), factors: None, denominator: window.taps() as i64 });
        }
        let denominator = counts.iter().try_fold(1i64, |all, &count| multiple(all, count))?;
        let factors = Some(counts.iter().map(|count| denominator / count).collect());
        Some(Self { window: window.clone(), factors, denominator })
    }

    /// The same with a denominator that is a power of two, so that rounding can take it away: exactly where each position reads a power of
    /// two of entries, and otherwise with factors of [`FACTOR_BITS`] bits.
    pub(super) fn binary(&self) -> Self {
        let weights: Vec<f64> = (0..self.window.positions()).map(|position| self.weight(position)).collect();
        let exact = weights.iter().all(|weight| weight.log2().fract() == 0.0);
        let least = weights.iter().copied().fold(1.0, f64::min);
        let bits = -least.log2().floor() as i32 + if exact { 0 } else { FACTOR_BITS };
        let factors: Vec<i64> = weights.iter().map(|weight| (weight * 2f64.powi(bits)).round() as i64).collect();
        let factors = factors.iter().any(|&factor| factor != 1).then_some(factors);
        Self { window: self.window.clone(), factors, denominator: 1 << bits }
    }

    /// What the sum at each position is multiplied with.
    fn weight(&self, position: usize) -> f64 {
        self.factors.as_ref().map_or(1.0, |factors| factors[position] as f64) / self.denominator as f64
    }

    /// The variance of the mean of independent values with the given variances.
    pub(super) fn of_noise(&self, variance: &Array2<f64>) -> Array2<f64> {
        pooled(variance, &self.window, |p, reads| self.weight(p) * self.weight(p) * reads.sum::<f64>())
    }

    /// Its value on every record.
    pub(super) fn run(&self, x: &Array2<f64>) -> Array2<f64> {
        pooled(x, &self.window, |p, reads| self.weight(p) * reads.sum::<f64>())
    }
}

/// Least common multiple, if it is small.
fn multiple(a: i64, b: i64) -> Option<i64> {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x).checked_mul(b).filter(|&multiple| multiple <= MAX_DENOMINATOR)
}

/// The largest entry of each window, on every record.
pub(super) fn largest(x: &Array2<f64>, window: &Window) -> Array2<f64> {
    pooled(x, window, |_, reads| reads.fold(f64::NEG_INFINITY, f64::max))
}

fn pooled(
    x: &Array2<f64>,
    window: &Window,
    fold: impl Fn(usize, &mut dyn Iterator<Item = f64>) -> f64 + Sync,
) -> Array2<f64> {
    let (sources, taps, positions) = (window.sources(), window.taps(), window.positions());
    let planes = x.ncols() / window.entries().max(1);
    let mut out = Array2::zeros((x.nrows(), planes * positions));
    let rows = out.outer_iter_mut().zip(x.outer_iter()).par_bridge();
    rows.for_each(|(mut out, x)| {
        for (k, out) in out.iter_mut().enumerate() {
            let (start, p) = (k / positions * window.entries(), k % positions);
            let reads = &sources[p * taps..][..taps];
            *out = fold(p, &mut reads.iter().flatten().map(|&entry| x[start + entry as usize]));
        }
    });
    out
}

/// Whether a position reads padding.
pub(super) fn pads(window: &Window) -> bool {
    window.axes.iter().any(|axis| {
        let reads = |position| (0..axis.kernel).any(|tap| axis.source(position, tap).is_none());
        (0..axis.positions()).any(reads)
    })
}
