//! Decision trees: nothing is calibrated, and the labels are those of the float model.
//!
//! A record enters as 32-bit floats in their order, so that every comparison is that of the floats. Leaves and base become multiples of a
//! power of two that is at most `2^(−26)` of what all trees together could add: finer than a sum of 32-bit floats is. What stands
//! before the trees (a scaler, features picked or joined) is a monotone function of one feature for each question, and moves into
//! its threshold.

mod end;
mod source;
mod tables;

use rayon::prelude::*;

use self::end::End;
use self::tables::{Size, Tables, Votes};
use super::error::{check_labelled, check_records};
use super::fuse::Refusal;
use super::report::{self, HeldOut, LayerReport, Report, Scores};
use super::{Labelled, Options, QuantizeError, QuantizedModel};
use crate::architecture::{
    Architecture, Encoding, Interval, LayerNode, Numbers, ParameterId, ParameterSpec, Policy, ValueId,
};
use crate::graph::{Ensemble, FloatGraph, FloatOp, NodeId};
use crate::layers::{Layer, Trees};
use crate::parameters::Parameters;
use std::num::NonZeroUsize;

/// The node that holds trees, if one does.
pub(super) fn find(graph: &FloatGraph) -> Option<NodeId> {
    graph.nodes.iter().position(|node| matches!(node.op, FloatOp::Trees(_))).map(NodeId)
}

/// Quantises a graph whose node `id` holds trees.
pub(super) fn quantize(
    graph: &FloatGraph,
    id: NodeId,
    (calibration, held_out): (&[Vec<f64>], Option<Labelled<'_>>),
    options: &Options<'_>,
) -> Result<(QuantizedModel, Report, Scores), QuantizeError> {
    let FloatOp::Trees(ensemble) = &graph.nodes[id.0].op else { return Err(QuantizeError::NoLayer) };
    if graph.positions > 1 {
        return refuse(graph, id.0, "decides a class at each of several positions", "give it one record of features");
    }
    let len = graph.input_shape().iter().product();
    check_records("calibration", calibration, len)?;
    held_out.map_or(Ok(()), |held_out| check_labelled(&held_out, len, 1))?;
    let end = End::of(graph, id)?;
    let sources = source::sources(graph, id)?;
    let scale = Scale::of(ensemble, end.offset, options.like)?;
    let size = Size::of(ensemble, options.like)?;
    let tables = Tables::new(ensemble, &sources, &size);
    let model = model((graph, id), ensemble, (&end, &scale, &size), tables, options)?;
    let runs = Runs { graph, id, end: &end, model: &model, bound: scale.bound(ensemble) };
    let (report, scores) = runs.report(calibration, held_out)?;
    Ok((model, report, scores))
}

/// Leaves of a retrained model may be so many times as large, as a power of two.
const SPARE_BITS: u32 = 2;

/// What leaves are multiples of.
struct Scale {
    /// Units in 1.
    units: f64,
    /// Where the units of a leaf lie.
    leaf: Interval,
}

impl Scale {
    /// What the base may be.
    const BASE: Interval = Interval::new(1 - (1 << 30), (1 << 30) - 1);

    fn of(ensemble: &Ensemble, offset: f64, like: Option<&Architecture>) -> Result<Self, QuantizeError> {
        let bits = 30 - (usize::BITS - (ensemble.roots.len().max(1) - 1).leading_zeros()).min(29);
        let most = (1i64 << bits) - 1;
        let leaf = Interval::new(-most, most);
        let vote = ensemble.leaves().map(|votes| Votes::summed(votes).largest()).fold(0.0, f64::max);
        let base = ensemble.base.iter().map(|base| (f64::from(*base) - offset).abs()).fold(0.0, f64::max);
        let room = (most as f64 / vote).min(Self::BASE.hi as f64 / base);
        let finest = if room.is_finite() { room.log2().floor() - f64::from(SPARE_BITS) } else { 0.0 };
        let units = like.map_or(finest.clamp(-200.0, 200.0).exp2(), |like| 1.0 / like.score_scale);
        if units > room {
            let excess = units / room;
            let advice = "quantise it without the given architecture, which needs a setup of its own";
            return Err(QuantizeError::TooLarge { layer: "trees".into(), excess, bits, advice });
        }
        Ok(Self { units, leaf })
    }

    fn round(&self, value: f64) -> i64 {
        (value * self.units).round() as i64
    }

    /// How far a sum can be from that of 32-bit floats, which lose a part of `2^(−24)` at each addition.
    fn bound(&self, ensemble: &Ensemble) -> f64 {
        let count = ensemble.roots.len() as f64 + 1.0;
        let most = self.leaf.hi as f64 / self.units * count;
        count * 0.5 / self.units + count * most * 2f64.powi(-24)
    }
}

fn model(
    (graph, id): (&FloatGraph, NodeId),
    ensemble: &Ensemble,
    (end, scale, size): (&End, &Scale, &Size),
    tables: Tables,
    options: &Options<'_>,
) -> Result<QuantizedModel, QuantizeError> {
    let (len, outputs) = (graph.input_shape().iter().product(), ensemble.base.len());
    let all = Interval::new(0, size.places() as i64 - 1);
    let spec = |name: &str, shape: &[usize], interval: Interval| ParameterSpec {
        name: format!("trees.{name}"),
        shape: shape.to_vec(),
        interval,
        norm: None,
    };
    let (nodes, leaves) = (size.nodes(), size.leaves());
    let encoding = encoding(len, options)?;
    let parameters = vec![
        spec("feature", &[nodes], Interval::new(0, len as i64 - 1)),
        spec("threshold", &[nodes], encoding.interval),
        spec("left", &[nodes], all),
        spec("right", &[nodes], all),
        spec("leaf", &[leaves, outputs], scale.leaf),
        spec("bias", &[outputs], Scale::BASE),
    ];
    let trees = Trees {
        feature: ParameterId(0),
        threshold: ParameterId(1),
        left: ParameterId(2),
        right: ParameterId(3),
        leaf: ParameterId(4),
        bias: ParameterId(5),
        first_leaf: size.inner as i64,
        trees: ensemble.roots.len(),
        depth: size.depth,
    };
    let name = graph.nodes[id.0].name.as_str();
    let node = LayerNode {
        name: if name.is_empty() { "trees" } else { name }.into(),
        layer: Layer::Trees(trees),
        inputs: vec![ValueId::RECORD],
        step: None,
    };
    let labels = match options.like {
        Some(like) => like.labels.clone(),
        None => options.labels(graph, outputs)?,
    };
    let architecture = Architecture {
        encoding,
        input_shape: vec![len],
        parameters,
        layers: vec![node],
        scores: ValueId(1),
        score_scale: 1.0 / scale.units,
        head: end.head,
        labels,
        outcome: options.like.map_or(options.outcome, |like| like.outcome),
        records: NonZeroUsize::MIN,
        positions: NonZeroUsize::MIN,
    };
    let architecture = match options.like {
        Some(like) => super::like::same(like, &architecture)?,
        None => architecture,
    };
    architecture.validate()?;
    let base = ensemble.base.iter().map(|base| scale.round(f64::from(*base) - end.offset)).collect();
    let parameters = Parameters::new(tables.into_tensors(outputs, base, |vote| scale.round(vote)));
    Ok(QuantizedModel { architecture, parameters })
}

fn encoding(len: usize, options: &Options<'_>) -> Result<Encoding, QuantizeError> {
    if let Some(like) = options.like {
        if like.encoding.numbers == Numbers::Floats && like.encoding.len == len {
            return Ok(like.encoding.clone());
        }
        let reason = format!("the trees read {len} floats");
        return Err(QuantizeError::Differs { place: "the record".into(), reason });
    }
    Ok(Encoding::floats(options.exact_features(len)?, len))
}

/// Both models on the same records.
struct Runs<'m> {
    graph: &'m FloatGraph,
    id: NodeId,
    end: &'m End,
    model: &'m QuantizedModel,
    bound: f64,
}

