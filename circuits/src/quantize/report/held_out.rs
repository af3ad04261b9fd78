//! Records that quantisation has not seen: the same classes as the float model, or not, and by how little. Of class maps, each position
//! is compared.

use ndarray::Array2;
use serde::Serialize;

use super::{Scores, run};
use crate::architecture::Architecture;
use crate::quantize::assemble::Assembled;
use crate::quantize::bounds::errors;
use crate::quantize::error::QuantizeError;
use crate::quantize::metrics::{accuracy, class, margin, mean_auc, mean_overlap};
use crate::quantize::network::{Network, Node};
use crate::quantize::{Labelled, matrix};

/// How the model does on records that it was not calibrated on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldOut {
    /// Number of records.
    pub records: usize,
    /// Records with the same class before and after; of class maps, at every position.
    pub agreements: usize,
    /// Share of records with the right class, before quantisation and after; of class maps, of their positions.
    pub accuracy: (f64, f64),
    /// Area under the receiver operating characteristic, before and after; mean over classes if there are more than two. Not of class maps.
    pub auc: Option<(f64, f64)>,
    /// What there is to say of class maps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maps: Option<MapsReport>,
    /// Largest error of a score.
    pub max_error: f64,
    /// Root of the mean squared error of the scores.
    pub rms_error: f64,
    /// What the root of the mean squared error was expected to be.
    pub expected_error: f64,
    /// The largest of the records' error bounds.
    pub bound: f64,
    /// Records, or positions of class maps, whose margin is within rounding: not above their bound.
    pub near_ties: usize,
    /// Records, or positions of class maps, whose margin is not above three times the root of the mean squared error that was found, of a
    /// score or of two.
    pub likely_ties: usize,
    /// Records, or positions of class maps, whose class changed.
    pub disagreements: Vec<Disagreement>,
    /// Entries outside the calibrated range; they were saturated here, and are refused unless asked for.
    pub outside: Vec<OutOfRange>,
}

/// How class maps do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapsReport {
    /// Positions of all records.
    pub positions: usize,
    /// Positions with the same class before and after.
    pub agreements: usize,
    /// Intersection over union of a class's positions with those that really have it, before and after; mean over classes.
    pub overlap: (f64, f64),
}

/// A record, or a position of a class map, whose class changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disagreement {
    /// Which record, counted from 1.
    pub row: usize,
    /// Which position of a class map, counted from 1 in row-major order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// Class before.
    pub before: String,
    /// Class after.
    pub after: String,
    /// How far the float model's score was from the other class.
    pub margin: f64,
    /// Expected error of that margin.
    pub expected_error: f64,
    /// What the error of that margin cannot exceed.
    pub bound: f64,
    /// Whether rounding explains it: the margin is not above the bound.
    pub within_rounding: bool,
}

/// A value outside the calibrated range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutOfRange {
    /// Which record, counted from 1.
    pub row: usize,
    /// Name of the feature.
    pub feature: String,
    /// The value.
    pub value: f64,
    /// Lower end of the calibrated range.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Runs both models on the records.
pub(super) fn compare(
    network: &Network,
    assembled: &Assembled,
    held_out: Labelled<'_>,
) -> Result<HeldOut, QuantizeError> {
    let architecture = &assembled.model.architecture;
    check_classes(&held_out, architecture)?;
    let entries: usize = network.nodes.iter().map(Node::len).sum();
    let mut both = Both::default();
    for records in held_out.records.chunks((CHUNK / entries.max(1)).max(1)) {
        both.add(network, assembled, records)?;
    }
    Ok(both.summary(architecture, &held_out))
}

/// The same of scores that are there already, each at most `bound` apart.
pub(in crate::quantize) fn compare_scores(
    architecture: &Architecture,
    (before, after): Scores,
    bound: f64,
    held_out: &Labelled<'_>,
) -> Result<HeldOut, QuantizeError> {
    check_classes(held_out, architecture)?;
    let each = |value: f64| before.iter().map(|row| vec![value; row.len()]).collect();
    // Uniform between the ends of the bound.
    let (worst, variance) = (each(bound), each(bound * bound / 3.0));
    Ok(Both { before, after, worst, variance }.summary(architecture, held_out))
}

fn check_classes(held_out: &Labelled<'_>, architecture: &Architecture) -> Result<(), QuantizeError> {
    let (classes, positions) = (architecture.labels.len(), architecture.positions.get());
    match held_out.classes.iter().position(|&class| class >= classes) {
        Some(index) => {
            let (row, class) = (index / positions + 1, held_out.classes[index]);
            Err(QuantizeError::Class { row, class, classes })
        }
        None => Ok(()),
    }
}

/// How many values of the network are held at once.
const CHUNK: usize = 1 << 24;

/// Scores before and after, in float units, with the predicted errors, one row per record.
#[derive(Default)]
struct Both {
    before: Vec<Vec<f64>>,
    after: Vec<Vec<f64>>,
    worst: Vec<Vec<f64>>,
    variance: Vec<Vec<f64>>,
}

impl Both {
    /// Runs both models on some records.
    fn add(&mut self, network: &Network, assembled: &Assembled, records: &[Vec<f64>]) -> Result<(), QuantizeError> {
        let floats = network.trace(&matrix(records, network.nodes[0].len()));
        let errors = errors(network, assembled, &floats);
        let scale = assembled.model.architecture.score_scale;
        let scores = run(assembled, records)?;
        self.after.extend(scores.iter().map(|run| run.scores.iter().map(|&score| score as f64 * scale).collect()));
        let rows = |values: &Array2<f64>| values.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        self.before.extend(rows(&floats[network.output]));
        self.worst.extend(rows(&errors.worst));
        self.variance.extend(rows(&errors.square));
        Ok(())
    }

