//! The expected error. Two numbers per value travel through the network:
//!
//! - `x̂`, the value of the network with the integers' weights, tables and clamps, in which nothing is rounded: rounded weights change
//!   the values of a channel alike wherever they are read, so that what they change is followed with its sign;
//! - the variance of the noise around it that rounding makes, `s²·(1 − 4^−shift)/12` each time, as if every rounding were independent.
//!
//! The expected squared error is `(x̂ − x)²` and the variance. Noise passes a function by what the function makes of `x̂` plus and
//! minus its standard deviation, products by `Var(ab) = a²·Var b + b²·Var a + Var a·Var b`, quotients by their derivatives at `x̂`.

use ndarray::{Array1, Array2, Zip, s};

use super::Context;
use super::worst::slope;
use crate::quantize::network::{Node, Op, moments};

/// A value without rounding, and the variance of the noise around it; one row per record.
struct Noisy {
    hat: Array2<f64>,
    variance: Array2<f64>,
}

/// Expected squared errors of the scores.
pub(super) fn of_scores(context: &Context<'_>) -> Array2<f64> {
    let mut all: Vec<Noisy> = Vec::with_capacity(context.network.nodes.len());
    for (id, node) in context.network.nodes.iter().enumerate() {
        let inputs: Vec<&Noisy> = node.inputs.iter().map(|&input| &all[input]).collect();
        let next = Step { context, node, id }.run(&inputs);
        all.push(next);
    }
    let output = context.network.output;
    let Noisy { hat, variance } = all.swap_remove(output);
    (hat - &context.floats[output]).mapv_into(|off| off * off) + variance
}

struct Step<'a> {
    context: &'a Context<'a>,
    node: &'a Node,
    id: usize,
}

impl Step<'_> {
    fn run(&self, inputs: &[&Noisy]) -> Noisy {
        let hat = || self.context.hat(self.id).run(&inputs.iter().map(|input| &input.hat).collect::<Vec<_>>());
        let variances: Vec<&Array2<f64>> = inputs.iter().map(|input| &input.variance).collect();
        match &self.node.op {
            Op::Input => self.record(),
            Op::OneHot(_) => {
                // Names are exact; a name that there is none of has no place.
                let hat = self.context.floats[self.id].clone();
                Noisy { variance: Array2::zeros(hat.dim()), hat }
            }
            Op::Dense(_) | Op::Conv(_) | Op::Scale(_) => {
                let squares = self.context.hat(self.id).mapped(|w| w * w);
                Noisy { hat: hat(), variance: squares.run(&variances) }
            }
            Op::Apply(_) => self.activation(inputs[0]),
            Op::Average(mean) => Noisy { hat: hat(), variance: mean.of_noise(variances[0]) },
            Op::Sum(_) => {
                let variance = variances.iter().skip(1).fold(variances[0].clone(), |sum, variance| sum + *variance);
                Noisy { hat: hat(), variance }
            }
            Op::Multiply | Op::MatMul => Noisy { hat: hat(), variance: self.product(inputs[0], inputs[1]) },
            Op::Share | Op::Standardize(_) => self.normalised(inputs[0]),
            Op::Move(_) | Op::MaxPool(_) | Op::Concat { .. } => {
                Noisy { hat: hat(), variance: self.node.run(&variances) }
            }
        }
    }

    /// Uniform within a step; outside the calibrated range, the nearest end.
    fn record(&self) -> Noisy {
        let [low, high] = self.context.record_ends();
        let mut hat = self.context.floats[self.id].clone();
        for mut row in hat.rows_mut() {
            Zip::from(&mut row).and(&low).and(&high).for_each(|x, &low, &high| *x = x.clamp(low, high));
        }
        let noise = self.context.step(self.id).mapv(|step| step * step / 12.0);
        let variance = noise.broadcast(hat.dim()).expect("one step for each entry").to_owned();
        Noisy { hat, variance }
    }

    fn product(&self, left: &Noisy, right: &Noisy) -> Array2<f64> {
        let [a, b] = [left, right].map(|factor| factor.hat.mapv(|x| x * x));
        let variance = self.node.run(&[&(&left.variance + &a), &(&right.variance + &b)]) - self.node.run(&[&a, &b]);
        // Noise of a square is twice that of one of its factors.
        let square = matches!(self.node.op, Op::Multiply) && self.node.inputs[0] == self.node.inputs[1];
        variance * if square { 2.0 } else { 1.0 }
    }

    fn activation(&self, input: &Noisy) -> Noisy {
        let (root, rounding) = (self.node.inputs[0], self.context.rounding(self.id));
        let (step, before) = (self.context.step(self.id), &self.context.assembled.grids[root]);
        let (floats, exact) = (&self.context.floats[root], &self.context.floats[self.id]);
        let mut out = Noisy { hat: Array2::zeros(input.hat.dim()), variance: Array2::zeros(input.hat.dim()) };
        for ((record, k), &hat) in input.hat.indexed_iter() {
            let at = [record, k];
            let (zero, key) = (before.zero[k], before.step[k] * rounding.divisor);
            let (hat, variance) = match rounding.function.is_step() {
                true => {
                    let square = (hat - floats[at]).powi(2) + input.variance[at];
                    (exact[at], rounding.flips(floats[at] - zero, key, square))
                }
                false => rounding.expected(hat - zero, (key, step[k]), input.variance[at]),
            };
            (out.hat[at], out.variance[at]) = (hat, variance);
        }
        out
    }

    fn normalised(&self, input: &Noisy) -> Noisy {
        let (x, width) = (&input.hat, self.node.width());
        let (unit, after) = (self.context.assembled.grids[self.node.inputs[0]].any_step(), self.context.step(self.id));
        let mut out = Noisy { hat: self.node.run(&[x]), variance: Array2::zeros(x.dim()) };
        for record in 0..x.nrows() {
            for start in (0..x.ncols()).step_by(width) {
                let lane = s![record, start..start + width];
                let (x, v) = (x.slice(lane), input.variance.slice(lane));
                let (denominator, range) = match self.node.op {
                    Op::Standardize(epsilon) => (moments(x, epsilon)[1], 2.0 * (width as f64).sqrt()),
                    _ => (x.sum() + unit, 1.0),
                };
                let denominator = denominator.max(f64::MIN_POSITIVE);
                let z = out.hat.slice(lane).to_owned();
                for k in 0..width {
                    let slope = |j: usize| slope(&self.node.op, z[k], z[j], k == j, width as f64) / denominator;
                    let own: Array1<f64> = (0..width).map(|j| slope(j).powi(2)).collect();
                    let square = own.dot(&v) + after[start + k].powi(2) / 12.0;
                    out.variance[[record, start + k]] = square.min(range * range);
                }
            }
        }
        out
    }
}
