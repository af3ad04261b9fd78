//! Pooling: the largest entry of each window, or a sum over it.
//!
//! The largest entry `m` is proven by what is missing to it, `m − x ≥ 0` for every entry of the window, one of which is 0. So
//! the entries may be accumulators: as rounding and clamping are monotone, the largest may be taken before them, and only it be
//! rounded. An average is a sum whose scale is divided; where windows have different numbers of entries, every position has a
//! factor of its own.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::conv::leading;
use super::operands::{MAX_ENTRIES, count, entries, malformed, single, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{Definition, Groups, IndexMap, SystemBuilder, TensorId, Term};
use crate::window::Window;

/// `out[c, p] = max_t x[c, source(p, t)]`; padding never wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaxPool {
    /// Where each position reads; it reads at least one entry.
    pub window: Window,
}

/// `out[c, p] = factor_p·Σ_t x[c, source(p, t)]`; padding counts as 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SumPool {
    /// Where each position reads.
    pub window: Window,
    /// One public factor per position; absent where all are 1.
    pub factors: Option<Vec<i64>>,
}

impl Operator for MaxPool {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let shape = pooled(&x.shape, &self.window)?;
        limited(&shape, &self.window, 1)?;
        let sources = self.window.sources();
        if sources.chunks(self.window.taps()).any(|reads| reads.iter().all(Option::is_none)) {
            return Err(malformed("takes the largest of no entries: a window has padding alone".into()));
        }
        Ok(ValueType { shape, interval: x.interval })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let x = entries(inputs[0]);
        let shape = pooled(inputs[0].shape(), &self.window).expect("a shape that was inferred");
        tensor(&shape, self.groups(x.len() / self.window.entries()).largest(&x))
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let x = inputs[0];
        let out = self.infer(&system.values(inputs), &[])?;
        let value = system.value(x);
        let groups = self.groups(system.len(x) / self.window.entries());
        let missing = Bounds::from(value.interval) + Bounds::from(value.interval).scaled(-1);
        let interval = Interval::new(0, missing.tracked()?.hi);
        let largest = system.tensor("largest", out, Definition::Largest { of: x, groups: groups.clone() });
        let (shape, terms, groups) = match self.window.partitions() {
            true => (value.shape, vec![Term::mapped(largest, 1, groups.inverse()), Term::of(x, -1)], groups),
            false => {
                let (shape, terms) = (vec![groups.members().len()], pairs(&groups, largest, x));
                (shape, terms, groups.in_order())
            }
        };
        let missing = system.linear("missing", ValueType { shape, interval }, 0, terms);
        system.range(missing, interval.widened());
        system.vanish(missing, groups);
        Ok(largest)
    }
}

impl MaxPool {
    /// The entries that each position reads, channel by channel.
    fn groups(&self, channels: usize) -> Groups {
        let (sources, entries) = (self.window.sources(), self.window.entries());
        let mut groups = Groups::default();
        for channel in 0..channels {
            for reads in sources.chunks(self.window.taps()) {
                groups.push(reads.iter().flatten().map(|&entry| (channel * entries) as u32 + entry));
            }
        }
        groups
    }
}

/// `largest − x` for every pair of a position and an entry that it reads.
fn pairs(groups: &Groups, largest: TensorId, x: TensorId) -> Vec<Term> {
    let positions = groups.iter().enumerate().flat_map(|(k, group)| group.iter().map(move |_| k as u32)).collect();
    let members = groups.members().to_vec();
    vec![Term::mapped(largest, 1, IndexMap::Gather(positions)), Term::mapped(x, -1, IndexMap::Gather(members))]
}

impl Operator for SumPool {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let shape = pooled(&x.shape, &self.window)?;
        let factors = self.checked_factors()?;
        limited(&shape, &self.window, factors.len())?;
        let (lo, hi) = (x.interval.lo.min(0), x.interval.hi.max(0));
        let sum = Bounds::from(Interval::new(lo, hi)).scaled(self.window.taps() as i128);
        sum.tracked()?;
        let bounds = factors.iter().map(|&factor| sum.scaled(factor.into())).reduce(Bounds::hull);
        Ok(ValueType { shape, interval: bounds.unwrap_or(sum).tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let x = entries(inputs[0]);
        let shape = pooled(inputs[0].shape(), &self.window).expect("a shape that was inferred");
        let (sources, taps) = (self.window.sources(), self.window.taps());
        let sum = |plane: &[i64], p: usize| {
            let reads = sources[p * taps..][..taps].iter().flatten();
            self.factor(p) * reads.map(|&entry| plane[entry as usize]).sum::<i64>()
        };
        let planes = x.chunks(self.window.entries());
        tensor(
            &shape,
            planes.flat_map(|plane| (0..self.window.positions()).map(|p| sum(plane, p)).collect::<Vec<_>>()).collect(),
        )
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), &[])?;
        let channels = count(&out.shape)? / self.window.positions();
        let factors = self.checked_factors()?;
        let taps = (0..self.window.taps()).flat_map(|tap| factors.iter().map(move |&factor| (tap, factor)));
        let terms =
            taps.map(|(tap, factor)| Term::mapped(inputs[0], factor, self.reads(tap, factor, channels))).collect();
        Ok(system.linear("sum", out, 0, terms))
    }
}

impl SumPool {
    fn factor(&self, position: usize) -> i64 {
        self.factors.as_ref().map_or(1, |factors| factors[position])
    }

    /// The factors that there are, each once.
    fn checked_factors(&self) -> Result<Vec<i64>, LayerError> {
        let Some(factors) = &self.factors else { return Ok(vec![1]) };
        let positions = self.window.positions();
        if factors.len() != positions {
            return Err(malformed(format!("has {} factors for {positions} positions", factors.len())));
        }
        let mut factors = factors.clone();
        factors.sort_unstable();
        factors.dedup();
        Ok(factors)
    }

    /// What `tap` reads at every position that has `factor`.
    fn reads(&self, tap: usize, factor: i64, channels: usize) -> IndexMap {
        let (positions, entries) = (self.window.positions(), self.window.entries());
        let read = |p: usize| self.window.source(p, tap).filter(|_| self.factor(p) == factor);
        let plane: Vec<_> = (0..positions).map(read).collect();
        let index = |channel: usize, entry: Option<usize>| {
            entry.map_or(IndexMap::NONE, |entry| (channel * entries + entry) as u32)
        };
        IndexMap::Gather(
            (0..channels).flat_map(|channel| plane.iter().map(move |&read| index(channel, read))).collect(),
        )
    }
}

/// Refuses windows that would make more pairs of an entry and a window, each `times` over, than a tensor has entries.
pub(super) fn limited(shape: &[usize], window: &Window, times: usize) -> Result<(), LayerError> {
    let mut sizes = shape.iter().copied().chain([window.taps(), times]);
    match sizes.try_fold(1usize, |pairs, size| pairs.checked_mul(size)) {
        Some(pairs) if pairs <= MAX_ENTRIES => Ok(()),
        _ => Err(malformed(format!("makes more than {MAX_ENTRIES} pairs of an entry and a window"))),
    }
}

/// The shape after pooling.
fn pooled(shape: &[usize], window: &Window) -> Result<Vec<usize>, LayerError> {
    let (lead, channels) = leading(shape, window)?;
    let shape = [lead, &[channels], &window.output_shape()].concat();
    count(&shape)?;
    Ok(shape)
}
