//! The share that each entry has of the last axis: what a softmax makes of exponentials.
//!
//! `out[.., k] = ⌊scale·x[.., k]/(1 + Σ_j x[.., j]) + ½⌋` for entries that are not negative. The 1 keeps the denominator positive; with
//! entries of many units it is a small part of one.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{entries, malformed, single, tensor};
use super::ratio::{ratio, rounded_ratio, tracked};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{IndexMap, SystemBuilder, TensorId, Term};

/// Divides by the sum over the last axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// What the whole is worth.
    pub scale: i64,
}

impl Operator for Share {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        if x.interval.lo < 0 {
            return Err(malformed(format!("takes the shares of values down to {}, below zero", x.interval.lo)));
        }
        tracked(x.interval, self.scale, self.totals(x)?)?;
        Ok(ValueType { shape: x.shape.clone(), interval: Interval::new(0, self.scale) })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let (x, shape) = (entries(inputs[0]), inputs[0].shape());
        let shares = |lane: &[i64]| {
            let total = 1 + lane.iter().sum::<i64>();
            let share = |&x: &i64| rounded_ratio(x, self.scale, total).expect("no entry is negative");
            lane.iter().map(share).collect::<Vec<_>>()
        };
        tensor(shape, x.chunks(width(shape)).flat_map(shares).collect())
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let value = system.value(inputs[0]);
        let out = self.infer(std::slice::from_ref(&value), &[])?;
        let (len, width) = (system.len(inputs[0]), width(&value.shape));
        let totals = ValueType { shape: vec![len / width], interval: self.totals(&value)? };
        let total = system.held("total", totals, 1, over_lanes(inputs[0], len, width));
        ratio(system, (inputs[0], self.scale), (total, IndexMap::spread(len, len / width)), out.interval)
    }
}

impl Share {
    fn totals(&self, x: &ValueType) -> Result<Interval, LayerError> {
        (Bounds::from(x.interval).scaled(width(&x.shape) as i128) + Bounds::constant(1)).tracked()
    }
}

/// Entries of the last axis.
pub(super) fn width(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1)
}

/// Terms that sum over the last axis, of `width` entries.
pub(super) fn over_lanes(x: TensorId, len: usize, width: usize) -> Vec<Term> {
    let place = |place: usize| IndexMap::Gather((place..len).step_by(width).map(|index| index as u32).collect());
    (0..width).map(|k| Term::mapped(x, 1, place(k))).collect()
}
