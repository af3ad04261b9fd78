//! Resizing between entries: along each axis a fixed linear map, so a product by a constant matrix.
//! ```text
//! linear   (1 − s)·x[⌊p⌋] + s·x[⌊p⌋ + 1],    s = p − ⌊p⌋,    p cut to the entries
//! cubic    Σ_k w_k(s)·x[⌊p⌋ + k],    k = −1 … 2,    Keys 1981 with the coefficient a
//! ```
//! Entries outside are those at the ends; where they are excluded, the other weights are scaled to add up to 1.

use ndarray::Array2;

use super::call::Call;
use super::contraction::{Label, Named, contract};
use super::error::Reason;
use super::places;
use crate::graph::NodeId;

/// How entries are mixed.
#[derive(Clone, Copy)]
pub(super) enum Mixing {
    Linear,
    Cubic { coefficient: f32, excludes: bool },
}

impl Mixing {
    /// What each of `from` entries counts at these positions: one column for each.
    pub(super) fn matrix(self, from: usize, positions: &[f32]) -> Result<Array2<f32>, Reason> {
        places::check(&[from, positions.len()])?;
        let mut weights = Array2::zeros((from, positions.len()));
        for (column, &position) in positions.iter().enumerate() {
            let (taps, total) = self.taps(position, from);
            for (place, weight) in taps {
                weights[[place, column]] += weight / total;
            }
        }
        Ok(weights)
    }

    /// Places with their weights, and what the weights are divided by.
    fn taps(self, position: f32, from: usize) -> (Vec<(usize, f32)>, f32) {
        let last = from.saturating_sub(1);
        let position = match self {
            Self::Linear => position.clamp(0.0, last as f32),
            Self::Cubic { .. } => position,
        };
        let (below, s) = (position.floor(), position - position.floor());
        let weights = match self {
            Self::Linear => vec![(0, 1.0 - s), (1, s)],
            Self::Cubic { coefficient, .. } => (-1..).zip(keys(coefficient, s)).collect(),
        };
        let place = |step: i64| (below as i64).saturating_add(step);
        let outside = |step: i64| !(0..=last as i64).contains(&place(step));
        let drops = matches!(self, Self::Cubic { excludes: true, .. });
        let kept = weights.into_iter().filter(|(step, _)| !(drops && outside(*step)));
        let taps: Vec<_> = kept.map(|(step, weight)| (place(step).clamp(0, last as i64) as usize, weight)).collect();
        let total = if drops { taps.iter().map(|tap| tap.1).sum() } else { 1.0 };
        (taps, total)
    }
}

/// The weights of the entries at `−1 … 2`.
fn keys(a: f32, s: f32) -> [f32; 4] {
    let near = |x: f32| ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    let far = |x: f32| ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a;
    [far(s + 1.0), near(s), near(1.0 - s), far(2.0 - s)]
}

/// `out[…, j, …] = Σ_i x[…, i, …]·matrix[i, j]` along an axis.
pub(super) fn along(call: &mut Call<'_>, x: NodeId, axis: usize, matrix: Array2<f32>) -> Result<NodeId, Reason> {
    let labels: Vec<Label> = (0..call.shape(x).len() as Label).collect();
    let (from, to) = (axis as Label, labels.len() as Label);
    let matrix = call.constant(matrix.into_dyn())?;
    let (x, matrix) = (Named::new(call, x, &labels)?, Named::new(call, matrix, &[from, to])?);
    let sums = contract(call, x, matrix, |label| label != from)?;
    let output: Vec<Label> = labels.into_iter().map(|label| if label == from { to } else { label }).collect();
    sums.arranged(call, &output)
}
