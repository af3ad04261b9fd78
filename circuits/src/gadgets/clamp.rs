//! Clamps without a table: `y = min(max(q, lo), hi)` and `q ∈ domain`, from ranges.
//!
//! Three methods; each forces `q` into the domain exactly, as a table would.
//!
//! - [`split`] for power-of-two domains and images: about one range check of `q` and four constraints;
//! - [`complement`] for any: three range checks and two constraints;
//! - [`sides`] for any that cuts something off: two range checks and three constraints, and rows that images of one size share.

mod complement;
mod sides;
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
    /// By the side on which it cuts off, and how much.
    Sides,
}

impl Clamp {
    /// Constraints for each clamp, without tables; `None` if the method does not apply.
    pub fn constraints(&self, method: Method, chunks: &Chunks) -> Option<u64> {
        match method {
            Method::Split => Some(split::Digits::of(self)?.constraints(chunks)),
            Method::Complement => Some(complement::Cut::of(self).constraints(chunks)),
            Method::Sides => Some(sides::Sides::of(self)?.constraints(chunks)),
        }
    }

    /// Integers of the image whose sides the method looks up.
    pub fn sides(&self, method: Method) -> Option<u64> {
        (method == Method::Sides).then(|| Some(sides::Sides::of(self)?.size()))?
    }

    /// Requires `key ∈ domain` and `value = clamp(key)`. Where the method does not apply, the one for any clamp is used.
    pub fn enforce<B: FirstRound>(
        &self,
        method: Method,
        builder: &mut B,
        ranges: &mut Ranges<'_, B::Expr>,
        key: &Held<B::Expr>,
        value: &Held<B::Expr>,
    ) {
        let digits = split::Digits::of(self).filter(|_| method == Method::Split);
        let sides = sides::Sides::of(self).filter(|_| method == Method::Sides);
        match (digits, sides) {
            (Some(digits), _) => digits.enforce(builder, ranges, key, &value.expression),
            (_, Some(sides)) => sides.enforce(builder, ranges, key, value),
            _ => complement::Cut::of(self).enforce(builder, ranges, key, value),
        }
    }

    /// The value at `key`.
    pub fn apply(&self, key: i64) -> i64 {
        key.clamp(self.image.lo, self.image.hi)
    }
}
