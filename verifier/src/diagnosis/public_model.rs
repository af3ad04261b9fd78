//! The public half of a registration: commitment, card, architecture.

use serde::{Deserialize, Serialize};
use zkdx_circuits::statement::OutcomeForm;
use zkdx_circuits::{Architecture, Card};

use super::DiagnosisError;
use crate::key::VerifyingKey;
use crate::model::Model;

const FORMAT: &str = "zkdx-model";
const VERSION: u32 = 1;

/// What anyone may know of a registered model. As a file it is JSON; each part is bound by a digest.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicModel {
    model: Model,
    card: Card,
    architecture: Architecture,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: String,
    version: u32,
    #[serde(with = "hex::serde")]
    model_id: [u8; 32],
    #[serde(with = "hex::serde")]
    model: Vec<u8>,
    card: Card,
    architecture: Architecture,
}

impl PublicModel {
    /// A registered model with the card and the architecture that it was registered with.
    pub fn new(model: Model, card: Card, architecture: Architecture) -> Self {
        Self { model, card, architecture }
    }

    /// The commitment and what it is bound to.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Name, version, description.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Graph, shapes, encoding, labels.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Refuses a card or an architecture other than those that model and key are bound to.
    pub fn check(&self, key: &VerifyingKey) -> Result<(), DiagnosisError> {
        if self.card.digest() != self.model.metadata {
            return Err(DiagnosisError::Card);
        }
        if self.architecture.digest() != key.architecture {
            return Err(DiagnosisError::Architecture);
        }
        Ok(())
    }

    /// What a disclosed or opened outcome consists of.
    pub fn outcome_form(&self) -> Result<OutcomeForm, DiagnosisError> {
        Ok(self.architecture.outcome_form(self.scores_shape()?.iter().product()))
    }

    /// Extents of the positions of a class map: those of the scores without the last axis and without leading ones.
    pub fn map_shape(&self) -> Result<Vec<usize>, DiagnosisError> {
        let mut shape = self.scores_shape()?;
        shape.pop();
        let leading = shape.iter().take_while(|extent| **extent == 1).count();
        Ok(shape.split_off(leading))
    }

    fn scores_shape(&self) -> Result<Vec<usize>, DiagnosisError> {
        let types = self.architecture.validate().map_err(|error| DiagnosisError::Malformed(error.to_string()))?;
        let scores = types.into_iter().nth(self.architecture.scores.0).map(|value| value.shape);
        scores.ok_or_else(|| DiagnosisError::Malformed("the scores are not a value of the graph".into()))
    }

    /// The file's JSON.
    pub fn to_json(&self) -> String {
        let wire = Wire {
            format: FORMAT.into(),
            version: VERSION,
            model_id: self.model.id(),
            model: self.model.to_bytes(),
            card: self.card.clone(),
            architecture: self.architecture.clone(),
        };
        serde_json::to_string_pretty(&wire).unwrap_or_default()
    }

    /// Reads what [`Self::to_json`] wrote, and checks the identity written beside it.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DiagnosisError> {
        let format = |reason: String| DiagnosisError::Format { expected: "model", reason };
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| format(error.to_string()))?;
        if wire.format != FORMAT || wire.version != VERSION {
            return Err(format(format!("it says `{}`, version {}", wire.format, wire.version)));
        }
        let model = Model::from_bytes(&wire.model)?;
        if model.id() != wire.model_id {
            return Err(format("its identity does not belong to its commitment: the file was changed".into()));
        }
        if wire.card.digest() != model.metadata {
            return Err(DiagnosisError::Card);
        }
        Ok(Self { model, card: wire.card, architecture: wire.architecture })
    }
}
