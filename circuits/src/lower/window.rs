//! Windows: how far apart two values of one entry can be, whatever the prover and the model do.
//!
//! A window is an interval that holds, up to one constant that the model's parameters fix,
//!
//! - every value that the relations let a prover claim, and
//! - every value that an honest model has on any record.
//!
//! So of any two such values of one entry, the difference is less than the window's size. For a tensor in columns the window is the
//! hull of its enforced and its honest interval; for an expression it is the sum of the windows of what it reads, parameters left
//! out, since they are fixed before the proof.
//!
//! A contraction is no source of enforced intervals: packed, it binds its entries only if something else bounds them.

use crate::architecture::Interval;
use crate::system::{IndexMap, Linear, Role, Solved, TensorId, TensorSystem};

/// The ends of a window.
#[derive(Clone, Copy)]
struct Window {
    lo: i128,
    hi: i128,
}

/// The window of every tensor that has one.
pub(super) struct Windows(Vec<Option<Window>>);

impl Windows {
    /// The windows of `system`, whose expressions are `solved`.
    pub(super) fn of(system: &TensorSystem, solved: &[Solved]) -> Self {
        let enforced = system.enforced_intervals();
        let column = |(enforced, honest): (Option<Interval>, Interval)| enforced.map(|e| Window::from(e.hull(&honest)));
        let honest = system.tensors.iter().map(|info| info.interval);
        let mut windows = Self(enforced.into_iter().zip(honest).map(column).collect());
        for solved in solved {
            windows.0[solved.linear.out.0] = windows.sum(system, &solved.linear);
        }
        windows
    }

    /// The least `L` such that any two values of one entry differ by less than `2^L`.
    pub(super) fn bits(&self, tensor: TensorId) -> Option<u32> {
        let Window { lo, hi } = self.0[tensor.0]?;
        Some(u128::BITS - hi.abs_diff(lo).leading_zeros())
    }

    fn sum(&self, system: &TensorSystem, linear: &Linear) -> Option<Window> {
        let point = i128::from(linear.constant);
        let mut sum = Window { lo: point, hi: point };
        for term in &linear.terms {
            if !matches!(system.tensor(term.tensor).role, Role::Weight(_)) {
                let window = self.0[term.tensor.0]?;
                let read = if matches!(term.map, IndexMap::Gather(_)) { window.with_zero() } else { window };
                sum = sum.plus(read.times(term.coefficient.into()));
            }
        }
        Some(sum)
    }
}

impl Window {
    fn plus(self, other: Self) -> Self {
        Self { lo: self.lo.saturating_add(other.lo), hi: self.hi.saturating_add(other.hi) }
    }

    fn times(self, factor: i128) -> Self {
        let (a, b) = (self.lo.saturating_mul(factor), self.hi.saturating_mul(factor));
        Self { lo: a.min(b), hi: a.max(b) }
    }

    /// With what an entry adds that a gather leaves out.
    fn with_zero(self) -> Self {
        Self { lo: self.lo.min(0), hi: self.hi.max(0) }
    }
}

impl From<Interval> for Window {
    fn from(interval: Interval) -> Self {
        Self { lo: interval.lo.into(), hi: interval.hi.into() }
    }
}
