//! The checks, in one place: a history and what is asked of it in, a report out. No node is asked any more.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use zkdx_verifier::{PublicModel, VerifyingKey};

use super::entry::{Entry, about, kept, replay};
use super::event::{Happening, Known, read};
use super::finding::{Finding, FindingKind};
use super::history::History;
use super::line::line;
use super::proofs::{Checker, Setup};
use super::reading::{self, OutcomeReading};
use super::report::{EntryReport, Heading, ModelReport, Report, Summary};
use super::scope::{Selection, Subject};
use super::trail::Trail;
use super::witness;

/// Checks a history, and tells what it says of `subject`; `publics` are public halves of registrations, to read outcomes by.
pub fn examine(history: &History, subject: Subject, publics: &[PublicModel]) -> Report {
    let mut findings = Vec::new();
    let happenings = read(history, &mut findings);
    let entries: Vec<&Entry> = happenings.iter().filter_map(recorded).collect();
    findings.extend(replay(&history.setting, &history.facts, &entries));
    let selection = Selection::of(&subject, &happenings);
    let chosen = entries.iter().copied().filter(|entry| selection.entries.contains(&entry.nullifier));
    let chosen: Vec<&Entry> = chosen.collect();
    findings.extend(chosen.iter().filter_map(|entry| kept(&history.facts, entry)));
    let trail = Trail::walk(&history.setting, &happenings, &mut findings);
    findings.extend(trail.confirm(&history.facts, &selection));
    let shown: Vec<&Happening> = happenings.iter().filter(|one| selection.shows(&one.known)).collect();
    findings.extend(shown.iter().filter_map(|one| witness::examine(history, one, &selection)));
    let examiner = &mut Examiner { history, trail: &trail, publics: by_id(publics), checker: Checker::new(history) };
    let reports: Vec<_> = chosen.iter().map(|entry| examiner.entry(entry, &mut findings)).collect();
    let summary = Summary::new(entries.len(), &reports, findings.len());
    Report {
        events: shown.into_iter().filter_map(line).collect(),
        entries: reports,
        models: selection.models.iter().filter_map(|id| examiner.model(id)).collect(),
        consents: selection.consents.iter().filter_map(|id| trail.consents.get(id).cloned()).collect(),
        verifiers: trail.versions.iter().cloned().collect(),
        requests: selection.requests.iter().filter_map(|id| trail.requests.get(id).cloned()).collect(),
        findings,
        ..Report::new(heading(history, subject), summary)
    }
}

/// The entry that an event tells of.
pub(super) fn recorded(happening: &Happening) -> Option<&Entry> {
    match &happening.known {
        Known::Recorded(entry) => Some(entry),
        _ => None,
    }
}

fn heading(history: &History, subject: Subject) -> Heading {
    Heading {
        subject,
        contracts: history.setting.clone(),
        block: history.block,
        nodes: history.nodes.clone(),
        length: history.facts.length,
        head: history.facts.head,
    }
}

fn by_id(publics: &[PublicModel]) -> BTreeMap<B256, &PublicModel> {
    publics.iter().map(|public| (public.model().id().into(), public)).collect()
}

/// Checks proofs and reads outcomes.
struct Examiner<'h> {
    history: &'h History,
    trail: &'h Trail,
    publics: BTreeMap<B256, &'h PublicModel>,
    checker: Checker<'h>,
}

impl Examiner<'_> {
    fn entry(&mut self, entry: &Entry, findings: &mut Vec<Finding>) -> EntryReport {
        let model = self.trail.models.get(&entry.model).and_then(|trail| trail.model.as_ref());
        let (proof, finding) = self.checker.check(entry, model);
        findings.extend(finding);
        let reading = self.reading(entry).unwrap_or_else(|finding| {
            findings.push(finding);
            OutcomeReading::Unread
        });
        EntryReport {
            digest: entry.digest(),
            entry_digest: entry.entry_digest(),
            circumstances: self.trail.circumstances.get(&entry.nullifier).cloned().unwrap_or_default(),
            proof,
            reading,
            entry: entry.clone(),
        }
    }

    /// The outcome in words; a finding if the model's public file does not fit.
    fn reading(&mut self, entry: &Entry) -> Result<OutcomeReading, Finding> {
        let Some(public) = self.publics.get(&entry.model).copied() else { return Ok(reading::guess(entry)) };
        let key = self.key(&entry.model);
        let (Some(key), Some(case)) = (key, entry.case(&self.history.setting)) else {
            return Ok(OutcomeReading::Unread);
        };
        reading::read(public, &key, case).map_err(|why| about(entry, FindingKind::Outcome, why.to_string()))
    }

    fn key(&mut self, model: &B256) -> Option<VerifyingKey> {
        let digest = self.trail.models.get(model)?.key;
        self.checker.verifying_key(digest)
    }

    fn model(&mut self, id: &B256) -> Option<ModelReport> {
        let trail = self.trail.models.get(id)?.clone();
        let setup = self.key(id).map(|key| Setup::from(key.setup));
        let card = self.publics.get(id).map(|public| public.card());
        let name = card.map(|card| (card.name.clone(), card.version.clone()));
        Some(ModelReport { trail, name, setup })
    }
}
