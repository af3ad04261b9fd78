//! Why there is no measurement, in sentences.

use std::fmt::Display;
use std::path::Path;

use thiserror::Error;
use zkdx_circuits::architecture::ArchitectureError;
use zkdx_circuits::layers::LayerError;

/// Why there is no measurement.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A layer of a workload is refused.
    #[error("the workload does not fit together: {0}")]
    Layer(#[from] LayerError),
    /// The architecture of a workload is refused.
    #[error("the workload makes no sense: {0}")]
    Architecture(#[from] ArchitectureError),
    /// A file cannot be read, written or understood.
    #[error("`{path}`: {reason}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A step that should have been measured failed.
    #[error("{step}: {reason}")]
    Step {
        /// Which step.
        step: &'static str,
        /// What it said.
        reason: String,
    },
    /// Something was asked for that is not there.
    #[error("{0}")]
    Refused(String),
}

/// A refusal.
pub(crate) fn refuse<T>(reason: String) -> Result<T, BenchError> {
    Err(BenchError::Refused(reason))
}

/// What is wrong with the file at `path`.
pub(crate) fn wrong<E: Display>(path: &Path) -> impl Fn(E) -> BenchError {
    move |error| BenchError::File { path: path.display().to_string(), reason: error.to_string() }
}

/// What is wrong with a step.
pub(crate) fn failed<E: Display>(step: &'static str) -> impl Fn(E) -> BenchError {
    move |error| BenchError::Step { step, reason: error.to_string() }
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, BenchError> {
    std::fs::read(path).map_err(wrong(path))
}
