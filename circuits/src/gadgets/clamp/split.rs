//! A clamp by digits, for `q ∈ [−2^a, 2^a)` and an image `[0, 2^β)` or `[−2^β, 2^β)` with `β < a`.
//!
//! Range checks cut `q + 2^a = low + 2^β·H + 2^a·T` with `low < 2^β`, `H < 2^(a−β)`, `T` a bit: so `q` is in the domain, and
//! `T = 1` just if `q ≥ 0`. With `Z = 1` where a distance `D` is 0, and 0 elsewhere:
//!
//! | image | `q` is inside just if | distance | result |
//! |---|---|---|---|
//! | `[0, 2^β)` | `T = 1`, `H = 0` | `D = H` | `y = T·(hi + Z·(q − hi))` |
//! | `[−2^β, 2^β)` | `H = 0` for `T = 1`, `H = 2^(a−β) − 1 = C` for `T = 0` | `D = T·(2H − C) + C − H` | `y = e + Z·(q − e)`, `e = lo + T·(hi − lo)` |
//!
//! `Z = 1 − D·i` for a hint `i`, and `D·Z = 0`: for `D ≠ 0` this forces `Z = 0`; for `D = 0` it says `Z = 1`, whatever `i` is.

use ark_ff::{Field, One, Zero};

use super::Clamp;
use crate::architecture::Interval;
use crate::field::{Fr, from_int, power_of_two};
use crate::gadgets::Held;
use crate::gadgets::range::{Chunks, Ranges};
use crate::r1cs::{Expression, FirstRound};

/// The digits of a clamp.
pub(super) struct Digits {
    image: Interval,
    /// `a`.
    reach: u32,
    /// `β`.
    low: u32,
}

impl Digits {
    /// The digits of `clamp`, if its intervals are powers of two as above.
    pub(super) fn of(clamp: &Clamp) -> Option<Self> {
        let Clamp { domain, image } = *clamp;
        let power = |end: i64| end.checked_add(1).filter(|end| end.count_ones() == 1).map(i64::trailing_zeros);
        let (reach, low) = (power(domain.hi)?, power(image.hi)?);
        let symmetric = |interval: Interval| interval.lo == -interval.hi - 1;
        let fits = symmetric(domain) && (symmetric(image) || image.lo == 0) && low < reach;
        fits.then_some(Self { image, reach, low })
    }

    /// Constraints for each clamp.
    pub(super) fn constraints(&self, chunks: &Chunks) -> u64 {
        chunks.width_constraints(self.low) + chunks.width_constraints(self.reach - self.low) + 1 + 4
    }

    /// Requires `value = clamp(key)`.
    pub(super) fn enforce<B: FirstRound>(
        &self,
        builder: &mut B,
        ranges: &mut Ranges<'_, B::Expr>,
        key: &Held<B::Expr>,
        value: &B::Expr,
    ) {
        let (high, sign) = self.digits(builder, ranges, key);
        match self.image.lo {
            0 => self.unsigned(builder, key, [&high, &sign], value),
            _ => self.signed(builder, key, [&high, &sign], value),
        }
    }

    /// `H` and `T`.
    fn digits<B: FirstRound>(
        &self,
        builder: &mut B,
        ranges: &mut Ranges<'_, B::Expr>,
        key: &Held<B::Expr>,
    ) -> (Held<B::Expr>, Held<B::Expr>) {
        let low = ranges.chunks().parts(self.low);
        let high = ranges.chunks().parts(self.reach - self.low);
        let widths = [low.as_slice(), &high, &[1]].concat();
        let shifted = key.minus(&Held::constant(-1 << self.reach));
        let parts = ranges.cut(builder, shifted, &widths);
        (joined(&parts[low.len()..widths.len() - 1], &high), parts[widths.len() - 1].clone())
    }

    fn unsigned<B: FirstRound>(
        &self,
        builder: &mut B,
        key: &Held<B::Expr>,
        [high, sign]: [&Held<B::Expr>; 2],
        value: &B::Expr,
    ) {
        let inside = is_zero(builder, high);
        let hi = B::Expr::constant(from_int(self.image.hi));
        let below = builder.first_product(&inside, &key.expression.minus(&hi));
        builder.enforce(&sign.expression, &hi.plus(&below), value);
    }

    fn signed<B: FirstRound>(
        &self,
        builder: &mut B,
        key: &Held<B::Expr>,
        [high, sign]: [&Held<B::Expr>; 2],
        value: &B::Expr,
    ) {
        let distance = self.distance(builder, high, sign);
        let inside = is_zero(builder, &distance);
        let mut end = B::Expr::constant(from_int(self.image.lo));
        end.add_scaled(&sign.expression, from_int(self.image.hi) - from_int(self.image.lo));
        builder.enforce(&inside, &key.expression.minus(&end), &value.minus(&end));
    }

    /// `T·(2H − C) + C − H`.
    fn distance<B: FirstRound>(&self, builder: &mut B, high: &Held<B::Expr>, sign: &Held<B::Expr>) -> Held<B::Expr> {
        let largest = (1i64 << (self.reach - self.low)) - 1;
        let rest = B::Expr::constant(from_int(largest)).minus(&high.expression);
        let product = builder.first_product(&sign.expression, &high.expression.minus(&rest));
        let integer = if sign.integer == 1 { high.integer } else { largest.wrapping_sub(high.integer) };
        Held { expression: product.plus(&rest), integer }
    }
}

/// `Σ part_i·2^(o_i)` of parts of the given widths.
fn joined<E: Expression>(parts: &[Held<E>], widths: &[u32]) -> Held<E> {
    let mut sum = Held { expression: E::empty(), integer: 0 };
    let mut offset = 0;
    for (part, width) in parts.iter().zip(widths) {
        sum.expression.add_scaled(&part.expression, power_of_two(offset));
        sum.integer += part.integer << offset;
        offset += width;
    }
    sum
}

/// 1 where `number` is 0, and 0 elsewhere; two constraints.
fn is_zero<B: FirstRound>(builder: &mut B, number: &Held<B::Expr>) -> B::Expr {
    let inverse = builder.field(|| from_int(number.integer).inverse().unwrap_or(Fr::zero()));
    let product = builder.first_product(&number.expression, &inverse);
    let mut zero = B::Expr::unit();
    zero.add_scaled(&product, -Fr::one());
    builder.enforce(&number.expression, &zero, &B::Expr::empty());
    zero
}
