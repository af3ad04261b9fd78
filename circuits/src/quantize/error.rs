//! Why a model cannot be quantised.

use ndarray::Array2;
use thiserror::Error;

use super::Labelled;
use super::fuse::Refusal;
use super::network::Network;
use crate::architecture::{ArchitectureError, EncodingError, InputError};
use crate::layers::LayerError;

/// Why a model cannot be quantised.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum QuantizeError {
    /// Operators that have no integer form.
    #[error("the model cannot be quantised:{}", lines(.0))]
    Unsupported(Vec<Refusal>),
    /// The output is a constant or the record itself.
    #[error("the model has no layer between record and scores")]
    NoLayer,
    /// Bit widths outside what is supported.
    #[error("{option} is {got}, must be from {lo} to {hi}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What was given.
        got: String,
        /// Smallest value.
        lo: u32,
        /// Largest value.
        hi: u32,
    },
    /// Not as many names as there are things to name.
    #[error("{got} {what} were given, the model has {expected}")]
    Count {
        /// What was counted.
        what: &'static str,
        /// What the model has.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// Not a label for each position of each record.
    #[error("{got} labels were given for held-out records with {expected}: {positions} for each, in row-major order")]
    Labels {
        /// Labels that there should be.
        expected: usize,
        /// Labels given.
        got: usize,
        /// Labels of one record.
        positions: usize,
    },
    /// No records.
    #[error("there are no {set} records")]
    NoRecords {
        /// Which set.
        set: &'static str,
    },
    /// A record of the wrong length.
    #[error("{set} record {row} has {got} values, the model takes {expected}")]
    Length {
        /// Which set.
        set: &'static str,
        /// Which record, counted from 1.
        row: usize,
        /// Values the model takes.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// A value that is not finite.
    #[error("{set} record {row}: value {column} is not a finite number")]
    NotFinite {
        /// Which set.
        set: &'static str,
        /// Which record, counted from 1.
        row: usize,
        /// Which value, counted from 1.
        column: usize,
    },
    /// The float model overflows.
    #[error("node `{node}` of the float model computes a value that is not finite on the calibration records")]
    Diverges {
        /// Name of the node.
        node: String,
    },
    /// A class that the model does not have.
    #[error("record {row} is labelled as class {class}, the model has {classes}, counted from 0")]
    Class {
        /// Which record, counted from 1.
        row: usize,
        /// Its label.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A layer's accumulator would be too wide, or a layer is malformed.
    #[error("layer `{layer}`: {source}")]
    Layer {
        /// Name of the layer.
        layer: String,
        /// Why.
        source: LayerError,
    },
    /// Bits for a layer that there is not.
    #[error("no layer `{name}` has {what} that bits could be chosen for; layers that have are: {}", listed(.known))]
    UnknownLayer {
        /// What the bits were for.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// Names that there are.
        known: Vec<String>,
    },
    /// An agreement that is no share of records.
    #[error("the agreement asked for is {got}, must be a share of records: above 0 and at most 1")]
    Share {
        /// What was given.
        got: String,
    },
    /// Agreement that no precision reaches.
    #[error(
        "an agreement of {target} is out of reach after {tries} models: integers have the class of {agreement:.4} of the calibration records, \
         and are expected to have that of {expected:.4} of records like these; nothing is left to raise: ask for less, or train for larger \
         margins"
    )]
    Target {
        /// The share that was asked for.
        target: f64,
        /// The share that the last model reached.
        agreement: f64,
        /// The share expected of more records.
        expected: f64,
        /// Models that were tried.
        tries: usize,
    },
    /// Bits for a layer of a model whose bits are given.
    #[error("no bits can be chosen for single layers: {reason}")]
    NoBits {
        /// Why.
        reason: &'static str,
    },
    /// A layer's weights do not fit the scale that is asked of it.
    #[error("layer `{layer}` does not fit: its weights need {excess:.3} times the range of {bits} bits; {advice}")]
    TooLarge {
        /// Name of the layer.
        layer: String,
        /// How many times too large the largest weight or bias is.
        excess: f64,
        /// Bits of a weight.
        bits: u32,
        /// What to do.
        advice: &'static str,
    },
    /// The model is not of the given architecture.
    #[error("the model is not of the given architecture: {place}: {reason}")]
    Differs {
        /// First layer that differs, or what else does.
        place: String,
        /// How.
        reason: String,
    },
    /// The architecture is refused.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A record cannot be encoded.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// The integer program refuses its input.
    #[error(transparent)]
    Input(#[from] InputError),
}

impl QuantizeError {
    /// A layer that there is no integer form for.
    pub(super) fn malformed(layer: &str, reason: &str) -> Self {
        Self::Layer { layer: layer.into(), source: LayerError::Malformed(reason.into()) }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".into();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn lines(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| format!("\n  {refusal}")).collect()
}

/// Refuses an empty set, wrong lengths and values that are not finite.
pub(super) fn check_records(set: &'static str, records: &[Vec<f64>], expected: usize) -> Result<(), QuantizeError> {
    if records.is_empty() {
        return Err(QuantizeError::NoRecords { set });
    }
    for (row, record) in records.iter().enumerate() {
        if record.len() != expected {
            return Err(QuantizeError::Length { set, row: row + 1, expected, got: record.len() });
        }
        if let Some(column) = record.iter().position(|value| !value.is_finite()) {
            return Err(QuantizeError::NotFinite { set, row: row + 1, column: column + 1 });
        }
    }
    Ok(())
}

/// The same for records with a label for each position.
pub(super) fn check_labelled(held_out: &Labelled<'_>, len: usize, positions: usize) -> Result<(), QuantizeError> {
    check_records("held-out", held_out.records, len)?;
    let (expected, got) = (held_out.records.len() * positions, held_out.classes.len());
    if expected != got {
        return Err(QuantizeError::Labels { expected, got, positions });
    }
    Ok(())
}

/// Refuses a float model that overflows.
pub(super) fn check_finite(network: &Network, floats: &[Array2<f64>]) -> Result<(), QuantizeError> {
    let wrong = floats.iter().position(|values| values.iter().any(|value| !value.is_finite()));
    match wrong {
        Some(id) => Err(QuantizeError::Diverges { node: network.nodes[id].name.clone() }),
        None => Ok(()),
    }
}
