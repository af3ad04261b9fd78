//! Errors of what a quotient multiplies with: what its table says of all keys that an argument may be rounded to, against the function.
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
    /// Largest and expected squared error of the value at `x`, from those of `x`.
    pub(super) fn pass(&self, x: f64, worst: f64, variance: f64) -> (f64, f64) {
        let exact = self.program.at(x);
        if !exact.is_finite() || !worst.is_finite() {
            return (f64::INFINITY, f64::INFINITY);
        }
        let (mut first, mut last) = (self.place(x - worst), self.place(x + worst));
        if last - first > MOST_KEYS {
            (first, last) = (0, self.values.len() as i64 - 1);
        }
        let off = |value: &i64| (*value as f64 * self.step - exact).abs();
        let worst = self.values[first as usize..=last as usize].iter().map(off).fold(0.0, f64::max);
        (worst, self.expected(x, exact, variance).min(worst * worst))
    }

    /// Half of what the function changes by between one deviation of the argument below and one above, with the rounding to a key in it; what
    /// the ends cut off; and the rounding of the value.
    fn expected(&self, x: f64, exact: f64, variance: f64) -> f64 {
        let deviation = (variance + self.key * self.key / 12.0).sqrt();
        let at = |x: f64| self.values[self.place(x) as usize] as f64 * self.step;
        let near = |x: f64| {
            let inside = x.clamp(self.keys.lo as f64 * self.key, self.keys.hi as f64 * self.key);
            let value = self.program.at(inside);
            if value.is_finite() { value } else { at(x) }
        };
        let change = 0.5 * (near(x + deviation) - near(x - deviation)).abs();
        let bend = 0.5 * (near(x + deviation) + near(x - deviation)) - near(x);
        let cut = near(x) - exact;
        change * change + bend * bend + cut * cut + self.step * self.step / 12.0
    }

    /// Where the table has the key that `x` is rounded to.
    fn place(&self, x: f64) -> i64 {
        let key = x / self.key;
        let (lo, hi) = (self.keys.lo as f64, self.keys.hi as f64);
        round(if key.is_nan() { lo } else { key.clamp(lo, hi) }) - self.keys.lo
    }
}
