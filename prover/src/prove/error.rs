//! Why no proof came out.

use thiserror::Error;
use zkdx_circuits::r1cs::SynthesisError;
use zkdx_circuits::statement::Digest32;
use zkdx_verifier::{KeyError, VerifyError};

use crate::accelerator::AcceleratorError;

/// Why no proof came out. No variant tells anything of the record or the weights.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProveError {
    /// The key is degenerate.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The model was registered under another key.
    #[error("the model was registered under key {}, this is key {}", short(.expected), short(.got))]
    WrongKey {
        /// The key of the registration.
        expected: Digest32,
        /// The key given.
        got: Digest32,
    },
    /// The statement names another model.
    #[error("the statement is about model {}, this registration is of model {}", short(.expected), short(.got))]
    WrongModel {
        /// The model of the statement.
        expected: Digest32,
        /// The model of the registration.
        got: Digest32,
    },
    /// The witness was made for other words than the statement's.
    #[error("the witness was made for another statement")]
    WrongStatement,
    /// The circuit is not the key's.
    #[error("the circuit has {got} {what}, the proving key expects {expected}")]
    WrongCircuit {
        /// What was counted.
        what: &'static str,
        /// Count of the key.
        expected: usize,
        /// Count of the circuit.
        got: usize,
    },
    /// A challenge met a table row.
    #[error(transparent)]
    Synthesis(#[from] SynthesisError),
    /// The witness breaks a constraint: the statement is false, or the circuit is wrong.
    #[error("the witness does not satisfy constraint {constraint}: the statement is not true of it")]
    Unsatisfied {
        /// The first such constraint.
        constraint: usize,
    },
    /// The weights are not those that were registered.
    #[error("these weights are not the registered ones, register the model again or use its own weights")]
    WrongWeights,
    /// The device failed.
    #[error(transparent)]
    Accelerator(#[from] AcceleratorError),
    /// The finished proof does not verify: a device computed wrongly, or key and circuit do not belong together.
    #[error(
        "the finished proof does not verify, so it was discarded; the device, the key or the circuit is wrong: {0}"
    )]
    Invalid(VerifyError),
}

fn short(digest: &Digest32) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
