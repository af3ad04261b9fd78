//! A clamp by the side on which `q` lies beyond the image, and by how far, for any domain `[d, D]` and image `[l, h]` within it.
//!
//! With a side `t` and a distance `w`,
//! ```text
//! (y − l + t, t) is a row of the sides of h − l + 1 integers,   q − y = t·w,   w ∈ [0, 2^k),   q ∈ [d, D]
//! ```
//! where the rows of the sides of `n` integers are `(−1, −1)`, `(0, 0) … (n − 1, 0)` and `(n, 1)`.
//!
//! *Soundness.* A row with `t = 0` says `y ∈ [l, h]`, and then `q = y`. A row with `t = 1` says `y = h`, and then `q = h + w ≥ h`; one with
//! `t = −1` says `y = l`, and `q = l − w ≤ l`. In each case `y` is the clamp of `q`; that `q` is in the domain is checked apart, so `w` only
//! has to be an integer that is not negative and does not wrap. All images of one size share their rows.
//!
//! *Cost.* Two constraints for the row, one for the product, and two range checks; `k` is the cheapest of those that reach far enough.

use super::Clamp;
use super::complement::Cut;
use crate::architecture::Interval;
use crate::gadgets::Held;
use crate::gadgets::logup::lookup_constraints;
use crate::gadgets::range::{Chunks, Ranges, bits};
use crate::r1cs::FirstRound;

/// Widths beyond the needed one that are tried for the distance.
const SPARE_BITS: u32 = 16;

/// The sides of a clamp.
pub(super) struct Sides {
    domain: Interval,
    image: Interval,
    /// Bits of the largest distance.
    reach: u32,
}

impl Sides {
    /// The sides of `clamp`, if keys of its domain are cut off and their values are not all the same.
    pub(super) fn of(clamp: &Clamp) -> Option<Self> {
        let Cut { domain, image } = Cut::of(clamp);
        let farthest = domain.hi.abs_diff(image.hi).max(image.lo.abs_diff(domain.lo));
        let fits = image.size() > 1 && farthest > 0 && farthest < 1 << 40;
        fits.then(|| Self { domain, image, reach: bits(farthest + 1) })
    }

    /// Integers of the image.
    pub(super) fn size(&self) -> u64 {
        self.image.size()
    }

    /// Constraints for each clamp.
    pub(super) fn constraints(&self, chunks: &Chunks) -> u64 {
        let distance = chunks.width_constraints(self.width(chunks));
        lookup_constraints(true) + 1 + distance + chunks.constraints(self.domain)
    }

    /// The cheapest width for the distance.
    fn width(&self, chunks: &Chunks) -> u32 {
        let widths = self.reach..=self.reach + SPARE_BITS;
        widths.min_by_key(|&width| chunks.width_constraints(width)).unwrap_or(self.reach)
    }

    /// Requires `key ∈ domain` and `value = clamp(key)`.
    pub(super) fn enforce<B: FirstRound>(
        &self,
        builder: &mut B,
        ranges: &mut Ranges<'_, B::Expr>,
        key: &Held<B::Expr>,
        value: &Held<B::Expr>,
    ) {
        let beyond = key.minus(value);
        let side = beyond.integer.signum();
        let (side, distance) = (held(builder, side), held(builder, beyond.integer.saturating_abs()));
        ranges.look_up_side(self.size(), &value.minus(&Held::constant(self.image.lo)), &side);
        builder.enforce(&side.expression, &distance.expression, &beyond.expression);
        let widths = ranges.chunks().parts(self.width(ranges.chunks()));
        ranges.cut(builder, distance, &widths);
        ranges.enforce(builder, key, self.domain);
    }
}

fn held<B: FirstRound>(builder: &mut B, integer: i64) -> Held<B::Expr> {
    Held { expression: builder.small(|| integer), integer }
}
