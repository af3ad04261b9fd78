//! How far the integer program's values can be from the float network's on a given record, before running it.
//!
//! Two numbers per value travel through the network. The worst case: with `Ŵ` the weights as the integers have them and `x`
//! the float inputs,
//!
//! `|âcc_c − acc_c| ≤ Σ_j |Ŵ_jc|·E_j + |Σ_j (Ŵ_jc − W_jc)·x_j + b̂_c − b_c|`,
//! `|ŷ − y| ≤ L·E + s_y/2 + what the clamp cuts off`,
//!
//! where `L` is the steepest slope of the activation and ReLU units that stay dead contribute nothing. And the expected
//! error: the same with variances, `s²/12` for each rounding, as if all errors were independent.

mod tabulated;

use ndarray::{Array1, Array2, Axis, Zip, s};

use super::assemble::Assembled;
use super::forms::Form;
use super::grid::Grid;
use super::network::{Function, Linear, Network, Node, Op, Scaling, moments};
use super::windows::Convolution;
use crate::architecture::ParameterId;
use crate::layers::{Activation, Layer, Requantize};
use tabulated::Tabulated;

/// Largest and expected squared error of a value, one row per record.
#[derive(Clone)]
pub(super) struct Errors {
    pub(super) worst: Array2<f64>,
    pub(super) variance: Array2<f64>,
}

impl Errors {
    fn zeros(like: &Array2<f64>) -> Self {
        Self { worst: Array2::zeros(like.dim()), variance: Array2::zeros(like.dim()) }
    }

    fn map(&self, map: impl Fn(&Array2<f64>) -> Array2<f64>) -> Self {
        Self { worst: map(&self.worst), variance: map(&self.variance) }
    }
}

/// Errors of every node on records whose float values are `floats`.
pub(super) fn errors(network: &Network, assembled: &Assembled, floats: &[Array2<f64>]) -> Vec<Errors> {
    let mut all: Vec<Errors> = Vec::with_capacity(network.nodes.len());
    for (id, node) in network.nodes.iter().enumerate() {
        let step = Step { node, assembled, id, floats };
        let inputs: Vec<&Errors> = node.inputs.iter().map(|&input| &all[input]).collect();
        let next = step.run(&inputs);
        all.push(next);
    }
    all
}

struct Step<'a> {
    node: &'a Node,
    assembled: &'a Assembled,
    id: usize,
    floats: &'a [Array2<f64>],
}

