//! From accumulators back to activations: `q = ⌊(x + 2^(shift−1)) / 2^shift⌋`, then a clamp or a table.
//!
//! Proven as `x + 2^(shift−1) = q·2^shift + r` with `0 ≤ r < 2^shift` and one lookup of `(q, y)`. A shift of 0 leaves `x` as it is:
//! then `q = x` and there is no `r`.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::operands::{malformed, proper, single};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{Definition, SystemBuilder, Table, TensorId, Term};

/// Largest shift.
pub const MAX_SHIFT: u32 = 40;

/// Binary logarithm of the largest magnitude of a quotient; the keys of its table are at most twice as many.
pub const MAX_QUOTIENT_BITS: u32 = 24;

/// Rounds half up by a power of two, then applies an activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requantize {
    /// Binary logarithm of the divisor.
    pub shift: u32,
    /// Applied to the quotient.
    pub activation: Activation,
}

/// What happens to a rounded quotient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Clamped to the interval; `[0, …]` is ReLU.
    Clamp(Interval),
    /// Clamped to the interval, then looked up: `values[q − clamp.lo]`.
    Table {
        /// Keys of the table.
        clamp: Interval,
        /// One value per key.
        values: Vec<i64>,
    },
}

impl Operator for Requantize {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        self.activation.validate()?;
        let quotients = self.quotients(x.interval)?;
        Ok(ValueType { shape: x.shape.clone(), interval: self.activation.image(quotients) })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        inputs[0].mapv(|x| self.activation.apply(rounded_quotient(x, self.shift)))
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let dividend = system.value(inputs[0]);
        let quotients = self.quotients(dividend.interval)?;
        let key = match self.shift {
            0 => inputs[0],
            _ => {
                let quotient = ValueType { interval: quotients, ..dividend };
                divide(system, (inputs[0], self.shift), ["quotient", "remainder"], quotient, None)
            }
        };
        let table = self.activation.table(quotients.widened());
        Ok(system.look_up("activation", table, key, out.interval))
    }
}

impl Requantize {
    /// Where the quotients of dividends in `dividends` lie.
    fn quotients(&self, dividends: Interval) -> Result<Interval, LayerError> {
        if self.shift > MAX_SHIFT {
            return Err(malformed(format!("shifts by {} bits, at most {MAX_SHIFT} are supported", self.shift)));
        }
        let [lo, hi] = [dividends.lo, dividends.hi].map(|x| rounded_quotient(x, self.shift));
        if lo < -(1 << MAX_QUOTIENT_BITS) || hi >= 1 << MAX_QUOTIENT_BITS {
            let range = format!("{lo} to {hi}, beyond {MAX_QUOTIENT_BITS} bits");
            return Err(malformed(format!("the rounded quotient could be anything from {range}: use a larger shift")));
        }
        Ok(Interval::new(lo, hi))
    }
}

impl Activation {
    /// Smallest and largest key that a quotient is clamped to.
    pub fn keys(&self) -> Interval {
        match self {
            Self::Clamp(interval) => *interval,
            Self::Table { clamp, .. } => *clamp,
        }
    }

    /// Smallest and largest value.
    pub fn ends(&self) -> Interval {
        match self {
            Self::Clamp(interval) => *interval,
            Self::Table { values, .. } => {
                let ends = |value: Option<&i64>| value.copied().unwrap_or_default();
                Interval::new(ends(values.iter().min()), ends(values.iter().max()))
            }
        }
    }

    fn validate(&self) -> Result<(), LayerError> {
        match self {
            Self::Clamp(image) => proper(*image).map(drop),
            Self::Table { clamp, values } => {
                proper(*clamp)?;
                if values.len() as u64 != clamp.size() {
                    return Err(malformed(format!("its table has {} values for {} keys", values.len(), clamp.size())));
                }
                values.iter().try_for_each(|&value| proper(Interval::new(value, value)).map(drop))
            }
        }
    }

    /// The activation as a table over `domain`.
    fn table(&self, domain: Interval) -> Table {
        match self {
            Self::Clamp(image) => Table::Clamp { domain, image: *image },
            Self::Table { clamp, values } => Table::Function { domain, clamp: *clamp, values: values.clone() },
        }
    }

    /// The activation of a quotient.
    fn apply(&self, quotient: i64) -> i64 {
        match self {
            Self::Clamp(image) => quotient.clamp(image.lo, image.hi),
            Self::Table { clamp, values } => values[index(clamp, quotient)],
        }
    }

    /// Where the activations of `quotients` lie.
    fn image(&self, quotients: Interval) -> Interval {
        match self {
            Self::Clamp(image) => {
                Interval::new(quotients.lo.clamp(image.lo, image.hi), quotients.hi.clamp(image.lo, image.hi))
            }
            Self::Table { clamp, values } => {
                let reached = &values[index(clamp, quotients.lo)..=index(clamp, quotients.hi)];
                let point = |&value: &i64| Interval::new(value, value);
                reached[1..].iter().fold(point(&reached[0]), |hull, value| hull.hull(&point(value)))
            }
        }
    }
}

/// `⌊(x + 2^(shift−1)) / 2^shift⌋`, the one rounding rule: half up. `x` itself for shift 0.
pub fn rounded_quotient(x: i64, shift: u32) -> i64 {
    (x + half(shift)) >> shift
}

/// `(x + 2^(shift−1)) mod 2^shift`, what [`rounded_quotient`] leaves.
pub fn rounded_remainder(x: i64, shift: u32) -> i64 {
    (x + half(shift)) & ((1 << shift) - 1)
}

/// The quotient, with its remainder, under these names; the quotient has a `range` here or is bounded by a lookup to come.
pub(super) fn divide(
    system: &mut SystemBuilder<'_>,
    (of, shift): (TensorId, u32),
    names: [&str; 2],
    quotient: ValueType,
    range: Option<Interval>,
) -> TensorId {
    let remainders = Interval::new(0, (1 << shift) - 1);
    let remainder = ValueType { shape: quotient.shape.clone(), interval: remainders };
    let quotient = system.tensor(names[0], quotient, Definition::Quotient { of, shift });
    let remainder = system.tensor(names[1], remainder, Definition::Remainder { of, shift });
    range.into_iter().for_each(|range| system.range(quotient, range));
    system.range(remainder, remainders);
    system.equate(of, -half(shift), vec![Term::of(quotient, 1 << shift), Term::of(remainder, 1)]);
    quotient
}

/// Half of `2^shift`; 0 for shift 0.
fn half(shift: u32) -> i64 {
    (1 << shift) >> 1
}

fn index(clamp: &Interval, quotient: i64) -> usize {
    (quotient.clamp(clamp.lo, clamp.hi) - clamp.lo) as usize
}
