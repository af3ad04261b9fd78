//! The envelope of every file: what it is, how long, and whether it arrived whole.
//!
//! ```text
//! "zkdx" (4) │ kind (2) │ version (2) │ payload length (8) │ payload │ keccak of everything before (32)
//! ```
//!
//! The checksum finds accidents, not attacks: whatever a payload says is checked again by whoever reads it.

use thiserror::Error;
use zkdx_circuits::statement::keccak;

use crate::encoding::{DecodeError, Reader};
use crate::key::MAX_KEY_BYTES;
use crate::model::MODEL_BYTES;
use crate::proof::PROOF_BYTES;

const MAGIC: [u8; 4] = *b"zkdx";
const VERSION: u16 = 1;

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 16;
/// Bytes after the payload.
pub const CHECKSUM_BYTES: usize = 32;
/// Longest proving key that is read: 64 GiB.
const MAX_PROVING_KEY_BYTES: u64 = 1 << 36;
/// Longest model, circuit or record that is read: 16 GiB.
const MAX_MODEL_BYTES: u64 = 1 << 34;
/// Longest registration secret that is read.
const MAX_REGISTRATION_BYTES: u64 = 1 << 12;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A verification key.
    VerifyingKey = 1,
    /// A proving key; its checksum is BLAKE3, for speed.
    ProvingKey = 2,
    /// The public half of a registered model.
    Model = 3,
    /// The secret half of a registered model.
    Registration = 4,
    /// A proof.
    Proof = 5,
    /// A quantised model with its card. Secret.
    QuantizedModel = 6,
    /// A public architecture.
    Circuit = 7,
    /// An encoded record with its blinding. Secret.
    Record = 8,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::VerifyingKey,
        Self::ProvingKey,
        Self::Model,
        Self::Registration,
        Self::Proof,
        Self::QuantizedModel,
        Self::Circuit,
        Self::Record,
    ];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyingKey => "verification key",
            Self::ProvingKey => "proving key",
            Self::Model => "model",
            Self::Registration => "registration secret",
            Self::Proof => "proof",
            Self::QuantizedModel => "quantised model",
            Self::Circuit => "circuit",
            Self::Record => "record commitment",
        }
    }

    /// Longest payload that is read.
    pub const fn limit(self) -> u64 {
        match self {
            Self::VerifyingKey => MAX_KEY_BYTES as u64,
            Self::ProvingKey => MAX_PROVING_KEY_BYTES,
            Self::Model => MODEL_BYTES as u64,
            Self::Registration => MAX_REGISTRATION_BYTES,
            Self::Proof => PROOF_BYTES as u64,
            Self::QuantizedModel | Self::Circuit | Self::Record => MAX_MODEL_BYTES,
        }
    }

    fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u16 == code)
    }
}

/// Why bytes are not the expected file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// Other bytes than `zkdx` at the start, or a kind that does not exist.
    #[error("this is not a zkdx file")]
    NotZkdx,
    /// Another kind of file.
    #[error("this is a zkdx {}, expected a zkdx {}", got.name(), expected.name())]
    Kind {
        /// Kind wanted.
        expected: Kind,
        /// Kind found.
        got: Kind,
    },
    /// A version this program does not know.
    #[error("the file has version {got}, this program reads version {expected}")]
    Version {
        /// Version this program reads.
        expected: u16,
        /// Version found.
        got: u16,
    },
    /// A payload longer than this kind of file ever is.
    #[error("the file claims {got} bytes of content, a zkdx {} has at most {limit}", kind.name())]
    TooLong {
        /// Kind of the file.
        kind: Kind,
        /// Longest payload that is read.
        limit: u64,
        /// Length claimed.
        got: u64,
    },
    /// Fewer bytes than announced.
    #[error("the file is truncated: it has {got} bytes, expected {expected}")]
    Truncated {
        /// Bytes expected.
        expected: u64,
        /// Bytes found.
        got: u64,
    },
    /// More bytes than announced.
    #[error("the file has {got} bytes, expected {expected}")]
    Trailing {
        /// Bytes expected.
        expected: u64,
        /// Bytes found.
        got: u64,
    },
    /// The checksum differs.
    #[error("the file is damaged: its checksum does not match")]
    Damaged,
}

