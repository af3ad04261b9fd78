//! Raises precision, layer by layer, until integers and floats agree on the calibration records.
//!
//! A small set of records agrees by luck. So two shares are asked for: of records whose class is the same, and the share expected
//! of records like these. With `m_k` how far a record's class is ahead of class `k` in the float model, and `σ` the root of the mean
//! squared error that differences of two scores were found to have on the calibration records,
//!
//! `1 − mean over records of min(1, Σ_k Φ(−m_k/σ))`,
//!
//! where `Φ` is the normal distribution's tail. Held-out records have no say.
//!
//! What can be raised is a *part*: the weights of a layer, the activations of a layer and of those that share its scale, or the record.
//! Each is tried once, one step up (8, 10, 12, 16 bits): that tells what it takes off `σ²` and what it adds to the circuit. Errors of
//! parts add up and two bits more leave a sixteenth, so the gains of further steps follow, and the steps with the most gain for each
//! constraint are taken first. The true `σ` is found again after each. A step without gain is taken back. When nothing gains by itself,
//! all parts are raised together, and at the end there is an error: so the number of tries is bounded by that of parts.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::Array2;
use serde::Serialize;

use super::assemble::Assembled;
use super::error::QuantizeError;
use super::metrics::{class, margins};
use super::options::{Options, Settings};
use super::precision::{groups, weighted};
use super::report::Scores;
use super::{Prepared, WIDTHS};
use crate::costs::Costs;

/// The steps of precision.
const STEPS: [u32; 4] = [8, 10, 12, 16];

/// Most parts that are tried by themselves; more are joined in the order of the network.
const PARTS: usize = 48;

/// How precision was raised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Search {
    /// The share of records that was asked for.
    pub target: f64,
    /// The start, as asked for, then every step that was kept.
    pub steps: Vec<Raise>,
    /// How many models were tried.
    pub tries: usize,
}

/// A step of precision, and what the calibration records make of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Raise {
    /// What was raised.
    pub part: String,
    /// Its bits before and after; none for the start.
    pub bits: Option<(u32, u32)>,
    /// Share of calibration records with the same class.
    pub agreement: f64,
    /// The share that is expected of records like these.
    pub expected: f64,
    /// Root of the mean squared error of differences of two scores.
    pub rms_error: f64,
    /// Constraints of the circuit.
    pub constraints: Option<u64>,
}

/// What can be raised.
#[derive(Clone)]
struct Part {
    record: bool,
    weights: Vec<String>,
    activations: Vec<String>,
    bits: u32,
    /// What one step takes off the mean squared error, for each constraint that it adds.
    gain: f64,
}

/// A model that was tried.
struct Trial {
    settings: Settings,
    assembled: Assembled,
    found: Found,
    constraints: Option<u64>,
}

/// What the calibration records make of a model.
#[derive(Clone, Copy)]
struct Found {
    agreement: f64,
    expected: f64,
    square: f64,
}

/// The model with the least precision, step by step, that reaches the target.
pub(super) fn search(
    prepared: &Prepared<'_>,
    options: &Options<'_>,
    target: f64,
) -> Result<(Settings, Assembled, Search), QuantizeError> {
    if options.like.is_some() {
        return Err(QuantizeError::NoBits { reason: "bits are those of the architecture to keep to" });
    }
    let trial = Trial::of(prepared, options)?;
    let first = trial.raise();
    let search = Search { target, steps: vec![first], tries: 1 };
    let mut climb = Climb { prepared, options: options.clone(), parts: Vec::new(), trial, search };
    climb.run()?;
    Ok((climb.trial.settings, climb.trial.assembled, climb.search))
}

/// Refuses a model whose integers are its own, if its scores before and after do not reach the target.
pub(super) fn accept((before, after): &Scores, target: f64) -> Result<Search, QuantizeError> {
    let found = Found::of(before, after);
    match found.reaches(target) {
        true => Ok(Search { target, steps: vec![found.raise(None)], tries: 1 }),
        false => Err(found.refusal(target, 1)),
    }
}

/// The way up.
struct Climb<'a> {
    prepared: &'a Prepared<'a>,
    options: Options<'a>,
    parts: Vec<Part>,
    trial: Trial,
    search: Search,
}