impl Runs<'_> {
    fn report(
        &self,
        calibration: &[Vec<f64>],
        held_out: Option<Labelled<'_>>,
    ) -> Result<(Report, Scores), QuantizeError> {
        let architecture = &self.model.architecture;
        let (before, after) = self.scores(calibration)?;
        let weight_bits = architecture.parameters[4].interval.size().ilog2() + 1;
        let report = Report {
            calibration: calibration.len(),
            input_bits: architecture.encoding.interval.size().ilog2(),
            weight_bits,
            fewest_weight_bits: weight_bits,
            layers: vec![LayerReport::of_scores(&before, &after)],
            score_scale: architecture.score_scale,
            search: None,
            held_out: held_out.map(|held_out| self.held_out(&held_out)).transpose()?,
            notes: Vec::new(),
        };
        Ok((report, (before, after)))
    }

    fn held_out(&self, held_out: &Labelled<'_>) -> Result<HeldOut, QuantizeError> {
        let scores = self.scores(held_out.records)?;
        report::compare_scores(&self.model.architecture, scores, self.bound, held_out)
    }

    /// Scores before and after, in units of the float model.
    fn scores(&self, records: &[Vec<f64>]) -> Result<Scores, QuantizeError> {
        let architecture = &self.model.architecture;
        let one = |(row, raw): (usize, &Vec<f64>)| {
            let floats: Vec<f32> = raw.iter().map(|&value| value as f32).collect();
            let diverges = |_| QuantizeError::Diverges { node: format!("{} (record {})", self.name(), row + 1) };
            let values = self.graph.evaluate(&floats).map_err(diverges)?;
            let before = values[self.id.0].iter().map(|&score| f64::from(score) - self.end.offset).collect();
            let record = architecture.encoding.encode(raw, Policy::Saturate)?;
            let after = architecture.evaluate(&record, &self.model.parameters)?;
            let after = after.scores.iter().map(|&score| score as f64 * architecture.score_scale).collect();
            Ok((before, after))
        };
        let runs = records.par_iter().enumerate().map(one).collect::<Result<Vec<_>, QuantizeError>>()?;
        Ok(runs.into_iter().unzip())
    }

    fn name(&self) -> &str {
        &self.graph.nodes[self.id.0].name
    }
}

impl Ensemble {
    fn leaves(&self) -> impl Iterator<Item = &[(usize, f32)]> {
        self.nodes.iter().filter_map(|node| match node {
            crate::graph::TreeNode::Leaf(votes) => Some(votes.as_slice()),
            crate::graph::TreeNode::Branch { .. } => None,
        })
    }
}

/// Refuses a node around the trees.
fn refuse<T>(graph: &FloatGraph, id: usize, reason: &'static str, advice: &'static str) -> Result<T, QuantizeError> {
    let node = &graph.nodes[id];
    let operator = super::fuse::operator(&node.op);
    Err(QuantizeError::Unsupported(vec![Refusal { node: node.name.clone(), operator, reason, advice }]))
}
