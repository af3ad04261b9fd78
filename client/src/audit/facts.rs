//! What the contracts' state says at the block, for what the events tell of.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use zkdx_contracts::abi::ConsentRegistry::{self, ConsentUse};
use zkdx_contracts::abi::ModelRegistry::{self, ModelRegistryEvents};
use zkdx_contracts::abi::{InferenceMarket, VerifierGateway};

use super::event::{Happening, Known};
use super::history::{ConsentState, Facts, ModelFact, Setting, Version, VersionState};
use super::read::Reader;
use super::scope::{Selection, authority_of, version_of};
use crate::error::Result;

/// Digests of the keys of the models selected.
pub(super) fn keys(happenings: &[Happening], selection: &Selection) -> BTreeSet<B256> {
    let key = |happening: &Happening| match &happening.known {
        Known::Model(ModelRegistryEvents::ModelRegistered(event)) if selection.models.contains(&event.modelId) => {
            Some(event.keyDigest)
        }
        _ => None,
    };
    happenings.iter().filter_map(key).collect()
}

/// Asks for the state.
pub(super) async fn read(
    reader: Reader<'_>,
    setting: &Setting,
    happenings: &[Happening],
    selection: &Selection,
) -> Result<Facts> {
    let mut facts = Facts::default();
    reader.log(setting, happenings, selection, &mut facts).await?;
    facts.authorities = authorities(reader, setting, happenings).await?;
    facts.versions = versions(reader, setting, happenings).await?;
    let listed: Vec<Address> = facts.authorities.iter().filter(|(_, is)| **is).map(|(account, _)| *account).collect();
    for &id in &selection.models {
        facts.models.extend(model(reader, setting, id, &listed).await?.map(|fact| (id, fact)));
    }
    for &id in &selection.consents {
        facts.consents.insert(id, consent_state(reader, setting, id).await?);
    }
    for &id in &selection.requests {
        let state = reader.call(setting.market, &InferenceMarket::stateOfCall { requestId: id }).await?;
        facts.requests.insert(id, state);
    }
    Ok(facts)
}

/// Whether each account that was ever listed is an authority.
async fn authorities(
    reader: Reader<'_>,
    setting: &Setting,
    happenings: &[Happening],
) -> Result<BTreeMap<Address, bool>> {
    let mut authorities = BTreeMap::new();
    for happening in happenings {
        let Known::Model(event) = &happening.known else { continue };
        let Some(account) = authority_of(event) else { continue };
        let is = reader.call(setting.registry, &ModelRegistry::isAuthorityCall { account }).await?;
        authorities.insert(account, is);
    }
    Ok(authorities)
}

/// The state of each version that was ever added.
async fn versions(
    reader: Reader<'_>,
    setting: &Setting,
    happenings: &[Happening],
) -> Result<BTreeMap<Version, VersionState>> {
    let mut versions = BTreeMap::new();
    for happening in happenings {
        let Known::Gateway(event) = &happening.known else { continue };
        let Some(version) = version_of(event) else { continue };
        versions.insert(version, version_state(reader, setting, version).await?);
    }
    Ok(versions)
}

async fn version_state(reader: Reader<'_>, setting: &Setting, version: Version) -> Result<VersionState> {
    match reader.call(setting.gateway, &VerifierGateway::verifierOfCall { version }).await {
        Ok(verifier) => Ok(VersionState::Active(verifier)),
        Err(error) if error.is_refusal("FrozenVersion") => Ok(VersionState::Frozen),
        Err(error) if error.is_refusal("VersionNotYetActive") => Ok(VersionState::Waiting),
        Err(error) if error.is_refusal("UnknownVersion") => Ok(VersionState::Unknown),
        Err(error) => Err(error),
    }
}

/// A consent is looked at before its use is: which use is asked for does not matter, as long as it is refused.
async fn consent_state(reader: Reader<'_>, setting: &Setting, id: B256) -> Result<ConsentState> {
    let usage = ConsentUse {
        grantee: Address::ZERO,
        purpose: B256::ZERO,
        modelId: B256::ZERO,
        keyDigest: B256::ZERO,
        record: U256::ZERO,
    };
    let call = ConsentRegistry::requireLiveCall { consentId: id, usage };
    const GRANTED: [&str; 4] = ["ConsentNotYetValid", "ConsentExpired", "ConsentForOtherGrantee", "ConsentForOtherUse"];
    match reader.call(setting.consents, &call).await {
        Ok(_) => Ok(ConsentState::Granted),
        Err(error) if error.is_refusal("UnknownConsent") => Ok(ConsentState::Unknown),
        Err(error) if error.is_refusal("ConsentRevoked") => Ok(ConsentState::Withdrawn),
        Err(error) if GRANTED.iter().any(|name| error.is_refusal(name)) => Ok(ConsentState::Granted),
        Err(error) => Err(error),
    }
}

async fn model(reader: Reader<'_>, setting: &Setting, id: B256, listed: &[Address]) -> Result<Option<ModelFact>> {
    let model = match reader.call(setting.registry, &ModelRegistry::modelOfCall { modelId: id }).await {
        Ok(model) => model,
        Err(error) if error.is_refusal("UnknownModel") => return Ok(None),
        Err(error) => return Err(error),
    };
    let approvals: U256 = reader.call(setting.registry, &ModelRegistry::approvalsOfCall { modelId: id }).await?;
    let successor = reader.call(setting.registry, &ModelRegistry::successorOfCall { modelId: id }).await?;
    let mut approved_by = BTreeSet::new();
    for &authority in listed {
        let call = ModelRegistry::isApprovedByCall { modelId: id, authority };
        if reader.call(setting.registry, &call).await? {
            approved_by.insert(authority);
        }
    }
    let (x, y) = (model.weightCommitment.x.to_be_bytes::<32>(), model.weightCommitment.y.to_be_bytes::<32>());
    Ok(Some(ModelFact {
        owner: model.owner,
        registered_at: model.registeredAt.to(),
        revoked_at: model.revokedAt.to(),
        bytes: [&model.keyDigest[..], &x, &y, &model.metadataDigest[..]].concat().into(),
        approvals: approvals.saturating_to(),
        approved_by,
        successor,
    }))
}
