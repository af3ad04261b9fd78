//! The public half of a quantised model: graph, shapes, bit widths, scales, encoding and labels.
//!
//! Nothing here is learned from data except ranges (the calibrated range of each feature, activation scales). Weights and
//! biases live in [`Parameters`](crate::Parameters). One setup serves every model of one architecture.

mod digest;
mod encoding;
mod evaluate;
mod validate;

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

pub use encoding::{Encoding, EncodingError, Feature, Numbers, Policy, float_at, float_order};
pub use evaluate::{Evaluation, InputError};
pub use validate::{ArchitectureError, MAX_LAYERS};

use crate::layers::Layer;
use crate::statement::OutcomeForm;

/// An inclusive range of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// Smallest value.
    pub lo: i64,
    /// Largest value.
    pub hi: i64,
}

impl Interval {
    /// `[lo, hi]`.
    pub const fn new(lo: i64, hi: i64) -> Self {
        Self { lo, hi }
    }

    /// Whether `value` lies inside.
    pub const fn contains(&self, value: i64) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// `max(|lo|, |hi|)`.
    pub fn magnitude(&self) -> i64 {
        self.lo.saturating_abs().max(self.hi.saturating_abs())
    }

    /// The smallest interval that holds both.
    pub fn hull(&self, other: &Self) -> Self {
        Self::new(self.lo.min(other.lo), self.hi.max(other.hi))
    }

    /// Whether every integer of `other` lies inside.
    pub const fn encloses(&self, other: &Self) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    /// Number of integers inside.
    pub fn size(&self) -> u64 {
        self.hi.abs_diff(self.lo).saturating_add(1)
    }

    /// The smallest of the intervals `[0, 2^a − 1]` or, if there are negative integers inside, `[−2^a, 2^a − 1]` that holds
    /// this one, which must lie within ±2^62.
    pub fn widened(&self) -> Self {
        let bits = |value: i64| i64::BITS - value.leading_zeros();
        let reach = bits(self.hi.max(0)).max(bits(!self.lo.min(-1)));
        let end = 1i64 << reach;
        Self::new(if self.lo < 0 { -end } else { 0 }, end - 1)
    }
}

/// The public description of one quantised network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// How a record's raw values become integers.
    pub encoding: Encoding,
    /// Shape in which the encoded record enters the first layer.
    pub input_shape: Vec<usize>,
    /// Secret tensors that the layers refer to, by index.
    pub parameters: Vec<ParameterSpec>,
    /// Layers in topological order; a layer's inputs name earlier values.
    pub layers: Vec<LayerNode>,
    /// The value that holds the scores.
    pub scores: ValueId,
    /// What one unit of a score is worth in the float model's logits.
    pub score_scale: f64,
    /// How scores are read by people; a public function of the scores, not part of the proof.
    pub head: Head,
    /// Names of the classes, in class order.
    pub labels: Vec<String>,
    /// What the statement discloses.
    pub outcome: OutcomeKind,
    /// Records that one proof is about; they share what is proven of the weights.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub records: NonZeroUsize,
    /// Positions with a class each, where the outcome is a class map: the scores' last axis holds those of one position.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub positions: NonZeroUsize,
}

impl Architecture {
    /// What an outcome is made of where the value of the scores has `scores` entries. A class map is disclosed without its scores.
    pub fn outcome_form(&self, scores: usize) -> OutcomeForm {
        let positions = self.positions.get();
        let shown = match (self.outcome, positions) {
            (OutcomeKind::Class, _) | (_, 2..) => 0,
            _ => scores,
        };
        let width = scores / positions;
        OutcomeForm { positions, classes: if width == 1 { 2 } else { width }, scores: shown }
    }

    /// Statement words of one record's outcome.
    pub fn outcome_words(&self, scores: usize) -> usize {
        match self.outcome {
            OutcomeKind::Commitment => 1,
            _ => self.outcome_form(scores).words(),
        }
    }
}

const fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

/// Serde hands a reference over.
fn is_one(count: &NonZeroUsize) -> bool {
    *count == one()
}

/// A value in the integer graph: 0 is the record, `i + 1` is the output of layer `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ValueId(pub usize);

impl ValueId {
    /// The encoded record, shaped as the network's input.
    pub const RECORD: Self = Self(0);
}

/// Index into [`Architecture::parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParameterId(pub usize);

/// Shape and bound of one secret tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterSpec {
    /// Name for messages, such as `hidden_1.weight`.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Every entry of an honest model lies here.
    pub interval: Interval,
    /// What else is promised of an honest model's entries; narrows the accumulators that they lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
}

/// For every index of one axis, the magnitudes of the entries there add up to at most `bound`. With the outputs of a layer on that
/// axis, this bounds every accumulator far better than the largest weight does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Norm {
    /// The axis.
    pub axis: usize,
    /// The bound.
    pub bound: u64,
}

/// One layer of the integer graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerNode {
    /// Name from the imported model, for messages.
    pub name: String,
    /// What it computes.
    pub layer: Layer,
    /// Values it reads.
    pub inputs: Vec<ValueId>,
    /// What a unit of the output is worth, where sums or scores of fixed scales rest on it and no table says so. The integers do not
    /// depend on it; a retrained model is quantised by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

/// How people read the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// Scores are logits or values of their own.
    Scores,
    /// Probabilities are the softmax of the scores.
    Softmax,
    /// One score; the probability of the second class is its sigmoid.
    Sigmoid,
}

/// What the statement says of the outcome; fixed when the circuit is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// The class alone, or the class map.
    Class,
    /// The class and every score.
    ClassAndScores,
    /// A blinded commitment to class and scores, or to the class map.
    Commitment,
}

/// Who a model says it is: covered by the model's identity, so that nobody can rename it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Name of the model.
    pub name: String,
    /// Version of the model.
    pub version: String,
    /// What it decides, for whom, from what.
    pub description: String,
}
