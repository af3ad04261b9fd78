//! Bounds of what a quotient multiplies with: what its table says of all keys that an argument may be rounded to, against the function.
//!
//! Such functions are steep in places and flat elsewhere, `1/y` above all, so that one slope for all arguments would say little.

use crate::architecture::Interval;
use crate::graph::Composed;
use crate::quantize::forms::round;

/// Most keys that are looked at one by one; beyond that all of them count.
const MOST_KEYS: i64 = 512;

/// A function with its table, for keys and values of the given scales.
pub(super) struct Tabulated<'a> {
    pub(super) program: &'a Composed,
    pub(super) keys: Interval,
    pub(super) values: &'a [i64],
    pub(super) key: f64,
    pub(super) step: f64,
}

impl Tabulated<'_> {
    /// Largest error of the value at `x`, from that of `x`.
    pub(super) fn worst(&self, x: f64, worst: f64) -> f64 {
        let exact = self.program.at(x);
        if !exact.is_finite() || !worst.is_finite() {
            return f64::INFINITY;
        }
        let (mut first, mut last) = (self.place(x - worst), self.place(x + worst));
        if last - first > MOST_KEYS {
            (first, last) = (0, self.values.len() as i64 - 1);
        }
        let off = |value: &i64| (*value as f64 * self.step - exact).abs();
        self.values[first as usize..=last as usize].iter().map(off).fold(0.0, f64::max)
    }

    /// Where the table has the key that `x` is rounded to.
    fn place(&self, x: f64) -> i64 {
        let key = x / self.key;
        let (lo, hi) = (self.keys.lo as f64, self.keys.hi as f64);
        round(if key.is_nan() { lo } else { key.clamp(lo, hi) }) - self.keys.lo
    }
}
