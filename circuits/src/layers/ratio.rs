//! Rounded quotients of two values, proven by the inequality that defines them: `q = ⌊f·n/d + ½⌋` is the one integer with
//! `0 ≤ 2·f·n + d − 2·d·q < 2·d`.

use super::bounds::Bounds;
use super::operands::malformed;
use super::{LayerError, ValueType};
use crate::architecture::Interval;
use crate::system::{Definition, IndexMap, SystemBuilder, TensorId, Term};

/// Largest public factor of a quotient.
const MAX_FACTOR: i64 = 1 << 20;

/// `⌊factor·n/d + ½⌋`; `None` unless `d ≥ 1`.
pub(crate) fn rounded_ratio(n: i64, factor: i64, d: i64) -> Option<i64> {
    let (doubled, d) = (2 * i128::from(factor) * i128::from(n), i128::from(d));
    let quotient = (d >= 1).then(|| (doubled + d).div_euclid(2 * d));
    quotient.and_then(|quotient| quotient.try_into().ok())
}

/// Refuses quotients whose defining inequality could leave the tracked range.
pub(super) fn tracked(numerators: Interval, factor: i64, denominators: Interval) -> Result<(), LayerError> {
    if !(1..=MAX_FACTOR).contains(&factor) {
        return Err(malformed(format!("has the scale {factor}, which must be between 1 and {MAX_FACTOR}")));
    }
    if denominators.lo < 1 {
        return Err(malformed(format!("divides by values down to {}, which must be at least 1", denominators.lo)));
    }
    let twice = |interval: Interval, factor: i64| Bounds::from(interval).scaled(2 * i128::from(factor));
    (twice(numerators, factor) + denominators.into()).tracked()?;
    // No quotient of this project is more than twice its factor.
    twice(denominators, 2 * factor).tracked().map(drop)
}

/// A new tensor: the quotient of each entry of `numerator` and the entry of `denominator` that `map` gives for it. Callers have
/// checked that it lies in `interval` and that [`tracked`] accepts it.
pub(super) fn ratio(
    system: &mut SystemBuilder<'_>,
    (numerator, factor): (TensorId, i64),
    (denominator, map): (TensorId, IndexMap),
    interval: Interval,
) -> Result<TensorId, LayerError> {
    let shape = system.value(numerator).shape;
    let value = |interval| ValueType { shape: shape.clone(), interval };
    let definition = Definition::Ratio { numerator, factor, denominator, map: map.clone() };
    let quotient = system.tensor("quotient", value(interval), definition);
    system.range(quotient, interval.widened());
    let product = system.held_product("product", [quotient, denominator], map.clone())?;
    let remainders = Interval::new(0, 2 * system.value(denominator).interval.hi - 1);
    let terms = vec![Term::of(numerator, 2 * factor), Term::mapped(denominator, 1, map.clone()), Term::of(product, -2)];
    let remainder = system.linear("remainder", value(remainders), 0, terms);
    system.range(remainder, remainders.widened());
    let terms = vec![Term::mapped(denominator, 2, map), Term::of(remainder, -1)];
    let room = system.linear("room", value(remainders), -1, terms);
    system.range(room, remainders.widened());
    Ok(quotient)
}
