//! Whether an architecture, which may come from anyone, makes sense; and the shape and interval of each of its values.

use thiserror::Error;

use super::{Architecture, Encoding, Head, Interval, LayerNode, Numbers, OutcomeKind};
use crate::layers::operands::{count, proper};
use crate::layers::{LayerError, MAX_ENTRIES, ValueType};
use crate::statement::SCORE_INTERVAL;

/// Most layers of an architecture.
pub const MAX_LAYERS: usize = 1 << 14;

/// Most entries of all values of an architecture together.
const MAX_TOTAL_ENTRIES: usize = 2 * MAX_ENTRIES;

/// Most classes: the class is published in 16 bits.
const MAX_CLASSES: usize = (1 << 16) - 1;

/// Most scores of the class maps of all records: some ten tensors of as many entries prove them.
const MAX_MAP_SCORES: usize = 1 << 22;

/// Most statement words that a verification key has room for: for each record its commitment and the outcome words.
const MAX_WORDS: usize = 64;

/// Why an architecture makes no sense.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ArchitectureError {
    /// The encoding contradicts itself or the input shape.
    #[error("the encoding {0}")]
    Encoding(String),
    /// A parameter's shape or interval is refused.
    #[error("parameter `{name}`: {source}")]
    Parameter {
        /// Name of the parameter.
        name: String,
        /// Why.
        source: LayerError,
    },
    /// A layer does not fit its inputs.
    #[error("layer `{name}`: {source}")]
    Layer {
        /// Name of the layer.
        name: String,
        /// Why.
        source: LayerError,
    },
    /// A layer reads a value that is not computed before it.
    #[error("layer `{name}` reads value {input}, which is not computed before it")]
    Order {
        /// Name of the layer.
        name: String,
        /// The value it reads.
        input: usize,
    },
    /// A layer's unit is worth nothing sound.
    #[error("a unit of layer `{name}` is worth {step}, which is not positive and finite")]
    Step {
        /// Name of the layer.
        name: String,
        /// What it is said to be worth.
        step: f64,
    },
    /// More than a proof could ever cover.
    #[error("the architecture is too large: {0}")]
    TooLarge(String),
    /// Scores, labels, head and outcome contradict each other.
    #[error("the scores {0}")]
    Scores(String),
}

