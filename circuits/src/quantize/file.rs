//! A quantised model as one secret file.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `zkdx-mod` |
//! | 2 | version, 1, big-endian like every number here |
//! | 4 | length of the architecture |
//! | … | the architecture: canonical JSON, declaration order, no spaces |
//! | … | every parameter, in order: its entries, two's complement, in the 1, 2, 4 or 8 bytes that its interval needs |
//! | 32 | keccak of everything before |
//!
//! There is one file for each model: the same model always gives the same bytes, and no other bytes are accepted for it.

use ndarray::{ArrayD, IxDyn};
use thiserror::Error;
use zeroize::Zeroizing;

use super::QuantizedModel;
use crate::architecture::{Architecture, ArchitectureError, Interval, ParameterSpec};
use crate::parameters::Parameters;
use crate::statement::keccak;

const MAGIC: &[u8; 8] = b"zkdx-mod";
const HEADER: usize = 14;
const CHECKSUM: usize = 32;

/// The version this program writes and reads.
pub const FILE_VERSION: u16 = 1;

/// Why bytes are no quantised model.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum FileError {
    /// Something else altogether.
    #[error("this is not a quantised model of zkdx")]
    Foreign,
    /// Written by a later version.
    #[error("this model file has version {version}, and only version {FILE_VERSION} can be read: use a newer zkdx")]
    TooNew {
        /// Version of the file.
        version: u16,
    },
    /// Cut off or changed.
    #[error("this model file is damaged: its checksum does not match")]
    Damaged,
    /// Intact, but not what this program would have written.
    #[error("this model file is malformed: {0}")]
    Malformed(String),
    /// The architecture is refused.
    #[error("this model file is malformed: {0}")]
    Architecture(#[from] ArchitectureError),
}

impl QuantizedModel {
    /// The file. Secret: it holds the weights.
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let json = serde_json::to_vec(&self.architecture).expect("plain data always serialises");
        let specs = &self.architecture.parameters;
        let entries: usize = specs.iter().map(parameter_len).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER + json.len() + entries + CHECKSUM));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FILE_VERSION.to_be_bytes());
        bytes.extend_from_slice(&(json.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&json);
        for (spec, tensor) in specs.iter().zip(self.parameters.tensors()) {
            let width = width(spec.interval);
            tensor.iter().for_each(|entry| bytes.extend_from_slice(&entry.to_be_bytes()[8 - width..]));
        }
        let checksum = keccak([&bytes[..]]);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Reads a file; everything in it is checked.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let content = intact(bytes)?;
        let (header, rest) = content.split_at(HEADER);
        let len = header[10..].iter().fold(0usize, |len, &byte| len << 8 | usize::from(byte));
        let (json, entries) = rest.split_at_checked(len).ok_or_else(|| malformed("the architecture is cut off"))?;
        let architecture = architecture(json)?;
        let expected: usize = architecture.parameters.iter().map(parameter_len).sum();
        if entries.len() != expected {
            let reason = format!("the parameters take {expected} bytes, there are {}", entries.len());
            return Err(FileError::Malformed(reason));
        }
        let parameters = parameters(&architecture.parameters, entries)?;
        Ok(Self { architecture, parameters })
    }
}

/// The bytes before the checksum, if they are of this version and the checksum is right.
fn intact(bytes: &[u8]) -> Result<&[u8], FileError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(FileError::Foreign)?;
    let version = rest.first_chunk().map(|version| u16::from_be_bytes(*version)).ok_or(FileError::Damaged)?;
    if version > FILE_VERSION {
        return Err(FileError::TooNew { version });
    }
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(FileError::Damaged)?;
    match content.len() >= HEADER && keccak([content]) == *checksum && version == FILE_VERSION {
        true => Ok(content),
        false => Err(FileError::Damaged),
    }
}

fn architecture(json: &[u8]) -> Result<Architecture, FileError> {
    let architecture: Architecture = serde_json::from_slice(json).map_err(|_| malformed("no architecture"))?;
    architecture.validate()?;
    match serde_json::to_vec(&architecture) {
        Ok(again) if again == json => Ok(architecture),
        _ => Err(malformed("the architecture is not in canonical form")),
    }
}

fn parameters(specs: &[ParameterSpec], mut bytes: &[u8]) -> Result<Parameters, FileError> {
    // Wrapped from the start, so that what was read is wiped on errors too.
    let mut tensors = Vec::with_capacity(specs.len());
    let mut wrong = None;
    for spec in specs {
        let (own, rest) = bytes.split_at(parameter_len(spec));
        tensors.push(tensor(spec, own));
        bytes = rest;
        let outside = tensors.last().is_some_and(|tensor| tensor.iter().any(|&entry| !spec.interval.contains(entry)));
        wrong = wrong.or(outside.then_some(spec));
    }
    let parameters = Parameters::new(tensors);
    match wrong {
        Some(spec) => Err(FileError::Malformed(format!("an entry of `{}` is outside its interval", spec.name))),
        None => Ok(parameters),
    }
}

fn tensor(spec: &ParameterSpec, bytes: &[u8]) -> ArrayD<i64> {
    let mut entries = bytes.chunks_exact(width(spec.interval)).map(|chunk| {
        let sign = if chunk[0] & 0x80 == 0 { 0 } else { -1 };
        chunk.iter().fold(sign, |value: i64, &byte| value << 8 | i64::from(byte))
    });
    ArrayD::from_shape_simple_fn(IxDyn(&spec.shape), || entries.next().unwrap_or_default())
}

fn parameter_len(spec: &ParameterSpec) -> usize {
    spec.shape.iter().product::<usize>() * width(spec.interval)
}

/// Bytes of an entry.
fn width(interval: Interval) -> usize {
    let holds = |bytes: &usize| {
        let half = 1i64 << (8 * bytes - 1);
        -half <= interval.lo && interval.hi < half
    };
    [1, 2, 4].into_iter().find(holds).unwrap_or(8)
}

fn malformed(reason: &str) -> FileError {
    FileError::Malformed(reason.to_owned())
}
