//! What was true when: one walk through all events in their order, in which each must be possible after those before it, and each entry is
//! judged by what stood at its time. At the end the contracts' own state must be what the events lead to.

pub(super) mod consents;
pub(super) mod models;
pub(super) mod requests;
pub(super) mod versions;

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use serde::Serialize;

use super::entry::{Entry, about};
use super::event::{Happening, Known};
use super::finding::{Finding, FindingKind};
use super::history::{Facts, Setting};
use super::scope::Selection;
use consents::Consents;
use models::Models;
use requests::Requests;
use versions::Versions;

/// An account with the name that it was listed under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The account.
    pub account: Address,
    /// Its name.
    pub name: String,
}

/// What stood when an entry was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Circumstances {
    /// Authorities whose approval of the model counted.
    pub approved_by: Vec<Named>,
    /// The request of the market that paid for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<B256>,
}

/// Everything that the events lead to.
pub(super) struct Trail {
    /// Models and authorities.
    pub(super) models: Models,
    /// Consents.
    pub(super) consents: Consents,
    /// Versions of verifiers.
    pub(super) versions: Versions,
    /// Requests.
    pub(super) requests: Requests,
    /// Of each entry, by its nullifier.
    pub(super) circumstances: BTreeMap<B256, Circumstances>,
}

/// Why the contract could not have made an event.
pub(super) type Impossible = (Option<B256>, String);

/// What the events before an event lead to, for an event of another contract.
pub(super) struct Before<'t> {
    /// The contracts.
    pub(super) setting: &'t Setting,
    /// Models.
    pub(super) models: &'t Models,
    /// Entries by nullifier.
    pub(super) entries: &'t BTreeMap<B256, &'t Entry>,
}

impl Trail {
    /// Walks through the events.
    pub(super) fn walk(setting: &Setting, happenings: &[Happening], findings: &mut Vec<Finding>) -> Self {
        let mut trail = Self {
            models: Models::default(),
            consents: Consents::default(),
            versions: Versions::default(),
            requests: Requests::default(),
            circumstances: BTreeMap::new(),
        };
        let mut entries = BTreeMap::new();
        for happening in happenings {
            trail.step(setting, happening, &mut entries, findings);
        }
        findings.extend(entries.values().filter_map(|entry| trail.unpaid(setting, entry)));
        trail
    }

    fn step<'t>(
        &mut self,
        setting: &Setting,
        happening: &'t Happening,
        entries: &mut BTreeMap<B256, &'t Entry>,
        findings: &mut Vec<Finding>,
    ) {
        let place = &happening.place;
        let result = match &happening.known {
            Known::Recorded(entry) => {
                entries.insert(entry.nullifier, entry);
                findings.extend(self.judge(setting, entry));
                Ok(())
            }
            Known::Model(event) => self.models.apply(place, event),
            Known::Consent(event) => self.consents.apply(place, event),
            Known::Gateway(event) => self.versions.apply(setting, place, event),
            Known::Market(event) => {
                let before = Before { setting, models: &self.models, entries };
                self.requests.apply(place, event, &before).map(|paid| self.note(paid))
            }
        };
        if let Err((subject, why)) = result {
            let finding = Finding { subject, ..Finding::new(FindingKind::Impossible, why) };
            findings.push(finding.at(place.block));
        }
    }

    fn note(&mut self, paid: Option<(B256, B256)>) {
        if let Some((nullifier, request)) = paid {
            self.circumstances.entry(nullifier).or_default().request = Some(request);
        }
    }

    /// What speaks against an entry at its time.
    fn judge(&mut self, setting: &Setting, entry: &Entry) -> Vec<Finding> {
        let approved_by = self.models.approving(&entry.model);
        self.circumstances.entry(entry.nullifier).or_default().approved_by = approved_by;
        let key = self.models.get(&entry.model).map(|model| model.key);
        let verdicts = [
            (FindingKind::Approval, self.models.judge(setting, entry)),
            (FindingKind::Consent, self.consents.judge(setting, entry, key)),
            (FindingKind::Version, self.versions.judge(entry)),
        ];
        verdicts.into_iter().filter_map(|(kind, why)| Some(about(entry, kind, why?))).collect()
    }

    fn unpaid(&self, setting: &Setting, entry: &Entry) -> Option<Finding> {
        let paid = self.circumstances.get(&entry.nullifier).is_some_and(|one| one.request.is_some());
        (entry.submitter == setting.market && !paid)
            .then(|| about(entry, FindingKind::Payment, "the market submitted it, and no request was fulfilled by it"))
    }

    /// What the contracts' state says against the events, for everything selected.
    pub(super) fn confirm(&self, facts: &Facts, selection: &Selection) -> Vec<Finding> {
        let mut wrong = self.models.confirm(facts, selection);
        wrong.extend(self.consents.confirm(facts, selection));
        wrong.extend(self.versions.confirm(facts));
        wrong.extend(self.requests.confirm(facts, selection));
        let finding = |(subject, what): Impossible| Finding { subject, ..Finding::new(FindingKind::State, what) };
        wrong.into_iter().map(finding).collect()
    }
}

/// Fails with `why` about `subject` unless `holds`.
pub(super) fn require(holds: bool, subject: B256, why: &str) -> Result<(), Impossible> {
    if holds { Ok(()) } else { Err((Some(subject), why.to_owned())) }
}