impl Architecture {
    /// Shape and interval of every value: the record, then the output of each layer. Covers encoding, parameters and layers;
    /// [`Architecture::validate`] covers the rest.
    pub fn infer_all(&self) -> Result<Vec<ValueType>, ArchitectureError> {
        self.check_parameters()?;
        let mut values = vec![self.record_type()?];
        if self.layers.len() > MAX_LAYERS {
            return Err(too_large(format!("{} layers, at most {MAX_LAYERS} are supported", self.layers.len())));
        }
        let mut total = 0;
        for node in &self.layers {
            let value = self.infer_node(node, &values)?;
            total += self.entries(&value);
            if total > MAX_TOTAL_ENTRIES {
                return Err(too_large(format!("its values have more than {MAX_TOTAL_ENTRIES} entries in all")));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// Everything that [`Architecture::infer_all`] checks, and that scores, labels, head and outcome fit together.
    pub fn validate(&self) -> Result<Vec<ValueType>, ArchitectureError> {
        let values = self.infer_all()?;
        let missing = || scores(format!("are value {}, but there are {}", self.scores.0, values.len()));
        let found = values.get(self.scores.0).ok_or_else(missing)?;
        let len = found.shape.iter().product();
        self.check_positions(&found.shape, len)?;
        self.check_labels(len / self.positions.get())?;
        self.check_outcome(len, found.interval)?;
        Ok(values)
    }

    /// Entries that a value has in the circuit: those of every record.
    fn entries(&self, value: &ValueType) -> usize {
        value.shape.iter().product::<usize>().saturating_mul(self.records.get())
    }

    fn record_type(&self) -> Result<ValueType, ArchitectureError> {
        let encoding = &self.encoding;
        encoding.validate()?;
        let entries = count(&self.input_shape).map_err(|error| ArchitectureError::Encoding(error.to_string()))?;
        if self.input_shape.is_empty() {
            return Err(ArchitectureError::Encoding("is of a record without axes".into()));
        }
        if entries.saturating_mul(self.records.get()) > MAX_ENTRIES {
            return Err(too_large(format!(
                "{} records of {entries} entries each, at most {MAX_ENTRIES} in all",
                self.records
            )));
        }
        if entries != encoding.len {
            let shape = &self.input_shape;
            let reason = format!("has {} entries, but the input shape {shape:?} has {entries}", encoding.len);
            return Err(ArchitectureError::Encoding(reason));
        }
        Ok(ValueType { shape: self.input_shape.clone(), interval: encoding.interval })
    }

    fn check_parameters(&self) -> Result<(), ArchitectureError> {
        let mut total = 0;
        for spec in &self.parameters {
            let wrong = |source| ArchitectureError::Parameter { name: spec.name.clone(), source };
            total += count(&spec.shape).map_err(wrong)?;
            proper(spec.interval).map_err(wrong)?;
            if let Some(norm) = spec.norm.filter(|norm| norm.axis >= spec.shape.len()) {
                let reason = format!("promises a norm along axis {} of {:?}", norm.axis, spec.shape);
                return Err(wrong(LayerError::Malformed(reason)));
            }
            if total > MAX_TOTAL_ENTRIES {
                return Err(too_large(format!("its parameters have more than {MAX_TOTAL_ENTRIES} entries in all")));
            }
        }
        Ok(())
    }

    fn infer_node(&self, node: &LayerNode, values: &[ValueType]) -> Result<ValueType, ArchitectureError> {
        let order = |input: usize| ArchitectureError::Order { name: node.name.clone(), input };
        let fetch = |id: &super::ValueId| values.get(id.0).cloned().ok_or_else(|| order(id.0));
        let inputs = node.inputs.iter().map(fetch).collect::<Result<Vec<_>, _>>()?;
        if let Some(step) = node.step.filter(|step| !(step.is_finite() && *step > 0.0)) {
            return Err(ArchitectureError::Step { name: node.name.clone(), step });
        }
        let inferred = node.layer.operator().infer(&inputs, &self.parameters);
        inferred.map_err(|source| ArchitectureError::Layer { name: node.name.clone(), source })
    }

    /// Whether a statement has room for the outcome of every record beside its commitment.
    fn has_room(&self, len: usize) -> bool {
        self.outcome_words(len) < MAX_WORDS / self.records
    }

    /// The same with a commitment for an outcome, if a statement has no room for its class map.
    pub(crate) fn with_room(self, scores: usize) -> Self {
        match self.positions.get() {
            2.. if !self.has_room(scores) => Self { outcome: OutcomeKind::Commitment, ..self },
            _ => self,
        }
    }

    fn check_positions(&self, shape: &[usize], len: usize) -> Result<(), ArchitectureError> {
        let positions = self.positions.get();
        if positions == 1 {
            return Ok(());
        }
        if shape.last().and_then(|width| width.checked_mul(positions)) != Some(len) {
            return Err(scores(format!("have shape {shape:?}, whose last axis is not that of {positions} positions")));
        }
        let records = self.records.get();
        if len.saturating_mul(records) > MAX_MAP_SCORES {
            let all = if records == 1 { String::new() } else { format!(" for each of {records} records") };
            return Err(scores(format!(
                "of a class map are {len}{all}, at most {MAX_MAP_SCORES} in all are supported"
            )));
        }
        match self.outcome {
            OutcomeKind::ClassAndScores => Err(scores(
                "of a class map are not disclosed: choose the class map alone, or a commitment to it".into(),
            )),
            _ => Ok(()),
        }
    }

    /// `len` scores decide one class.
    fn check_labels(&self, len: usize) -> Result<(), ArchitectureError> {
        let classes = if len == 1 { 2 } else { len };
        if classes > MAX_CLASSES {
            return Err(scores(format!("tell {classes} classes apart, at most {MAX_CLASSES} are supported")));
        }
        if self.labels.len() != classes {
            return Err(scores(format!("tell {classes} classes apart, but there are {} labels", self.labels.len())));
        }
        if self.head == Head::Sigmoid && len != 1 {
            return Err(scores(format!("are {len}, but a sigmoid head reads one")));
        }
        if !(self.score_scale.is_finite() && self.score_scale > 0.0) {
            return Err(scores(format!("have scale {}, which is not positive and finite", self.score_scale)));
        }
        Ok(())
    }

    fn check_outcome(&self, len: usize, interval: Interval) -> Result<(), ArchitectureError> {
        if self.outcome_form(len).scores > 0 && !SCORE_INTERVAL.encloses(&interval) {
            let range = format!("{} to {}", interval.lo, interval.hi);
            return Err(scores(format!("could be anything from {range}, but are disclosed in 32 bits")));
        }
        if self.has_room(len) {
            return Ok(());
        }
        let words = self.outcome_words(len);
        Err(scores(match self.records.get() {
            1 if self.positions.get() > 1 => format!(
                "decide a class map of {words} words, but a statement has room for {}: disclose a commitment to it instead",
                MAX_WORDS - 1
            ),
            1 => format!("take {words} words, but a statement has room for {}", MAX_WORDS - 1),
            records => format!(
                "take {words} words and a commitment for each of {records} records, but a statement has room for {MAX_WORDS} words"
            ),
        }))
    }
}

impl Encoding {
    /// Whether features, length and interval fit together.
    pub fn validate(&self) -> Result<(), ArchitectureError> {
        let wrong = |reason: String| Err(ArchitectureError::Encoding(reason));
        let features = self.features.len();
        if features != 1 && features != self.len || self.len == 0 {
            return wrong(format!("has {features} features for {} entries", self.len));
        }
        if let Err(error) = proper(self.interval) {
            return wrong(format!("has a wrong interval: {error}"));
        }
        if self.numbers == Numbers::Floats && self.interval != Self::FLOATS {
            return wrong("is of 32-bit floats, but has another interval".into());
        }
        if self.interval.size() < 2 || !self.interval.size().is_power_of_two() {
            return wrong(format!("has {} integers, which is not a power of two from 2 on", self.interval.size()));
        }
        match self.features.iter().find(|feature| !feature.is_sound()) {
            Some(feature) => wrong(format!("of `{}` has a step or a zero that is no sound number", feature.name)),
            None => Ok(()),
        }
    }
}

impl super::Feature {
    fn is_sound(&self) -> bool {
        self.zero.is_finite() && self.step.is_finite() && self.step > 0.0
    }
}

fn too_large(reason: String) -> ArchitectureError {
    ArchitectureError::TooLarge(reason)
}

fn scores(reason: String) -> ArchitectureError {
    ArchitectureError::Scores(reason)
}
