//! What a proof says, in words that are bound to it.
//!
//! A verification key binds an architecture by its digest, and with it labels, features, units and scales. A model's identity binds
//! its card. So everything a person reads is recomputed here from verified values; the readable part of a proof file
//! is compared with that and refused if it says anything else.

mod proof_file;
mod public_model;
mod reading;

use thiserror::Error;
use zkdx_circuits::statement::OutcomeError;
use zkdx_circuits::{Outcome, OutcomeKind, Statement};

use crate::encoding::DecodeError;
use crate::groth16::{VerifyError, verify};
use crate::key::{PreparedVerifyingKey, SetupKind};

pub use proof_file::ProofFile;
pub use public_model::PublicModel;
pub use reading::{Opening, Reading, ScoreReading};

/// A verified diagnosis.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// The class, and the scores if they are disclosed; `None` if the outcome is a commitment that was not opened.
    pub outcome: Option<Outcome>,
    /// The same for people.
    pub reading: Reading,
    /// Who made the key.
    pub setup: SetupKind,
}

/// Why a proof file is refused.
#[derive(Debug, Error)]
pub enum DiagnosisError {
    /// Not JSON of the expected form.
    #[error("this is not a zkdx {expected}: {reason}")]
    Format {
        /// What was expected.
        expected: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Bytes inside are not the encoding of a value.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The architecture is not the one of the verification key.
    #[error("the model's architecture is not the one this verification key was made for")]
    Architecture,
    /// The card is not the one that the model's identity covers.
    #[error("the model card was changed: it is not the one that the model's identity covers")]
    Card,
    /// The architecture contradicts itself.
    #[error("the architecture is malformed: {0}")]
    Malformed(String),
    /// The proof does not hold.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The words are no outcome of this architecture.
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    /// The readable part differs from what is proven.
    #[error("the readable part of the proof file was changed: `{field}` says {got}, but what is proven is {expected}")]
    Reading {
        /// Which field.
        field: &'static str,
        /// What is proven.
        expected: String,
        /// What the file says.
        got: String,
    },
    /// The opening does not belong to the committed outcome.
    #[error("the opening does not belong to this proof's committed outcome")]
    Opening,
    /// An opening for an outcome that is not a commitment.
    #[error("this proof's outcome is not a commitment: there is nothing to open")]
    NothingToOpen,
}

/// Checks a proof and everything its file says; an opening reveals a committed outcome.
pub fn verify_file(
    key: &PreparedVerifyingKey,
    model: &PublicModel,
    file: &ProofFile,
    opening: Option<&Opening>,
) -> Result<Diagnosis, DiagnosisError> {
    model.check(key.key())?;
    verify(key, model.model(), &file.statement, &file.proof)?;
    let outcome = disclosed(model, &file.statement, opening)?;
    let committed = Reading::new(model, &file.statement, disclosed(model, &file.statement, None)?.as_ref());
    committed.require_equal(&file.reading)?;
    let reading = Reading::new(model, &file.statement, outcome.as_ref());
    Ok(Diagnosis { outcome, reading, setup: key.key().setup })
}

/// The outcome in the clear, if the statement or the opening discloses it.
pub fn disclosed(
    model: &PublicModel,
    statement: &Statement,
    opening: Option<&Opening>,
) -> Result<Option<Outcome>, DiagnosisError> {
    let (classes, scores) = (model.classes(), model.scores()?);
    match (model.architecture().outcome, opening) {
        (OutcomeKind::Class, None) => Ok(Some(Outcome::from_words(&statement.outcome, classes, 0)?)),
        (OutcomeKind::ClassAndScores, None) => Ok(Some(Outcome::from_words(&statement.outcome, classes, scores)?)),
        (OutcomeKind::Commitment, None) => Ok(None),
        (OutcomeKind::Commitment, Some(opening)) => opening.open(&statement.outcome, classes, scores).map(Some),
        (_, Some(_)) => Err(DiagnosisError::NothingToOpen),
    }
}
