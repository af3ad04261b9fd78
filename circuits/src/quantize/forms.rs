//! What becomes of a rounded quotient `q`: one clamp or table per activation, for a number of bits `b`.
//!
//! | activation | integers | scale of `q` and of the result |
//! |---|---|---|
//! | identity | `[−T, T]`, `T = 2^(b−1) − 1` | any, the same for both |
//! | ReLU | `[0, 2^b − 1]` | any, the same for both |
//! | LeakyReLU | table on `[−4(T + 1), T]` | any, the same for both |
//! | Clip | `[lo/2^e, hi/2^e]` | `2^e`, the finest that holds the ends |
//! | sigmoid | table | `q`: keys from −8 to 8; result: `2^−b` |
//! | tanh | table | `q`: keys from −4 to 4; result: `2^(1−b)` |
//! | fine identity | as identity, with `min(b + 4, 12)` bits if that is more | any, the same for both |
//! | decay | table | `q`: keys from −16 to 0; result: `2^−(b+6)` |
//! | a step | table of 0 and 1 | `q`: as any other; result: 1 |
//! | any other | table | powers of two that reach an eighth beyond what calibration found |
//! | factor of a quotient | table, keys from one end of what calibration found to the other | powers of two, with `min(b + 4, 12)` bits |
//!
//! Tables have `2^(b+2)` keys; beyond ten bits the range of their keys doubles, so that a clamped key costs less than a unit.
//! Where the weights are too large for keys that fine, keys are coarser by a power of two. Apart from that and from other functions
//! nothing depends on weights or on calibration, so a retrained model has the same tables.

use super::network::Function;
use crate::architecture::Interval;
use crate::graph::Composed;
use crate::layers::Activation;

/// How far beyond what calibration found a table reaches.
pub(super) const ROOM: f64 = 1.125;

/// An activation as integers.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) activation: Activation,
    /// Largest integer of the result.
    pub(super) top: i64,
    /// Scales that the function itself fixes.
    pub(super) fixed: Option<Fixed>,
}

/// Scales of a function that is not homogeneous.
#[derive(Clone, Copy)]
pub(super) struct Fixed {
    /// What one unit of the quotient is worth.
    pub(super) key: f64,
    /// What one unit of the result is worth.
    pub(super) value: f64,
}

impl Form {
    /// The form of `function` in `bits` bits, with keys `coarser` times as far apart as they could be.
    pub(super) fn new(function: &Function, bits: u32, coarser: f64) -> Self {
        let (signed, unsigned) = ((1i64 << (bits - 1)) - 1, (1i64 << bits) - 1);
        match function {
            Function::Identity => Self::clamp(-signed, signed, None),
            Function::Fine => Self::clamp(1 - fine(bits), fine(bits) - 1, None),
            Function::Decay => decay(bits, coarser),
            Function::Relu => Self::clamp(0, unsigned, None),
            Function::LeakyRelu(alpha) => leaky(*alpha, signed),
            Function::Clip(lo, hi) => clip(*lo, *hi, if *lo >= 0.0 { unsigned } else { signed }, coarser),
            Function::Sigmoid => table(function, bits, Interval::new(0, unsigned), 8.0 * coarser, bits),
            Function::Tanh => table(function, bits, Interval::new(-signed, signed), 4.0 * coarser, bits - 1),
            Function::Other(_) | Function::Factor(_) => {
                Self::tabulated(function, bits, Fixed { key: coarser, value: 1.0 })
            }
        }
    }

    /// The table of any function, for keys and values of the given scales: keys on both sides of 0, a value that is not finite being
    /// that of the nearest key which has one.
    pub(super) fn tabulated(function: &Function, bits: u32, fixed: Fixed) -> Self {
        let half = 1i64 << (bits + 1);
        let (top, least) = ends(function, bits);
        Self::table(|x| function.at(x), Interval::new(-half, half - 1), Interval::new(least, top), fixed)
    }

    /// The table of what a quotient multiplies with, for these keys.
    pub(super) fn factor(function: &Composed, bits: u32, keys: Interval, fixed: Fixed) -> Self {
        let top = fine_top(bits);
        Self::table(|x| function.at(x), keys, Interval::new(-top, top), fixed)
    }