impl Step<'_> {
    fn run(&self, inputs: &[&Errors]) -> Errors {
        match &self.node.op {
            Op::Input => self.record(),
            Op::OneHot(_) => Errors::zeros(&self.floats[self.id]),
            Op::Dense(_) | Op::Conv(_) | Op::Scale(_) => self.linear(inputs[0]),
            Op::Apply(function) => self.activation(function, inputs[0]),
            Op::Move(_) | Op::MaxPool(_) => inputs[0].map(|errors| self.node.run(&[errors])),
            Op::Average(_) => {
                // Errors of a channel's weights are the same everywhere: means of errors are no smaller than the errors.
                let deviation = inputs[0].variance.mapv(f64::sqrt);
                let variance = self.node.run(&[&deviation]).mapv_into(|sd| sd * sd);
                Errors { worst: self.node.run(&[&inputs[0].worst]), variance }
            }
            Op::Sum(_) => Errors {
                worst: inputs.iter().skip(1).fold(inputs[0].worst.clone(), |sum, errors| sum + &errors.worst),
                variance: inputs.iter().skip(1).fold(inputs[0].variance.clone(), |sum, errors| sum + &errors.variance),
            },
            Op::Multiply | Op::MatMul => self.product(inputs[0], inputs[1]),
            Op::Share | Op::Standardize(_) => self.normalised(inputs[0]),
            Op::Concat { .. } => Errors {
                worst: self.node.run(&inputs.iter().map(|errors| &errors.worst).collect::<Vec<_>>()),
                variance: self.node.run(&inputs.iter().map(|errors| &errors.variance).collect::<Vec<_>>()),
            },
        }
    }

    /// `|âb̂ − ab| ≤ |a|·E_b + E_a·|b| + E_a·E_b`, and the same with squares.
    fn product(&self, left: &Errors, right: &Errors) -> Errors {
        let [a, b] = [0, 1].map(|index| &self.floats[self.node.inputs[index]]);
        let spread = |map: fn(f64) -> f64, left: &Array2<f64>, right: &Array2<f64>| {
            let (a, b) = (a.mapv(map), b.mapv(map));
            self.node.run(&[&(left + &a), &(right + &b)]) - self.node.run(&[&a, &b])
        };
        Errors {
            worst: spread(f64::abs, &left.worst, &right.worst),
            variance: spread(|x| x * x, &left.variance, &right.variance),
        }
    }

    /// By the derivatives at the float values, the denominator being as much smaller as its error allows; no error is larger than the
    /// range of the values.
    fn normalised(&self, input: &Errors) -> Errors {
        let (x, z, width) = (&self.floats[self.node.inputs[0]], &self.floats[self.id], self.node.width());
        let (before, after) = (self.assembled.grids[self.node.inputs[0]].any_step(), self.grid().any_step());
        let mut errors = Errors::zeros(z);
        for record in 0..z.nrows() {
            for start in (0..z.ncols()).step_by(width) {
                let lane = s![record, start..start + width];
                let [x, z] = [x.slice(lane), z.slice(lane)];
                let (e, v) = (input.worst.slice(lane), input.variance.slice(lane));
                let (slopes, denominator, range): (Array2<f64>, f64, f64) = match self.node.op {
                    Op::Standardize(epsilon) => {
                        let n = width as f64;
                        let rms = (e.dot(&e) / n).sqrt();
                        let slope = |(k, j)| f64::from(u8::from(k == j)) - (1.0 + z[k] * z[j]) / n;
                        (Array2::from_shape_fn((width, width), slope), moments(x, epsilon)[1] - rms, 2.0 * n.sqrt())
                    }
                    // A unit is added to the sum.
                    _ => {
                        let slope = |(k, j)| f64::from(u8::from(k == j)) - z[k];
                        (Array2::from_shape_fn((width, width), slope), x.sum() - e.sum() - before, 1.0)
                    }
                };
                let unit = match self.node.op {
                    Op::Share => before,
                    _ => 0.0,
                };
                let denominator = denominator.max(f64::MIN_POSITIVE);
                for k in 0..width {
                    let own = slopes.row(k).mapv(|slope| (slope / denominator).abs());
                    let rounding = 0.5 * after + z[k].abs() * unit / denominator;
                    let squares = own.mapv(|slope| slope * slope).dot(&v) + rounding * rounding / 3.0;
                    errors.worst[[record, start + k]] = (own.dot(&e) + rounding).min(range);
                    errors.variance[[record, start + k]] = squares.min(range * range);
                }
            }
        }
        errors
    }

    fn grid(&self) -> &Grid {
        &self.assembled.grids[self.id]
    }

    /// Half a step, or how far the value is outside the calibrated range.
    fn record(&self) -> Errors {
        let (floats, grid) = (&self.floats[self.id], self.grid());
        let interval = self.assembled.model.architecture.encoding.interval;
        let mut errors = Errors::zeros(floats);
        let ends = |end: i64| &grid.zero + &grid.step * end as f64;
        let (low, high) = (ends(interval.lo), ends(interval.hi));
        for (x, mut worst) in floats.rows().into_iter().zip(errors.worst.rows_mut()) {
            Zip::from(&mut worst).and(&x).and(&low).and(&high).and(&grid.step).for_each(|worst, x, low, high, step| {
                *worst = (0.5 * step).max(low - x).max(x - high);
            });
        }
        errors.variance = errors.worst.mapv(|worst| worst * worst / 3.0);
        errors
    }

    fn linear(&self, input: &Errors) -> Errors {
        let hat = self.dequantised();
        let own = self.floats[self.id].clone();
        let off = hat.run(&[&self.floats[self.node.inputs[0]]]) - own;
        let spread = |map: fn(f64) -> f64, errors: &Array2<f64>| hat.mapped(map).run(&[errors]);
        Errors {
            worst: spread(f64::abs, &input.worst) + off.mapv(f64::abs),
            variance: spread(|w| w * w, &input.variance) + off.mapv(|d| d * d),
        }
    }

    /// The layer that the integers compute, in float units.
    fn dequantised(&self) -> Node {
        let input = &self.assembled.grids[self.node.inputs[0]];
        let (weight, bias) = self.integers();
        let step = &self.grid().step;
        let op = match &self.node.op {
            Op::Dense(linear) => {
                let (inputs, outputs) = linear.weight.dim();
                let (zero, from) = input.channels(inputs).expect("settled with one scale at each position");
                let to = step.slice(ndarray::s![..outputs]);
                let weight = weight.to_shape((inputs, outputs)).expect("one entry per weight");
                let weight = &weight * &to * &inverse(&from).insert_axis(Axis(1));
                let bias = &bias * &to - zero.dot(&weight);
                Op::Dense(Linear { weight, bias }.into())
            }
            Op::Conv(conv) => Op::Conv(self.convolution(conv, weight, bias).into()),
            _ => {
                let weight = &weight * step * inverse(&input.step);
                let bias = &bias * step - &weight * &input.zero;
                Op::Scale(Scaling { weight, bias }.into())
            }
        };
        Node { op, ..self.node.clone() }
    }

    fn convolution(&self, conv: &Convolution, weight: Array1<f64>, bias: Array1<f64>) -> Convolution {
        let input = &self.assembled.grids[self.node.inputs[0]];
        let from = input.planes(conv.window.entries()).expect("settled with one scale in each plane");
        let (from, positions) = (inverse(&from), conv.window.positions());
        let to: Array1<f64> = self.grid().step.iter().copied().step_by(positions).collect();
        let mut weight = weight.into_shape_with_order(conv.weight.dim()).expect("one entry per weight");
        weight.indexed_iter_mut().for_each(|((o, column), w)| *w *= to[o] * from[conv.channel(o, column)]);
        let each = bias.len() / to.len();
        let bias = bias.iter().enumerate().map(|(k, b)| b * to[k / each]).collect();
        let mut plain = Convolution { weight, bias, window: conv.window.clone(), groups: conv.groups };
        if input.shifted {
            plain.bias = plain.absorbed(&-&input.zero);
        }
        plain
    }

    fn integers(&self) -> (Array1<f64>, Array1<f64>) {
        let model = &self.assembled.model;
        let entries = |id: ParameterId| model.parameters.tensors()[id.0].iter().map(|&x| x as f64).collect();
        match &model.architecture.layers[self.id - 1].layer {
            Layer::Dense(layer) => (entries(layer.weight), layer.bias.map(entries).unwrap_or_default()),
            Layer::Embed(layer) => (entries(layer.table), layer.bias.map(entries).unwrap_or_default()),
            Layer::Conv(layer) => (entries(layer.weight), layer.bias.map(entries).unwrap_or_default()),
            Layer::Affine(layer) => (entries(layer.weight), layer.bias.map(entries).unwrap_or_default()),
            _ => Default::default(),
        }
    }

    fn activation(&self, function: &Function, input: &Errors) -> Errors {
        let root = self.node.inputs[0];
        let rounding = Rounding::new(function, &self.assembled.model.architecture.layers[self.id - 1].layer);
        let (step, before) = (&self.grid().step, &self.assembled.grids[root].step);
        let top = rounding.form.top as f64;
        let mut errors = Errors::zeros(&input.worst);
        for record in 0..errors.worst.nrows() {
            let x = &self.floats[root].row(record) - &self.assembled.grids[root].zero;
            for (k, &x) in x.iter().enumerate() {
                let scales = (before[k] * rounding.divisor, step[k]);
                let (worst, variance) = (input.worst[[record, k]], input.variance[[record, k]]);
                let (worst, variance) = rounding.pass(x, scales, worst, variance);
                // Two values of a function that is bounded are no farther apart than its ends, and no integer is beyond those of the
                // clamp: many layers would have errors without end.
                let clamped = (self.floats[self.id][[record, k]] - self.grid().zero[k]).abs() + top * step[k];
                let most = function.span().map_or(clamped, |span| clamped.min(span + step[k]));
                errors.worst[[record, k]] = worst.min(most);
                errors.variance[[record, k]] = variance.min(most * most);
            }
        }
        errors
    }
}

