//! What the calibration records make of a model: counted, and expected of more records like these.

use super::Raise;
use crate::quantize::error::QuantizeError;
use crate::quantize::metrics::{class, margins};

/// How many times the measured error counts: errors of one model are alike on like records, and those measured are of the records that
/// the biases were corrected on.
const CAUTION: f64 = 2.0;

/// What the calibration records make of a model.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) agreement: f64,
    pub(super) expected: f64,
    pub(super) square: f64,
}

impl Found {
    /// From scores before and after, one row for each record.
    pub(super) fn of(before: &[Vec<f64>], after: &[Vec<f64>]) -> Self {
        let same = before.iter().zip(after).filter(|(before, after)| class(before) == class(after)).count();
        let ahead: Vec<Vec<f64>> = before.iter().map(|scores| margins(scores, class(scores))).collect();
        let moved = before.iter().zip(after).map(|(before, after)| margins(after, class(before)));
        let off = ahead.iter().flatten().zip(moved.flatten()).map(|(before, after)| (after - before).powi(2));
        let (sum, count) = off.fold((0.0, 0usize), |(sum, count), off| (sum + off, count + 1));
        let (square, records) = (sum / count.max(1) as f64, before.len().max(1) as f64);
        let changed: f64 =
            spread(ahead.into_iter().flatten().collect(), records).map(|m| tail(m / (CAUTION * square.sqrt()))).sum();
        let expected = 1.0 - (changed / records).min(1.0);
        Self { agreement: same as f64 / records, expected, square }
    }

    pub(super) fn reaches(self, target: f64) -> bool {
        self.agreement >= target && self.expected >= target
    }

    /// As the start of a search.
    pub(super) fn raise(self, constraints: Option<u64>) -> Raise {
        let Self { agreement, expected, square } = self;
        Raise { parts: Vec::new(), agreement, expected, rms_error: square.sqrt(), constraints }
    }

    pub(super) fn refusal(self, target: f64, tries: usize) -> QuantizeError {
        QuantizeError::Target { target, agreement: self.agreement, expected: self.expected, tries }
    }
}

/// Margins with the `√n` smallest spread evenly up to the largest of them.
fn spread(mut margins: Vec<f64>, records: f64) -> impl Iterator<Item = f64> {
    margins.sort_by(f64::total_cmp);
    let few = (records.sqrt().ceil() as usize).min(margins.len());
    let edge = few.checked_sub(1).map_or(0.0, |last| margins[last]);
    let even = (0..few).map(move |k| edge * (k as f64 + 0.5) / few as f64);
    even.chain(margins.into_iter().skip(few))
}

/// The probability that a normal variable is above `z ≥ 0`, to seven digits after the point; Abramowitz and Stegun, Handbook of
/// Mathematical Functions, 26.2.17.
fn tail(z: f64) -> f64 {
    if z.is_nan() {
        return 0.5;
    }
    let z = z.max(0.0);
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let factors = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let sum = factors.into_iter().fold(0.0, |sum, factor| (sum + factor) * t);
    sum * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_the_normal_distribution() {
        // Tables of the normal distribution.
        for (z, expected) in
            [(0.0, 0.5), (1.0, 0.158_655_3), (1.959_964, 0.025), (3.0, 0.001_349_9), (f64::INFINITY, 0.0)]
        {
            assert!((tail(z) - expected).abs() < 1e-6, "{z}: {}", tail(z));
        }
        assert_eq!(tail(f64::NAN), 0.5);
    }

    /// Scores from 0.1 to 10, each off by as much.
    fn scores(off: f64) -> Vec<Vec<f64>> {
        (1..=100).map(|k| vec![k as f64 / 10.0 + off]).collect()
    }

    #[test]
    fn agreement_by_luck_is_not_enough() {
        let exact = Found::of(&scores(0.0), &scores(0.0));
        assert_eq!((exact.agreement, exact.expected), (1.0, 1.0));
        let found = Found::of(&scores(0.0), &scores(1.0 / CAUTION));
        // Of margins spread evenly with ten to a unit, ∫ Φ(−m) dm = 0.4 units are lost.
        assert!(found.agreement == 1.0 && (found.expected - 0.96).abs() < 0.001, "{}", found.expected);
        assert!(found.reaches(0.95) && !found.reaches(0.97));
    }

    #[test]
    fn a_single_tie_says_little() {
        let mut tie = scores(0.0);
        tie[0][0] = 1e-9;
        let [found, other] = [tie, scores(0.0)].map(|before| Found::of(&before, &scores(0.01)));
        assert!((found.expected - other.expected).abs() < 1e-3 && found.expected > 0.99);
    }

    #[test]
    fn errors_are_those_of_differences() {
        // Both scores are off alike: no class can change.
        let before = [vec![1.0, 0.0, -2.0]];
        assert_eq!(Found::of(&before, &[vec![1.5, 0.5, -1.5]]).square, 0.0);
        assert_eq!(Found::of(&before, &[vec![1.0, 1.0, -2.0]]).square, 0.5);
    }
}
