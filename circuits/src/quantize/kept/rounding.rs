//! Integers of one unit where a node needs them and the model has none: sums and functions that it did not round are, over the range that
//! calibration found.

use super::form::{Form, Linear};
use super::settle::Target;
use super::walk::{Stop, Walk};
use crate::architecture::{Interval, ValueId};
use crate::graph::NodeId;
use crate::quantize::fuse::refusal::CONSTANT;

/// Levels of sums that the model did not round.
pub(super) const FINE: i64 = (1 << 15) - 1;

/// Most integers that a value may have where it is multiplied, joined or pooled.
pub(super) const WIDE: u64 = 1 << 24;

impl Walk<'_> {
    /// A form rounded to so many levels on both sides, over the range that calibration found and a quarter more.
    pub(super) fn rounded(&mut self, id: NodeId, form: &Form, levels: i64) -> Result<(ValueId, f64), Stop> {
        let (lo, hi) = self.ranges[id.0];
        let largest = f64::from(lo.abs().max(hi.abs()));
        self.settled(id, form, if largest > 0.0 { 1.25 * largest } else { 1.0 }, levels)
    }

    /// The step is a power of two, which says little of what it follows from.
    pub(super) fn settled(
        &mut self,
        id: NodeId,
        form: &Form,
        largest: f64,
        levels: i64,
    ) -> Result<(ValueId, f64), Stop> {
        let step = (largest / levels as f64).log2().ceil().exp2();
        let target = Target { step, levels: Interval::new(-levels, levels) };
        let name = format!("{}/round", self.graph.nodes[id.0].name);
        Ok((self.program.settle(&name, form, &target)?, step))
    }

    /// The integers of a node, of one unit that may be told.
    pub(super) fn integers(&mut self, id: NodeId) -> Result<(ValueId, f64), Stop> {
        self.integers_of(id, FINE, WIDE)
    }

    /// The same, rounded to so many levels on both sides where there are more than `most`, or none of one unit.
    pub(super) fn integers_of(&mut self, id: NodeId, levels: i64, most: u64) -> Result<(ValueId, f64), Stop> {
        let form = self.form(id)?;
        match self.unrounded(form)? {
            Form::Constant => Err(CONSTANT.into()),
            Form::Linear(linear) => match linear.plain() {
                Some(plain) if self.program.value(plain.0).interval.size() <= most => Ok(plain),
                _ => self.rounded_once(id, Form::Linear(linear), levels),
            },
            form => self.rounded_once(id, form, levels),
        }
    }

    /// What a node is rounded to stays its form.
    pub(super) fn rounded_once(&mut self, id: NodeId, form: Form, levels: i64) -> Result<(ValueId, f64), Stop> {
        let (value, unit) = self.rounded(id, &form, levels)?;
        self.forms[id.0] = Some(Form::Linear(Linear::of(value, unit)));
        Ok((value, unit))
    }
}
