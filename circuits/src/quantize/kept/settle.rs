//! Onto a grid: `y = clamp(⌊(Σ factor·value + bias) / 2^shift + ½⌋)` with `factor = unit/step·2^shift`.
//!
//! A factor that follows from weights is a secret multiplier, one for each channel, of up to 27 bits; others are public. The shift is the
//! largest that keeps all sums in the tracked range, so that the largest multiplier has 24 bits or more unless sums take more than 23.

use ndarray::{ArrayD, IxDyn};

use super::form::{Form, Function, Linear, OPEN, Part, Step, broadcast};
use super::program::Program;
use crate::architecture::{Interval, ValueId};
use crate::graph::FloatOp;
use crate::layers::{Activation, Affine, Combine, Conv, Layer, MAX_BITS, MAX_SHIFT, Requantize};
use crate::quantize::QuantizeError;
use crate::window::{MAX_WINDOW_AXES, Window, WindowAxis};

/// Where values go.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) step: f64,
    pub(super) levels: Interval,
}

/// Most bits of a multiplier: 24, as ONNX Runtime's floats have, and three for channels with smaller steps than the largest.
const MULTIPLIER_BITS: i32 = 27;

/// Most bits of a magnitude that is multiplied as it is.
const WIDEST: u32 = 27;

/// Bits of the magnitude that wider values are rounded to: half of the tracked range, the other half is for the multiplier.
const NARROWED: u32 = 23;

/// Most integers of a value whose levels on another grid are looked up, of few entries and of many: a table has no remainder, and halves
/// go to the even level, as ONNX Runtime has it.
const TABULATED: [u64; 2] = [1 << 10, 1 << 12];

/// How far apart two steps may be that are the same: less than the last digit of a 32-bit float.
const SAME: f64 = 1e-8;

impl Target {
    /// In 32-bit floats, as ONNX Runtime does.
    fn level(&self, x: f32) -> i64 {
        ((x / self.step as f32).round_ties_even() as i64).clamp(self.levels.lo, self.levels.hi)
    }

    fn clamped(&self, clamp: (f64, f64)) -> Interval {
        Interval::new(self.level(clamp.0 as f32), self.level(clamp.1 as f32))
    }
}

impl Program {
    /// The integers of a form on a grid.
    pub(super) fn settle(&mut self, name: &str, form: &Form, target: &Target) -> Result<ValueId, QuantizeError> {
        match form {
            Form::Linear(linear) => self.settle_linear(name, linear, target),
            Form::Function(function) => self.settle_function(name, function, target),
            Form::Constant | Form::Raw(_) => unreachable!("constants and the record are settled elsewhere"),
        }
    }

    /// A table over all integers that the value may be, in 32-bit floats as ONNX Runtime computes it.
    fn settle_function(&mut self, name: &str, f: &Function, target: &Target) -> Result<ValueId, QuantizeError> {
        let clamp = self.value(f.value).interval;
        let levels = ArrayD::from_shape_fn(IxDyn(&[clamp.size() as usize]), |k| (k[0] as i64 + clamp.lo) as f64);
        let x = levels.mapv(|level| (level * f.unit) as f32);
        let y = f.steps.iter().fold(x, |x, step| step.run(x));
        let values = y.iter().map(|&y| target.level(y)).collect();
        self.requantised(name, f.value, 0, Activation::Table { clamp, values })
    }

    fn requantised(
        &mut self,
        name: &str,
        value: ValueId,
        shift: u32,
        activation: Activation,
    ) -> Result<ValueId, QuantizeError> {
        self.push(name, Layer::Requantize(Requantize { shift, activation }), &[value])
    }

