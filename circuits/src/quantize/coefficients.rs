//! A linear layer as it meets the scales of its input: `acc = Σ_j w_j·(zero_j + step_j·x_j) + b`.

use ndarray::{Array1, Array2, Axis, Zip};

use super::assemble::Grid;
use super::forms::round;
use super::network::{Node, Op};

/// Weights per unit of the input integers, `inputs × channels` (one row if entrywise), and what is left at integer 0.
/// Secret, as the network it comes from.
pub(super) struct Coefficients {
    pub(super) slopes: Array2<f64>,
    pub(super) offsets: Array1<f64>,
    /// How many products an accumulator sums.
    pub(super) fan_in: usize,
}

impl Coefficients {
    /// Of a dense or scaling node; `None` for any other, or if the input's scales differ from position to position.
    pub(super) fn of(node: &Node, input: &Grid) -> Option<Self> {
        match &node.op {
            Op::Dense(linear) => {
                let (zero, step) = input.channels(linear.weight.nrows())?;
                let slopes = &linear.weight * &step.insert_axis(Axis(1));
                let offsets = &linear.bias + zero.dot(&linear.weight);
                Some(Self { slopes, offsets, fan_in: linear.weight.nrows() })
            }
            Op::Scale(map) => {
                let slopes = (&map.weight * &input.step).insert_axis(Axis(0));
                let offsets = &map.bias + &map.weight * &input.zero;
                Some(Self { slopes, offsets, fan_in: 1 })
            }
            _ => None,
        }
    }

    /// Smallest scale of each channel at which weights up to `weight` and biases up to `bias` do.
    pub(super) fn least(&self, weight: i64, bias: i64) -> Array1<f64> {
        // The bias is corrected by the mean error of the weights later: a little room is left for that.
        let room = 0.9 * bias as f64;
        let peak = |column: ndarray::ArrayView1<'_, f64>| column.iter().fold(0f64, |max, w| max.max(w.abs()));
        let peaks: Array1<f64> = self.slopes.columns().into_iter().map(peak).collect();
        Zip::from(&peaks).and(&self.offsets).map_collect(|peak, offset| (peak / weight as f64).max(offset.abs() / room))
    }

    /// Integer weights at the given scales, clamped to `±bound`.
    pub(super) fn weights(&self, scale: &Array1<f64>, bound: i64) -> Array2<i64> {
        let mut weights = Array2::zeros(self.slopes.dim());
        for (mut row, slopes) in weights.rows_mut().into_iter().zip(self.slopes.rows()) {
            Zip::from(&mut row).and(&slopes).and(scale).for_each(|w: &mut i64, slope, s| {
                *w = round(slope / s).clamp(-bound, bound);
            });
        }
        weights
    }
}
