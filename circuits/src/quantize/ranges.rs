//! The encoding of the record: each feature's calibrated range, widened, in `2^bits` equal steps.
//!
//! A feature seen between `a` and `b` may lie between `a − margin·(b − a)` and `b + margin·(b − a)`, but not below zero if it
//! never did. The ends are public, so they are rounded outward to two digits of the span: they do not tell the
//! extreme value of any one record. Integers are centred, because a dense layer's error grows with their magnitude.

use crate::architecture::{Encoding, Feature, Interval};

/// Ranges are rounded outward to this many digits of the span.
const DIGITS: i32 = 2;

/// Name and unit of a feature.
pub type Named = (String, String);

/// How ranges are chosen.
pub(super) struct Ranges {
    pub(super) bits: u32,
    pub(super) margin: f64,
    /// One range per entry, or one for all of them.
    pub(super) per_feature: bool,
}

impl Ranges {
    /// The encoding calibrated on `records`, of which there is at least one; all values are finite.
    pub(super) fn encoding(&self, records: &[Vec<f64>], names: &[Named]) -> Encoding {
        let len = records.first().map_or(0, Vec::len);
        let half = 1i64 << (self.bits - 1);
        let interval = Interval::new(-half, half - 1);
        let features = if self.per_feature {
            (0..len).map(|index| self.feature(records.iter().map(|r| r[index]), &names[index], interval)).collect()
        } else {
            vec![self.feature(records.iter().flatten().copied(), &names[0], interval)]
        };
        Encoding::steps(features, len, interval)
    }

    fn feature(&self, values: impl Iterator<Item = f64>, (name, unit): &Named, interval: Interval) -> Feature {
        let (min, max) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(x), hi.max(x)));
        let (low, high) = self.widened(min, max);
        let step = (high - low) / (interval.size() - 1) as f64;
        let zero = low - step * interval.lo as f64;
        Feature { name: name.clone(), unit: unit.clone(), zero, step }
    }

    fn widened(&self, min: f64, max: f64) -> (f64, f64) {
        // A feature that never varied may still vary by its own size.
        let span = if max > min {
            max - min
        } else if min == 0.0 {
            1.0
        } else {
            min.abs()
        };
        let margin = if max > min { self.margin } else { self.margin.max(0.5) };
        let (mut low, high) = (min - margin * span, max + margin * span);
        if min >= 0.0 {
            low = low.max(0.0);
        }
        if self.per_feature { (outward(low, span, f64::floor), outward(high, span, f64::ceil)) } else { (low, high) }
    }
}

/// `value` rounded by `round` to a decimal grid of the span.
fn outward(value: f64, span: f64, round: fn(f64) -> f64) -> f64 {
    let exponent = span.log10().floor() as i32 + 1 - DIGITS;
    // Division by a power of ten gives the nearest double of a short decimal, multiplication by its inverse does not.
    let (up, down) = (10f64.powi(-exponent.min(0)), 10f64.powi(exponent.max(0)));
    round(value / down * up) * down / up
}
