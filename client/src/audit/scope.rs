//! What an audit is about, and what belongs to it.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};
use serde::Serialize;
use zkdx_contracts::abi::ConsentRegistry::ConsentRegistryEvents;
use zkdx_contracts::abi::InferenceMarket::InferenceMarketEvents;
use zkdx_contracts::abi::ModelRegistry::ModelRegistryEvents;
use zkdx_contracts::abi::VerifierGateway::VerifierGatewayEvents;

use super::entry::Entry;
use super::event::{Happening, Known};
use super::history::Version;

/// What an audit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// The whole log.
    Log,
    /// A record, by its commitment.
    Record(B256),
    /// A model.
    Model(B256),
    /// A consent.
    Consent(B256),
}

/// Everything that belongs to a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    everything: bool,
    /// Models and consents under which an entry was recorded, or that were asked for.
    used: BTreeSet<B256>,
    /// Entries, by nullifier.
    pub(super) entries: BTreeSet<B256>,
    /// Models.
    pub(super) models: BTreeSet<B256>,
    /// Authorities that had a say on one of these.
    pub(super) authorities: BTreeSet<Address>,
    /// Consents.
    pub(super) consents: BTreeSet<B256>,
    /// Versions.
    pub(super) versions: BTreeSet<Version>,
    /// Requests.
    pub(super) requests: BTreeSet<B256>,
}

impl Subject {
    fn covers(&self, entry: &Entry) -> bool {
        self.names(&entry.model, &entry.record, &entry.consent)
    }

    fn names(&self, model: &B256, record: &B256, consent: &B256) -> bool {
        match self {
            Self::Log => true,
            Self::Record(id) => id == record,
            Self::Model(id) => id == model,
            Self::Consent(id) => id == consent,
        }
    }
}

impl Selection {
    /// What belongs to a subject, going by the events.
    pub(super) fn of(subject: &Subject, happenings: &[Happening]) -> Self {
        let mut selection = Self { everything: *subject == Subject::Log, ..Self::default() };
        match *subject {
            Subject::Model(id) => {
                selection.models.insert(id);
                selection.used.insert(id);
            }
            Subject::Consent(id) => {
                selection.consents.insert(id);
                selection.used.insert(id);
            }
            Subject::Log | Subject::Record(_) => {}
        }
        // Entries name models, consents and versions; these name authorities.
        happenings.iter().for_each(|happening| selection.take(subject, happening));
        happenings.iter().for_each(|happening| selection.take_authority(happening));
        selection
    }

    fn take(&mut self, subject: &Subject, happening: &Happening) {
        match &happening.known {
            Known::Recorded(entry) if subject.covers(entry) => {
                self.entries.insert(entry.nullifier);
                self.models.insert(entry.model);
                self.consents.insert(entry.consent);
                self.used.extend([entry.model, entry.consent]);
                self.versions.insert(entry.version);
            }
            Known::Market(InferenceMarketEvents::DiagnosisRequested(event)) => {
                let request = &event.request;
                if subject.names(&request.modelId, &request.recordCommitment.into(), &request.consentId) {
                    self.requests.insert(event.requestId);
                }
            }
            Known::Consent(ConsentRegistryEvents::ConsentGranted(event)) => {
                let record = B256::from(event.record);
                let names_it = *subject == Subject::Record(record) && !record.is_zero();
                if self.everything || names_it {
                    self.consents.insert(event.consentId);
                }
            }
            Known::Consent(ConsentRegistryEvents::ConsentWithdrawn(event)) if self.everything => {
                self.consents.insert(event.consentId);
            }
            Known::Model(event) if self.everything => self.models.extend(model_of(event)),
            _ => {}
        }
    }

    fn take_authority(&mut self, happening: &Happening) {
        let Known::Model(event) = &happening.known else { return };
        let about = model_of(event).is_some_and(|model| self.models.contains(&model));
        match event {
            ModelRegistryEvents::ModelApproved(event) if about => drop(self.authorities.insert(event.authority)),
            ModelRegistryEvents::ModelRevoked(event) if about => drop(self.authorities.insert(event.by)),
            ModelRegistryEvents::AuthorityListed(event) if self.everything => {
                self.authorities.insert(event.authority);
            }
            _ => {}
        }
    }

