//! The scales of activations and scores, sink by sink.
//!
//! | the activation's scale | its accumulators |
//! |---|---|
//! | fixed by a table or a clamp, or public because it leads to the scores | one power of two for all |
//! | shared by the activations of a residual stage, class by class | that scale over `2^s`, `s` the largest that the weights allow |
//! | its own, class by class | what [`Channels::choose`] finds |
//! | of a mean: that of what is averaged | the same over the denominator |
//! | a power of two of its own, because a product reads it or makes it | the product of the factors' scales, if it is one |

use ndarray::{Array1, Array2};

use super::assemble::Assembly;
use super::classes::{PUBLIC, is_free};
use super::coefficients::{Coefficients, Limits};
use super::error::QuantizeError;
use super::forms::{Form, power_above};
use super::grid::Grid;
use super::groups::Groups;
use super::importance::importance;
use super::like;
use super::network::{Function, Op};
use super::scheme::{Channels, Choice};
use crate::architecture::Architecture;
use crate::layers::MAX_SHIFT;

/// How much larger the largest weight before the scores may become in a retrained model, at least.
const HEADROOM: f64 = 1.25;

/// Smallest share of an activation's step that an accumulator's unit may be.
const FINEST: f64 = 1.0 / (1u64 << 30) as f64;

/// Smallest share of the largest range that a class of a residual stage gets.
const FLOOR: f64 = 1.0 / 16.0;

/// The step that each channel of a node with weights needs.
type Needed<'a> = dyn Fn(&Assembly<'_>, usize) -> Result<Array1<f64>, QuantizeError> + 'a;

