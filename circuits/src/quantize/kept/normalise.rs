//! Softmax and standard scores inside a model.
//!
//! ```text
//! softmax          e_k = ⌊2^F·exp(unit·(x_k − max x)) + ½⌋, a table of levels      y_k = ⌊K·e_k/(1 + Σ e) + ½⌋
//! standard scores  u_k = n·x_k − Σ x   t = ⌊√(n³·ε/unit² + Σ u²)⌋                  y_k = ⌊K·u_k/t + ½⌋
//! ```
//!
//! Where the arguments lie on a grid of the model, `x` are its levels and nothing else is rounded: where the shares go to a grid with a whole
//! number `K` of levels to 1, as the grids of probabilities have, they are rounded once. Exponentials have 24 bits, which is what ONNX
//! Runtime's floats have. Before standard scores, levels are multiplied by a power of two, which makes the root as much finer.

use super::form::{Form, Linear};
use super::rounding::{FINE, WIDE};
use super::walk::{LONGEST, Stop, Walk};
use crate::architecture::{Interval, ValueId};
use crate::graph::{FloatOp, NodeId};
use crate::layers::{
    Activation, Combine, Layer, MAX_BITS, MAX_FACTOR, MaxPool, Rearrange, Requantize, Share, Standardize,
};
use crate::quantize::QuantizeError;
use crate::quantize::draft::normalize::{MASKING, Mask, lanes, masked};
use crate::quantize::fuse::refusal::Reason;
use crate::window::{Window, WindowAxis};

/// Binary logarithm of the number of keys to one, of exponents that the model does not round.
const KEY_BITS: i32 = 9;

/// Most bits of an exponential.
const EXPONENTIAL_BITS: u32 = 24;

/// Binary logarithm of what the whole is worth where the model does not round shares.
const SHARE_BITS: u32 = 15;

/// Fewest levels on one side that standard scores are computed of.
const COARSEST: i64 = 127;

const UNSCORED: Reason = (
    "normalises so many entries, or values so small beside its epsilon, that squares leave the range of 48 bits",
    "normalise fewer entries at once, or at most 2^8 levels",
);

