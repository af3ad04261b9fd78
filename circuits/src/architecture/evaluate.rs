//! The reference interpreter: an architecture run on a record, layer by layer, in plain integers.
//!
//! Every proof system proves what this computes.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Architecture, ArchitectureError, Interval, LayerNode, Norm, ParameterSpec};
use crate::layers::classes;
use crate::parameters::{Parameters, Record, wipe};

/// Every value of a run. Secret: wiped when dropped.
pub struct Evaluation {
    /// The record, then the output of each layer.
    pub values: Vec<ArrayD<i64>>,
    /// The scores, in class order; of a class map, those of one position after the other.
    pub scores: Vec<i64>,
    /// The class that they decide at each position.
    pub classes: Vec<usize>,
}

impl Evaluation {
    /// The class that the scores decide, of a class map the one at its first position.
    pub fn class(&self) -> usize {
        self.classes.first().copied().unwrap_or_default()
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        self.values.iter_mut().for_each(wipe);
        self.scores.zeroize();
        self.classes.zeroize();
    }
}

impl ZeroizeOnDrop for Evaluation {}

/// Why a record or parameters do not fit an architecture. Names places, never the secret integers there.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InputError {
    /// The architecture itself is refused.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Wrong number of entries.
    #[error("the record has {got} entries, the architecture takes {expected}")]
    RecordLength {
        /// Entries the architecture takes.
        expected: usize,
        /// Entries given.
        got: usize,
    },
    /// Wrong number of parameters.
    #[error("the model has {got} parameters, the architecture takes {expected}")]
    ParameterCount {
        /// Parameters the architecture takes.
        expected: usize,
        /// Parameters given.
        got: usize,
    },
    /// Wrong shape.
    #[error("parameter `{name}` has shape {got:?}, the architecture takes {expected:?}")]
    ParameterShape {
        /// Name of the parameter.
        name: String,
        /// Shape the architecture takes.
        expected: Vec<usize>,
        /// Shape given.
        got: Vec<usize>,
    },
    /// Entries too large together.
    #[error("the magnitudes of `{name}` at index {index} of axis {} add up to more than {}", norm.axis, norm.bound)]
    Norm {
        /// Name of the parameter.
        name: String,
        /// Index along the axis.
        index: usize,
        /// What the architecture promises.
        norm: Norm,
    },
    /// An integer outside its interval.
    #[error("entry {index} of `{name}` is not between {} and {}", interval.lo, interval.hi)]
    Interval {
        /// Name of the parameter, or `record`.
        name: String,
        /// Row-major index of the entry.
        index: usize,
        /// Where it should lie.
        interval: Interval,
    },
}

impl Architecture {
    /// Runs every layer on `record` with `parameters`.
    pub fn evaluate(&self, record: &Record, parameters: &Parameters) -> Result<Evaluation, InputError> {
        self.validate()?;
        self.check_record(record)?;
        check_parameters(&self.parameters, parameters)?;
        let mut evaluation = Evaluation { values: vec![self.shaped(record)], scores: Vec::new(), classes: Vec::new() };
        for node in &self.layers {
            let value = run(node, &evaluation.values, parameters);
            evaluation.values.push(value);
        }
        evaluation.scores = evaluation.values[self.scores.0].iter().copied().collect();
        evaluation.classes = classes(&evaluation.scores, self.positions.get());
        Ok(evaluation)
    }

    fn check_record(&self, record: &Record) -> Result<(), InputError> {
        let (expected, got) = (self.encoding.len, record.entries().len());
        if got != expected {
            return Err(InputError::RecordLength { expected, got });
        }
        check_entries("record", record.entries().iter(), self.encoding.interval)
    }

    fn shaped(&self, record: &Record) -> ArrayD<i64> {
        let mut entries = record.entries().iter().copied();
        ArrayD::from_shape_simple_fn(IxDyn(&self.input_shape), || entries.next().unwrap_or_default())
    }
}

/// Refuses parameters that are not what `specs` say.
pub(crate) fn check_parameters(specs: &[ParameterSpec], parameters: &Parameters) -> Result<(), InputError> {
    let (expected, got) = (specs.len(), parameters.tensors().len());
    if got != expected {
        return Err(InputError::ParameterCount { expected, got });
    }
    specs.iter().zip(parameters.tensors()).try_for_each(|(spec, tensor)| check_parameter(spec, tensor))
}

fn check_parameter(spec: &ParameterSpec, tensor: &ArrayD<i64>) -> Result<(), InputError> {
    if tensor.shape() != spec.shape {
        let (expected, got) = (spec.shape.clone(), tensor.shape().to_vec());
        return Err(InputError::ParameterShape { name: spec.name.clone(), expected, got });
    }
    check_entries(&spec.name, tensor.iter(), spec.interval)?;
    spec.norm.map_or(Ok(()), |norm| check_norm(&spec.name, tensor, norm))
}

fn check_norm(name: &str, tensor: &ArrayD<i64>, norm: Norm) -> Result<(), InputError> {
    let magnitude = |lane: ArrayViewD<'_, i64>| lane.iter().map(|entry| u128::from(entry.unsigned_abs())).sum::<u128>();
    let mut lanes = tensor.axis_iter(Axis(norm.axis));
    match lanes.position(|lane| magnitude(lane) > norm.bound.into()) {
        Some(index) => Err(InputError::Norm { name: name.into(), index, norm }),
        None => Ok(()),
    }
}

fn check_entries<'a>(
    name: &str,
    mut entries: impl Iterator<Item = &'a i64>,
    interval: Interval,
) -> Result<(), InputError> {
    match entries.position(|&entry| !interval.contains(entry)) {
        Some(index) => Err(InputError::Interval { name: name.into(), index, interval }),
        None => Ok(()),
    }
}

fn run(node: &LayerNode, values: &[ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64> {
    let inputs: Vec<_> = node.inputs.iter().map(|id| &values[id.0]).collect();
    node.layer.operator().evaluate(&inputs, parameters)
}
