//! What the user chooses, and what follows from it.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use super::classes::Classes;
use super::error::QuantizeError;
use super::network::Network;
use super::precision::{Bits, LayerBits};
use super::ranges::{Named, Ranges};
use crate::architecture::{Architecture, Encoding, Feature, Head, Interval, OutcomeKind};
use crate::graph::FloatGraph;

/// Bits that weights and activations may have.
pub const WIDTHS: RangeInclusive<u32> = 4..=16;

/// How to quantise.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Bits of a record's entry, 4 to 16; by default 12 for tables and 8 for images and signals.
    pub input_bits: Option<u32>,
    /// Bits of a weight, 4 to 16; those of `like`, if it is given.
    pub weight_bits: u32,
    /// Bits of an activation, 4 to 16; those of `like`, if it is given.
    pub activation_bits: u32,
    /// Bits of single layers, by name.
    pub layers: LayerBits,
    /// The share of calibration records whose class must stay the same, above 0 and at most 1: precision is raised until it does.
    pub target_agreement: Option<f64>,
    /// How far a feature's range is widened on both sides, as a part of its span; by default ½ for tables and 0 for images.
    pub margin: Option<f64>,
    /// What the statement discloses; a class map that is too large for a statement is committed to instead.
    pub outcome: OutcomeKind,
    /// Names of the classes; by default what the model itself says, or `class 0`, `class 1`, ….
    pub labels: Option<Vec<String>>,
    /// Name and unit of each feature; by default `x1`, `x2`, … without a unit.
    pub features: Option<Vec<Named>>,
    /// An architecture to keep: the same encoding, shifts, labels and outcome, so that its setup serves this model too.
    pub like: Option<&'a Architecture>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            input_bits: None,
            weight_bits: 8,
            activation_bits: 8,
            layers: LayerBits::default(),
            target_agreement: None,
            margin: None,
            outcome: OutcomeKind::Class,
            labels: None,
            features: None,
            like: None,
        }
    }
}

/// Choices that no longer depend on defaults.
pub(super) struct Settings {
    pub(super) encoding: Encoding,
    pub(super) head: Head,
    pub(super) labels: Vec<String>,
    pub(super) outcome: OutcomeKind,
    pub(super) positions: NonZeroUsize,
    pub(super) bits: Bits,
}

impl Options<'_> {
    /// Refuses bit widths and margins that are not supported.
    pub(super) fn check(&self) -> Result<(), QuantizeError> {
        let LayerBits { weights, activations } = &self.layers;
        let input = [("input_bits", self.input_bits.unwrap_or(8))].into_iter();
        let weights = weights.values().chain([&self.weight_bits]).map(|bits| ("weight_bits", *bits));
        let activations = activations.values().chain([&self.activation_bits]).map(|bits| ("activation_bits", *bits));
        let (lo, hi) = (*WIDTHS.start(), *WIDTHS.end());
        let mut widths = input.chain(weights).chain(activations);
        if let Some((option, got)) = widths.find(|(_, bits)| !WIDTHS.contains(bits)) {
            return Err(QuantizeError::Option { option, got: got.to_string(), lo, hi });
        }
        match self.target_agreement {
            Some(target) if !(target > 0.0 && target <= 1.0) => {
                return Err(QuantizeError::Share { got: target.to_string() });
            }
            _ => {}
        }
        match self.margin {
            Some(margin) if !(0.0..=10.0).contains(&margin) => {
                Err(QuantizeError::Option { option: "margin", got: margin.to_string(), lo: 0, hi: 10 })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn settle(
        &self,
        graph: &FloatGraph,
        network: &Network,
        classes: &Classes,
        head: Head,
        calibration: &[Vec<f64>],
    ) -> Result<Settings, QuantizeError> {
        let scores = network.nodes[network.output].len() / graph.positions.max(1);
        let (encoding, labels, outcome) = match self.like {
            Some(like) => (like_encoding(like, network)?, like.labels.clone(), like.outcome),
            None => (self.encoding(network, classes, calibration)?, self.labels(graph, scores)?, self.outcome),
        };
        let (bits, positions) = (Bits::settle(network, classes, self)?, self.positions(graph));
        Ok(Settings { encoding, head, labels, outcome, positions, bits })
    }

    /// Positions that the graph has scores for.
    pub(super) fn positions(&self, graph: &FloatGraph) -> NonZeroUsize {
        NonZeroUsize::new(graph.positions).unwrap_or(NonZeroUsize::MIN)
    }

    fn encoding(
        &self,
        network: &Network,
        classes: &Classes,
        calibration: &[Vec<f64>],
    ) -> Result<Encoding, QuantizeError> {
        let input = &network.nodes[0];
        if let Some(names) = network.names() {
            return self.categories(input.len(), names);
        }
        let per_feature = input.shape.len() <= 2 && input.width() == input.len() && classes.frees_record();
        let tabular = input.shape.len() <= 2 && (per_feature || input.width() != input.len());
        let bits = self.input_bits.unwrap_or(if tabular { 12 } else { 8 });
        let margin = self.margin.unwrap_or(if tabular { 0.5 } else { 0.0 });
        let names = self.names(if per_feature { input.len() } else { 1 })?;
        Ok(Ranges { bits, margin, per_feature }.encoding(calibration, &names))
    }

    /// The encoding of a record of names, each a number below `places`.
    pub(super) fn categories(&self, len: usize, places: usize) -> Result<Encoding, QuantizeError> {
        let given = self.features.as_ref().is_some_and(|features| features.len() == len);
        let features = self.exact_features(if given { len } else { 1 })?;
        Ok(Encoding::steps(features, len, Interval::new(0, places as i64 - 1)))
    }

    /// So many features whose integers are their values.
    pub(super) fn exact_features(&self, expected: usize) -> Result<Vec<Feature>, QuantizeError> {
        let feature = |(name, unit): Named| Feature { name, unit, zero: 0.0, step: 1.0 };
        Ok(self.names(expected)?.into_iter().map(feature).collect())
    }

    /// Names of the classes that so many scores decide between: the user's choice, else the model's own.
    pub(super) fn labels(&self, graph: &FloatGraph, scores: usize) -> Result<Vec<String>, QuantizeError> {
        let expected = if scores == 1 { 2 } else { scores };
        let labels = self.labels.clone().or_else(|| graph.labels.clone());
        let labels = labels.unwrap_or_else(|| (0..expected).map(|class| format!("class {class}")).collect());
        match labels.len() {
            got if got == expected => Ok(labels),
            got => Err(QuantizeError::Count { what: "labels", expected, got }),
        }
    }

    /// Names and units of so many features.
    pub(super) fn names(&self, expected: usize) -> Result<Vec<Named>, QuantizeError> {
        let name = |index: usize| (if expected == 1 { "x".into() } else { format!("x{}", index + 1) }, String::new());
        let names = self.features.clone().unwrap_or_else(|| (0..expected).map(name).collect());
        match names.len() {
            got if got == expected => Ok(names),
            got => Err(QuantizeError::Count { what: "features", expected, got }),
        }
    }
}

fn like_encoding(like: &Architecture, network: &Network) -> Result<Encoding, QuantizeError> {
    let (expected, got) = (&like.input_shape, &network.nodes[0].shape);
    if expected == got {
        return Ok(like.encoding.clone());
    }
    let reason = format!("the model takes shape {got:?}, the architecture {expected:?}");
    Err(QuantizeError::Differs { place: "the record".into(), reason })
}