impl Walk<'_> {
    pub(super) fn softmax(&mut self, id: NodeId, x: NodeId, axis: usize) -> Result<Form, Stop> {
        let (node, shape) = (&self.graph.nodes[id.0], &self.graph.nodes[x.0].shape);
        let (to, back, count, width) = lanes(shape, axis);
        let flat = [1, count, width];
        let (value, unit, mask) = self.exponents(x, width, axis)?;
        let to = to.map(|places| places.to_vec());
        let mut value = self.program.moved(&format!("{}/lanes", node.name), value, to, &flat)?;
        if let Some(mask) = &mask {
            value = self.picked_at(&format!("{}/masked", node.name), value, mask.stand_ins.to_vec(), &flat)?;
        }
        let (name, scale, worth) = self.whole(id);
        let bits = (MAX_BITS - 3).saturating_sub(scale.ilog2() + (width + 1).next_power_of_two().ilog2());
        let mut weights = self.exponentials(&node.name, value, (unit, bits.min(EXPONENTIAL_BITS)), flat)?;
        if let Some(mask) = mask {
            weights = self.picked_at(&format!("{}/kept", node.name), weights, mask.kept.to_vec(), &flat)?;
        }
        let back = back.map(|places| places.to_vec());
        // The layer that rounds has the name of what it rounds to.
        let in_place = back.is_none() && *shape == flat;
        let own = if in_place { name.clone() } else { node.name.clone() };
        let shares = self.program.push(&own, Layer::Share(Share { scale }), &[weights])?;
        Ok(Form::Linear(Linear::of(self.program.moved(&name, shares, back, shape)?, worth)))
    }

    /// Integers to exponentiate and what one is worth: levels of the model, else keys some 500 to one. What a constant takes out is apart.
    fn exponents(&mut self, x: NodeId, width: usize, axis: usize) -> Result<(ValueId, f64, Option<Mask>), Stop> {
        let step = 2f64.powi(-KEY_BITS);
        let form = self.form(x)?;
        match self.unrounded(form)? {
            Form::Linear(linear) => match linear.plain() {
                Some((value, unit)) if self.program.value(value).interval.size() <= LONGEST => Ok((value, unit, None)),
                _ => {
                    let (linear, mask) = self.unmasked(x, linear, width, axis);
                    let (lo, hi) = self.ranges[x.0];
                    let largest = match &mask {
                        Some(_) => self.program.reach(&linear),
                        None => 1.25 * f64::from(lo.abs().max(hi.abs())),
                    };
                    let levels = round_number(largest / step).clamp(1.0, (WIDE / 4) as f64);
                    let (value, unit) = self.settled(x, &Form::Linear(linear), levels * step, levels as i64)?;
                    Ok((value, unit, mask))
                }
            },
            _ => self.integers_of(x, FINE, LONGEST).map(|(value, unit)| (value, unit, None)),
        }
    }

    /// A sum without the constant that masks entries of lanes along an axis, and which these are.
    fn unmasked(&self, x: NodeId, mut linear: Linear, width: usize, axis: usize) -> (Linear, Option<Mask>) {
        let shape = &self.graph.nodes[x.0].shape;
        let Some(constant) = &linear.constant else { return (linear, None) };
        let all: Vec<f64> = super::form::broadcast(constant, shape).into_iter().collect();
        let (to, ..) = lanes(shape, axis);
        let moved = match to {
            Some(places) => places.iter().map(|place| place.map_or(0.0, |place| all[place as usize])).collect(),
            None => all.into(),
        };
        let mask = masked(&moved, width);
        if mask.is_some() {
            linear.constant = Some(constant.mapv(|c| if c > MASKING { c } else { 0.0 }));
        }
        (linear, mask)
    }

    fn picked_at(
        &mut self,
        name: &str,
        value: ValueId,
        places: Vec<Option<u32>>,
        shape: &[usize],
    ) -> Result<ValueId, QuantizeError> {
        let layer = Layer::Rearrange(Rearrange { shape: shape.to_vec(), indices: Some(places), fill: 0 });
        self.program.push(name, layer, &[value])
    }

    /// `2^bits·exp(unit·(x − max x))` along the last of three axes.
    fn exponentials(
        &mut self,
        name: &str,
        value: ValueId,
        (unit, bits): (f64, u32),
        flat: [usize; 3],
    ) -> Result<ValueId, QuantizeError> {
        let [_, count, width] = flat;
        let window = Window { axes: vec![WindowAxis::new(width, width)] };
        let largest = self.program.push(&format!("{name}/largest"), Layer::MaxPool(MaxPool { window }), &[value])?;
        let spread = (0..count * width).map(|k| Some((k / width) as u32)).collect();
        let largest = self.picked_at(&format!("{name}/spread"), largest, spread, &flat)?;
        let below = Layer::Combine(Combine { factors: vec![1, -1], constant: 0 });
        let below = self.program.push(&format!("{name}/below"), below, &[value, largest])?;
        // Further below, exponentials are 0.
        let end = (f64::from(bits + 1) * std::f64::consts::LN_2 / unit).ceil().clamp(1.0, (LONGEST - 1) as f64) as i64;
        let clamp = Interval::new(-end.min(-self.program.value(below).interval.lo).max(1), 0);
        let values =
            (clamp.lo..=0).map(|key| (2f64.powi(bits as i32) * (key as f64 * unit).exp()).round() as i64).collect();
        let layer = Layer::Requantize(Requantize { shift: 0, activation: Activation::Table { clamp, values } });
        self.program.push(&format!("{name}/exp"), layer, &[below])
    }

    /// What the whole is worth in shares: the levels of the grid that comes next where these are whole to one; and what a share is worth.
    fn whole(&self, id: NodeId) -> (String, i64, f64) {
        let name = |id: NodeId| self.graph.nodes[id.0].name.clone();
        let Some(next) = self.rounded_by(id) else {
            return (name(id), 1 << SHARE_BITS, 2f64.powi(-(SHARE_BITS as i32)));
        };
        match self.graph.nodes[next.0].op {
            FloatOp::Quantize(Some(grid)) => {
                let (step, scale) = (f64::from(grid.step), (1.0 / f64::from(grid.step)).round());
                let whole = (scale * step - 1.0).abs() < 1e-6 && (1.0..=f64::from(1 << 16)).contains(&scale);
                match whole {
                    true => (name(next), scale as i64, step),
                    false => (name(id), MAX_FACTOR / 4, 4.0 / MAX_FACTOR as f64),
                }
            }
            _ => (name(id), 1 << SHARE_BITS, 2f64.powi(-(SHARE_BITS as i32))),
        }
    }

    /// The node that rounds a value to a grid, if one reads it.
    pub(super) fn rounded_by(&self, id: NodeId) -> Option<NodeId> {
        let readers = self.graph.nodes.iter().enumerate().skip(id.0 + 1).filter(|(_, node)| node.inputs.contains(&id));
        readers
            .map(|(reader, _)| NodeId(reader))
            .find(|reader| matches!(self.graph.nodes[reader.0].op, FloatOp::Quantize(_)))
    }

    /// Standard scores over the last axis.
    pub(super) fn standardize(&mut self, id: NodeId, x: NodeId, epsilon: f64) -> Result<Form, Stop> {
        let node = &self.graph.nodes[id.0];
        let squares = Squares { n: node.shape.last().copied().unwrap_or(1) as f64, epsilon };
        let form = self.form(x)?;
        let form = self.unrounded(form)?;
        let plain = match &form {
            Form::Linear(linear) => linear.plain(),
            _ => None,
        };
        let room = |program: &super::program::Program, (value, unit): (ValueId, f64)| {
            squares.room(program.value(value).interval, unit)
        };
        let ((value, unit), power) = match plain.and_then(|plain| Some((plain, room(&self.program, plain)?))) {
            Some(found) => found,
            None => {
                let levels = FINE.min((squares.widest() / 2.0) as i64 - 1);
                let rounded = if levels < COARSEST { Err(UNSCORED.into()) } else { self.rounded(x, &form, levels) };
                let rounded = rounded?;
                (rounded, room(&self.program, rounded).ok_or(UNSCORED)?)
            }
        };
        let finer = Layer::Combine(Combine { factors: vec![1 << power], constant: 0 });
        let value = self.program.push(&format!("{}/finer", node.name), finer, &[value])?;
        let unit = unit / 2f64.powi(power as i32);
        let root = squares.sum(self.program.value(value).interval, unit).sqrt();
        let scale = (2f64.powi(MAX_BITS as i32 - 2) / (root + 1.0)).floor().min(MAX_FACTOR as f64) as i64;
        let epsilon = squares.epsilon(unit).round().max(1.0) as i64;
        let layer = Layer::Standardize(Standardize { scale, epsilon });
        let scores = self.program.push(&node.name, layer, &[value])?;
        Ok(Form::Linear(Linear::of(scores, squares.n.sqrt() / scale as f64)))
    }
}

