//! A proof with its statement, as a JSON file.

use serde::{Deserialize, Serialize};
use zkdx_circuits::{Case, Context, Statement, field};

use super::{DiagnosisError, Reading};
use crate::encoding::words_from_bytes;
use crate::proof::Proof;

const FORMAT: &str = "zkdx-proof";
const VERSION: u32 = 2;

/// A proof, what it proves, and the same for people.
#[derive(Clone, Debug, PartialEq)]
pub struct ProofFile {
    /// What is proven.
    pub statement: Statement,
    /// The proof.
    pub proof: Proof,
    /// What a person reads; checked against the statement.
    pub reading: Reading,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: String,
    version: u32,
    reading: Reading,
    statement: StatementWire,
    #[serde(with = "hex::serde")]
    proof: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementWire {
    #[serde(with = "hex::serde")]
    model_id: [u8; 32],
    cases: Vec<CaseWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseWire {
    record_commitment: Word,
    outcome: Vec<Word>,
    context: Context,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Word(#[serde(with = "hex::serde")] [u8; 32]);

impl ProofFile {
    /// The file's JSON.
    pub fn to_json(&self) -> String {
        let wire = Wire {
            format: FORMAT.into(),
            version: VERSION,
            reading: self.reading.clone(),
            statement: StatementWire {
                model_id: self.statement.model_id,
                cases: self.statement.cases.iter().map(CaseWire::of).collect(),
            },
            proof: self.proof.to_bytes().to_vec(),
        };
        serde_json::to_string_pretty(&wire).unwrap_or_default()
    }

    /// Reads what [`Self::to_json`] wrote; words that are not below `r` and malformed points are refused.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DiagnosisError> {
        let format = |reason: String| DiagnosisError::Format { expected: "proof", reason };
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| format(error.to_string()))?;
        if wire.format != FORMAT || wire.version != VERSION {
            return Err(format(format!("it says `{}`, version {}", wire.format, wire.version)));
        }
        Ok(Self { statement: wire.statement.read()?, proof: Proof::from_bytes(&wire.proof)?, reading: wire.reading })
    }
}

impl StatementWire {
    fn read(self) -> Result<Statement, DiagnosisError> {
        let cases = self.cases.into_iter().map(CaseWire::read).collect::<Result<_, _>>()?;
        Ok(Statement { model_id: self.model_id, cases })
    }
}

impl CaseWire {
    fn of(case: &Case) -> Self {
        Self {
            record_commitment: Word(field::to_bytes(&case.record_commitment)),
            outcome: case.outcome.iter().map(|word| Word(field::to_bytes(word))).collect(),
            context: case.context.clone(),
        }
    }

    fn read(self) -> Result<Case, DiagnosisError> {
        let record = words_from_bytes(&[self.record_commitment.0])?;
        let outcome: Vec<_> = self.outcome.iter().map(|word| word.0).collect();
        Ok(Case {
            record_commitment: record.first().copied().unwrap_or_default(),
            outcome: words_from_bytes(&outcome)?,
            context: self.context,
        })
    }
}