    fn settle_linear(&mut self, name: &str, linear: &Linear, target: &Target) -> Result<ValueId, QuantizeError> {
        let image = target.clamped(linear.clamp);
        if let Some((value, unit)) = (Linear { clamp: OPEN, ..linear.clone() }).plain() {
            let (interval, same) = (self.value(value).interval, (unit / target.step - 1.0).abs() < SAME);
            return match (same, image.encloses(&interval)) {
                (true, true) => Ok(value),
                (true, false) => self.requantised(name, value, 0, Activation::Clamp(image)),
                (false, _) if interval.size() <= self.tabulated(value) => {
                    let (lo, hi) = (linear.clamp.0 as f32, linear.clamp.1 as f32);
                    let steps = vec![Step::Operator(FloatOp::Clip { lo, hi })];
                    self.settle_function(name, &Function { value, unit, steps }, target)
                }
                _ => self.rescaled(name, linear, target, image),
            };
        }
        self.rescaled(name, linear, target, image)
    }

    /// Most integers of this value that are looked up: a row of a table costs about what a fourth of an entry's remainder does.
    fn tabulated(&self, value: ValueId) -> u64 {
        let [few, many] = TABULATED;
        (4 * self.value(value).shape.iter().product::<usize>() as u64).clamp(few, many)
    }

    /// Multiplied and rounded.
    fn rescaled(
        &mut self,
        name: &str,
        linear: &Linear,
        target: &Target,
        image: Interval,
    ) -> Result<ValueId, QuantizeError> {
        let linear = &self.narrowed(name, linear)?;
        let shift = self.shift(linear, target).ok_or_else(|| {
            QuantizeError::malformed(name, "sums values that are too many steps of the grid that they are rounded to")
        })?;
        let sum = self.fixed(name, linear, target.step / 2f64.powi(shift as i32))?;
        self.requantised(name, sum, shift, Activation::Clamp(image))
    }

    /// The sum with parts of at most 24 bits: wider ones would leave too few bits to their multipliers, and are rounded once more before.
    fn narrowed(&mut self, name: &str, linear: &Linear) -> Result<Linear, QuantizeError> {
        let mut narrowed = linear.clone();
        for part in &mut narrowed.parts {
            let bits = self.value(part.value).interval.magnitude().max(1).ilog2() + 1;
            if bits > WIDEST {
                let shift = (bits - NARROWED).min(MAX_SHIFT);
                let open = Interval::new(-(1 << NARROWED), 1 << NARROWED);
                part.value = self.requantised(&format!("{name}/narrow"), part.value, shift, Activation::Clamp(open))?;
                part.units *= 2f64.powi(shift as i32);
            }
        }
        Ok(narrowed)
    }

    /// The largest shift for which multipliers and sums stay in their ranges, if there is one. Secret integers are bounded by powers of two,
    /// and a sum by those bounds.
    fn shift(&self, linear: &Linear, target: &Target) -> Option<u32> {
        let largest = |values: &ArrayD<f64>| values.iter().fold(0.0, |max: f64, x| max.max(x.abs())) / target.step;
        let part = |part: &Part| (self.value(part.value).interval.magnitude().max(1) as f64, largest(&part.units));
        let parts: Vec<(f64, f64)> = linear.parts.iter().map(part).collect();
        let constant = linear.constant.as_ref().map_or(0.0, largest);
        let bound = |x: f64, shift: i32| (x * 2f64.powi(shift) + 1.0).log2().floor().exp2() * 2.0;
        let total = |shift: i32| {
            let sums = parts.iter().map(|(reach, factor)| reach * bound(*factor, shift)).sum::<f64>();
            sums + bound(constant, shift) + 2f64.powi(shift)
        };
        let multiplier = parts.iter().map(|part| part.1).fold(f64::MIN_POSITIVE, f64::max);
        let room = (MULTIPLIER_BITS - multiplier.log2().ceil() as i32).min(MAX_SHIFT as i32);
        let fits = |shift: &i32| total(*shift) <= 2f64.powi(MAX_BITS as i32);
        (0..=room).rev().find(fits).map(|shift| shift as u32)
    }

