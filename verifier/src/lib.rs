//! Verification of zkdx proofs: what anyone can run, with no prover code.
//!
//! - [`encoding`]: canonical bytes of points and numbers, and a reader for hostile bytes
//! - [`mod@file`]: the header and checksum around every file
//! - [`VerifyingKey`], [`Model`], [`Proof`]: what a verifier holds
//! - [`transcript`]: the challenges
//! - [`verify`]: the pairing equation
//! - [`diagnosis`]: what a proof says, in words that are bound to it

pub mod diagnosis;
pub mod encoding;
pub mod file;
pub mod groth16;
pub mod key;
pub mod model;
pub mod proof;
pub mod transcript;

pub use diagnosis::{Diagnosis, DiagnosisError, Opening, ProofFile, PublicModel, Reading};
pub use encoding::DecodeError;
pub use groth16::{VerifyError, verify};
pub use key::{KeyError, PreparedVerifyingKey, SetupKind, VerifyingKey};
pub use model::Model;
pub use proof::{PROOF_BYTES, Proof};
pub use transcript::Transcript;
