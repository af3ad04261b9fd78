//! Models that are quantised already: the file's integers are kept.
//!
//! A value on a grid is `step·level`. Sums of products of levels are exact; where the model rounds to its next grid, each channel's sum is
//! multiplied with `unit/step` as an integer over a power of two. Steps of activations are public, as the scales of the architecture
//! are everywhere; weights, biases and every multiplier that follows from the steps of weights are secret.
//!
//! ONNX Runtime rounds halves to even and multiplies by 32-bit floats; here halves go up and multipliers have some 24 to 27 bits, so that
//! single levels can differ by one.

mod arithmetic;
mod end;
mod form;
mod movement;
mod normalise;
mod products;
mod program;
mod record;
mod rounding;
mod settle;
mod walk;
mod weights;

use std::num::NonZeroUsize;

use rayon::prelude::*;

use self::end::End;
use self::settle::Target;
use self::walk::{Reading, Walk};
use super::error::{check_labelled, check_records};
use super::report::{self, HeldOut, LayerReport, Report, Scores};
use super::{Labelled, Options, QuantizeError, QuantizedModel};
use crate::architecture::{Architecture, Evaluation, Policy, ValueId};
use crate::graph::{FloatGraph, FloatOp, NodeId};
use crate::parameters::Parameters;

/// Whether a model rounds its values to grids of its own.
pub(super) fn is_quantized(graph: &FloatGraph) -> bool {
    graph.nodes.iter().any(|node| matches!(node.op, FloatOp::Quantize(_)))
}

/// Writes the integer program of a graph that is quantised already.
pub(super) fn quantize(
    graph: &FloatGraph,
    (calibration, held_out): (&[Vec<f64>], Option<Labelled<'_>>),
    options: &Options<'_>,
) -> Result<(QuantizedModel, Report, Scores), QuantizeError> {
    let len = graph.input_shape().iter().product();
    check_records("calibration", calibration, len)?;
    held_out.map_or(Ok(()), |held_out| check_labelled(&held_out, len, graph.positions))?;
    let end = End::of(graph);
    let ranges = ranges(graph, calibration)?;
    let mut walk = Walk::new(graph, &ranges, options, Reading::Grid);
    let found = walk.run(&end);
    let (scores, score_scale) = match found {
        Err(_) if walk.early => {
            walk = Walk::new(graph, &ranges, options, Reading::Fine(calibration));
            walk.run(&end)?
        }
        found => found?,
    };
    let Walk { program, encoding, rounded, notes, .. } = walk;
    let encoding = encoding.ok_or(QuantizeError::NoLayer)?;
    let entries = graph.nodes[end.scores.0].shape.iter().product::<usize>() / graph.positions.max(1);
    let (layers, parameters, tensors) = program.into_tensors();
    let parameters_of = Parameters::new(tensors);
    let architecture = Architecture {
        encoding,
        input_shape: graph.input_shape().to_vec(),
        parameters,
        layers,
        scores,
        score_scale,
        head: end.head,
        labels: match options.like {
            Some(like) => like.labels.clone(),
            None => options.labels(graph, entries)?,
        },
        outcome: options.like.map_or(options.outcome, |like| like.outcome),
        records: NonZeroUsize::MIN,
        positions: options.positions(graph),
    };
    let architecture = match options.like {
        Some(like) => super::like::same(like, &architecture)?,
        None => architecture.with_room(entries * graph.positions.max(1)),
    };
    architecture.validate()?;
    let model = QuantizedModel { architecture, parameters: parameters_of };
    let runs = Runs { graph, end: &end, model: &model, rounded: &rounded };
    let (report, scores) = runs.report(calibration, held_out)?;
    Ok((model, Report { notes, ..report }, scores))
}

/// Smallest and largest entry of every node on the calibration records.
fn ranges(graph: &FloatGraph, calibration: &[Vec<f64>]) -> Result<Vec<(f32, f32)>, QuantizeError> {
    let wide = |a: Vec<(f32, f32)>, b: Vec<(f32, f32)>| {
        a.into_iter().zip(b).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).collect()
    };
    let none = || vec![(f32::INFINITY, f32::NEG_INFINITY); graph.nodes.len()];
    let one = |raw: &Vec<f64>| {
        let values = floats(graph, raw)?;
        let range = |value: &ndarray::ArrayD<f32>| {
            value.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(lo, hi), &x| (lo.min(x), hi.max(x)))
        };
        Ok(values.iter().map(range).collect::<Vec<_>>())
    };
    calibration.par_iter().map(one).try_reduce(none, |a, b| Ok(wide(a, b)))
}

