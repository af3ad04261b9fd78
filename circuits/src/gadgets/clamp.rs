//! Clamps without a table: `y = min(max(q, lo), hi)` and `q ∈ domain`, from ranges.
//!
//! Two methods; both force `q` into the domain exactly, as a table would.
//!
//! - [`split`] for power-of-two domains and images: about one range check of `q` and four constraints;
//! - [`complement`] for any: three range checks and two constraints.

mod complement;
mod split;

use serde::{Deserialize, Serialize};

use super::Held;
use super::range::{Chunks, Ranges};
use crate::architecture::Interval;
use crate::r1cs::FirstRound;

/// `domain → image, q ↦ min(max(q, image.lo), image.hi)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clamp {
    /// Where `q` lies.
    pub domain: Interval,
    /// What it is clamped to.
    pub image: Interval,
}

/// How a clamp is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// By the digits of `q`.
    Split,
    /// By what the clamp cuts off.
    Complement,
}

impl Clamp {
    /// Constraints for each clamp, without tables; `None` if the method does not apply.
    pub fn constraints(&self, method: Method, chunks: &Chunks) -> Option<u64> {
        match method {
            Method::Split => Some(split::Digits::of(self)?.constraints(chunks)),
            Method::Complement => Some(complement::Cut::of(self).constraints(chunks)),
        }
    }

    /// Requires `key ∈ domain` and `value = clamp(key)`. Where the method does not apply, the other is used.
    pub fn enforce<B: FirstRound>(
        &self,
        method: Method,
        builder: &mut B,
        ranges: &mut Ranges<'_, B::Expr>,
        key: &Held<B::Expr>,
        value: &Held<B::Expr>,
    ) {
        match split::Digits::of(self).filter(|_| method == Method::Split) {
            Some(digits) => digits.enforce(builder, ranges, key, &value.expression),
            None => complement::Cut::of(self).enforce(builder, ranges, key, value),
        }
    }

    /// The value at `key`.
    pub fn apply(&self, key: i64) -> i64 {
        key.clamp(self.image.lo, self.image.hi)
    }
}
