//! Raises precision, layer by layer, until integers and floats agree on the calibration records.
//!
//! A small set of records agrees by luck. So two shares are asked for: of records whose class is the same, and the share expected
//! of records like these. With `m_k` how far a record's class is ahead of class `k` in the float model, and `σ` the root of the mean
//! squared error that differences of two scores were found to have on the calibration records,
//!
//! `1 − mean over records of Σ_k Φ(−m_k/2σ)`,
//!
//! where `Φ` is the normal distribution's, and of all `m_k` the `√n` smallest are taken to be spread evenly up to the largest of them: of
//! `n` records, a single one that happens to be at a tie says little. Twice the error, since those of one model are alike on like records.
//! Held-out records have no say. Positions of class maps count as records do.
//!
//! What can be raised is a *part*: the weights of a layer, the activations of a layer and of those that share its scale, or the record.
//! Each is tried once, one step up (8, 10, 12, 16 bits): that tells what it takes off `σ²` and what it adds to the circuit. Errors of
//! parts add up and two bits more leave a sixteenth, so the gains of further steps follow, and the steps with the most gain for each
//! constraint are taken first; weights are also tried together with what their sums are rounded to, since either hides the other. The true `σ` is
//! found again after each, and all parts are tried again where `σ²` has fallen to a quarter, since small gains are hidden behind large
//! errors. A step without gain is taken back. When nothing gains by itself, all parts are raised together, and at the end there is an error.

mod found;
mod part;

use std::fmt;

use ndarray::Array2;
use serde::Serialize;

use super::Prepared;
use super::assemble::Assembled;
use super::error::QuantizeError;
use super::options::{Options, Settings};
use super::report::Scores;
use crate::costs::Costs;
use found::Found;
use part::{Candidate, Part, next, parts};

/// Models after which parts are no longer tried by themselves.
const TRIES: usize = 400;

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
    /// What was raised; nothing at the start.
    pub parts: Vec<Raised>,
    /// Share of calibration records with the same class.
    pub agreement: f64,
    /// The share that is expected of records like these.
    pub expected: f64,
    /// Root of the mean squared error of differences of two scores.
    pub rms_error: f64,
    /// Constraints of the circuit.
    pub constraints: Option<u64>,
}

/// A part that was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Raised {
    /// The part.
    pub part: String,
    /// Its bits before.
    pub from: u32,
    /// Its bits after.
    pub to: u32,
}

/// A model that was tried.
struct Trial {
    settings: Settings,
    assembled: Assembled,
    found: Found,
    constraints: Option<u64>,
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
    let (parts, candidates, judged) = (Vec::new(), Vec::new(), f64::INFINITY);
    let mut climb = Climb { prepared, options: options.clone(), parts, candidates, trial, judged, search };
    climb.run()?;
    Ok((climb.trial.settings, climb.trial.assembled, climb.search))
}

/// Refuses a model whose integers are its own, if its scores before and after do not reach the target.
pub(super) fn accept((before, after): &Scores, positions: usize, target: f64) -> Result<Search, QuantizeError> {
    let found = Found::of(&by_position(before, positions), &by_position(after, positions));
    match found.reaches(target) {
        true => Ok(Search { target, steps: vec![found.raise(None)], tries: 1 }),
        false => Err(found.refusal(target, 1)),
    }
}

/// The scores of each position of class maps, which count as records do.
fn by_position(scores: &[Vec<f64>], positions: usize) -> Vec<Vec<f64>> {
    let lanes = |row: &Vec<f64>| row.chunks((row.len() / positions).max(1)).map(<[f64]>::to_vec).collect::<Vec<_>>();
    scores.iter().flat_map(lanes).collect()
}

/// The way up.
struct Climb<'a> {
    prepared: &'a Prepared<'a>,
    options: Options<'a>,
    parts: Vec<Part>,
    candidates: Vec<Candidate>,
    trial: Trial,
    /// The mean squared error at which candidates were tried by themselves.
    judged: f64,
    search: Search,
}

impl<'a> Climb<'a> {
    fn run(&mut self) -> Result<(), QuantizeError> {
        if self.is_reached() {
            return Ok(());
        }
        (self.parts, self.candidates) = parts(self.prepared, &self.options, &self.trial.settings);
        self.judge();
        while !self.is_reached() {
            if self.trial.found.square < self.judged / 4.0 {
                self.judge();
            }
            if self.raise_best() || self.judge() {
                continue;
            }
            if !self.raise_all() {
                return Err(self.trial.found.refusal(self.search.target, self.search.tries));
            }
        }
        Ok(())
    }

    fn is_reached(&self) -> bool {
        self.trial.found.reaches(self.search.target)
    }

    /// Tries each part by itself, if errors have become smaller since that was done; whether any part gains.
    fn judge(&mut self) -> bool {
        if self.trial.found.square >= self.judged || self.search.tries >= TRIES {
            return false;
        }
        self.judged = self.trial.found.square;
        for index in 0..self.candidates.len() {
            let parts = self.candidates[index].parts.clone();
            self.candidates[index].gain = self.try_parts(&parts).map_or(0.0, |trial| self.gain(&trial));
        }
        self.candidates.iter().any(|candidate| candidate.gain > 0.0)
    }