fn floats(graph: &FloatGraph, raw: &[f64]) -> Result<Vec<ndarray::ArrayD<f32>>, QuantizeError> {
    let record: Vec<f32> = raw.iter().map(|&value| value as f32).collect();
    graph.evaluate(&record).map_err(|error| QuantizeError::Diverges { node: error.to_string() })
}

/// Both models on the same records.
struct Runs<'m> {
    graph: &'m FloatGraph,
    end: &'m End,
    model: &'m QuantizedModel,
    rounded: &'m [(NodeId, ValueId, Target)],
}

/// Values of some nodes before and after, a row for each record.
type Pairs = (Vec<Vec<f64>>, Vec<Vec<f64>>);

impl Runs<'_> {
    fn report(
        &self,
        calibration: &[Vec<f64>],
        held_out: Option<Labelled<'_>>,
    ) -> Result<(Report, Scores), QuantizeError> {
        let architecture = &self.model.architecture;
        let mut layers = self.layers(calibration)?;
        let (before, after) = self.scores(calibration)?;
        layers.push(LayerReport::of_scores(&before, &after));
        let weights = architecture.parameters.iter().filter(|spec| spec.norm.is_some());
        let weight_bits = weights.map(|spec| spec.interval.size().ilog2()).max().unwrap_or_default();
        let report = Report {
            calibration: calibration.len(),
            input_bits: architecture.encoding.interval.size().ilog2(),
            weight_bits,
            fewest_weight_bits: weight_bits,
            layers,
            score_scale: architecture.score_scale,
            search: None,
            held_out: held_out.map(|held_out| self.held_out(&held_out)).transpose()?,
            notes: Vec::new(),
        };
        Ok((report, (before, after)))
    }

    /// Nothing is predicted of such models: the largest error that is found stands for a bound, and is a unit of a score at least.
    fn held_out(&self, held_out: &Labelled<'_>) -> Result<HeldOut, QuantizeError> {
        let architecture = &self.model.architecture;
        let (before, after) = self.scores(held_out.records)?;
        let apart = before.iter().flatten().zip(after.iter().flatten()).map(|(before, after)| (before - after).abs());
        let largest = apart.fold(architecture.score_scale, f64::max);
        report::compare_scores(architecture, (before, after), largest, held_out)
    }

    /// The error of every value that the model rounds.
    fn layers(&self, records: &[Vec<f64>]) -> Result<Vec<LayerReport>, QuantizeError> {
        let runs = records.par_iter().map(|raw| Ok((floats(self.graph, raw)?, self.integers(raw)?)));
        let runs = runs.collect::<Result<Vec<_>, QuantizeError>>()?;
        let layer = |(node, value, target): &(NodeId, ValueId, Target)| {
            let before =
                |run: &(Vec<ndarray::ArrayD<f32>>, Evaluation)| run.0[node.0].mapv(f64::from).into_iter().collect();
            let after = |run: &(Vec<ndarray::ArrayD<f32>>, Evaluation)| {
                run.1.values[value.0].iter().map(|&level| level as f64 * target.step).collect()
            };
            let (before, after): Pairs = (runs.iter().map(before).collect(), runs.iter().map(after).collect());
            let name = self.graph.nodes[node.0].name.clone();
            let bits = target.levels.size().ilog2();
            LayerReport { name, bits, ..LayerReport::of_scores(&before, &after) }
        };
        Ok(self.rounded.iter().map(layer).collect())
    }

    fn integers(&self, raw: &[f64]) -> Result<Evaluation, QuantizeError> {
        let architecture = &self.model.architecture;
        let record = architecture.encoding.encode(raw, Policy::Saturate)?;
        Ok(architecture.evaluate(&record, &self.model.parameters)?)
    }

    fn scores(&self, records: &[Vec<f64>]) -> Result<Scores, QuantizeError> {
        let scale = self.model.architecture.score_scale;
        let one = |raw: &Vec<f64>| {
            let before = floats(self.graph, raw)?[self.end.scores.0].mapv(f64::from).into_iter().collect();
            let after = self.integers(raw)?.scores.iter().map(|&score| score as f64 * scale).collect();
            Ok((before, after))
        };
        let runs = records.par_iter().map(one).collect::<Result<Vec<_>, QuantizeError>>()?;
        Ok(runs.into_iter().unzip())
    }
}
