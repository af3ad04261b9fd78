//! Integer layers: one file per operator with its shape rule, its integer meaning and its relations, side by side.
//!
//! To add a layer, write one file with a type that implements [`Operator`], and add it to [`Layer`]. It is correct only if
//! [`Operator::evaluate`] and the witness of [`Operator::relate`] agree on every input inside the inferred intervals.

mod affine;
mod argmax;
pub(crate) mod bounds;
mod combine;
mod concat;
mod conv;
mod dense;
mod embed;
mod matmul;
mod multiply;
pub(crate) mod operands;
mod pool;
mod ratio;
mod rearrange;
mod requantize;
mod share;
mod standardize;
mod trees;

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use affine::Affine;
pub use argmax::{argmax, classes, relate_argmax};
pub use combine::Combine;
pub use concat::Concat;
pub use conv::Conv;
pub use dense::Dense;
pub use embed::Embed;
pub use matmul::MatMul;
pub use multiply::Multiply;
pub use operands::MAX_ENTRIES;
pub use pool::{MaxPool, SumPool};
pub(crate) use ratio::{MAX_FACTOR, rounded_ratio};
pub use rearrange::Rearrange;
pub use requantize::{Activation, MAX_QUOTIENT_BITS, MAX_SHIFT, Requantize, rounded_quotient, rounded_remainder};
pub use share::Share;
pub use standardize::Standardize;
pub use trees::Trees;

use crate::architecture::{Interval, ParameterId, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{SystemBuilder, TensorId};

/// Shape and interval of an integer value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueType {
    /// Shape.
    pub shape: Vec<usize>,
    /// Where every entry lies.
    pub interval: Interval,
}

/// Why a layer does not fit its inputs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LayerError {
    /// Wrong shape.
    #[error("takes {expected}, got shape {got:?}")]
    Shape {
        /// What it takes, in words.
        expected: String,
        /// What it was given.
        got: Vec<usize>,
    },
    /// The architecture names a parameter, value or table that is not there or does not fit.
    #[error("{0}")]
    Malformed(String),
    /// An accumulator could leave the range that integers are tracked in.
    #[error(
        "an accumulator could reach {magnitude}, beyond the limit of 2^{limit_bits}: use fewer bits for weights or activations"
    )]
    Overflow {
        /// Largest possible magnitude.
        magnitude: i128,
        /// Binary logarithm of the limit.
        limit_bits: u32,
    },
}

/// Binary logarithm of the largest magnitude that any tensor entry may reach.
pub const MAX_BITS: u32 = 48;

/// An integer layer.
pub trait Operator {
    /// Shape and interval of the output; refuses inputs and parameters that do not fit.
    fn infer(&self, inputs: &[ValueType], parameters: &[ParameterSpec]) -> Result<ValueType, LayerError>;

    /// The integer meaning, on inputs that [`Operator::infer`] accepted.
    fn evaluate(&self, inputs: &[&ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64>;

    /// Adds tensors and relations that force the returned tensor to be what [`Operator::evaluate`] says.
    /// Refuses what [`Operator::infer`] refuses, and intermediate values that could leave the tracked range.
    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError>;
}

/// Every integer layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Layer {
    /// See [`Dense`].
    Dense(Dense),
    /// See [`Conv`].
    Conv(Conv),
    /// See [`MaxPool`].
    MaxPool(MaxPool),
    /// See [`SumPool`].
    SumPool(SumPool),
    /// See [`Affine`].
    Affine(Affine),
    /// See [`Requantize`].
    Requantize(Requantize),
    /// See [`Combine`].
    Combine(Combine),
    /// See [`Concat`].
    Concat(Concat),
    /// See [`Rearrange`].
    Rearrange(Rearrange),
    /// See [`Multiply`].
    Multiply(Multiply),
    /// See [`MatMul`].
    MatMul(MatMul),
    /// See [`Share`].
    Share(Share),
    /// See [`Standardize`].
    Standardize(Standardize),
    /// See [`Embed`].
    Embed(Embed),
    /// See [`Trees`].
    Trees(Trees),
}

impl Layer {
    /// The parameter that holds its weights, if it has any.
    pub fn weight(&self) -> Option<ParameterId> {
        match self {
            Self::Dense(layer) => Some(layer.weight),
            Self::Conv(layer) => Some(layer.weight),
            Self::Affine(layer) => Some(layer.weight),
            Self::Embed(layer) => Some(layer.table),
            _ => None,
        }
    }

    /// The operator behind this layer.
    pub fn operator(&self) -> &dyn Operator {
        match self {
            Self::Dense(layer) => layer,
            Self::Conv(layer) => layer,
            Self::MaxPool(layer) => layer,
            Self::SumPool(layer) => layer,
            Self::Affine(layer) => layer,
            Self::Requantize(layer) => layer,
            Self::Combine(layer) => layer,
            Self::Concat(layer) => layer,
            Self::Rearrange(layer) => layer,
            Self::Multiply(layer) => layer,
            Self::MatMul(layer) => layer,
            Self::Share(layer) => layer,
            Self::Standardize(layer) => layer,
            Self::Embed(layer) => layer,
            Self::Trees(layer) => layer,
        }
    }

    /// The same layer where every value has one more axis in front, of `records` entries; `len` is the length of its first input
    /// without it. What it computes of each record stays the same.
    pub(crate) fn on_several(&self, records: usize, len: usize) -> Self {
        match self {
            Self::Concat(layer) => Self::Concat(Concat { axis: layer.axis + 1 }),
            Self::Rearrange(layer) => Self::Rearrange(layer.on_several(records, len)),
            _ => self.clone(),
        }
    }
}
