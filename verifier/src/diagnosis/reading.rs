//! What a person reads: labels and probabilities, computed from verified values, printed with fixed precision.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::gadgets::poseidon;
use zkdx_circuits::{Blinding, Fr, Head, Outcome, Statement, field};

use super::{DiagnosisError, PublicModel};

/// A diagnosis in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Name and version of the model.
    pub model: String,
    /// The label of the class; absent for a committed outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<String>,
    /// The scores, if they are disclosed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreReading>,
    /// Whether every value of the record lay in the calibrated range, or some were saturated on demand.
    pub record: String,
}

/// One class with its score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreReading {
    /// The class's label.
    pub label: String,
    /// The score in the float model's units; absent where a single score serves two classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// The probability, where the model's head gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<String>,
}

/// What opens a committed outcome. Secret until shown; wiped when dropped.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    class: usize,
    scores: Vec<i64>,
    #[serde(with = "hex::serde")]
    blinding: [u8; 32],
}

impl Reading {
    /// The words for `statement`, whose outcome in the clear is `outcome` where it is known.
    pub fn new(model: &PublicModel, statement: &Statement, outcome: Option<&Outcome>) -> Self {
        let architecture = model.architecture();
        let record = match statement.context.policy {
            Policy::Refuse => "every value in the calibrated range, as the prover declares",
            Policy::Saturate => "values outside the calibrated range were saturated, as the prover declares",
        };
        Self {
            model: format!("{} {}", model.card().name, model.card().version),
            diagnosis: outcome.and_then(|outcome| architecture.labels.get(outcome.class).cloned()),
            scores: outcome.map(|outcome| scores(model, outcome)).unwrap_or_default(),
            record: record.into(),
        }
    }

    /// Refuses a reading that says anything else.
    pub fn require_equal(&self, got: &Self) -> Result<(), DiagnosisError> {
        let differs = |field, expected: String, got: String| Err(DiagnosisError::Reading { field, expected, got });
        if self.model != got.model {
            return differs("model", self.model.clone(), got.model.clone());
        }
        if self.diagnosis != got.diagnosis {
            return differs("diagnosis", format!("{:?}", self.diagnosis), format!("{:?}", got.diagnosis));
        }
        if self.scores != got.scores {
            return differs("scores", format!("{:?}", self.scores), format!("{:?}", got.scores));
        }
        if self.record != got.record {
            return differs("record", self.record.clone(), got.record.clone());
        }
        Ok(())
    }
}

fn scores(model: &PublicModel, outcome: &Outcome) -> Vec<ScoreReading> {
    let architecture = model.architecture();
    let raw: Vec<f64> = outcome.scores.iter().map(|&score| score as f64 * architecture.score_scale).collect();
    if raw.is_empty() {
        return Vec::new();
    }
    let probabilities = probabilities(architecture.head, &raw);
    let single = raw.len() == 1 && architecture.labels.len() == 2;
    let reading = |(index, label): (usize, &String)| ScoreReading {
        label: label.clone(),
        score: if single { (index == 1).then(|| fixed(raw[0])) } else { raw.get(index).map(|&score| fixed(score)) },
        probability: probabilities.get(index).map(|&probability| fixed(probability)),
    };
    architecture.labels.iter().enumerate().map(reading).collect()
}

fn probabilities(head: Head, raw: &[f64]) -> Vec<f64> {
    match head {
        Head::Scores => Vec::new(),
        Head::Sigmoid => {
            let second = raw.first().map_or(0.5, |&score| 1.0 / (1.0 + (-score).exp()));
            vec![1.0 - second, second]
        }
        Head::Softmax => {
            let largest = raw.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers: Vec<f64> = raw.iter().map(|score| (score - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.iter().map(|power| power / sum).collect()
        }
    }
}

fn fixed(value: f64) -> String {
    format!("{value:.4}")
}

impl Opening {
    /// The opening of `outcome` under `blinding`.
    pub fn new(outcome: &Outcome, blinding: &Blinding) -> Self {
        Self { class: outcome.class, scores: outcome.scores.clone(), blinding: field::to_bytes(blinding.expose()) }
    }

    /// The outcome, if `words` is the commitment to it.
    pub(super) fn open(&self, words: &[Fr], classes: usize, scores: usize) -> Result<Outcome, DiagnosisError> {
        let outcome = Outcome { class: self.class, scores: self.scores.clone() };
        let blinding = field::from_bytes(&self.blinding).map(Blinding::from_field).ok_or(DiagnosisError::Opening)?;
        let fits = outcome.class < classes && outcome.scores.len() == scores;
        if !fits || words != [poseidon::commit(&outcome.words(), &blinding)] {
            return Err(DiagnosisError::Opening);
        }
        Ok(outcome)
    }
}