/// `1/step`, and 0 for entries without a step.
fn inverse(steps: &Array1<f64>) -> Array1<f64> {
    steps.mapv(|step| if step > 0.0 { 1.0 / step } else { 0.0 })
}

fn steepest(function: &Function, activation: &Activation) -> Option<f64> {
    match (function, activation) {
        (Function::Other(_), Activation::Table { values, .. }) => {
            let steps = values.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
            Some(steps.max().unwrap_or(1).max(1) as f64)
        }
        _ => None,
    }
}

/// Rounding and activation of one entry.
struct Rounding<'a> {
    function: &'a Function,
    form: Form,
    divisor: f64,
    /// Largest difference of neighbouring values, for a function whose slope only its table tells.
    steepest: Option<f64>,
}

impl<'a> Rounding<'a> {
    fn new(function: &'a Function, layer: &Layer) -> Self {
        let Layer::Requantize(Requantize { shift, activation }) = layer else {
            unreachable!("an activation of the network is a requantisation of the architecture")
        };
        let top = match activation {
            Activation::Clamp(interval) => interval.magnitude(),
            Activation::Table { values, .. } => values.iter().map(|v| v.abs()).max().unwrap_or_default(),
        };
        let form = Form { activation: activation.clone(), top, fixed: None };
        Self { function, steepest: steepest(function, activation), form, divisor: 2f64.powi(*shift as i32) }
    }