/// What a file says it holds; `None` if it is no file of zkdx.
pub fn peek(bytes: &[u8]) -> Option<Kind> {
    let code = bytes.strip_prefix(&MAGIC)?.first_chunk::<2>()?;
    Kind::from_code(u16::from_be_bytes(*code))
}

/// The 16 bytes before a payload of `length` bytes.
pub fn header(kind: Kind, length: usize) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend((kind as u16).to_be_bytes());
    bytes.extend(VERSION.to_be_bytes());
    bytes.extend((length as u64).to_be_bytes());
    bytes
}

/// `payload` in its envelope.
pub fn seal(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len() + CHECKSUM_BYTES);
    bytes.extend(header(kind, payload.len()));
    bytes.extend(payload);
    bytes.extend(keccak([&bytes[..]]));
    bytes
}

/// The payload of a file of kind `kind`.
pub fn open(kind: Kind, bytes: &[u8]) -> Result<&[u8], FileError> {
    open_with(kind, bytes, |body| keccak([body]))
}

/// The payload of a file whose checksum is `checksum` of everything before it.
pub fn open_with(kind: Kind, bytes: &[u8], checksum: impl Fn(&[u8]) -> [u8; 32]) -> Result<&[u8], FileError> {
    let expected = total_length(kind, bytes)?;
    let got = bytes.len() as u64;
    match got.cmp(&expected) {
        std::cmp::Ordering::Less => return Err(FileError::Truncated { expected, got }),
        std::cmp::Ordering::Greater => return Err(FileError::Trailing { expected, got }),
        std::cmp::Ordering::Equal => {}
    }
    let (body, sum) = bytes.split_last_chunk().ok_or(FileError::Truncated { expected, got })?;
    if checksum(body) != *sum {
        return Err(FileError::Damaged);
    }
    body.get(HEADER_BYTES..).ok_or(FileError::Truncated { expected, got })
}

/// Length of the whole file of kind `kind` that starts with `head`: what a reader may allocate, known from the first 16 bytes.
pub fn total_length(kind: Kind, head: &[u8]) -> Result<u64, FileError> {
    let mut reader = Reader::new(head);
    if !starts_like(head) {
        return Err(FileError::NotZkdx);
    }
    let truncated = |_: DecodeError| FileError::Truncated { expected: HEADER_BYTES as u64, got: head.len() as u64 };
    reader.bytes(MAGIC.len(), "the magic").map_err(truncated)?;
    let got = Kind::from_code(reader.u16("the kind").map_err(truncated)?).ok_or(FileError::NotZkdx)?;
    check_kind(kind, got)?;
    check_version(reader.u16("the version").map_err(truncated)?)?;
    let length = reader.u64("the length").map_err(truncated)?;
    let (limit, overhead) = (kind.limit(), (HEADER_BYTES + CHECKSUM_BYTES) as u64);
    if length > limit { Err(FileError::TooLong { kind, limit, got: length }) } else { Ok(length + overhead) }
}

fn starts_like(head: &[u8]) -> bool {
    let common = head.iter().zip(&MAGIC);
    !head.is_empty() && common.into_iter().all(|(byte, magic)| byte == magic)
}

fn check_kind(expected: Kind, got: Kind) -> Result<(), FileError> {
    if expected == got { Ok(()) } else { Err(FileError::Kind { expected, got }) }
}

fn check_version(got: u16) -> Result<(), FileError> {
    if got == VERSION { Ok(()) } else { Err(FileError::Version { expected: VERSION, got }) }
}
