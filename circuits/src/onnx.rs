//! Imports ONNX models: bytes in, a float graph out.
//!
//! ```text
//! bytes ─decode─► messages ─order─► nodes ─registry─► float nodes, constants folded ─prune─► FloatGraph
//! ```
//!
//! Whatever exporters write around a network (shape arithmetic, casts, label names, dictionaries of probabilities) is resolved
//! here, so that later stages see few operators. What cannot be imported is reported all at once, in one [`ImportError`]. No bytes
//! make an import panic.

mod activation;
mod attention;
mod attributes;
mod blocks;
mod body;
mod builder;
mod call;
mod classifier;
mod condition;
mod constant;
mod contraction;
mod control;
mod convert;
mod convolution;
mod einsum;
mod elementwise;
mod encoding;
mod error;
mod extreme;
mod function;
mod fused;
mod gemm;
mod input;
mod integers;
mod interpolate;
mod known;
mod machine;
mod map;
mod movement;
mod normalization;
mod order;
mod output;
mod padding;
mod places;
mod plan;
mod pooling;
mod power;
mod proto;
mod quantized;
mod ranking;
mod recurrent;
mod reduction;
mod refused;
mod registry;
mod resize;
mod run;
mod scatter;
mod scope;
mod selection;
mod sequence;
mod sorting;
mod spread;
mod standardize;
mod statistics;
mod summary;
mod tensor;
mod transposed;
mod trees;
mod triangle;
mod value;
mod window;

use prost::Message;

pub use error::{Fault, ImportError, Place, Reason};
pub use summary::{Summary, SummaryNode};

use crate::graph::FloatGraph;
use proto::ModelProto;

/// Protocol buffers cannot be larger.
const MAX_BYTES: usize = i32::MAX as usize;

/// What the user decides about an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Name of the value to prove; by default the first output of the model that holds scores or probabilities.
    pub output: Option<String>,
}

/// Imports a model.
pub fn import(bytes: &[u8], options: &ImportOptions) -> Result<FloatGraph, ImportError> {
    Ok(convert::convert(decode(bytes)?, options)?.0)
}

/// Lists what [`import`] makes of a model.
pub fn inspect(bytes: &[u8], options: &ImportOptions) -> Result<Summary, ImportError> {
    Ok(convert::convert(decode(bytes)?, options)?.1)
}

fn decode(bytes: &[u8]) -> Result<ModelProto, ImportError> {
    let fault = |reason| ImportError::from(Fault::new(Place::Model, reason));
    if bytes.len() > MAX_BYTES {
        return Err(fault(Reason::NotOnnx("it is larger than 2 GiB".into())));
    }
    ModelProto::decode(bytes).map_err(|error| fault(Reason::NotOnnx(error.to_string())))
}