    /// Whether an event belongs to it.
    pub(super) fn shows(&self, known: &Known) -> bool {
        match known {
            Known::Recorded(entry) => self.entries.contains(&entry.nullifier),
            Known::Model(event) => {
                model_of(event).is_some_and(|model| self.models.contains(&model))
                    || authority_of(event).is_some_and(|account| self.authorities.contains(&account))
            }
            Known::Consent(event) => consent_of(event).is_some_and(|id| self.consents.contains(&id)),
            Known::Gateway(event) => {
                version_of(event).is_some_and(|version| self.everything || self.versions.contains(&version))
            }
            Known::Market(event) => request_of(event).is_some_and(|id| self.requests.contains(&id)),
        }
    }
}

impl Selection {
    /// Whether an entry, or the question itself, rests on an event: anyone can make others, such as models that nobody approves.
    pub(super) fn rests_on(&self, known: &Known) -> bool {
        let id = match known {
            Known::Model(event) => model_of(event),
            Known::Consent(event) => consent_of(event),
            Known::Recorded(_) | Known::Gateway(_) | Known::Market(_) => None,
        };
        id.is_none_or(|id| self.used.contains(&id))
    }
}

/// The model, authority, consent or request that an event is about.
pub(super) fn subject_of(known: &Known) -> Option<B256> {
    match known {
        Known::Model(event) => model_of(event).or(authority_of(event).map(|account| account.into_word())),
        Known::Consent(event) => consent_of(event),
        Known::Market(event) => request_of(event),
        Known::Recorded(_) | Known::Gateway(_) => None,
    }
}

/// The model that an event is about.
pub(super) fn model_of(event: &ModelRegistryEvents) -> Option<B256> {
    use ModelRegistryEvents as E;
    match event {
        E::ModelRegistered(event) => Some(event.modelId),
        E::ModelOffered(event) => Some(event.modelId),
        E::ModelTransferred(event) => Some(event.modelId),
        E::MetadataMoved(event) => Some(event.modelId),
        E::SuccessorSet(event) => Some(event.modelId),
        E::ModelRevoked(event) => Some(event.modelId),
        E::ModelApproved(event) => Some(event.modelId),
        E::ApprovalWithdrawn(event) => Some(event.modelId),
        _ => None,
    }
}

/// The authority that an event lists or strikes off.
pub(super) fn authority_of(event: &ModelRegistryEvents) -> Option<Address> {
    match event {
        ModelRegistryEvents::AuthorityListed(event) => Some(event.authority),
        ModelRegistryEvents::AuthorityStruckOff(event) => Some(event.authority),
        _ => None,
    }
}

fn consent_of(event: &ConsentRegistryEvents) -> Option<B256> {
    match event {
        ConsentRegistryEvents::ConsentGranted(event) => Some(event.consentId),
        ConsentRegistryEvents::ConsentWithdrawn(event) => Some(event.consentId),
        ConsentRegistryEvents::EIP712DomainChanged(_) => None,
    }
}

/// The version that an event is about.
pub(super) fn version_of(event: &VerifierGatewayEvents) -> Option<Version> {
    match event {
        VerifierGatewayEvents::VerifierAdded(event) => Some(event.version),
        VerifierGatewayEvents::VersionFrozen(event) => Some(event.version),
        _ => None,
    }
}

fn request_of(event: &InferenceMarketEvents) -> Option<B256> {
    match event {
        InferenceMarketEvents::DiagnosisRequested(event) => Some(event.requestId),
        InferenceMarketEvents::RequestFulfilled(event) => Some(event.requestId),
        InferenceMarketEvents::RequestRefunded(event) => Some(event.requestId),
        InferenceMarketEvents::Withdrawn(_) => None,
    }
}