/// What standard scores of `n` entries need of the tracked range.
struct Squares {
    n: f64,
    epsilon: f64,
}

impl Squares {
    /// Most that sums of squares may come to, with room for rounding.
    const MOST: f64 = (1u64 << (MAX_BITS - 1)) as f64;

    fn epsilon(&self, unit: f64) -> f64 {
        self.n.powi(3) * self.epsilon / (unit * unit)
    }

    /// The largest sum of squares of integers in an interval.
    fn sum(&self, x: Interval, unit: f64) -> f64 {
        self.n * ((self.n - 1.0) * (x.hi - x.lo) as f64).powi(2) + self.epsilon(unit) + 1.0
    }

    /// The largest span of integers.
    fn widest(&self) -> f64 {
        (Self::MOST / 2.0 / self.n).sqrt() / (self.n - 1.0).max(1.0)
    }

    /// The largest power of two that integers can be multiplied with, if they fit at all.
    fn room(&self, x: Interval, unit: f64) -> Option<u32> {
        let sum = self.sum(x, unit);
        let fits = |power: u32| sum * 4f64.powi(power as i32) <= Self::MOST;
        (0..=MOST_FINER).rev().find(|&power| fits(power))
    }
}

/// Most bits that levels are made finer by: more than that, and the root is finer than the scores.
const MOST_FINER: u32 = 8;

/// A number of levels rounded up to `m·2^e` with `m` from 8 to 15: it is public, and what it follows from is not.
fn round_number(levels: f64) -> f64 {
    let unit = (levels.max(1.0).log2().floor() - 3.0).exp2().max(1.0);
    (levels / unit).ceil() * unit
}
