//! What quantisation cost: every layer's error on the calibration records, and the classes of records it has not seen.

mod display;
mod held_out;

use ndarray::Array2;
use serde::Serialize;

pub(super) use held_out::compare_scores;
pub use held_out::{Disagreement, HeldOut, MapsReport, OutOfRange};

use super::assemble::Assembled;
use super::error::QuantizeError;
use super::grid::Grid;
use super::network::{Network, Op};
use super::{Labelled, Search};
use crate::architecture::{Architecture, Evaluation, InputError, Interval, Policy};
use crate::layers::Layer;
use rayon::prelude::*;

/// What quantisation cost. Errors are in the units of the float model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Number of calibration records.
    pub calibration: usize,
    /// Bits of a record's entry.
    pub input_bits: u32,
    /// Bits of a weight, the most that any has.
    pub weight_bits: u32,
    /// The fewest bits that a layer's weights have.
    pub fewest_weight_bits: u32,
    /// Every activation, then the scores.
    pub layers: Vec<LayerReport>,
    /// What one unit of a score is worth.
    pub score_scale: f64,
    /// How precision was raised, if an agreement was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// How the model does on records that it was not calibrated on.
    pub held_out: Option<HeldOut>,
    /// What was decided on the user's behalf.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The error of one activation or of the scores on the calibration records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerReport {
    /// Name of the layer.
    pub name: String,
    /// Bits of its integers.
    pub bits: u32,
    /// Bits that are rounded away; none for the scores.
    pub shift: Option<u32>,
    /// Largest magnitude in the float model.
    pub largest: f64,
    /// Largest error.
    pub max_error: f64,
    /// Root of the mean squared error.
    pub rms_error: f64,
    /// The same as a part of the root of the mean squared value.
    pub relative_error: f64,
    /// Share of entries that the clamp at the end of the range cut.
    pub saturated: f64,
}

/// Compares the integer program with the float network.
pub(super) fn report(
    network: &Network,
    floats: &[Array2<f64>],
    assembled: &Assembled,
    (fewest_weight_bits, weight_bits): (u32, u32),
    held_out: Option<Labelled<'_>>,
) -> Result<Report, QuantizeError> {
    let architecture = &assembled.model.architecture;
    let records: Vec<Vec<f64>> = floats[0].rows().into_iter().map(|row| row.to_vec()).collect();
    let runs = run(assembled, &records)?;
    let rounded = |&id: &usize| matches!(network.nodes[id].op, Op::Apply(_)) || id == network.output;
    let layer = |id: usize| compare(architecture, id, &floats[id], &integers(&runs, id), &assembled.grids[id]);
    Ok(Report {
        calibration: records.len(),
        input_bits: architecture.encoding.interval.size().ilog2(),
        weight_bits,
        fewest_weight_bits,
        layers: (1..network.nodes.len()).filter(rounded).map(layer).collect(),
        score_scale: architecture.score_scale,
        search: None,
        held_out: held_out.map(|held_out| held_out::compare(network, assembled, held_out)).transpose()?,
        notes: Vec::new(),
    })
}

/// Scores of every record, before and after, in units of the float model.
pub(super) type Scores = (Vec<Vec<f64>>, Vec<Vec<f64>>);

impl LayerReport {
    /// Of scores that nothing cuts.
    pub(super) fn of_scores(before: &[Vec<f64>], after: &[Vec<f64>]) -> Self {
        let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0f64, |max, value| max.max(value.abs()));
        let pairs = || before.iter().flatten().zip(after.iter().flatten());
        let mean = |values: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value * value, count + 1));
            (sum / count.max(1) as f64).sqrt()
        };
        let (rms_error, value) = (mean(&mut pairs().map(|(a, b)| b - a)), mean(&mut before.iter().flatten().copied()));
        Self {
            name: "scores".into(),
            bits: 32,
            shift: None,
            largest: largest(&mut before.iter().flatten().copied()),
            max_error: largest(&mut pairs().map(|(a, b)| b - a)),
            rms_error,
            relative_error: if value > 0.0 { rms_error / value } else { 0.0 },
            saturated: 0.0,
        }
    }
}

/// Runs the integer program on raw records; entries outside the calibrated range are saturated.
fn run(assembled: &Assembled, records: &[Vec<f64>]) -> Result<Vec<Evaluation>, QuantizeError> {
    let architecture = &assembled.model.architecture;
    let one = |raw: &Vec<f64>| {
        let record = architecture.encoding.encode(raw, Policy::Saturate)?;
        Ok(architecture.evaluate(&record, &assembled.model.parameters).map_err(|error: InputError| error)?)
    };
    records.par_iter().map(one).collect()
}

fn integers(runs: &[Evaluation], id: usize) -> Array2<f64> {
    let width = runs.first().map_or(0, |run| run.values[id].len());
    let entries = runs.iter().flat_map(|run| run.values[id].iter().map(|&x| x as f64)).collect();
    Array2::from_shape_vec((runs.len(), width), entries).expect("values of one shape")
}

fn compare(
    architecture: &Architecture,
    id: usize,
    floats: &Array2<f64>,
    integers: &Array2<f64>,
    grid: &Grid,
) -> LayerReport {
    let node = &architecture.layers[id - 1];
    let off = integers * &grid.step + &grid.zero - floats;
    let rms = |values: &Array2<f64>| (values.mapv(|v| v * v).sum() / values.len().max(1) as f64).sqrt();
    let max = |values: &Array2<f64>| values.iter().fold(0f64, |max, v| max.max(v.abs()));
    let (shift, ends) = match &node.layer {
        Layer::Requantize(layer) => {
            let Interval { lo, hi } = layer.activation.ends();
            (Some(layer.shift), (lo, hi))
        }
        _ => (None, (i64::MIN, i64::MAX)),
    };
    let cut = integers.iter().zip(floats).zip(grid.step.iter().cycle());
    let cut = cut.filter(|((q, x), step)| {
        **q == ends.1 as f64 && **x > (ends.1 as f64 + 0.5) * **step
            || ends.0 < 0 && **q == ends.0 as f64 && **x < (ends.0 as f64 - 0.5) * **step
    });
    let (rms_error, value) = (rms(&off), rms(floats));
    LayerReport {
        name: node.name.clone(),
        bits: bits(ends, integers),
        shift,
        largest: max(floats),
        max_error: max(&off),
        rms_error,
        relative_error: if value > 0.0 { rms_error / value } else { 0.0 },
        saturated: cut.count() as f64 / floats.len().max(1) as f64,
    }
}

/// Bits of integers between the ends, or of those that were seen if there are no ends.
fn bits((lo, hi): (i64, i64), seen: &Array2<f64>) -> u32 {
    let (lo, hi) = match lo == i64::MIN {
        true => (-1, seen.iter().fold(0f64, |max, q| max.max(q.abs())) as i64),
        false => (lo, hi),
    };
    crate::costs::bits(Interval::new(lo, hi))
}
