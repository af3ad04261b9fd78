//! A clamp by what it cuts off, for any domain `[d, D]` and image `[l, h]`, the image taken within the domain.
//!
//! With what is missing at the lower end, `p`, and what is too much at the upper end, `n`,
//! ```text
//! q = y − p + n,   p·(y − l) = 0,   n·(h − y) = 0,   y ∈ [l, h],   p ∈ [0, l − d],   n ∈ [0, D − h]
//! ```
//! *Soundness* for `l < h`. If `p ≠ 0` then `y = l`, so `n = 0` and `q = l − p` is in `[d, l)`. If `n ≠ 0` then likewise `q` is in
//! `(h, D]` and `y = h`. If both are 0 then `y = q` is in `[l, h]`. In each case `q` is in the domain and `y` its clamp.
//! An end at which image and domain agree needs no `p` or `n`. Where `l = h`, `y` is that constant and `q` is range checked.

use super::Clamp;
use crate::architecture::Interval;
use crate::gadgets::Held;
use crate::gadgets::range::{Chunks, Ranges};
use crate::r1cs::{Expression, FirstRound};

/// What a clamp cuts off.
pub(super) struct Cut {
    pub(super) domain: Interval,
    pub(super) image: Interval,
}

impl Cut {
    /// The image that keys of the domain reach.
    pub(super) fn of(clamp: &Clamp) -> Self {
        let image = Interval::new(clamp.apply(clamp.domain.lo), clamp.apply(clamp.domain.hi));
        Self { domain: clamp.domain, image }
    }

    /// Constraints for each clamp.
    pub(super) fn constraints(&self, chunks: &Chunks) -> u64 {
        if self.image.size() == 1 {
            return 1 + chunks.constraints(self.domain);
        }
        let ends = [self.missing(), self.excess()].into_iter().flatten();
        let inside = u64::from(self.is_identity()) + chunks.constraints(self.image);
        inside + ends.map(|end| 1 + chunks.constraints(end)).sum::<u64>()
    }

    /// Requires `value = clamp(key)`.
    pub(super) fn enforce<B: FirstRound>(
        &self,
        builder: &mut B,
        ranges: &mut Ranges<'_, B::Expr>,
        key: &Held<B::Expr>,
        value: &Held<B::Expr>,
    ) {
        if self.image.size() == 1 {
            ranges.enforce(builder, value, self.image);
            return ranges.enforce(builder, key, self.domain);
        }
        ranges.enforce(builder, value, self.image);
        let [missing, excess] = self.ends(builder, key, value);
        if let Some(interval) = self.missing() {
            let slack = value.minus(&Held::constant(self.image.lo));
            builder.enforce(&missing.expression, &slack.expression, &B::Expr::empty());
            ranges.enforce(builder, &missing, interval);
        }
        if let Some(interval) = self.excess() {
            let slack = Held::constant(self.image.hi).minus(value);
            builder.enforce(&excess.expression, &slack.expression, &B::Expr::empty());
            ranges.enforce(builder, &excess, interval);
        }
        if self.is_identity() {
            builder.enforce_zero(&key.expression.minus(&value.expression));
        }
    }

    /// `p` and `n`; a column only where there are both.
    fn ends<B: FirstRound>(&self, builder: &mut B, key: &Held<B::Expr>, value: &Held<B::Expr>) -> [Held<B::Expr>; 2] {
        let change = value.minus(key);
        let missing = match (self.missing(), self.excess()) {
            (_, None) => change.clone(),
            (None, Some(_)) => Held::constant(0),
            (Some(_), Some(_)) => {
                let integer = change.integer.max(0);
                Held { expression: builder.small(|| integer), integer }
            }
        };
        let excess = missing.minus(&change);
        [missing, excess]
    }

    fn missing(&self) -> Option<Interval> {
        (self.image.lo > self.domain.lo).then(|| Interval::new(0, self.image.lo - self.domain.lo))
    }

    fn excess(&self) -> Option<Interval> {
        (self.image.hi < self.domain.hi).then(|| Interval::new(0, self.domain.hi - self.image.hi))
    }

    fn is_identity(&self) -> bool {
        self.image == self.domain
    }
}