impl Climb<'_> {
    fn run(&mut self) -> Result<(), QuantizeError> {
        if self.is_reached() {
            return Ok(());
        }
        self.parts = parts(self.prepared, &self.options, &self.trial.settings);
        self.judge();
        while !self.is_reached() {
            if !self.raise_best() && !self.raise_all() {
                return Err(self.refusal());
            }
        }
        Ok(())
    }

    fn is_reached(&self) -> bool {
        self.trial.found.reaches(self.search.target)
    }

    /// Tries each part by itself.
    fn judge(&mut self) {
        for index in 0..self.parts.len() {
            let gain = self.try_parts(&[index]).map_or(0.0, |(_, trial)| self.gain(&trial));
            self.parts[index].gain = gain;
        }
    }

    fn gain(&self, trial: &Trial) -> f64 {
        let more = trial.constraints.unwrap_or(u64::MAX).saturating_sub(self.trial.constraints.unwrap_or_default());
        (self.trial.found.square - trial.found.square).max(0.0) / more.max(1) as f64
    }

    /// The model with some parts a step up.
    fn try_parts(&mut self, parts: &[usize]) -> Option<(Vec<u32>, Trial)> {
        let mut options = self.options.clone();
        let mut bits = Vec::new();
        for &index in parts {
            let next = next(self.parts[index].bits)?;
            self.parts[index].set(&mut options, next);
            bits.push(next);
        }
        self.search.tries += 1;
        // A model that has no integer form with more bits is none to choose.
        let trial = Trial::of(self.prepared, &options).ok()?;
        trial.constraints.is_some().then_some((bits, trial))
    }

    /// Raises the part with the most gain; `false` if no part has any.
    fn raise_best(&mut self) -> bool {
        let open = (0..self.parts.len()).filter(|&index| self.parts[index].gain > 0.0);
        // The first of equals.
        let best = open.rev().max_by(|&a, &b| self.parts[a].gain.total_cmp(&self.parts[b].gain));
        let Some(index) = best else { return false };
        match self.try_parts(&[index]) {
            Some((bits, trial)) if trial.found.square < self.trial.found.square => {
                self.parts[index].gain /= 16.0;
                self.keep(&[index], &bits, trial);
            }
            _ => self.parts[index].gain = 0.0,
        }
        true
    }

    /// Raises every part that can be; `false` if none can.
    fn raise_all(&mut self) -> bool {
        let open: Vec<usize> = (0..self.parts.len()).filter(|&index| next(self.parts[index].bits).is_some()).collect();
        match (open.is_empty(), self.try_parts(&open)) {
            (false, Some((bits, trial))) => {
                self.keep(&open, &bits, trial);
                true
            }
            _ => false,
        }
    }

    fn keep(&mut self, parts: &[usize], bits: &[u32], trial: Trial) {
        let before = parts.iter().map(|&index| self.parts[index].bits).min().unwrap_or_default();
        let name = match parts {
            [one] => self.parts[*one].to_string(),
            _ => "all parts".into(),
        };
        for (&index, &bits) in parts.iter().zip(bits) {
            self.parts[index].bits = bits;
            let part = self.parts[index].clone();
            part.set(&mut self.options, bits);
        }
        let after = bits.iter().copied().min().unwrap_or_default();
        self.search.steps.push(Raise { part: name, bits: Some((before, after)), ..trial.raise() });
        self.trial = trial;
    }

    fn refusal(&self) -> QuantizeError {
        self.trial.found.refusal(self.search.target, self.search.tries)
    }
}

/// The next step above some bits.
fn next(bits: u32) -> Option<u32> {
    STEPS.into_iter().find(|&step| step > bits).filter(|bits| WIDTHS.contains(bits))
}

/// Every part, in the order of the network.
fn parts(prepared: &Prepared<'_>, options: &Options<'_>, settings: &Settings) -> Vec<Part> {
    let (network, bits) = (&prepared.network, &settings.bits);
    let none = Part { record: false, weights: Vec::new(), activations: Vec::new(), bits: 0, gain: 0.0 };
    let mut parts = Vec::new();
    if network.names().is_none() {
        let bits = settings.encoding.interval.size().ilog2();
        parts.push((0, Part { record: true, bits, ..none.clone() }));
    }
    for name in weighted(network) {
        let first = network.nodes.iter().position(|node| node.is_linear() && node.name == name).unwrap_or_default();
        let bits = options.layers.weights.get(&name).copied().unwrap_or(options.weight_bits);
        parts.push((first, Part { weights: vec![name], bits, ..none.clone() }));
    }
    for group in groups(network, &prepared.classes) {
        let mut activations: Vec<String> = group.iter().map(|&id| network.nodes[id].name.clone()).collect();
        activations.dedup();
        parts.push((group[0], Part { activations, bits: bits.activations[group[0]], ..none.clone() }));
    }
    parts.sort_by_key(|(first, _)| *first);
    let each = parts.len().div_ceil(PARTS).max(1);
    parts.chunks(each).map(|chunk| joined(chunk.iter().map(|(_, part)| part))).collect()
}

/// Several parts as one, with the fewest bits of any.
fn joined<'p>(parts: impl Iterator<Item = &'p Part>) -> Part {
    let mut parts = parts.cloned();
    let first = parts.next().expect("a chunk has a part");
    parts.fold(first, |mut all, part| {
        all.record |= part.record;
        all.weights.extend(part.weights);
        all.activations.extend(part.activations);
        Part { bits: all.bits.min(part.bits), ..all }
    })
}