impl Assembly<'_> {
    /// The steps of activations that several share: the largest range of any, over its integers.
    pub(super) fn choose_targets(&mut self) {
        let mut shared = 0f64;
        for id in (1..self.network.nodes.len()).filter(|&id| is_free(self.network, id)) {
            let Op::Apply(function) = &self.network.nodes[id].op else { continue };
            let form = Form::new(function, self.settings.bits.activations[id], 1.0);
            let groups = Groups::labelled(self.classes.labels(id));
            let steps = self.range(id, function, &form, &groups) / form.top as f64;
            let largest = steps.iter().copied().fold(0.0, f64::max);
            if self.classes.is_public(id) {
                shared = shared.max(largest);
            }
            for (&label, step) in groups.labels().iter().zip(&steps) {
                let target = &mut self.targets[label as usize];
                *target = target.max(*step).max(largest * FLOOR);
            }
        }
        self.make_room();
        let told = |label: &usize| self.classes.tells(*label as u32);
        for label in (0..self.targets.len()).filter(told).collect::<Vec<_>>() {
            self.targets[label] = power_above(self.targets[label]);
        }
        self.targets.iter_mut().filter(|target| **target <= 0.0).for_each(|target| *target = 1.0);
        self.shared = self.public_score().unwrap_or(power_above(shared));
    }

    /// Widens steps that several activations share where weights need it: a step that is `2^s` times the smallest scale of the weights,
    /// `4^s` being a quarter of `Σ_j Var x_j`, adds little to the error that the rounded weights make.
    fn make_room(&mut self) {
        let alone = |id: usize| self.classes.is_public(id) || self.classes.is_told(id);
        let tied = |&id: &usize| is_free(self.network, id) && self.classes.is_tied(id) && !alone(id);
        let sinks: Vec<usize> = (1..self.network.nodes.len()).filter(tied).collect();
        let mut terms: Vec<usize> =
            sinks.iter().flat_map(|&id| self.network.terms(self.network.nodes[id].inputs[0])).collect();
        terms.sort_unstable();
        terms.dedup();
        for id in terms {
            let Some(needed) = self.needed(id) else { continue };
            let labels: Vec<u32> = self.channel_labels(id).collect();
            for (label, needed) in labels.into_iter().zip(needed) {
                let target = &mut self.targets[label as usize];
                *target = target.max(needed);
            }
        }
    }

    /// The step that each channel of a node with weights needs, judged by the float model.
    fn needed(&self, id: usize) -> Option<Array1<f64>> {
        let (node, input) = (&self.network.nodes[id], self.network.nodes[id].inputs[0]);
        let groups = Groups::labelled(self.classes.labels(input));
        let top = ((1i64 << self.settings.bits.activations[input]) - 1) as f64;
        // A channel that stays 0 has no step, and needs none.
        let steps = groups.each(&groups.largest(&self.floats[input])) / top;
        let steps = if self.network.is_table(id) { Array1::ones(steps.len()) } else { steps };
        let spread = self.spread(id, &(&self.floats[input] / &steps.mapv(|step| step.max(f64::MIN_POSITIVE))));
        let limits = Limits { weight: self.weight_bound(id), bias: i64::MAX, norm: None };
        let least = Coefficients::of(node, &Grid::steps(steps))?.least(&limits);
        Some(least * spread.mapv(|spread| 0.5 * spread.sqrt()))
    }

    /// The step that the activation before the scores must have to give the scale of a given architecture.
    fn public_score(&self) -> Option<f64> {
        let mut scale = self.like?.score_scale;
        let mut id = self.network.output;
        while self.network.nodes[id].passes() {
            if let Op::Average(mean) = &self.network.nodes[id].op {
                scale *= mean.denominator as f64;
            }
            id = self.network.nodes[id].inputs[0];
        }
        is_free(self.network, id).then_some(scale)
    }

    /// Largest activation of each group, as far as it is worth representing.
    fn range(&self, id: usize, function: &Function, form: &Form, groups: &Groups) -> Array1<f64> {
        match function {
            Function::LeakyRelu(_) => {
                let before = groups.largest(&self.floats[self.network.nodes[id].inputs[0]]) / 4.0;
                let after = groups.largest(&self.floats[id]);
                after.iter().zip(&before).map(|(a, b)| a.max(*b)).collect()
            }
            _ => groups.ranges(&self.floats[id], form.top),
        }
    }

    /// Settles an activation and the accumulators that it reads.
    pub(super) fn activation(&mut self, id: usize, function: &Function) -> Result<(), QuantizeError> {
        let mut form = self.form(id, function)?;
        let root = self.network.nodes[id].inputs[0];
        let shift = match form.fixed {
            _ if matches!(self.network.nodes[root].op, Op::Average(_)) => self.mean(id, root, &form)?,
            _ if self.network.nodes[root].multiplies() => self.product(id, root, function, &mut form)?,
            Some(fixed) => self.uniform(id, root, function, &mut form, fixed.key)?,
            None if self.classes.is_public(id) => {
                let step = self.like.and_then(|like| like.layers[id - 1].step);
                self.uniform(id, root, function, &mut form, step.unwrap_or(self.shared))?
            }
            None if self.classes.is_told(id) => {
                let step = self.like.and_then(|like| like.layers[id - 1].step);
                let own = self.targets[self.classes.labels(id)[0] as usize];
                self.uniform(id, root, function, &mut form, step.unwrap_or(own))?
            }
            None if self.classes.is_tied(id) => self.tied(id, root)?,
            None => self.free(id, root, function, &form)?,
        };
        self.requantise(id, root, shift, &form)
    }

    /// A mean has the scale of its terms, exactly if anything compares it with others or adds it to them; otherwise with the smallest shift
    /// that makes it fit.
    fn mean(&self, id: usize, root: usize, form: &Form) -> Result<u32, QuantizeError> {
        if let Some(like) = self.like {
            return like::shift(like, id);
        }
        if let (Op::Average(mean), true) = (&self.network.nodes[root].op, self.network.keeps_scale(id)) {
            return Ok(mean.denominator.ilog2());
        }
        let largest = self.integer(root).largest();
        let fits = |shift: &u32| crate::layers::rounded_quotient(largest, *shift) <= form.top;
        Ok((0..=30).find(fits).unwrap_or(30))
    }

    /// A product has the scale of its factors: the shift that makes it what the activation reads, or as coarse as it is.
    fn product(&self, id: usize, root: usize, function: &Function, form: &mut Form) -> Result<u32, QuantizeError> {
        let scale = self.grid(root).any_step();
        if let Some(like) = self.like {
            let shift = like::shift(like, id)?;
            let bits = self.settings.bits.activations[id];
            *form = like::form(like, id, function, bits, &[&|key| key == scale * 2f64.powi(shift as i32)])?;
            return Ok(shift);
        }
        let label = self.classes.labels(id)[0];
        let target = match form.fixed {
            Some(fixed) => fixed.key,
            None if self.classes.is_public(id) => self.shared,
            None => self.targets[label as usize],
        };
        if scale > target && form.fixed.is_some() {
            *form = self.form_at_first(id, function, scale / target);
        }
        Ok((target / scale).log2().round().clamp(0.0, f64::from(MAX_SHIFT)) as u32)
    }

    /// A scale per class, private: the next layer's weights absorb it.
    fn free(&mut self, id: usize, root: usize, function: &Function, form: &Form) -> Result<u32, QuantizeError> {
        let groups = Groups::labelled(self.classes.labels(root));
        let members = self.members(root);
        let range = self.range(id, function, form, &groups);
        let importance = self.importance(id, &groups, &range);
        let channels = self.channels(&members, &groups, range, importance)?;
        let choice = match self.like {
            Some(like) => {
                let shift = like::shift(like, id)?;
                Choice { shift, scale: channels.scale(shift, form.top) }
            }
            None => channels.choose(form.top),
        };
        self.settle(&members, &|label| groups.index(label).map_or(1.0, |group| choice.scale[group]), false)?;
        Ok(choice.shift)
    }

    fn importance(&self, id: usize, groups: &Groups, range: &Array1<f64>) -> Array1<f64> {
        let entries = importance(self.network, id);
        let before = self.network.nodes[self.network.nodes[id].inputs[0]].len();
        let costs = if entries.len() == before { groups.sums(entries) } else { Array1::zeros(range.len()) };
        let zero = |values: &Array1<f64>| values.iter().all(|&value| value == 0.0);
        match zero(&costs) {
            // Of what is 0 on all calibration records there is no range either. Its steps must not be large for that: a record that is
            // not like them may have another value, and the next weights are in units of them.
            true if zero(range) => Array1::ones(range.len()),
            // Where no weights tell, errors count relative to the range.
            true => range.mapv(|r| if r > 0.0 { r.powi(-2) } else { 0.0 }),
            false => costs,
        }
    }

    /// What is known of the accumulators of each group.
    fn channels(
        &self,
        members: &[usize],
        groups: &Groups,
        range: Array1<f64>,
        importance: Array1<f64>,
    ) -> Result<Channels, QuantizeError> {
        let zeros = || Array1::zeros(groups.count());
        let mut channels = Channels { range, importance, least: zeros(), spread: zeros(), reach: zeros() };
        for &id in members.iter().filter(|&&id| self.network.nodes[id].is_linear()) {
            let coefficients = self.coefficients(id)?;
            let least = coefficients.least(&self.limits(id, coefficients.fan_in));
            let input = self.network.nodes[id].inputs[0];
            let (reach, spread) = match self.network.is_table(id) {
                true => (coefficients.peaks(), self.spread(id, &self.floats[input])),
                false => {
                    let reach = coefficients.norms() * self.input_interval(id).magnitude() as f64;
                    (reach, self.spread(id, &self.integer(input).rows()))
                }
            };
            let reach = reach + coefficients.largest_offsets();
            for (channel, label) in self.channel_labels(id).enumerate() {
                let Some(group) = groups.index(label) else { continue };
                channels.least[group] = channels.least[group].max(least[channel]);
                channels.reach[group] = channels.reach[group].max(reach[channel]);
                channels.spread[group] = channels.spread[group].max(spread[channel]);
            }
        }
        Ok(channels)
    }

    /// `Σ_j Var x_j` of the integers that each channel sums, plus 1 for the bias.
    fn spread(&self, id: usize, rows: &Array2<f64>) -> Array1<f64> {
        let (node, len) = (&self.network.nodes[id], rows.ncols());
        match &node.op {
            Op::Conv(conv) => {
                let (entries, taps) = (conv.window.entries(), conv.window.taps());
                let variance = Groups::repeated(len / entries, entries, len).variance(rows) * taps as f64;
                let first = |o: usize| conv.channel(o, 0);
                let sum = |o: usize| variance.slice(ndarray::s![first(o)..first(o) + conv.depth()]).sum() + 1.0;
                (0..conv.outputs()).map(sum).collect()
            }
            Op::Dense(linear) => {
                let variance = Groups::repeated(linear.weight.nrows(), 1, len).variance(rows);
                Array1::from_elem(linear.bias.len(), variance.sum() + 1.0)
            }
            _ => Groups::repeated(len, 1, len).variance(rows) + 1.0,
        }
    }

    /// The scales that a residual stage shares.
    fn tied(&mut self, id: usize, root: usize) -> Result<u32, QuantizeError> {
        let members = self.members(root);
        let sums = members.iter().any(|&member| matches!(self.network.nodes[member].op, Op::Sum(_)));
        if !sums {
            self.widen(&members, &|assembly, id| assembly.least_at_first(id))?;
        }
        let shift = match self.like {
            Some(like) => like::shift(like, id)?,
            None => self.finest_shift(&members)?,
        };
        if !sums && self.like.is_some() {
            // What was promised of weights together, and of biases, binds as well.
            self.widen(&members, &|assembly, id| Ok(assembly.least(id)? * 2f64.powi(shift as i32)))?;
        }
        self.classes.labels(root).iter().for_each(|&label| self.used[label as usize] = true);
        let targets = self.targets.clone();
        let unit = 0.5f64.powi(shift as i32);
        self.settle(&members, &|label| targets[label as usize] * unit, false)?;
        Ok(shift)
    }

    /// Makes the steps of classes that nothing uses yet as large as the weights need.
    fn widen(&mut self, members: &[usize], needed: &Needed<'_>) -> Result<(), QuantizeError> {
        for &id in members.iter().filter(|&&id| self.network.nodes[id].is_linear()) {
            let needed = needed(self, id)?;
            let labels: Vec<u32> = self.channel_labels(id).collect();
            for (label, needed) in labels.into_iter().zip(needed).filter(|(label, _)| !self.used[*label as usize]) {
                let target = &mut self.targets[label as usize];
                // The scales of one layer and those computed from them again differ by float rounding.
                if needed > *target * (1.0 + 1e-9) {
                    *target = needed;
                }
            }
        }
        Ok(())
    }

    /// The largest shift at which all weights fit.
    fn finest_shift(&self, members: &[usize]) -> Result<u32, QuantizeError> {
        let mut ratio = f64::INFINITY;
        for &id in members.iter().filter(|&&id| self.network.nodes[id].is_linear()) {
            let least = self.least(id)?;
            let ratios = self.channel_labels(id).zip(&least).map(|(label, least)| self.targets[label as usize] / least);
            ratio = ratios.filter(|ratio| ratio.is_finite()).fold(ratio, f64::min);
        }
        let shift = if ratio.is_finite() { ratio.log2().floor() } else { 0.0 };
        Ok(shift.clamp(0.0, 24.0) as u32)
    }

    /// One scale for all channels, a power of two.
    fn uniform(
        &mut self,
        id: usize,
        root: usize,
        function: &Function,
        form: &mut Form,
        target: f64,
    ) -> Result<u32, QuantizeError> {
        let (members, mut target) = (self.members(root), target);
        let least = power_above(self.least_of(&members)?);
        let sums = members.iter().any(|&member| matches!(self.network.nodes[member].op, Op::Sum(_)));
        if let Some(like) = self.like {
            let shift = like::shift(like, id)?;
            if form.fixed.is_some() {
                *form = self.kept_form(like, id, function, shift, if sums { 0.0 } else { least })?;
            }
            let target = form.fixed.map_or(target, |fixed| fixed.key);
            self.settle(&members, &|_| target * 0.5f64.powi(shift as i32), true)?;
            return Ok(shift);
        }
        if !sums && least > target {
            let coarser = form.fixed.map(|_| least / target);
            *form = self.form_at_first(id, function, coarser.unwrap_or(1.0));
            target = least;
        }
        let scale = least.min(self.finest_of(&members)).clamp(target * FINEST, target);
        self.settle(&members, &|_| scale, true)?;
        Ok((target / scale).log2().round() as u32)
    }

    /// The form of an activation with fixed keys in a given architecture. Where its table does not tell how far apart they are, that is what it
    /// would be without the architecture, or else the finest at which weights of scale `least` fit.
    fn kept_form(
        &self,
        like: &Architecture,
        id: usize,
        function: &Function,
        shift: u32,
        least: f64,
    ) -> Result<Form, QuantizeError> {
        let (fits, bits) = (|key: f64| key >= least * 2f64.powi(shift as i32), self.settings.bits.activations[id]);
        let own = self.form_at_first(id, function, 1.0).fixed.map_or(least, |fixed| fixed.key.max(least));
        like::form(like, id, function, bits, &[&|key| key == own && fits(key), &fits])
    }

    /// Settles the scores: accumulators of one public scale.
    pub(super) fn scores(&mut self) -> Result<(), QuantizeError> {
        debug_assert!(self.classes.labels(self.network.output).iter().all(|&label| label == PUBLIC));
        let members = self.members(self.network.output);
        let scale = match self.like {
            Some(like) => like.score_scale,
            None => power_above(HEADROOM * self.least_of(&members)?).min(self.finest_of(&members)),
        };
        self.settle(&members, &|_| scale, true)
    }
}
