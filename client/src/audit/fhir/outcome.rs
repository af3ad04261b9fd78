//! An entry as an `Observation` of its outcome, and where that comes from.

use alloy::primitives::B256;
use zkdx_verifier::diagnosis::{CaseReading, ClassReading, MapReading, ScoreReading};

use super::types::{
    BundleEntry, CodeableConcept, Coding, Component, Observation, Provenance, ProvenanceAgent, ProvenanceEntity,
    Reference, Resource,
};
use super::{Of, Writer, coded, identifier, text};
use crate::audit::proofs::ProofState;
use crate::audit::reading::OutcomeReading;
use crate::audit::report::{EntryReport, Report};
use crate::audit::time::instant;

/// Why there is no value, where the outcome is a commitment or cannot be read.
const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
/// Who takes part in what.
const PARTICIPANT: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";

/// What an observation says: a value, parts, or why there is neither.
#[derive(Default)]
struct Said {
    value: Option<CodeableConcept>,
    absent: Option<CodeableConcept>,
    parts: Vec<Component>,
}

impl Writer<'_> {
    pub(super) fn observation(&self, report: &EntryReport) -> BundleEntry {
        let entry = &report.entry;
        let proven = matches!(report.proof, ProofState::Verified { .. });
        let said = Said::of(&report.reading, &entry.model.to_string());
        let observation = Observation {
            identifier: vec![identifier(Of::Entry, entry.nullifier.to_string())],
            status: if proven && !self.is_doubted(report) { "final" } else { "unknown" },
            code: CodeableConcept {
                coding: vec![Coding {
                    system: "urn:zkdx:observation".into(),
                    code: "outcome".into(),
                    display: Some("Outcome of a committed model on a committed record".into()),
                }],
                text: None,
            },
            subject: self.reference(Of::Record, &entry.record),
            issued: instant(entry.place.time),
            value_codeable_concept: said.value,
            data_absent_reason: said.absent,
            device: self.reference(Of::Model, &entry.model),
            component: said.parts,
        };
        self.entry(Of::Entry, entry.nullifier, Resource::Observation(Box::new(observation)))
    }

    /// Whether a finding is about the entry, what it rests on, or the whole log; and not about another entry, model, consent or request alone.
    fn is_doubted(&self, report: &EntryReport) -> bool {
        let (entry, request) = (&report.entry, report.circumstances.request);
        let own = |id: B256| [Some(entry.model), Some(entry.consent), request].contains(&Some(id));
        let Report { models, consents, requests, findings, .. } = self.report;
        let known = |id: B256| {
            models.iter().any(|one| one.trail.id == id)
                || consents.iter().any(|one| one.id == id)
                || requests.iter().any(|one| one.id == id)
        };
        findings.iter().any(|finding| match (finding.entry, finding.subject) {
            (Some(index), _) => index == entry.index,
            (None, Some(id)) => own(id) || !known(id),
            (None, None) => true,
        })
    }

    pub(super) fn provenance(&self, report: &EntryReport) -> BundleEntry {
        let entry = &report.entry;
        let agent = |code: &str, who: Reference| ProvenanceAgent { kind: coded(PARTICIPANT, code), who };
        let source = |what: Reference| ProvenanceEntity { role: "source", what };
        let mut entity = vec![
            source(self.reference(Of::Record, &entry.record)),
            source(self.reference(Of::Consent, &entry.consent)),
            source(self.reference(Of::Transaction, &entry.place.transaction)),
        ];
        entity.extend(report.circumstances.request.iter().map(|id| source(self.reference(Of::Request, id))));
        let time = instant(entry.place.time);
        let provenance = Provenance {
            target: vec![self.reference(Of::Entry, &entry.nullifier)],
            occurred_date_time: time.clone(),
            recorded: time,
            activity: coded("http://terminology.hl7.org/CodeSystem/v3-DataOperation", "CREATE"),
            agent: vec![
                agent("author", self.account(&entry.submitter)),
                agent("performer", self.reference(Of::Model, &entry.model)),
            ],
            entity,
        };
        self.entry(Of::Provenance, entry.nullifier, Resource::Provenance(Box::new(provenance)))
    }
}

impl Said {
    fn of(reading: &OutcomeReading, model: &str) -> Self {
        let absent = |code: &str| Self { absent: Some(coded(ABSENT, code)), ..Self::default() };
        match reading {
            OutcomeReading::Disclosed { reading } => Self::in_words(reading),
            OutcomeReading::Committed => absent("masked"),
            OutcomeReading::Class { class } => {
                let value = coded(&format!("urn:zkdx:class:{model}"), class.to_string());
                Self { value: Some(value), ..Self::default() }
            }
            OutcomeReading::Unread => absent("unknown"),
        }
    }

    fn in_words(reading: &CaseReading) -> Self {
        let map = reading.map.iter().flat_map(|map: &MapReading| &map.classes).map(positions);
        let parts = reading.scores.iter().flat_map(score).chain(map).collect();
        Self { value: reading.diagnosis.as_ref().map(text), absent: None, parts }
    }
}

fn positions(class: &ClassReading) -> Component {
    let code = text(format!("positions of {}", class.label));
    Component { code, value_string: None, value_integer: Some(i32::try_from(class.positions).unwrap_or(i32::MAX)) }
}

/// Scores and probabilities have no units: numbers as text, with the digits that were computed.
fn score(score: &ScoreReading) -> Vec<Component> {
    let parts = [("score", &score.score), ("probability", &score.probability)];
    let part = |(name, value): (&str, &Option<String>)| {
        let code = text(format!("{name} of {}", score.label));
        value.clone().map(|value| Component { code, value_string: Some(value), value_integer: None })
    };
    parts.into_iter().filter_map(part).collect()
}
