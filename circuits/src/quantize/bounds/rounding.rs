//! Rounding and activation of one entry: the largest error that they let through, and what becomes of noise.

use crate::architecture::Interval;
use crate::layers::{Activation, Layer, Requantize};
use crate::quantize::forms::Form;
use crate::quantize::network::Function;

use super::tabulated::Tabulated;

/// How an activation rounds.
pub(super) struct Rounding<'a> {
    pub(super) function: &'a Function,
    form: Form,
    /// Smallest and largest result.
    ends: Interval,
    /// What an accumulator is divided by.
    pub(super) divisor: f64,
    /// Largest difference of neighbouring values, for a function whose slope only its table tells.
    steepest: Option<f64>,
}

impl<'a> Rounding<'a> {
    pub(super) fn new(function: &'a Function, layer: &Layer) -> Self {
        let Layer::Requantize(Requantize { shift, activation }) = layer else {
            unreachable!("an activation of the network is a requantisation of the architecture")
        };
        let ends = activation.ends();
        let form = Form { activation: activation.clone(), top: ends.magnitude(), fixed: None };
        Self { function, steepest: steepest(function, activation), form, ends, divisor: 2f64.powi(*shift as i32) }
    }

    /// The largest magnitude of a result.
    pub(super) fn top(&self, step: f64) -> f64 {
        self.form.top as f64 * step
    }

    /// The largest error after an error before, for keys and results of the given scales.
    pub(super) fn worst(&self, x: f64, (key, step): (f64, f64), worst: f64) -> f64 {
        if self.function.is_step() {
            return f64::from(u8::from(self.differs(x, key, worst + 1e-9 * key)));
        }
        if let (Function::Factor(program), Activation::Table { clamp, values }) = (self.function, &self.form.activation)
        {
            return Tabulated { program, keys: *clamp, values, key, step }.worst(x, worst);
        }
        // Computed with floats, a sum that is 0 can be a little more.
        if *self.function == Function::Relu && x + worst <= 1e-12 * x.abs() {
            return 0.0;
        }
        let slope = self.steepest.map_or(self.function.slope(), |steepest| steepest * step / key);
        let roundings = match self.is_clamp() {
            true => 0.5 * step,
            // A value between two keys may be that of either, and an error leads one key further.
            false if self.function.jumps() => 2.0 * slope * key + 0.5 * step,
            false => 0.5 * (slope * key + step),
        };
        let error = slope * worst + roundings + self.cut(x, key, step);
        // Two values of a function that is bounded are no farther apart than its ends: cells unrolled over many steps would have
        // errors without end.
        error.min(self.most(step))
    }

    /// What the integers make of a value if nothing rounds it, and of the variance of its noise, to which rounding adds.
    pub(super) fn expected(&self, x: f64, (key, step): (f64, f64), variance: f64) -> (f64, f64) {
        // A quotient by `2^s` takes one of `2^s` remainders away.
        let rounded = key * key * (1.0 - self.divisor.powi(-2)) / 12.0;
        let noise = (variance + rounded).sqrt();
        let at = |x: f64| self.unrounded(x, key, step);
        let [low, middle, high] = [x - noise, x, x + noise].map(at);
        let passed = ((high - middle).powi(2) + (middle - low).powi(2)) / 2.0;
        let result = if self.is_clamp() { 0.0 } else { step * step / 12.0 };
        (middle, (passed + result).min(self.most(step).powi(2)))
    }

    /// The probability that noise leads a step to the other value.
    pub(super) fn flips(&self, x: f64, key: f64, square: f64) -> f64 {
        let away = (x.abs() - 0.5 * key).abs();
        let share = if self.differs(x, key, 0.0) { 1.0 } else { 0.5 * (-away * away / (2.0 * square)).exp() };
        if share.is_nan() { 0.0 } else { share }
    }

    /// Whether what it rounds to is its result.
    fn is_clamp(&self) -> bool {
        matches!(self.form.activation, Activation::Clamp(_))
    }

    /// How far apart two of its values can be.
    fn most(&self, step: f64) -> f64 {
        self.function.span().map_or(f64::INFINITY, |span| span + step)
    }

    /// A step is wrong by 1 where an error of its argument, rounded to keys, leads to the other value, and right elsewhere. A jump at 0 is
    /// half a key away from the keys on either side.
    fn differs(&self, x: f64, key: f64, error: f64) -> bool {
        let tabulated = |x: f64| self.function.at((x / key + 0.5).floor());
        let exact = self.function.at(x);
        let (lo, hi) = (x - error, x + error);
        let zero = (lo <= 0.0 && hi >= 0.0).then_some(0.0);
        [Some(lo), Some(hi), zero].into_iter().flatten().any(|x| tabulated(x) != exact)
    }

    /// The function between the ends of keys and results. Where it has no value, that of the table.
    fn unrounded(&self, x: f64, key: f64, step: f64) -> f64 {
        let (keys, ends) = (self.form.keys(), self.ends);
        let clamped = x.clamp(keys.lo as f64 * key, keys.hi as f64 * key);
        let value = match &self.form.activation {
            Activation::Clamp(_) => clamped,
            Activation::Table { values, .. } => {
                let value = self.function.at(clamped);
                let nearest = || values[((clamped / key).round() as i64 - keys.lo) as usize] as f64 * step;
                if value.is_finite() { value } else { nearest() }
            }
        };
        value.clamp(ends.lo as f64 * step, ends.hi as f64 * step)
    }

    /// What clamping keys and results takes away from the value.
    fn cut(&self, x: f64, key: f64, step: f64) -> f64 {
        let keys = self.form.keys();
        let clamped = x.clamp(keys.lo as f64 * key, keys.hi as f64 * key);
        let inside = match self.function {
            Function::Relu | Function::Identity | Function::Fine => self.function.at(x),
            _ => self.function.at(clamped),
        };
        (self.function.at(x) - inside).abs() + (inside.abs() - self.top(step)).max(0.0)
    }
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
