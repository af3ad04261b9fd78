//! What is measured: a network with a model and a record, made in memory or imported.
//!
//! Costs depend on shapes and bounds, hardly on weights. So the models here are random and were never trained; accuracy means
//! nothing. The same name is the same workload on every machine: everything random comes from a seed.

mod import;
mod models;
mod sketch;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zkdx_circuits::architecture::Interval;
use zkdx_circuits::{Architecture, Parameters, Record};

use crate::error::{BenchError, refuse};

/// Where random weights and records start.
const SEED: u64 = 7;

/// An architecture with a model and a record that fit it.
pub struct Workload {
    /// Its name in results.
    pub name: String,
    /// The public half.
    pub architecture: Architecture,
    /// The model.
    pub parameters: Parameters,
    /// The record.
    pub record: Record,
}

/// Which workload: one made here, or files. As text, `NAME` or `MODEL.onnx:CALIBRATION.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One of [`Workload::NAMES`].
    Named(String),
    /// A model with records to calibrate it on.
    Files {
        /// An ONNX model.
        model: PathBuf,
        /// A table with a header; a column `label` is left out.
        calibration: PathBuf,
    },
}

impl Workload {
    /// Every workload that is made in memory, the smallest first.
    pub const NAMES: [&str; 6] = ["mlp", "lenet-5", "cnn-264k", "dense-1m", "dense-4m", "vgg16"];

    /// Makes or imports it.
    pub fn load(source: &Source) -> Result<Self, BenchError> {
        match source {
            Source::Named(name) => Self::named(name),
            Source::Files { model, calibration } => import::workload(model, calibration),
        }
    }

    /// One of [`Workload::NAMES`].
    pub fn named(name: &str) -> Result<Self, BenchError> {
        let architecture = models::architecture(name)?;
        let mut rng = StdRng::seed_from_u64(SEED);
        let tensors = architecture.parameters.iter().map(|spec| sketch::weights(spec, &mut rng));
        let parameters = Parameters::new(tensors.collect());
        let Interval { lo, hi } = architecture.encoding.interval;
        let record = Record::new((0..architecture.encoding.len).map(|_| rng.gen_range(lo..=hi)).collect());
        Ok(Self { name: name.into(), architecture, parameters, record })
    }

    /// Number of learned integers.
    pub fn parameter_count(&self) -> u64 {
        let sizes = self.architecture.parameters.iter().map(|spec| spec.shape.iter().product::<usize>());
        sizes.sum::<usize>() as u64
    }

    /// Number of entries of all values after the record: accumulators, pooled and rounded ones.
    pub fn activation_count(&self) -> u64 {
        let values = self.architecture.infer_all().unwrap_or_default();
        values.iter().skip(1).map(|value| value.shape.iter().product::<usize>()).sum::<usize>() as u64
    }
}

impl Source {
    /// What results call it.
    pub fn label(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::Files { model, .. } => import::name(model),
        }
    }
}

impl FromStr for Source {
    type Err = BenchError;

    fn from_str(text: &str) -> Result<Self, BenchError> {
        match text.split_once(':') {
            Some((model, calibration)) => Ok(Self::Files { model: model.into(), calibration: calibration.into() }),
            None if Workload::NAMES.contains(&text) => Ok(Self::Named(text.into())),
            None => {
                let names = Workload::NAMES.join(", ");
                refuse(format!(
                    "there is no workload `{text}`: name one of {names}, or give MODEL.onnx:CALIBRATION.csv"
                ))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Files { model, calibration } => write!(f, "{}:{}", model.display(), calibration.display()),
        }
    }
}
