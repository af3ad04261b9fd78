//! Events of the contracts, checks of proofs, and findings as `AuditEvent`s.

use super::types::{AuditAgent, AuditEntity, AuditEvent, AuditSource, BundleEntry, Reference, Resource};
use super::{Of, Writer, coding};
use crate::audit::finding::Finding;
use crate::audit::proofs::ProofState;
use crate::audit::report::{EntryReport, Line};
use crate::audit::time::instant;
use crate::node::printable;

/// What happens to a record in the course of its life (ISO 21089).
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
/// Success, and failure that must be looked into.
const SUCCESS: &str = "0";
const SERIOUS: &str = "8";

impl Writer<'_> {
    pub(super) fn event(&self, line: &Line) -> BundleEntry {
        let (code, action) = kind(line.event);
        let who = line.who.as_ref().map(|account| self.account(account));
        let agent =
            AuditAgent { requestor: who.is_some(), who: who.unwrap_or_else(|| named("not named by the event")) };
        let log = self.account(&self.report.contracts.log);
        let event = AuditEvent {
            kind: coding(LIFECYCLE, code),
            subtype: vec![coding("urn:zkdx:event", line.event)],
            action,
            recorded: instant(line.place.time),
            outcome: SUCCESS,
            outcome_desc: Some(line.what.clone()),
            agent: vec![agent],
            source: AuditSource { observer: log },
            entity: vec![
                AuditEntity { what: self.reference(of(line.event), &line.about) },
                AuditEntity { what: self.reference(Of::Transaction, &line.place.transaction) },
            ],
        };
        let id = [line.place.block.to_be_bytes(), line.place.log_index.to_be_bytes()].concat();
        self.entry(Of::Event, id, Resource::AuditEvent(Box::new(event)))
    }

    /// What became of the check of an entry's proof.
    pub(super) fn check(&self, report: &EntryReport) -> BundleEntry {
        let (outcome, words) = match &report.proof {
            ProofState::Verified { .. } => (SUCCESS, "the proof was verified".to_owned()),
            ProofState::NotFound => (SERIOUS, "no proof was found".into()),
            ProofState::Refused { why } => (SERIOUS, format!("the proof does not hold: {why}")),
            ProofState::Unchecked { why } => (SERIOUS, format!("the proof could not be checked: {why}")),
        };
        let what = self.reference(Of::Entry, &report.entry.nullifier);
        let event = self.own_event("verify", outcome, words, what);
        self.entry(Of::Check, report.entry.nullifier, Resource::AuditEvent(Box::new(event)))
    }

    pub(super) fn finding(&self, number: usize, finding: &Finding) -> BundleEntry {
        let about = finding.subject.map(|id| self.reference(Of::Other, &id));
        let what = about.unwrap_or_else(|| self.account(&self.report.contracts.log));
        let event = self.own_event("verify", SERIOUS, finding.line(), what);
        self.entry(Of::Finding, number.to_be_bytes(), Resource::AuditEvent(Box::new(event)))
    }

    /// Something that the audit itself did, as of its block.
    fn own_event(&self, code: &str, outcome: &'static str, words: String, what: Reference) -> AuditEvent {
        AuditEvent {
            kind: coding(LIFECYCLE, code),
            subtype: vec![coding("urn:zkdx:event", "audit")],
            action: "R",
            recorded: instant(self.report.block.time),
            outcome,
            outcome_desc: Some(printable(&words)),
            agent: vec![AuditAgent { who: named("zkdx audit"), requestor: true }],
            source: AuditSource { observer: named("zkdx audit") },
            entity: vec![AuditEntity { what }],
        }
    }
}

fn named(display: &str) -> Reference {
    Reference { display: Some(display.into()), ..Reference::default() }
}

/// Code of the life cycle, and whether something is created, updated, deleted or executed.
fn kind(event: &str) -> (&'static str, &'static str) {
    match event {
        "DiagnosisRecorded" | "ModelRegistered" | "ConsentGranted" | "DiagnosisRequested" | "VerifierAdded" => {
            ("originate", "C")
        }
        "ModelApproved" | "AuthorityListed" => ("attest", "C"),
        "ModelRevoked" | "VersionFrozen" | "AuthorityStruckOff" | "ConsentWithdrawn" | "ApprovalWithdrawn" => {
            ("deprecate", "D")
        }
        "RequestFulfilled" | "RequestRefunded" => ("amend", "E"),
        _ => ("amend", "U"),
    }
}

/// What an event is about.
fn of(event: &str) -> Of {
    match event {
        "DiagnosisRecorded" => Of::Entry,
        "ConsentGranted" | "ConsentWithdrawn" => Of::Consent,
        "DiagnosisRequested" | "RequestFulfilled" | "RequestRefunded" => Of::Request,
        "AuthorityListed" | "AuthorityStruckOff" | "VerifierAdded" | "VersionFrozen" => Of::Other,
        _ => Of::Model,
    }
}