    fn summary(&self, architecture: &Architecture, held_out: &Labelled<'_>) -> HeldOut {
        let positions = architecture.positions.get();
        let classes =
            |scores: &[Vec<f64>]| scores.iter().flat_map(|row| lanes(row, positions).map(class)).collect::<Vec<_>>();
        let (before, after) = (classes(&self.before), classes(&self.after));
        let places =
            || (0..before.len()).map(|index| Spot { row: index / positions, position: index % positions, positions });
        let differ = |(index, _): &(usize, Spot)| before[*index] != after[*index];
        let changed: Vec<_> =
            places().enumerate().filter(differ).map(|(_, spot)| self.disagreement(architecture, &spot)).collect();
        let off: Vec<f64> = self.offs().collect();
        let areas = match positions {
            1 => (mean_auc(&self.before, held_out.classes), mean_auc(&self.after, held_out.classes)),
            _ => (None, None),
        };
        let alike = before.chunks(positions).zip(after.chunks(positions)).filter(|(before, after)| before == after);
        let overlap = |found: &[usize]| mean_overlap(found, held_out.classes, architecture.labels.len());
        HeldOut {
            records: self.before.len(),
            agreements: alike.count(),
            accuracy: (accuracy(&before, held_out.classes), accuracy(&after, held_out.classes)),
            auc: areas.0.zip(areas.1),
            maps: (positions > 1).then(|| MapsReport {
                positions: before.len(),
                agreements: before.len() - changed.len(),
                overlap: (overlap(&before), overlap(&after)),
            }),
            max_error: off.iter().fold(0.0, |max, d| max.max(d.abs())),
            rms_error: (off.iter().map(|d| d * d).sum::<f64>() / off.len() as f64).sqrt(),
            expected_error: (self.variance.iter().flatten().sum::<f64>() / off.len().max(1) as f64).sqrt(),
            bound: self.worst.iter().flatten().copied().fold(0.0, f64::max),
            likely_ties: self.likely_ties(positions, &off),
            near_ties: places().filter(|spot| self.judged(spot).2).count(),
            disagreements: changed,
            outside: outside(architecture, held_out.records),
        }
    }

    /// How many margins are within three of the errors that were found, as they add up for two scores.
    fn likely_ties(&self, positions: usize, off: &[f64]) -> usize {
        let square = off.iter().map(|d| d * d).sum::<f64>() / off.len().max(1) as f64;
        let close = |scores: &[f64]| {
            let (margin, compared) = margin(scores);
            margin <= 3.0 * (square * compared.len() as f64).sqrt()
        };
        self.before.iter().flat_map(|row| lanes(row, positions)).filter(|scores| close(scores)).count()
    }

    fn offs(&self) -> impl Iterator<Item = f64> + '_ {
        self.before.iter().flatten().zip(self.after.iter().flatten()).map(|(before, after)| after - before)
    }

    /// Expected error and bound of a class's margin, and whether the margin is not above the bound.
    fn judged(&self, spot: &Spot) -> (f64, f64, bool) {
        let (margin, scores) = margin(spot.of(&self.before));
        let variance: f64 = scores.iter().map(|&score| spot.of(&self.variance)[score]).sum();
        // A third class can only overtake within its own bound: the largest stands for all.
        let largest = spot.of(&self.worst).iter().copied().fold(0.0, f64::max);
        let bound = largest * scores.len() as f64;
        (variance.sqrt(), bound, margin <= bound)
    }

    fn disagreement(&self, architecture: &Architecture, spot: &Spot) -> Disagreement {
        let (expected_error, bound, within_rounding) = self.judged(spot);
        let label = |scores: &[f64]| architecture.labels[class(scores)].clone();
        let margin = margin(spot.of(&self.before)).0;
        let (before, after) = (label(spot.of(&self.before)), label(spot.of(&self.after)));
        let position = (spot.positions > 1).then_some(spot.position + 1);
        Disagreement { row: spot.row + 1, position, before, after, margin, expected_error, bound, within_rounding }
    }
}

/// A position of a record.
struct Spot {
    row: usize,
    position: usize,
    positions: usize,
}

impl Spot {
    /// What there is for it among values of every record.
    fn of<'v>(&self, values: &'v [Vec<f64>]) -> &'v [f64] {
        let row = &values[self.row];
        let width = row.len() / self.positions;
        &row[self.position * width..][..width]
    }
}

/// The scores of each position.
fn lanes(row: &[f64], positions: usize) -> impl Iterator<Item = &[f64]> {
    row.chunks((row.len() / positions).max(1))
}

fn outside(architecture: &Architecture, records: &[Vec<f64>]) -> Vec<OutOfRange> {
    let encoding = &architecture.encoding;
    let entry = |row: usize, index: usize, value: f64| {
        let (low, high) = encoding.range(index);
        let half = encoding.feature(index).step / 2.0;
        let feature = encoding.feature(index).name.clone();
        (value < low - half || value >= high + half).then_some(OutOfRange { row: row + 1, feature, value, low, high })
    };
    let rows = records.iter().enumerate();
    rows.flat_map(|(row, record)| record.iter().enumerate().filter_map(move |(index, &value)| entry(row, index, value)))
        .collect()
}
