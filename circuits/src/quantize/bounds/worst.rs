//! The bound. With `Ŵ` the weights as the integers have them and `x` the float inputs,
//!
//! `|âcc_c − acc_c| ≤ Σ_j |Ŵ_jc|·E_j + |Σ_j (Ŵ_jc − W_jc)·x_j + b̂_c − b_c|`,
//! `|ŷ − y| ≤ L·E + s_y/2 + what the clamp cuts off`,
//!
//! where `L` is the steepest slope of the activation and ReLU units that stay dead contribute nothing. Products are exact,
//! `|âb̂ − ab| ≤ |a|·E_b + E_a·|b| + E_a·E_b`; quotients are by their derivatives at the float values, the denominator being as much
//! smaller as its error allows, and no further off than the range of their values.

use ndarray::{Array1, Array2, Zip, s};

use super::Context;
use crate::quantize::network::{Node, Op, moments};

/// Largest errors of the scores.
pub(super) fn of_scores(context: &Context<'_>) -> Array2<f64> {
    let mut all: Vec<Array2<f64>> = Vec::with_capacity(context.network.nodes.len());
    for (id, node) in context.network.nodes.iter().enumerate() {
        let inputs: Vec<&Array2<f64>> = node.inputs.iter().map(|&input| &all[input]).collect();
        let next = Step { context, node, id }.run(&inputs);
        all.push(next);
    }
    all.swap_remove(context.network.output)
}

struct Step<'a> {
    context: &'a Context<'a>,
    node: &'a Node,
    id: usize,
}

impl Step<'_> {
    fn run(&self, inputs: &[&Array2<f64>]) -> Array2<f64> {
        match &self.node.op {
            Op::Input => self.record(),
            Op::OneHot(_) => Array2::zeros(self.floats(self.id).dim()),
            Op::Dense(_) | Op::Conv(_) | Op::Scale(_) => self.linear(inputs[0]),
            Op::Apply(_) => self.activation(inputs[0]),
            Op::Sum(_) => inputs.iter().skip(1).fold(inputs[0].clone(), |sum, errors| sum + *errors),
            Op::Multiply | Op::MatMul => self.product(inputs[0], inputs[1]),
            Op::Share | Op::Standardize(_) => self.normalised(inputs[0]),
            Op::Move(_) | Op::MaxPool(_) | Op::Average(_) | Op::Concat { .. } => self.node.run(inputs),
        }
    }

    fn floats(&self, id: usize) -> &Array2<f64> {
        &self.context.floats[id]
    }

    /// Half a step, or how far the value is outside the calibrated range.
    fn record(&self) -> Array2<f64> {
        let [low, high] = self.context.record_ends();
        let (floats, step) = (self.floats(self.id), self.context.step(self.id));
        let mut errors = Array2::zeros(floats.dim());
        for (x, mut errors) in floats.rows().into_iter().zip(errors.rows_mut()) {
            Zip::from(&mut errors).and(&x).and(&low).and(&high).and(step).for_each(|error, x, low, high, step| {
                *error = (0.5 * step).max(low - x).max(x - high);
            });
        }
        errors
    }

    fn linear(&self, input: &Array2<f64>) -> Array2<f64> {
        let hat = self.context.hat(self.id);
        let off = hat.run(&[self.floats(self.node.inputs[0])]) - self.floats(self.id);
        hat.mapped(f64::abs).run(&[input]) + off.mapv(f64::abs)
    }

    fn product(&self, left: &Array2<f64>, right: &Array2<f64>) -> Array2<f64> {
        let [a, b] = [0, 1].map(|index| self.floats(self.node.inputs[index]).mapv(f64::abs));
        self.node.run(&[&(left + &a), &(right + &b)]) - self.node.run(&[&a, &b])
    }

    fn activation(&self, input: &Array2<f64>) -> Array2<f64> {
        let (root, rounding) = (self.node.inputs[0], self.context.rounding(self.id));
        let (step, before) = (self.context.step(self.id), &self.context.assembled.grids[root]);
        let exact = self.floats(self.id) - &self.context.assembled.grids[self.id].zero;
        let mut errors = Array2::zeros(input.dim());
        for ((record, k), &error) in input.indexed_iter() {
            let x = self.floats(root)[[record, k]] - before.zero[k];
            let worst = rounding.worst(x, (before.step[k] * rounding.divisor, step[k]), error);
            // No integer is beyond those of the clamp: many layers would have errors without end.
            errors[[record, k]] = worst.min(exact[[record, k]].abs() + rounding.top(step[k]));
        }
        errors
    }

    fn normalised(&self, input: &Array2<f64>) -> Array2<f64> {
        let (x, z, width) = (self.floats(self.node.inputs[0]), self.floats(self.id), self.node.width());
        let (before, after) =
            (self.context.assembled.grids[self.node.inputs[0]].any_step(), self.context.step(self.id));
        let mut errors = Array2::zeros(z.dim());
        for record in 0..z.nrows() {
            for start in (0..z.ncols()).step_by(width) {
                let lane = s![record, start..start + width];
                let [x, z, e] = [x.slice(lane), z.slice(lane), input.slice(lane)];
                let n = width as f64;
                let (denominator, range, unit) = match self.node.op {
                    Op::Standardize(epsilon) => (moments(x, epsilon)[1] - (e.dot(&e) / n).sqrt(), 2.0 * n.sqrt(), 0.0),
                    // A unit is added to the sum.
                    _ => (x.sum() - e.sum() - before, 1.0, before),
                };
                let denominator = denominator.max(f64::MIN_POSITIVE);
                for k in 0..width {
                    let own: Array1<f64> =
                        (0..width).map(|j| (slope(&self.node.op, z[k], z[j], k == j, n) / denominator).abs()).collect();
                    let rounding = 0.5 * after[start + k] + z[k].abs() * unit / denominator;
                    errors[[record, start + k]] = (own.dot(&e) + rounding).min(range);
                }
            }
        }
        errors
    }
}

/// What a share or a standard score `z_k` changes by with entry `j`, times the denominator.
pub(super) fn slope(op: &Op, z_k: f64, z_j: f64, same: bool, n: f64) -> f64 {
    let own = f64::from(u8::from(same));
    match op {
        Op::Standardize(_) => own - (1.0 + z_k * z_j) / n,
        _ => own - z_k,
    }
}
