//! The choice of scales: the predicted error of an activation, and the shift that makes it smallest.
//!
//! With accumulator scale `S` a channel's weights are rounded to multiples of `S/s_x`, so its pre-activation is off by
//! `S²·(Σ_j Var x_j + 1)/12` in the mean square (the mean is corrected by the bias), and rounding to activations adds
//! `(2^s·S)²/12`. `S` is bounded from below twice: the channel's range must fit, `S ≥ range/(top·2^s)`, and so must its
//! weights and bias, `S ≥ max_j |w_j|·s_j / w_max`. A small shift makes weights coarse, a large one activations.

use ndarray::Array1;

use crate::architecture::Interval;

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
    /// What the channel's accumulator cannot exceed, in float units.
    pub(super) reach: Array1<f64>,
}

/// A larger shift is taken if it costs no more than this: its tables are smaller.
const TOLERANCE: f64 = 1.03;

/// Largest quotient that is tried.
const QUOTIENT: f64 = (1 << 23) as f64;

/// How much larger than now the bounds of weights and biases may make an accumulator.
const ROOM: f64 = 1.5;

impl Channels {
    /// The best shift at which quotients are not too large.
    pub(super) fn choose(&self, top: i64) -> Choice {
        let shifts = (0..=30).filter(|&shift| self.quotient(shift, top) < QUOTIENT);
        let tried: Vec<(u32, f64)> = shifts.map(|shift| (shift, self.error(shift, top))).collect();
        let least = tried.iter().map(|(_, error)| *error).fold(f64::INFINITY, f64::min);
        let best = tried.iter().rev().find(|(_, error)| *error <= least * TOLERANCE);
        let shift = best.map_or(30, |(shift, _)| *shift);
        Choice { shift, scale: self.scale(shift, top) }
    }

    /// The largest quotient that a shift leads to.
    fn quotient(&self, shift: u32, top: i64) -> f64 {
        let scale = self.scale(shift, top);
        let quotients = self.reach.iter().zip(&scale).map(|(reach, scale)| reach / scale);
        quotients.fold(0.0, f64::max) * ROOM / 2f64.powi(shift as i32)
    }

    /// The smallest scales that a shift allows.
    pub(super) fn scale(&self, shift: u32, top: i64) -> Array1<f64> {
        let whole = top as f64 * 2f64.powi(shift as i32);
        let scale: Array1<f64> =
            self.range.iter().zip(&self.least).map(|(&range, &least)| least.max(range / whole)).collect();
        // Channels that are always 0 may have any scale, and take one that makes the next weights no larger.
        let least = scale.iter().copied().filter(|&s| s > 0.0).reduce(f64::min).unwrap_or(1.0);
        scale.mapv_into(|s| if s > 0.0 { s } else { least })
    }

    fn error(&self, shift: u32, top: i64) -> f64 {
        let rounding = 4f64.powi(shift as i32);
        let scale = self.scale(shift, top);
        let squares = scale.iter().zip(&self.spread).map(|(s, spread)| s * s * (spread + rounding) / 12.0);
        squares.zip(&self.importance).map(|(square, importance)| square * importance).sum()
    }
}

/// The largest bias that may be: about a third of what the products can reach, and one below a power of two. It depends on
/// shapes and bit widths alone; a layer's own bound is smaller where its biases are.
pub(super) fn bias_bound(fan_in: usize, input: Interval, weight: i64) -> i64 {
    let products = fan_in as f64 * input.magnitude() as f64 * weight as f64;
    (1 << ((products / 2.0).log2().floor() as i32).clamp(1, 47)) - 1
}