impl Part {
    /// Gives all of the part so many bits, if it has fewer.
    fn set(&self, options: &mut Options<'_>, bits: u32) {
        if self.record {
            options.input_bits = Some(options.input_bits.unwrap_or_default().max(bits));
        }
        let raise = |names: &[String], given: &mut BTreeMap<String, u32>, graph: u32| {
            for name in names {
                let own = given.entry(name.clone()).or_insert(graph);
                *own = bits.max(*own);
            }
        };
        raise(&self.weights, &mut options.layers.weights, options.weight_bits);
        raise(&self.activations, &mut options.layers.activations, options.activation_bits);
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |names: &[String]| match names {
            [one] => one.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
            [] => String::new(),
        };
        let record = self.record.then(|| "record".to_owned());
        let weights = (!self.weights.is_empty()).then(|| format!("weights of {}", several(&self.weights)));
        let activations =
            (!self.activations.is_empty()).then(|| format!("activations of {}", several(&self.activations)));
        f.write_str(&[record, weights, activations].into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Trial {
    fn of(prepared: &Prepared<'_>, options: &Options<'_>) -> Result<Self, QuantizeError> {
        let settings = prepared.settle(options)?;
        let assembled = prepared.assemble(&settings, options)?;
        let rows = |scores: &Array2<f64>| scores.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        let found = Found::of(&rows(&prepared.floats[prepared.network.output]), &rows(&assembled.scores));
        let constraints = Costs::of(&assembled.model.architecture).ok().map(|costs| costs.constraints);
        Ok(Self { settings, assembled, found, constraints })
    }

    fn raise(&self) -> Raise {
        self.found.raise(self.constraints)
    }
}

impl Found {
    /// From scores before and after, one row for each record.
    fn of(before: &[Vec<f64>], after: &[Vec<f64>]) -> Self {
        let same = before.iter().zip(after).filter(|(before, after)| class(before) == class(after)).count();
        let ahead: Vec<Vec<f64>> = before.iter().map(|scores| margins(scores, class(scores))).collect();
        let moved = before.iter().zip(after).map(|(before, after)| margins(after, class(before)));
        let off = ahead.iter().flatten().zip(moved.flatten()).map(|(before, after)| (after - before).powi(2));
        let (sum, count) = off.fold((0.0, 0usize), |(sum, count), off| (sum + off, count + 1));
        let (square, records) = (sum / count.max(1) as f64, before.len().max(1) as f64);
        let changed = |margins: &Vec<f64>| margins.iter().map(|m| tail(m / square.sqrt())).sum::<f64>().min(1.0);
        let expected = 1.0 - ahead.iter().map(changed).sum::<f64>() / records;
        Self { agreement: same as f64 / records, expected, square }
    }

    fn reaches(self, target: f64) -> bool {
        self.agreement >= target && self.expected >= target
    }

    /// As the start of a search.
    fn raise(self, constraints: Option<u64>) -> Raise {
        let Self { agreement, expected, square } = self;
        Raise { part: "as asked".into(), bits: None, agreement, expected, rms_error: square.sqrt(), constraints }
    }

    fn refusal(self, target: f64, tries: usize) -> QuantizeError {
        QuantizeError::Target { target, agreement: self.agreement, expected: self.expected, tries }
    }
}

/// The probability that a normal variable is above `z ≥ 0`, to seven digits after the point; Abramowitz and Stegun, Handbook of
/// Mathematical Functions, 26.2.17.
fn tail(z: f64) -> f64 {
    if z.is_nan() {
        return 0.5;
    }
    let z = z.max(0.0);
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let factors = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let sum = factors.into_iter().fold(0.0, |sum, factor| (sum + factor) * t);
    sum * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        writeln!(f, "precision for an agreement of {}, {} models tried:", percent(self.target), self.tries)?;
        let width = self.steps.iter().map(|step| step.part.chars().count()).max().unwrap_or_default();
        writeln!(f, "{:<width$}  {:>8}  agreement  expected  rms error  constraints", "raised", "bits")?;
        for Raise { part, bits, agreement, expected, rms_error, constraints } in &self.steps {
            let bits = bits.map_or("-".into(), |(before, after)| format!("{before} → {after}"));
            let (agreement, expected) = (percent(*agreement), percent(*expected));
            let constraints = constraints.map_or("-".into(), |constraints| constraints.to_string());
            writeln!(
                f,
                "{part:<width$}  {bits:>8}  {agreement:>9}  {expected:>8}  {rms_error:>9.4}  {constraints:>11}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_that_of_the_normal_distribution() {
        // Tables of the normal distribution.
        for (z, expected) in
            [(0.0, 0.5), (1.0, 0.158_655_3), (1.959_964, 0.025), (3.0, 0.001_349_9), (f64::INFINITY, 0.0)]
        {
            assert!((tail(z) - expected).abs() < 1e-6, "{z}: {}", tail(z));
        }
        assert_eq!(tail(f64::NAN), 0.5);
    }

    #[test]
    fn steps_end() {
        assert_eq!(
            [4, 8, 9, 10, 12, 14, 16].map(next),
            [Some(8), Some(10), Some(10), Some(12), Some(16), Some(16), None]
        );
    }

    #[test]
    fn agreement_by_luck_is_not_enough() {
        let before = [vec![0.01], vec![-4.0]];
        let exact = Found::of(&before, &before);
        assert_eq!((exact.agreement, exact.expected), (1.0, 1.0));
        let found = Found::of(&before, &[vec![0.51], vec![-4.5]]);
        assert!(found.agreement == 1.0 && found.expected < 0.76, "{}", found.expected);
    }
}
