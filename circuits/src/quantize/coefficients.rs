//! A layer with weights as it meets the scales of its input: `acc = Σ_j w_j·(zero_j + step_j·x_j) + b`.

use ndarray::{Array1, Array2, ArrayView1, Axis, Zip};
use zeroize::Zeroize;

use super::forms::round;
use super::grid::Grid;
use super::network::{Node, Op};
use crate::architecture::Interval;

/// Weights per unit of the input integers, and what is left at integer 0. Secret, as the network it comes from.
pub(super) struct Coefficients {
    /// `inputs × channels` (one row if entrywise), or `channels × inputs` for a convolution.
    pub(super) slopes: Array2<f64>,
    /// One for each channel, or as many for each as there are positions.
    pub(super) offsets: Array1<f64>,
    /// How many products an accumulator sums.
    pub(super) fan_in: usize,
    /// The axis of the channels.
    axis: Axis,
    /// Channels that no record can bring above zero, though a ReLU is all that reads them: they have neither weights nor bias.
    silent: Vec<bool>,
}

impl Drop for Coefficients {
    fn drop(&mut self) {
        self.slopes.iter_mut().for_each(Zeroize::zeroize);
        self.offsets.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// How many times what a channel's inputs can add up to its bias must be below zero for the channel to be cleared. A bias that is less far away
/// widens bounds by two bits at most, and whether a model has one is not worth another architecture.
const FAR: f64 = 2.0;

/// Share of the bound of biases that they take up to which they fit. A bias is corrected by the mean error of the weights later: a little room is
/// left for that.
const ROOM: f64 = 0.9;

/// What the integers of a layer may be.
pub(super) struct Limits {
    pub(super) weight: i64,
    pub(super) bias: i64,
    /// Of the magnitudes of a channel's weights together.
    pub(super) norm: Option<u64>,
}

impl Coefficients {
    /// Of a node with weights; `None` for any other, or if the input's scales differ where they must not.
    pub(super) fn of(node: &Node, input: &Grid) -> Option<Self> {
        match &node.op {
            Op::Dense(linear) => {
                let (zero, step) = input.channels(linear.weight.nrows())?;
                let slopes = &linear.weight * &step.insert_axis(Axis(1));
                let offsets = if input.shifted { &linear.bias + zero.dot(&linear.weight) } else { linear.bias.clone() };
                Some(Self { slopes, offsets, fan_in: linear.weight.nrows(), axis: Axis(1), silent: Vec::new() })
            }
            Op::Conv(conv) => {
                let step = input.planes(conv.window.entries())?;
                let mut slopes = conv.weight.clone();
                slopes.indexed_iter_mut().for_each(|((o, column), w)| *w *= step[conv.channel(o, column)]);
                let offsets = if input.shifted { conv.absorbed(&input.zero) } else { conv.bias.clone() };
                Some(Self { slopes, offsets, fan_in: conv.weight.ncols(), axis: Axis(0), silent: Vec::new() })
            }
            Op::Scale(map) => {
                let slopes = (&map.weight * &input.step).insert_axis(Axis(0));
                let offsets = &map.bias + &map.weight * &input.zero;
                Some(Self { slopes, offsets, fan_in: 1, axis: Axis(1), silent: Vec::new() })
            }
            _ => None,
        }
    }

    /// Clears the weights and biases of channels whose biases are below zero by [`FAR`] times all that inputs of an interval can add up to, so
    /// that these biases do not decide scales and bounds: a ReLU makes 0 of such channels before and after.
    pub(super) fn silence(&mut self, input: Interval) {
        let by_row = self.axis == Axis(0);
        let reach = self.norms() * input.magnitude() as f64;
        let each = (self.offsets.len() / self.channels().max(1)).max(1);
        let highest = |offsets: ArrayView1<'_, f64>| offsets.fold(f64::NEG_INFINITY, |max, &b| max.max(b));
        let offsets: Vec<f64> = self.offsets.exact_chunks(each).into_iter().map(highest).collect();
        self.silent = reach.iter().zip(&offsets).map(|(reach, &offset)| offset < -FAR * reach).collect();
        let silent = &self.silent;
        self.slopes.indexed_iter_mut().for_each(|((row, column), slope)| {
            *slope = if silent[if by_row { row } else { column }] { 0.0 } else { *slope };
        });
        self.offsets.iter_mut().enumerate().for_each(|(k, b)| *b = if silent[k / each] { 0.0 } else { *b });
    }

    /// Number of channels.
    pub(super) fn channels(&self) -> usize {
        self.slopes.len_of(self.axis)
    }

    fn fold(&self, fold: fn(f64, f64) -> f64) -> Array1<f64> {
        let mut folded = Array1::zeros(self.channels());
        let by_row = self.axis == Axis(0);
        self.slopes.indexed_iter().for_each(|((row, column), slope)| {
            let channel = if by_row { row } else { column };
            folded[channel] = fold(folded[channel], slope.abs());
        });
        folded
    }

    /// Sum of the magnitudes of each channel.
    pub(super) fn norms(&self) -> Array1<f64> {
        self.fold(|sum, w| sum + w)
    }

    /// Largest magnitude of each channel.
    pub(super) fn peaks(&self) -> Array1<f64> {
        self.fold(f64::max)
    }

    /// Largest magnitude of each channel's offsets.
    pub(super) fn largest_offsets(&self) -> Array1<f64> {
        let each = self.offsets.len() / self.channels().max(1);
        self.offsets.exact_chunks(each.max(1)).into_iter().map(|b| b.fold(0f64, |max, b| max.max(b.abs()))).collect()
    }

    /// Smallest scale of each channel at which its weights and biases are within the limits.
    pub(super) fn least(&self, limits: &Limits) -> Array1<f64> {
        let room = ROOM * limits.bias as f64;
        let (peaks, offsets) = (self.peaks(), self.largest_offsets());
        let mut least = Zip::from(&peaks).and(&offsets).map_collect(|p, b| (p / limits.weight as f64).max(b / room));
        if let Some(norm) = limits.norm {
            Zip::from(&mut least).and(&self.norms()).for_each(|s, sum| *s = s.max(sum / norm as f64));
        }
        least
    }

    /// Integer weights at the given scales, within the limits. Where rounding to the nearest makes a channel's weights
    /// too large together, its weights are rounded towards zero.
    pub(super) fn weights(&self, scale: &Array1<f64>, limits: &Limits) -> Array2<i64> {
        let by_row = self.axis == Axis(0);
        let mut weights = Array2::zeros(self.slopes.dim());
        let mut sums = vec![0u64; self.channels()];
        for ((at, slope), w) in self.slopes.indexed_iter().zip(&mut weights) {
            let channel = if by_row { at.0 } else { at.1 };
            *w = round(slope / scale[channel]).clamp(-limits.weight, limits.weight);
            sums[channel] += w.unsigned_abs();
        }
        let too_large = |channel: usize| limits.norm.is_some_and(|norm| sums[channel] > norm);
        for ((at, slope), w) in self.slopes.indexed_iter().zip(&mut weights) {
            let channel = if by_row { at.0 } else { at.1 };
            if too_large(channel) {
                *w = ((slope / scale[channel]).trunc() as i64).clamp(-limits.weight, limits.weight);
            }
        }
        weights
    }

    /// The bias of each channel or position: its offset, and what is missing to the mean that a channel should have.
    pub(super) fn biases(&self, scale: &Array1<f64>, missing: &Array1<f64>, limit: i64) -> Array1<i64> {
        let each = self.offsets.len() / self.channels().max(1);
        let offset = |(k, offset): (usize, &f64)| {
            let channel = k / each.max(1);
            if self.silent.get(channel).copied().unwrap_or_default() {
                return 0;
            }
            round(offset / scale[channel] + missing[channel]).clamp(-limit, limit)
        };
        self.offsets.iter().enumerate().map(offset).collect()
    }

    /// A bound for the biases of this model and of retrained ones: below the power of two that is at least twice the largest, with
    /// or without correction, and a share of what the products can reach.
    pub(super) fn bias_limit(&self, scale: &Array1<f64>, biases: &Array1<i64>, reach: u64) -> i64 {
        let corrected = biases.iter().map(|bias| bias.unsigned_abs()).max().unwrap_or_default();
        let offsets = self.largest_offsets() / scale;
        let largest = offsets.iter().fold(corrected as f64, |max, offset| max.max(offset.ceil()));
        let largest = (largest.min(2f64.powi(46)) as u64).max(reach / LEAST_SHARE / 2).clamp(1, 1 << 46);
        let limit = 2 * largest.next_power_of_two() as i64 - 1;
        // The same scales must do again with this bound: a bound of 1 has too little room for a bias of nearly 1.
        let fits = offsets.iter().all(|&offset| offset <= ROOM * limit as f64);
        if fits { limit } else { 2 * limit + 1 }
    }
}

/// Smallest share of what the products can reach that a bound of biases is.
const LEAST_SHARE: u64 = 64;

/// Largest sum of magnitudes along `axis`.
pub(super) fn norm(weights: &Array2<i64>, axis: usize) -> u64 {
    let sums = weights.axis_iter(Axis(axis)).map(|lane| lane.iter().map(|w| w.unsigned_abs()).sum());
    sums.max().unwrap_or_default()
}

/// A bound for sums of magnitudes of this model and of retrained ones: a tenth more, then the next `m·2^e` with `m` from 8 to 15.
pub(super) fn norm_bound(norm: u64) -> u64 {
    let room = norm.saturating_mul(11).div_ceil(10).max(8);
    let exponent = room.ilog2() - 3;
    room.div_ceil(1 << exponent) << exponent
}