    /// The sum in multiples of `unit`.
    fn fixed(&mut self, name: &str, linear: &Linear, unit: f64) -> Result<ValueId, QuantizeError> {
        let scaled = |values: &ArrayD<f64>| values.mapv(|value| (value / unit).round() as i64);
        let mut bias = linear.constant.as_ref().map(scaled);
        let must_hide =
            |index: usize, part: &Part| part.secret || part.unit().is_none() || index == 0 && bias.is_some();
        let hidden: Vec<bool> = linear.parts.iter().enumerate().map(|(index, part)| must_hide(index, part)).collect();
        // The bias goes with the first secret part; there is one if there is a bias.
        let mut terms = Vec::new();
        for (part, hidden) in linear.parts.iter().zip(hidden) {
            terms.push(match hidden {
                true => (self.multiplied(name, part.value, &scaled(&part.units), bias.take())?, 1),
                false => (part.value, scaled(&part.units).first().copied().unwrap_or_default()),
            });
        }
        match terms.as_slice() {
            &[(value, 1)] => Ok(value),
            _ => {
                let (values, factors): (Vec<_>, Vec<_>) = terms.into_iter().unzip();
                self.push(&format!("{name}/sum"), Layer::Combine(Combine { factors, constant: 0 }), &values)
            }
        }
    }

    /// `value ⊙ factors + bias` with secret integers, one for each channel where that suffices.
    fn multiplied(
        &mut self,
        name: &str,
        value: ValueId,
        factors: &ArrayD<i64>,
        bias: Option<ArrayD<i64>>,
    ) -> Result<ValueId, QuantizeError> {
        let shape = self.value(value).shape.clone();
        let kept = kept_axes(&shape, factors, bias.as_ref());
        let planar = (3..=2 + MAX_WINDOW_AXES).contains(&shape.len()) && shape[0] == 1 && kept == [1];
        let first = if planar { 1 } else { kept.first().copied().unwrap_or(shape.len() - 1).min(shape.len() - 1) };
        let own = if planar { &shape[1..2] } else { &shape[first..] };
        let reduced = |values: &ArrayD<i64>| reduced(values, &shape, own, planar);
        let weight = reduced(factors);
        let bias = bias.map(|bias| self.parameter(format!("{name}.bias"), reduced(&bias), 0));
        let name_of = format!("{name}.multiplier");
        let layer = match planar {
            true => {
                let axes = shape[2..].iter().map(|&dim| WindowAxis::new(dim, 1)).collect();
                let sizes = [&[shape[1], 1][..], &vec![1; shape.len() - 2]].concat();
                let weight = weight.into_shape_with_order(sizes).expect("one for each channel");
                let weight = self.parameter(name_of, weight, 0);
                Layer::Conv(Conv { weight, bias, window: Window { axes }, groups: shape[1] })
            }
            false => Layer::Affine(Affine { weight: self.parameter(name_of, weight, 0), bias }),
        };
        self.push(&format!("{name}/multiplier"), layer, &[value])
    }
}

/// Axes of a shape along which factors differ, or biases might: whether those of channels are all the same is secret.
fn kept_axes(shape: &[usize], factors: &ArrayD<i64>, bias: Option<&ArrayD<i64>>) -> Vec<usize> {
    let own = |values: &ArrayD<i64>, axis: usize| {
        (axis + values.ndim()).checked_sub(shape.len()).filter(|&own| values.shape()[own] > 1)
    };
    let differs = |values: &ArrayD<i64>, axis: usize| {
        own(values, axis).is_some_and(|own| {
            let lanes = values.lanes(ndarray::Axis(own));
            lanes.into_iter().any(|lane| lane.iter().any(|value| *value != lane[0]))
        })
    };
    let is_list =
        |values: &ArrayD<i64>, axis: usize| own(values, axis).is_some_and(|own| values.shape()[own] == values.len());
    let might = |axis: usize| bias.is_some_and(|bias| is_list(bias, axis) || differs(bias, axis));
    (0..shape.len()).filter(|&axis| differs(factors, axis) || might(axis)).collect()
}

/// One entry for each of the channels, or for each place of the trailing axes.
fn reduced(values: &ArrayD<i64>, shape: &[usize], own: &[usize], planar: bool) -> ArrayD<i64> {
    let all = broadcast(values, shape);
    let each = if planar { all.len() / own.iter().product::<usize>() } else { 1 };
    let entries = all.iter().copied().step_by(each).take(own.iter().product());
    ArrayD::from_shape_vec(own, entries.collect()).expect("as many as the shape has")
}
