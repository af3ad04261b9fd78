//! What a person reads: labels and probabilities, computed from verified values, printed with fixed precision.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::gadgets::poseidon;
use zkdx_circuits::statement::OutcomeForm;
use zkdx_circuits::{Blinding, Case, Fr, Head, Outcome, Statement, field};

use super::{DiagnosisError, MapReading, PublicModel};

/// Diagnoses in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Name and version of the model.
    pub model: String,
    /// What it says of each record.
    pub cases: Vec<CaseReading>,
}

/// One record's diagnosis in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseReading {
    /// The label of the class; absent for a committed outcome and for a class map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<String>,
    /// The class map, if that is the outcome and it is not committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<MapReading>,
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
    class: Classes,
    scores: Vec<i64>,
    #[serde(with = "hex::serde")]
    blinding: [u8; 32],
}

/// The class, or the class at each position of a map.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(untagged)]
enum Classes {
    One(usize),
    Map(Vec<usize>),
}

impl Reading {
    /// The words for `statement`, whose outcomes in the clear are `outcomes` where they are known.
    pub fn new(
        model: &PublicModel,
        statement: &Statement,
        outcomes: &[Option<Outcome>],
    ) -> Result<Self, DiagnosisError> {
        let cases = statement.cases.iter().zip(outcomes);
        let cases = cases.map(|(case, outcome)| CaseReading::new(model, case, outcome.as_ref()));
        let name = format!("{} {}", model.card().name, model.card().version);
        Ok(Self { model: name, cases: cases.collect::<Result<_, _>>()? })
    }

    /// Refuses a reading that says anything else.
    pub fn require_equal(&self, got: &Self) -> Result<(), DiagnosisError> {
        require_equal("model", &self.model, &got.model)?;
        require_equal("cases", &self.cases.len(), &got.cases.len())?;
        self.cases.iter().zip(&got.cases).try_for_each(|(expected, got)| expected.require_equal(got))
    }
}

impl CaseReading {
    fn new(model: &PublicModel, case: &Case, outcome: Option<&Outcome>) -> Result<Self, DiagnosisError> {
        let record = match case.context.policy {
            Policy::Refuse => "every value in the calibrated range, as the prover declares",
            Policy::Saturate => "values outside the calibrated range were saturated, as the prover declares",
        };
        let (map, single) = match outcome {
            Some(outcome) if model.architecture().positions.get() > 1 => (Some(MapReading::new(model, outcome)?), None),
            single => (None, single),
        };
        Ok(Self {
            diagnosis: single.and_then(|outcome| model.architecture().labels.get(outcome.class()).cloned()),
            map,
            scores: single.map(|outcome| scores(model, outcome)).unwrap_or_default(),
            record: record.into(),
        })
    }

    /// The outcome in one line, unless it is committed.
    pub fn summary(&self) -> Option<String> {
        self.diagnosis.clone().or_else(|| self.map.as_ref().map(MapReading::summary))
    }

    fn require_equal(&self, got: &Self) -> Result<(), DiagnosisError> {
        require_equal("diagnosis", &self.diagnosis, &got.diagnosis)?;
        match (&self.map, &got.map) {
            (Some(expected), Some(got)) => expected.require_equal(got)?,
            (expected, got) => require_equal("map", &expected.is_some(), &got.is_some())?,
        }
        require_equal("scores", &self.scores, &got.scores)?;
        require_equal("record", &self.record, &got.record)
    }
}

pub(super) fn require_equal<T: PartialEq + Debug>(
    field: &'static str,
    expected: &T,
    got: &T,
) -> Result<(), DiagnosisError> {
    if expected == got {
        return Ok(());
    }
    Err(DiagnosisError::Reading { field, expected: format!("{expected:?}"), got: format!("{got:?}") })
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
        let class = match outcome.classes[..] {
            [class] => Classes::One(class),
            _ => Classes::Map(outcome.classes.clone()),
        };
        Self { class, scores: outcome.scores.clone(), blinding: field::to_bytes(blinding.expose()) }
    }

    /// The outcome, if `words` is the commitment to it.
    pub(super) fn open(&self, words: &[Fr], form: &OutcomeForm) -> Option<Outcome> {
        let classes = match &self.class {
            Classes::One(class) => vec![*class],
            Classes::Map(classes) => classes.clone(),
        };
        let outcome = Outcome { classes, scores: self.scores.clone() };
        let blinding = field::from_bytes(&self.blinding).map(Blinding::from_field)?;
        (form.fits(&outcome) && words == [poseidon::commit(&form.pack(&outcome), &blinding)]).then_some(outcome)
    }
}
