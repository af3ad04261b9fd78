//! Values on a grid, as models hold them that were quantised before they came here: `step·level` for an integer level.
//!
//! ONNX counts levels from another zero; here 0 always stands for 0, and the levels that there are lie where they lie:
//! `step·(q − zero)` for `q` from 0 to 255 has the levels from `−zero` to `255 − zero`.

use ndarray::{Array1, ArrayD, ArrayViewD, Axis, Zip};

use super::FloatOp;
use super::shape::ShapeError;
use crate::architecture::Interval;

/// A grid of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// What a level is worth, positive.
    pub step: f32,
    /// The levels that there are; 0 is one of them.
    pub levels: Interval,
}

/// Levels of a type with 8 bits that starts at 0.
const BYTE: i64 = 255;

impl Grid {
    /// The level next to `x`, the even one of two; in 32-bit floats, as ONNX Runtime does.
    pub fn level(&self, x: f32) -> i64 {
        ((x / self.step).round_ties_even() as i64).clamp(self.levels.lo, self.levels.hi)
    }

    /// The grid of 256 levels from the least value to the largest, or from 0, or to 0: ONNX's `DynamicQuantizeLinear`.
    pub(crate) fn spanning(values: impl IntoIterator<Item = f32>) -> Self {
        let (lo, hi) = values.into_iter().fold((0f32, 0f32), |(lo, hi), x| (lo.min(x), hi.max(x)));
        let step = Some((hi - lo) / BYTE as f32).filter(|step| *step > 0.0).unwrap_or(1.0);
        let zero = ((-lo / step).round_ties_even() as i64).clamp(0, BYTE);
        Self { step, levels: Interval::new(-zero, BYTE - zero) }
    }

    /// Each value moved to the grid.
    pub(super) fn round(&self, x: &ArrayViewD<'_, f32>) -> ArrayD<f32> {
        x.mapv(|x| self.level(x) as f32 * self.step)
    }
}

/// A parameter of the model that the file gives as levels, with the step of each. Secret, never printed.
#[derive(Clone)]
pub struct Levels {
    levels: ArrayD<i64>,
    steps: ArrayD<f32>,
    floats: ArrayD<f32>,
}

impl Levels {
    /// Levels and steps of one shape.
    pub(crate) fn new(levels: ArrayD<i64>, steps: ArrayD<f32>) -> Result<Self, ShapeError> {
        if levels.shape() != steps.shape() {
            return ShapeError::new(format!("levels of shape {:?} with steps of {:?}", levels.shape(), steps.shape()));
        }
        let floats = Zip::from(&levels).and(&steps).map_collect(|&level, &step| level as f32 * step);
        Ok(Self { levels, steps, floats })
    }

    /// The integers.
    pub fn levels(&self) -> &ArrayD<i64> {
        &self.levels
    }

    /// What a level is worth, at each entry.
    pub fn steps(&self) -> &ArrayD<f32> {
        &self.steps
    }

    /// The values.
    pub fn floats(&self) -> &ArrayD<f32> {
        &self.floats
    }

    /// The step of each index of an axis, if it is the same for all entries there.
    pub(crate) fn along(&self, axis: usize) -> Option<Array1<f32>> {
        let first = |lane: ArrayViewD<'_, f32>| {
            let step = *lane.first()?;
            lane.iter().all(|other| *other == step).then_some(step)
        };
        self.steps.axis_iter(Axis(axis)).map(first).collect()
    }

    /// The same entries elsewhere, if `op` does no more than that to them.
    pub(super) fn moved(&self, op: &FloatOp, shape: &[usize]) -> Option<Self> {
        if matches!(op, FloatOp::Gather { indices, .. } if indices.iter().any(Option::is_none)) {
            return None;
        }
        let levels = op.rearrange(&[self.levels.view()], shape).ok()?;
        Self::new(levels, op.rearrange(&[self.steps.view()], shape).ok()?).ok()
    }
}
