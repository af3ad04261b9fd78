//! Interval arithmetic: where sums and products of bounded integers lie.
//!
//! All of it saturates in `i128`, so that no bound from an untrusted architecture can wrap; [`Bounds::tracked`] then refuses
//! whatever left the range that tensor entries may take.

use std::ops::{Add, Mul};

use super::operands::malformed;
use super::{LayerError, MAX_BITS};
use crate::architecture::{Interval, ParameterSpec};

/// An inclusive range of wide integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    lo: i128,
    hi: i128,
}

impl Bounds {
    /// A single integer.
    pub(crate) const fn constant(value: i128) -> Self {
        Self { lo: value, hi: value }
    }

    /// Where `factor·x` lies.
    pub(crate) fn scaled(self, factor: i128) -> Self {
        self * Self::constant(factor)
    }

    /// The smallest range that holds both.
    pub(crate) fn hull(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The interval, if every integer inside has a magnitude of at most `2^MAX_BITS`.
    pub(crate) fn tracked(self) -> Result<Interval, LayerError> {
        let magnitude = self.lo.saturating_abs().max(self.hi.saturating_abs());
        if magnitude > 1 << MAX_BITS {
            return Err(LayerError::Overflow { magnitude, limit_bits: MAX_BITS });
        }
        Ok(Interval::new(self.lo as i64, self.hi as i64))
    }

    /// The interval, if its ends are 64-bit integers.
    pub(crate) fn narrowed(self) -> Option<Interval> {
        Some(Interval::new(self.lo.try_into().ok()?, self.hi.try_into().ok()?))
    }
}

impl ParameterSpec {
    /// Where sums of `count` products of entries in `x` with the weights at one index of `axis` lie. Even where the model breaks
    /// its promise, such sums are in the tracked range. Refuses promises that no model can keep.
    pub(crate) fn products(&self, x: Interval, count: usize, axis: usize) -> Result<Bounds, LayerError> {
        let sum = (Bounds::from(x) * self.interval.into()).scaled(count as i128);
        sum.tracked()?;
        let norm = self.norm.filter(|norm| norm.axis == axis);
        let reach = norm.map(|norm| i128::from(norm.bound).saturating_mul(x.magnitude().into()));
        let found = reach.map_or(sum, |reach| Bounds { lo: sum.lo.max(-reach), hi: sum.hi.min(reach) });
        if found.lo > found.hi {
            return Err(malformed(format!("parameter `{}` promises a norm that its interval excludes", self.name)));
        }
        Ok(found)
    }
}

impl From<Interval> for Bounds {
    fn from(interval: Interval) -> Self {
        Self { lo: interval.lo.into(), hi: interval.hi.into() }
    }
}

impl Add for Bounds {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { lo: self.lo.saturating_add(other.lo), hi: self.hi.saturating_add(other.hi) }
    }
}

impl Mul for Bounds {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let corner = |a: i128, b: i128| a.saturating_mul(b);
        let [a, b, c, d] = [
            corner(self.lo, other.lo),
            corner(self.lo, other.hi),
            corner(self.hi, other.lo),
            corner(self.hi, other.hi),
        ];
        Self { lo: a.min(b).min(c.min(d)), hi: a.max(b).max(c.max(d)) }
    }
}
