//! Outcomes in words, where the public half of the model's registration says what the words of the log mean.

use serde::Serialize;
use zkdx_circuits::statement::Case;
use zkdx_circuits::{OutcomeKind, Statement};
use zkdx_verifier::diagnosis::{CaseReading, disclosed};
use zkdx_verifier::{DiagnosisError, PublicModel, Reading, VerifyingKey};

/// Classes that the first word has room for, below the scores.
const CLASSES: u64 = 1 << 16;

/// What an entry says of its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OutcomeReading {
    /// In the words of the model.
    Disclosed {
        /// Label, scores, class map.
        reading: CaseReading,
    },
    /// A commitment, which says nothing without its opening.
    Committed,
    /// A number that is a class if the model has one class for each record; only its public file says so.
    Class {
        /// The number.
        class: u64,
    },
    /// Scores, a class map or a commitment; only the model's public file says which.
    Unread,
}

/// Reads an outcome by the model's public file, which must be that of `key`.
pub(super) fn read(public: &PublicModel, key: &VerifyingKey, case: Case) -> Result<OutcomeReading, DiagnosisError> {
    public.check(key)?;
    if public.architecture().outcome == OutcomeKind::Commitment {
        return Ok(OutcomeReading::Committed);
    }
    let statement = Statement::single(public.model().id(), case);
    let outcomes = disclosed(public, &statement, &[])?;
    let reading = Reading::new(public, &statement, &outcomes)?.cases.pop();
    Ok(reading.map_or(OutcomeReading::Unread, |reading| OutcomeReading::Disclosed { reading }))
}

/// What can be said without the public file.
pub(super) fn guess(entry: &super::entry::Entry) -> OutcomeReading {
    let class = |word: &alloy::primitives::B256| u64::try_from(alloy::primitives::U256::from_be_bytes(word.0)).ok();
    match &entry.outcome[..] {
        [word] => match class(word).filter(|class| *class < CLASSES) {
            Some(class) => OutcomeReading::Class { class },
            None => OutcomeReading::Unread,
        },
        _ => OutcomeReading::Unread,
    }
}

impl OutcomeReading {
    /// In one line.
    pub fn summary(&self) -> String {
        match self {
            Self::Disclosed { reading } => reading.summary().unwrap_or_else(|| "no class".into()),
            Self::Committed => "committed outcome".into(),
            Self::Class { class } => format!("class {class}"),
            Self::Unread => "unread outcome (give --public)".into(),
        }
    }
}
