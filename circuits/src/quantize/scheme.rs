//! The choice of scales: the predicted error of an activation, and the shift that makes it smallest.
//!
//! With accumulator scale `S` a channel's weights are rounded to multiples of `S/s_x`, so its pre-activation is off by
//! `S²·(Σ_j Var x_j + 1)/12` in the mean square (the mean is corrected by the bias), and rounding to activations adds
//! `(2^s·S)²/12`. `S` is bounded from below twice: the channel's range must fit, `S ≥ range/(top·2^s)`, and so must its
//! weights and bias, `S ≥ max_j |w_j|·s_j / w_max`. A small shift makes weights coarse, a large one activations.

use ndarray::Array1;

use super::integers::by_channel;
use crate::architecture::Interval;
use ndarray::Array2;

/// A private scale per channel, and the public shift that goes with it.
pub(super) struct Choice {
    pub(super) shift: u32,
    pub(super) scale: Array1<f64>,
}

/// What is known of a layer when its scales are chosen, per channel.
pub(super) struct Channels {
    /// Largest activation to represent.
    pub(super) range: Array1<f64>,
    /// Smallest scale at which weights and bias fit.
    pub(super) least: Array1<f64>,
    /// `Σ_j Var x_j` of the integers that the channel sums, plus 1 for the bias.
    pub(super) spread: Array1<f64>,
    /// What an error of the channel costs later on.
    pub(super) importance: Array1<f64>,
}

/// A larger shift is taken if it costs no more than this: its tables are smaller.
const TOLERANCE: f64 = 1.03;

impl Channels {
    /// The best of `shifts`.
    pub(super) fn choose(&self, top: i64, shifts: impl Iterator<Item = u32>) -> Choice {
        let tried: Vec<(u32, f64)> = shifts.map(|shift| (shift, self.error(shift, top))).collect();
        let least = tried.iter().map(|(_, error)| *error).fold(f64::INFINITY, f64::min);
        let best = tried.iter().rev().find(|(_, error)| *error <= least * TOLERANCE);
        let shift = best.map_or(0, |(shift, _)| *shift);
        Choice { shift, scale: self.scale(shift, top) }
    }

    /// The smallest scales that a shift allows.
    pub(super) fn scale(&self, shift: u32, top: i64) -> Array1<f64> {
        let whole = top as f64 * 2f64.powi(shift as i32);
        let scale = |(&range, &least): (&f64, &f64)| Some(least.max(range / whole)).filter(|&s| s > 0.0).unwrap_or(1.0);
        self.range.iter().zip(&self.least).map(scale).collect()
    }

    fn error(&self, shift: u32, top: i64) -> f64 {
        let rounding = 4f64.powi(shift as i32);
        let scale = self.scale(shift, top);
        let squares = scale.iter().zip(&self.spread).map(|(s, spread)| s * s * (spread + rounding) / 12.0);
        squares.zip(&self.importance).map(|(square, importance)| square * importance).sum()
    }
}

/// Shares of the largest value at which a channel may be clamped.
const CLAMPS: [f64; 6] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5];

/// The range of each channel: the share of its largest value whose clamping and rounding error on the calibration records
/// is smallest.
pub(super) fn ranges(values: &Array2<f64>, channels: usize, top: i64) -> Array1<f64> {
    let rows = by_channel(values, channels);
    let range = |column: ndarray::ArrayView1<'_, f64>| {
        let largest = column.iter().fold(0f64, |max, value| max.max(value.abs()));
        let error = |share: f64| {
            let step = largest * share / top as f64;
            let off = |&value: &f64| value - (value / step).round().clamp(-top as f64, top as f64) * step;
            column.iter().map(|value| off(value).powi(2)).sum::<f64>()
        };
        let best = CLAMPS.into_iter().map(|share| (share, error(share))).min_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(0.0, |(share, _)| share * largest)
    };
    rows.columns().into_iter().map(|column| if column.is_empty() { 0.0 } else { range(column) }).collect()
}

/// The largest value of each channel.
pub(super) fn largest(values: &Array2<f64>, channels: usize) -> Array1<f64> {
    let rows = by_channel(values, channels);
    rows.columns().into_iter().map(|column| column.iter().fold(0f64, |max, value| max.max(value.abs()))).collect()
}

/// Bound of a bias: about a third of what the products can reach, so that it widens the accumulator little, and one below a
/// power of two, so that it fills whole bytes. It depends on shapes and bit widths alone.
pub(super) fn bias_bound(fan_in: usize, input: Interval, weight: i64) -> i64 {
    let products = fan_in as f64 * input.magnitude() as f64 * weight as f64;
    (1 << ((products / 2.0).log2().floor() as i32).clamp(1, 47)) - 1
}
