//! Versions of verifiers: added once, active after a delay, frozen for good by a guardian.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, keccak256};
use serde::Serialize;
use zkdx_contracts::abi::VerifierGateway::VerifierGatewayEvents;

use super::{Impossible, require};
use crate::audit::entry::Entry;
use crate::audit::event::Place;
use crate::audit::history::{Facts, Setting, Version, VersionState};

/// The role of guardians.
const GUARDIAN: &str = "zkdx/role/guardian";

/// A version's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionTrail {
    /// Its four bytes.
    pub version: Version,
    /// The contract that checks its proofs.
    pub verifier: Address,
    /// When it was added.
    pub added: Place,
    /// The first second at which it counts.
    pub active_from: u64,
    /// When it was frozen, and by which guardian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<(Place, Address)>,
}

/// All versions.
#[derive(Default)]
pub(in crate::audit) struct Versions {
    versions: BTreeMap<Version, VersionTrail>,
    guardians: BTreeSet<Address>,
}

impl Versions {
    pub(in crate::audit) fn iter(&self) -> impl Iterator<Item = &VersionTrail> {
        self.versions.values()
    }

    /// Follows an event.
    pub(super) fn apply(
        &mut self,
        setting: &Setting,
        place: &Place,
        event: &VerifierGatewayEvents,
    ) -> Result<(), Impossible> {
        match event {
            VerifierGatewayEvents::VerifierAdded(event) => {
                let (version, verifier, active_from) =
                    (event.version, event.verifier, event.activeFrom.saturating_to());
                let added = VersionTrail { version, verifier, added: *place, active_from, frozen: None };
                let delay = if self.versions.is_empty() { 0 } else { setting.activation_delay };
                let before = self.versions.insert(version, added);
                require(before.is_none(), word(version), "a version was added twice")?;
                let in_time = active_from == place.time.saturating_add(delay);
                require(in_time, word(version), "a version counted from another time than the delay says")
            }
            VerifierGatewayEvents::VersionFrozen(event) => {
                let known = self.versions.get_mut(&event.version).filter(|version| version.frozen.is_none());
                let possible = known.is_some();
                if let Some(version) = known {
                    version.frozen = Some((*place, event.guardian));
                }
                let entitled = self.guardians.contains(&event.guardian);
                require(possible, word(event.version), "a version was frozen that was not there, or frozen before")?;
                require(entitled, word(event.version), "a version was frozen by who is no guardian")
            }
            VerifierGatewayEvents::RoleGranted(event) if event.role == keccak256(GUARDIAN) => {
                self.guardians.insert(event.account);
                Ok(())
            }
            VerifierGatewayEvents::RoleRevoked(event) if event.role == keccak256(GUARDIAN) => {
                self.guardians.remove(&event.account);
                Ok(())
            }
            // Other roles, and changes of the admin.
            _ => Ok(()),
        }
    }

    /// Why the gateway should not have let an entry's proof be checked.
    pub(super) fn judge(&self, entry: &Entry) -> Option<String> {
        match self.versions.get(&entry.version) {
            None => Some("it was accepted by a verifier that was not there".into()),
            Some(version) if version.frozen.is_some() => Some("it was accepted by a frozen verifier".into()),
            Some(version) if entry.place.time < version.active_from => {
                Some("it was accepted by a verifier that did not count yet".into())
            }
            Some(_) => None,
        }
    }

    /// What the gateway's state says otherwise. Whether a version counts yet depends on the time of the block, and follows from the event.
    pub(super) fn confirm(&self, facts: &Facts) -> Vec<Impossible> {
        let differs = |trail: &&VersionTrail| match facts.versions.get(&trail.version) {
            Some(VersionState::Active(verifier)) => trail.frozen.is_some() || *verifier != trail.verifier,
            Some(VersionState::Waiting) => trail.frozen.is_some(),
            Some(VersionState::Frozen) => trail.frozen.is_none(),
            Some(VersionState::Unknown) | None => true,
        };
        let wrong =
            |trail: &VersionTrail| (Some(word(trail.version)), "the gateway has another state for a version".into());
        self.versions.values().filter(differs).map(wrong).collect()
    }
}

fn word(version: Version) -> B256 {
    B256::right_padding_from(&version[..])
}
