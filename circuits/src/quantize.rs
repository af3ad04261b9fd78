//! Post-training quantisation: from a float graph and calibration records to an architecture and secret integers.
//!
//! Every affine map becomes `acc = Σ_j W_j·x_j + b` with integer weights `W = round(w·s_x/s_acc)`, every activation
//! `y = clamp(⌊acc/2^s + ½⌋)` with `s_y = 2^s·s_acc`. All scales are folded into the weights, so the integer program has no
//! multiplier. Per-channel scales are private, because the next layer's weights absorb them; the architecture tells the
//! shifts, the encoding's ranges and what one unit of a score is worth. `docs/src/quantization.md` has the error model.

mod accumulators;
mod assemble;
mod bounds;
mod classes;
mod coefficients;
mod draft;
mod emit;
mod error;
mod file;
mod forms;
mod function;
mod fuse;
mod grid;
mod groups;
mod importance;
mod integers;
mod kept;
mod like;
mod metrics;
mod network;
mod normal;
mod options;
mod precision;
mod quotients;
mod ranges;
mod report;
mod scales;
mod scheme;
mod tail;
mod target;
mod trees;
mod windows;

pub use error::QuantizeError;
pub use file::{FILE_VERSION, FileError};
pub use fuse::Refusal;
pub use metrics::auc;
pub use options::{Options, WIDTHS};
pub use precision::LayerBits;
pub use ranges::Named;
pub use report::{Disagreement, HeldOut, LayerReport, MapsReport, OutOfRange, Report};

pub use target::{Raise, Raised, Search};

use ndarray::Array2;

use crate::architecture::Architecture;
use crate::graph::{FloatGraph, without_quotients};
use crate::parameters::Parameters;

/// A model as integers: what is public, and what is secret.
pub struct QuantizedModel {
    /// Graph, shapes, shifts, encoding, labels.
    pub architecture: Architecture,
    /// Weights and biases.
    pub parameters: Parameters,
}

/// Records with the class that each of them really has.
#[derive(Clone, Copy)]
pub struct Labelled<'a> {
    /// Raw values in feature order.
    pub records: &'a [Vec<f64>],
    /// Index of the true class of each record; of class maps, of each position in row-major order, map after map.
    pub classes: &'a [usize],
}

/// Quantises `graph`, calibrated on `calibration`; the report also covers `held_out`, if given.
pub fn quantize(
    graph: &FloatGraph,
    calibration: &[Vec<f64>],
    held_out: Option<Labelled<'_>>,
    options: &Options<'_>,
) -> Result<(QuantizedModel, Report), QuantizeError> {
    options.check()?;
    let (model, mut report, scores) = match trees::find(graph) {
        None if !kept::is_quantized(graph) => return quantize_floats(graph, calibration, held_out, options),
        _ if options.layers != LayerBits::default() => {
            return Err(QuantizeError::NoBits { reason: "the model's integers are its own" });
        }
        Some(id) => trees::quantize(graph, id, (calibration, held_out), options)?,
        None => kept::quantize(graph, (calibration, held_out), options)?,
    };
    let accept = |target| target::accept(&scores, graph.positions.max(1), target);
    report.search = options.target_agreement.map(accept).transpose()?;
    Ok((model, report))
}

/// A model of floats: fused, calibrated, and written with the bits that are asked for, or those that the target needs.
fn quantize_floats(
    graph: &FloatGraph,
    calibration: &[Vec<f64>],
    held_out: Option<Labelled<'_>>,
    options: &Options<'_>,
) -> Result<(QuantizedModel, Report), QuantizeError> {
    let (network, head) = fused(graph)?;
    let len = network.nodes[0].len();
    error::check_records("calibration", calibration, len)?;
    held_out.map_or(Ok(()), |held_out| error::check_labelled(&held_out, len, graph.positions))?;
    let classes = classes::Classes::of(&network);
    let floats = network.trace(&matrix(calibration, len));
    let prepared = Prepared { graph, network, head, classes, calibration, floats };
    let (settings, assembled, search) = match options.target_agreement {
        Some(target) => {
            let (settings, assembled, search) = target::search(&prepared, options, target)?;
            (settings, assembled, Some(search))
        }
        None => {
            let settings = prepared.settle(options)?;
            let assembled = prepared.assemble(&settings, options)?;
            (settings, assembled, None)
        }
    };
    let Prepared { network, floats, .. } = prepared;
    let mut report = report::report(&network, &floats, &assembled, settings.bits.of_weights(&network), held_out)?;
    report.search = search;
    Ok((assembled.model, report))
}

/// What is the same whatever the bits.
struct Prepared<'a> {
    graph: &'a FloatGraph,
    network: network::Network,
    head: crate::architecture::Head,
    classes: classes::Classes,
    calibration: &'a [Vec<f64>],
    /// Values of the network on the calibration records.
    floats: Vec<Array2<f64>>,
}

impl Prepared<'_> {
    fn settle(&self, options: &Options<'_>) -> Result<options::Settings, QuantizeError> {
        options.settle(self.graph, &self.network, &self.classes, self.head, self.calibration)
    }

    fn assemble(
        &self,
        settings: &options::Settings,
        options: &Options<'_>,
    ) -> Result<assemble::Assembled, QuantizeError> {
        quotients::check(&self.network, &self.floats, &settings.bits.activations)?;
        error::check_finite(&self.network, &self.floats)?;
        assemble::assemble(&self.network, &self.floats, self.calibration, settings, &self.classes, options)
    }
}

/// The network in normal form. Norms are computed where they do not end the network, which is known when its end has been found.
fn fused(graph: &FloatGraph) -> Result<(network::Network, crate::architecture::Head), QuantizeError> {
    let mut ended = Ended::of(&without_quotients(graph, &[]))?;
    let norms = fuse::norms(&ended.draft, ended.output);
    if !norms.is_empty() {
        ended = Ended::of(&without_quotients(graph, &norms))?;
    }
    let network = ended.draft.finish(ended.output);
    match network.nodes.iter().any(network::Node::computes) {
        true => Ok((normal::normalise(&network), ended.head)),
        false => Err(QuantizeError::NoLayer),
    }
}

/// A fused network whose end has been found.
struct Ended {
    draft: draft::Draft,
    output: usize,
    head: crate::architecture::Head,
}

impl Ended {
    fn of(graph: &FloatGraph) -> Result<Self, QuantizeError> {
        let fuse::Fused { mut draft, output, mut refusals } = fuse::fuse(graph);
        let output = output.ok_or(QuantizeError::NoLayer)?;
        let tail = tail::strip(&mut draft, &output, graph.positions);
        let output = draft.settle("scores", &tail.scores);
        refusals.extend(fuse::misplaced(&draft, output));
        if refusals.is_empty() {
            Ok(Self { draft, output, head: tail.head })
        } else {
            Err(QuantizeError::Unsupported(refusals))
        }
    }
}

fn matrix(records: &[Vec<f64>], len: usize) -> Array2<f64> {
    Array2::from_shape_fn((records.len(), len), |(row, column)| records[row][column])
}
