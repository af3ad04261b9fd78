//! What a proof says, in words that are bound to it.
//!
//! A verification key binds an architecture by its digest, and with it labels, features, units and scales. A model's identity binds
//! its card. So everything a person reads is recomputed here from verified values; the readable part of a proof file
//! is compared with that and refused if it says anything else.

mod map;
mod proof_file;
mod public_model;
mod reading;

use thiserror::Error;
use zkdx_circuits::statement::{OutcomeError, OutcomeForm};
use zkdx_circuits::{Case, Outcome, OutcomeKind, Statement};

use crate::encoding::DecodeError;
use crate::groth16::{VerifyError, verify};
use crate::key::{PreparedVerifyingKey, SetupKind};

pub use map::{ClassReading, MapReading, counted};
pub use proof_file::ProofFile;
pub use public_model::PublicModel;
pub use reading::{CaseReading, Opening, Reading, ScoreReading};

/// A verified diagnosis of each record.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// For each case the class or class map, and the scores if they are disclosed; `None` if the outcome is a commitment that was not opened.
    pub outcomes: Vec<Option<Outcome>>,
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
    /// An opening belongs to none of the committed outcomes.
    #[error("the opening does not belong to this proof's committed outcome")]
    Opening,
    /// An opening for an outcome that is not a commitment.
    #[error("this proof's outcome is not a commitment: there is nothing to open")]
    NothingToOpen,
}

/// Checks a proof and everything its file says; openings reveal committed outcomes.
pub fn verify_file(
    key: &PreparedVerifyingKey,
    model: &PublicModel,
    file: &ProofFile,
    openings: &[Opening],
) -> Result<Diagnosis, DiagnosisError> {
    model.check(key.key())?;
    verify(key, model.model(), &file.statement, &file.proof)?;
    let outcomes = disclosed(model, &file.statement, openings)?;
    let committed = Reading::new(model, &file.statement, &disclosed(model, &file.statement, &[])?)?;
    committed.require_equal(&file.reading)?;
    let reading = Reading::new(model, &file.statement, &outcomes)?;
    Ok(Diagnosis { outcomes, reading, setup: key.key().setup })
}

/// For each case the outcome in the clear, if the statement or one of the openings discloses it.
pub fn disclosed(
    model: &PublicModel,
    statement: &Statement,
    openings: &[Opening],
) -> Result<Vec<Option<Outcome>>, DiagnosisError> {
    let form = model.outcome_form()?;
    if model.architecture().outcome == OutcomeKind::Commitment {
        return opened(statement, openings, &form);
    }
    if !openings.is_empty() {
        return Err(DiagnosisError::NothingToOpen);
    }
    let read = |case: &Case| Ok(Some(form.unpack(&case.outcome)?));
    statement.cases.iter().map(read).collect()
}

/// Committed outcomes: each opening must open one.
fn opened(
    statement: &Statement,
    openings: &[Opening],
    form: &OutcomeForm,
) -> Result<Vec<Option<Outcome>>, DiagnosisError> {
    let mut outcomes = vec![None; statement.cases.len()];
    for opening in openings {
        let open = |case: &Case| opening.open(&case.outcome, form);
        let found = statement.cases.iter().zip(&mut outcomes).find_map(|(case, outcome)| Some((outcome, open(case)?)));
        let (outcome, opened) = found.ok_or(DiagnosisError::Opening)?;
        *outcome = Some(opened);
    }
    Ok(outcomes)
}
