//! Consents: granted once, withdrawn once and for good, before or after.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use serde::Serialize;
use zkdx_contracts::abi::ConsentRegistry::{self, ConsentRegistryEvents};

use super::{Impossible, require};
use crate::audit::entry::Entry;
use crate::audit::event::Place;
use crate::audit::history::{ConsentState, Facts, Setting};
use crate::audit::scope::Selection;

/// A consent's history. The patient is in none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsentTrail {
    /// Its identity.
    pub id: B256,
    /// What was granted, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<Grant>,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Place>,
}

/// What a patient agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// When it was brought to the registry.
    pub at: Place,
    /// Who may use it; zero for anyone.
    pub grantee: Address,
    /// What for.
    pub purpose: B256,
    /// 0: one model; 1: the models of one key; 2: every approved model.
    pub scope_kind: u8,
    /// Model or key.
    pub scope: B256,
    /// Commitment of the one record; zero for any.
    pub record: B256,
    /// The first second at which it is valid.
    pub valid_from: u64,
    /// The first second at which it is not valid any more.
    pub valid_until: u64,
}

/// All consents.
#[derive(Default)]
pub(in crate::audit) struct Consents {
    consents: BTreeMap<B256, ConsentTrail>,
}

impl Consents {
    pub(in crate::audit) fn get(&self, id: &B256) -> Option<&ConsentTrail> {
        self.consents.get(id)
    }

    /// Follows an event.
    pub(super) fn apply(&mut self, place: &Place, event: &ConsentRegistryEvents) -> Result<(), Impossible> {
        match event {
            ConsentRegistryEvents::ConsentGranted(event) => self.grant(place, event),
            ConsentRegistryEvents::ConsentWithdrawn(event) => {
                let consent = self.of(event.consentId);
                require(consent.withdrawn.is_none(), event.consentId, "a consent was withdrawn twice")?;
                consent.withdrawn = Some(*place);
                Ok(())
            }
            ConsentRegistryEvents::EIP712DomainChanged(_) => Err((None, "the registry's domain cannot change".into())),
        }
    }

    fn grant(&mut self, place: &Place, event: &ConsentRegistry::ConsentGranted) -> Result<(), Impossible> {
        let consent = self.of(event.consentId);
        require(consent.granted.is_none(), event.consentId, "a consent was granted twice")?;
        require(consent.withdrawn.is_none(), event.consentId, "a consent was granted after it was withdrawn")?;
        let grant = Grant {
            at: *place,
            grantee: event.grantee,
            purpose: event.purpose,
            scope_kind: event.scopeKind,
            scope: event.scope,
            record: event.record.into(),
            valid_from: event.validFrom.to(),
            valid_until: event.validUntil.to(),
        };
        let sensible = grant.valid_from < grant.valid_until
            && place.time < grant.valid_until
            && (grant.scope_kind < 2 || (grant.scope_kind == 2 && grant.scope.is_zero()));
        consent.granted = Some(grant);
        require(sensible, event.consentId, "a consent was granted that the registry takes for none")
    }

    fn of(&mut self, id: B256) -> &mut ConsentTrail {
        self.consents.entry(id).or_insert_with(|| ConsentTrail { id, ..ConsentTrail::default() })
    }

    /// Why the log should not have accepted an entry under its consent; `key` is that of its model.
    pub(super) fn judge(&self, setting: &Setting, entry: &Entry, key: Option<B256>) -> Option<String> {
        let consent = self.consents.get(&entry.consent);
        let Some(grant) = consent.and_then(|consent| consent.granted.as_ref()) else {
            return Some("its consent was not granted".into());
        };
        if consent.is_some_and(|consent| consent.withdrawn.is_some()) {
            return Some("its consent was withdrawn".into());
        }
        grant.refuses(setting, entry, key).map(Into::into)
    }

    /// What the registry's state says otherwise.
    pub(super) fn confirm(&self, facts: &Facts, selection: &Selection) -> Vec<Impossible> {
        let differs = |id: &&B256| facts.consents.get(*id) != Some(&self.state(id));
        let wrong = |id: &B256| (Some(*id), "the registry has another state for a consent".to_owned());
        selection.consents.iter().filter(differs).map(wrong).collect()
    }

    fn state(&self, id: &B256) -> ConsentState {
        match self.consents.get(id) {
            Some(ConsentTrail { withdrawn: Some(_), .. }) => ConsentState::Withdrawn,
            Some(ConsentTrail { granted: Some(_), .. }) => ConsentState::Granted,
            _ => ConsentState::Unknown,
        }
    }
}

impl Grant {
    fn refuses(&self, setting: &Setting, entry: &Entry, key: Option<B256>) -> Option<&'static str> {
        let time = entry.place.time;
        let in_scope = match self.scope_kind {
            0 => self.scope == entry.model,
            1 => Some(self.scope) == key,
            _ => true,
        };
        match self {
            _ if time < self.valid_from => Some("its consent was not valid yet"),
            _ if time >= self.valid_until => Some("its consent had ended"),
            _ if !self.grantee.is_zero() && self.grantee != entry.submitter => {
                Some("its consent is for another grantee")
            }
            _ if self.purpose != setting.purpose => Some("its consent is for another purpose"),
            _ if !in_scope => Some("its consent is for other models"),
            _ if !self.record.is_zero() && self.record != entry.record => Some("its consent is for another record"),
            _ => None,
        }
    }
}