    fn table(function: impl Fn(f64) -> f64, clamp: Interval, image: Interval, fixed: Fixed) -> Self {
        let value = |q: i64| function(q as f64 * fixed.key) / fixed.value;
        let finite: Vec<i64> = (clamp.lo..=clamp.hi).filter(|&q| value(q).is_finite()).collect();
        let nearest = |q: i64| {
            let after = finite.partition_point(|&other| other < q);
            let near = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|index| finite.get(index));
            near.min_by_key(|&&other| (other - q).abs()).map_or(0.0, |&other| value(other))
        };
        let values = (clamp.lo..=clamp.hi).map(|q| round(nearest(q)).clamp(image.lo, image.hi)).collect();
        Self { activation: Activation::Table { clamp, values }, top: image.hi, fixed: Some(fixed) }
    }

    /// Scales for the arguments and values that calibration found: powers of two, with an eighth of room.
    pub(super) fn calibrated(function: &Function, bits: u32, argument: f64, value: f64) -> Fixed {
        let (keys, (top, _)) = ((1i64 << (bits + 1)) as f64, ends(function, bits));
        let value = if function.is_step() { 1.0 } else { power_above(ROOM * value / top as f64) };
        Fixed { key: power_above(ROOM * argument / keys), value }
    }

    fn clamp(lo: i64, hi: i64, fixed: Option<Fixed>) -> Self {
        Self { activation: Activation::Clamp(Interval::new(lo, hi)), top: hi.abs().max(lo.abs()), fixed }
    }

    /// Smallest and largest key.
    pub(super) fn keys(&self) -> Interval {
        self.activation.keys()
    }
}

/// Largest and smallest integer of a tabulated function's values.
fn ends(function: &Function, bits: u32) -> (i64, i64) {
    let signed = (1i64 << (bits - 1)) - 1;
    if function.is_step() {
        return (1, 0);
    }
    if function.is_nonnegative() { ((1 << bits) - 1, 0) } else { (signed, -signed) }
}

/// One more than the largest integer of the fine identity.
fn fine(bits: u32) -> i64 {
    1 << (fine_bits(bits) - 1)
}

fn fine_bits(bits: u32) -> u32 {
    bits.max(12.min(bits + 4))
}

/// Largest integer of what a quotient multiplies with. Its sign costs no bit: most have one sign throughout.
pub(super) fn fine_top(bits: u32) -> i64 {
    (1 << fine_bits(bits)) - 1
}

/// Exponentials of what is at most 0. Their values have more bits than others: shares of many small ones are computed from them.
fn decay(bits: u32, coarser: f64) -> Form {
    let keys = 1i64 << (bits + 2);
    let (clamp, top) = (Interval::new(-keys, 0), 1i64 << (bits + 6));
    let fixed = Fixed { key: 16.0 / keys as f64 * coarser, value: 1.0 / top as f64 };
    let values = (clamp.lo..=clamp.hi).map(|q| round((q as f64 * fixed.key).exp() / fixed.value)).collect();
    Form { activation: Activation::Table { clamp, values }, top, fixed: Some(fixed) }
}

fn leaky(alpha: f64, signed: i64) -> Form {
    let clamp = Interval::new(-4 * (signed + 1), signed);
    let value = |q: i64| if q > 0 { q } else { round(alpha * q as f64).clamp(-signed, signed) };
    let values = (clamp.lo..=clamp.hi).map(value).collect();
    Form { activation: Activation::Table { clamp, values }, top: signed, fixed: None }
}

fn clip(lo: f64, hi: f64, top: i64, coarser: f64) -> Form {
    let step = power_above(lo.abs().max(hi.abs()) / top as f64) * coarser;
    Form::clamp(round(lo / step), round(hi / step), Some(Fixed { key: step, value: step }))
}

fn table(function: &Function, bits: u32, image: Interval, reach: f64, fraction: u32) -> Form {
    let reach = if bits > 10 { 2.0 * reach } else { reach };
    let half = 1i64 << (bits + 1);
    let fixed = Fixed { key: reach / half as f64, value: 0.5f64.powi(fraction as i32) };
    let clamp = Interval::new(-half, half - 1);
    let value = |q: i64| round(function.at(q as f64 * fixed.key) / fixed.value).clamp(image.lo, image.hi);
    let values = (clamp.lo..=clamp.hi).map(value).collect();
    Form { activation: Activation::Table { clamp, values }, top: image.hi, fixed: Some(fixed) }
}

/// The smallest power of two that is at least `value`; 1 for zero.
pub(super) fn power_above(value: f64) -> f64 {
    if value > 0.0 { 2f64.powi(value.log2().ceil() as i32) } else { 1.0 }
}

/// Half up, as everywhere.
pub(super) fn round(value: f64) -> i64 {
    (value + 0.5).floor() as i64
}