    fn gain(&self, trial: &Trial) -> f64 {
        let more = trial.constraints.unwrap_or(u64::MAX).saturating_sub(self.trial.constraints.unwrap_or_default());
        (self.trial.found.square - trial.found.square).max(0.0) / more.max(1) as f64
    }

    /// The model with some parts a step up, those that can be; `None` if none can, or there is no such model.
    fn try_parts(&mut self, parts: &[usize]) -> Option<Trial> {
        let options = self.raised(parts)?;
        self.search.tries += 1;
        Trial::of(self.prepared, &options).ok().filter(|trial| trial.constraints.is_some())
    }

    fn raised(&self, parts: &[usize]) -> Option<Options<'a>> {
        let mut options = self.options.clone();
        let steps: Vec<_> = parts.iter().filter_map(|&index| Some((index, next(self.parts[index].bits)?))).collect();
        steps.iter().for_each(|&(index, bits)| self.parts[index].set(&mut options, bits));
        (!steps.is_empty()).then_some(options)
    }

    /// Raises the candidate with the most gain; `false` if none has any.
    fn raise_best(&mut self) -> bool {
        let open = (0..self.candidates.len()).filter(|&index| self.candidates[index].gain > 0.0);
        // The first of equals.
        let best = open.rev().max_by(|&a, &b| self.candidates[a].gain.total_cmp(&self.candidates[b].gain));
        let Some(index) = best else { return false };
        let parts = self.candidates[index].parts.clone();
        match self.try_parts(&parts) {
            Some(trial) if trial.found.square < self.trial.found.square => {
                self.candidates[index].gain /= 16.0;
                self.keep(&parts, trial);
            }
            _ => self.candidates[index].gain = 0.0,
        }
        true
    }

    /// Raises every part that can be; `false` if none can.
    fn raise_all(&mut self) -> bool {
        let all: Vec<usize> = (0..self.parts.len()).collect();
        let Some(trial) = self.try_parts(&all) else { return false };
        self.keep(&all, trial);
        true
    }

    fn keep(&mut self, parts: &[usize], trial: Trial) {
        let Some(options) = self.raised(parts) else { return };
        let mut raised = Vec::new();
        for &index in parts {
            let part = &mut self.parts[index];
            if let Some(to) = next(part.bits) {
                raised.push(Raised { part: part.to_string(), from: part.bits, to });
                part.bits = to;
            }
        }
        self.search.steps.push(Raise { parts: raised, ..trial.raise() });
        (self.options, self.trial) = (options, trial);
    }
}

impl Trial {
    fn of(prepared: &Prepared<'_>, options: &Options<'_>) -> Result<Self, QuantizeError> {
        let settings = prepared.settle(options)?;
        let assembled = prepared.assemble(&settings, options)?;
        let rows = |scores: &Array2<f64>| scores.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        let scores = [&prepared.floats[prepared.network.output], &assembled.scores].map(rows);
        let [before, after] = scores.map(|scores| by_position(&scores, settings.positions.get()));
        let found = Found::of(&before, &after);
        let constraints = Costs::of(&assembled.model.architecture).ok().map(|costs| costs.constraints);
        Ok(Self { settings, assembled, found, constraints })
    }

    fn raise(&self) -> Raise {
        self.found.raise(self.constraints)
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        writeln!(f, "precision for an agreement of {}, {} models tried:", percent(self.target), self.tries)?;
        let rows = self.steps.iter().flat_map(Raise::rows).collect::<Vec<_>>();
        let width = rows.iter().map(|[part, ..]| part.chars().count()).max().unwrap_or_default();
        writeln!(f, "{:<width$}  {:>8}  agreement  expected  rms error  constraints", "raised", "bits")?;
        for [part, bits, agreement, expected, error, constraints] in rows {
            let line =
                format!("{part:<width$}  {bits:>8}  {agreement:>9}  {expected:>8}  {error:>9}  {constraints:>11}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Raise {
    /// A line for each part that was raised, the figures with the last.
    fn rows(&self) -> Vec<[String; 6]> {
        let percent = |share: f64| format!("{:.2} %", 100.0 * share);
        let constraints = self.constraints.map_or("-".into(), |constraints| constraints.to_string());
        let mut figures =
            [percent(self.agreement), percent(self.expected), format!("{:.4}", self.rms_error), constraints];
        let mut names: Vec<[String; 2]> =
            self.parts.iter().map(|part| [part.part.clone(), format!("{} → {}", part.from, part.to)]).collect();
        if names.is_empty() {
            names.push(["as asked".into(), "-".into()]);
        }
        let row = |[name, bits]: [String; 2]| {
            let [agreement, expected, error, constraints] = std::mem::take(&mut figures);
            [name, bits, agreement, expected, error, constraints]
        };
        let mut rows: Vec<[String; 6]> = names.into_iter().rev().map(row).collect();
        rows.reverse();
        rows
    }
}