    /// Errors after from errors before, for keys and results of the given scales.
    fn pass(&self, x: f64, (key, step): (f64, f64), worst: f64, variance: f64) -> (f64, f64) {
        if self.function.is_step() {
            return self.jump(x, key, worst, variance);
        }
        if let (Function::Factor(program), Activation::Table { clamp, values }) = (self.function, &self.form.activation)
        {
            return Tabulated { program, keys: *clamp, values, key, step }.pass(x, worst, variance);
        }
        let dead = |error: f64| *self.function == Function::Relu && x + error <= 0.0;
        let slope = self.steepest.map_or(self.function.slope(), |steepest| steepest * step / key);
        let cut = self.cut(x, key, step);
        let roundings = match self.function {
            Function::Identity | Function::Fine | Function::Relu => 0.5 * step,
            _ => 0.5 * (slope * key + step),
        };
        let within = (slope * slope * variance) + roundings * roundings / 3.0 + cut * cut;
        (
            if dead(worst) { 0.0 } else { slope * worst + roundings + cut },
            if dead(3.0 * variance.sqrt()) { 0.0 } else { within },
        )
    }

    /// A step is wrong by 1 where an error of its argument, rounded to keys, leads to the other value, and right elsewhere. A jump at 0 is
    /// half a key away from the keys on either side. For the expected error, the argument's is taken to be normal.
    fn jump(&self, x: f64, key: f64, worst: f64, variance: f64) -> (f64, f64) {
        let tabulated = |x: f64| self.function.at((x / key + 0.5).floor());
        let exact = self.function.at(x);
        let differs = |error: f64| {
            let (lo, hi) = (x - error, x + error);
            let zero = (lo <= 0.0 && hi >= 0.0).then_some(0.0);
            [Some(lo), Some(hi), zero].into_iter().flatten().any(|x| tabulated(x) != exact)
        };
        let away = (x.abs() - 0.5 * key).abs();
        let share = if differs(0.0) { 1.0 } else { 0.5 * (-away * away / (2.0 * variance)).exp() };
        (f64::from(u8::from(differs(worst + 1e-9 * key))), if share.is_nan() { 0.0 } else { share })
    }

    /// What clamping keys and results takes away from the value.
    fn cut(&self, x: f64, key: f64, step: f64) -> f64 {
        let keys = self.form.keys();
        let clamped = x.clamp(keys.lo as f64 * key, keys.hi as f64 * key);
        let inside = match self.function {
            Function::Relu | Function::Identity | Function::Fine => self.function.at(x),
            _ => self.function.at(clamped),
        };
        let top = self.form.top as f64 * step;
        (self.function.at(x) - inside).abs() + (inside.abs() - top).max(0.0)
    }
}
