//! What an event says must have been asked for: the call that led to it is looked for in the calldata of its transaction, wherever it lies.
//!
//! For most events the call follows from the event, to the last byte. A consent's event does not name the patient; the calldata does, and the
//! identity of the consent, its EIP-712 hash, binds its terms. A contract can make a call that is in no calldata, and anyone can have one
//! register a model or grant a consent of its own: the call is looked for where an entry, or the question, rests on the event.

use alloy::primitives::{Address, B256};
use alloy::sol_types::{SolCall, SolStruct, SolValue};
use zkdx_contracts::abi::ConsentRegistry::{self, ConsentRegistryEvents};
use zkdx_contracts::abi::InferenceMarket::InferenceMarketEvents;
use zkdx_contracts::abi::ModelRegistry::{self, ModelRegistryEvents};
use zkdx_contracts::abi::VerifierGateway::{self, VerifierGatewayEvents};

use super::calldata::calls;
use super::event::{Happening, Known};
use super::examine::recorded;
use super::finding::{Finding, FindingKind};
use super::history::{History, Setting, Transaction};
use super::scope::{Selection, subject_of};
use super::text;
use crate::consent::domain;

/// Bytes of a consent in calldata: nine words.
const CONSENT: usize = 9 * 32;

/// What speaks against an event in its transaction.
pub(super) fn examine(history: &History, happening: &Happening, selection: &Selection) -> Option<Finding> {
    let at = happening.place.block;
    let entry = recorded(happening).map(|entry| entry.index);
    let subject = subject_of(&happening.known);
    let finding = |kind, what: &str| Some(Finding { entry, subject, ..Finding::new(kind, what).at(at) });
    let Some(transaction) = history.transactions.get(&happening.place.transaction) else {
        return finding(FindingKind::Transaction, "the transaction of an event is missing");
    };
    if transaction.block != at {
        return finding(FindingKind::Transaction, "the transaction of an event is in another block");
    }
    if selection.rests_on(&happening.known) && !is_witnessed(history, happening, transaction) {
        return finding(FindingKind::Unwitnessed, "no call in the transaction's calldata says what its event says");
    }
    let direct = transaction.to == Some(happening.contract);
    match actor(&happening.known) {
        Some(actor) if direct && actor != transaction.from => {
            finding(FindingKind::Transaction, "an event names another account than the one that sent the transaction")
        }
        _ => None,
    }
}

fn is_witnessed(history: &History, happening: &Happening, transaction: &Transaction) -> bool {
    match &happening.known {
        Known::Consent(event) => consent_is_witnessed(&history.setting, event, transaction),
        known => call_of(known).is_none_or(|mut call| {
            text::put_back(&mut call, &happening.text);
            holds(&transaction.input, &call)
        }),
    }
}

fn holds(input: &[u8], call: &[u8]) -> bool {
    let selector = call.first_chunk().copied().unwrap_or_default();
    calls(input, selector).any(|candidate| candidate.starts_with(call))
}

/// The call that makes the event; none where the event is checked otherwise, or told by a constructor.
fn call_of(known: &Known) -> Option<Vec<u8>> {
    match known {
        Known::Model(event) => model_call(event),
        Known::Gateway(VerifierGatewayEvents::VersionFrozen(event)) => {
            Some(VerifierGateway::freezeCall { version: event.version }.abi_encode())
        }
        _ => None,
    }
}

fn model_call(event: &ModelRegistryEvents) -> Option<Vec<u8>> {
    use ModelRegistryEvents as E;
    Some(match event.clone() {
        E::ModelRegistered(e) => ModelRegistry::registerCall {
            keyDigest: e.keyDigest,
            weightCommitment: e.weightCommitment,
            metadataDigest: e.metadataDigest,
            metadataUri: e.metadataUri,
        }
        .abi_encode(),
        E::ModelOffered(e) => ModelRegistry::offerCall { modelId: e.modelId, heir: e.heir }.abi_encode(),
        E::ModelTransferred(e) => ModelRegistry::acceptCall { modelId: e.modelId }.abi_encode(),
        E::MetadataMoved(e) => {
            ModelRegistry::moveMetadataCall { modelId: e.modelId, metadataUri: e.metadataUri }.abi_encode()
        }
        E::SuccessorSet(e) => {
            ModelRegistry::setSuccessorCall { modelId: e.modelId, successorId: e.successorId }.abi_encode()
        }
        E::ModelRevoked(e) => ModelRegistry::revokeCall { modelId: e.modelId, reason: e.reason }.abi_encode(),
        E::ModelApproved(e) => {
            ModelRegistry::approveCall { modelId: e.modelId, evidenceDigest: e.evidenceDigest, uri: e.uri }.abi_encode()
        }
        E::ApprovalWithdrawn(e) => {
            ModelRegistry::withdrawApprovalCall { modelId: e.modelId, reason: e.reason }.abi_encode()
        }
        E::AuthorityListed(e) => ModelRegistry::listAuthorityCall { authority: e.authority, name: e.name }.abi_encode(),
        E::AuthorityStruckOff(e) => {
            ModelRegistry::strikeOffAuthorityCall { authority: e.authority, reason: e.reason }.abi_encode()
        }
        _ => return None,
    })
}

/// Who must have asked for it.
pub(super) fn actor(known: &Known) -> Option<Address> {
    use ModelRegistryEvents as E;
    match known {
        Known::Model(E::ModelRegistered(event)) => Some(event.owner),
        Known::Model(E::ModelOffered(event)) => Some(event.owner),
        Known::Model(E::ModelTransferred(event)) => Some(event.to),
        Known::Model(E::ModelRevoked(event)) => Some(event.by),
        Known::Model(E::ModelApproved(event)) => Some(event.authority),
        Known::Model(E::ApprovalWithdrawn(event)) => Some(event.authority),
        Known::Gateway(VerifierGatewayEvents::VersionFrozen(event)) => Some(event.guardian),
        Known::Market(InferenceMarketEvents::DiagnosisRequested(event)) => Some(event.payer),
        Known::Recorded(entry) => Some(entry.submitter),
        _ => None,
    }
}

fn consent_is_witnessed(setting: &Setting, event: &ConsentRegistryEvents, transaction: &Transaction) -> bool {
    use ConsentRegistry::{grantBySigCall, grantCall, revokeBySigCall, revokeCall};
    match event {
        ConsentRegistryEvents::ConsentGranted(granted) => {
            let consents = consents(setting, transaction, grantCall::SELECTOR, grantBySigCall::SELECTOR);
            let mut same = consents.filter(|consent| identity(setting, consent) == granted.consentId);
            same.any(|consent| is_granted(&consent, granted))
        }
        ConsentRegistryEvents::ConsentWithdrawn(withdrawn) => {
            let mut consents = consents(setting, transaction, revokeCall::SELECTOR, revokeBySigCall::SELECTOR);
            consents.any(|consent| identity(setting, &consent) == withdrawn.consentId)
        }
        ConsentRegistryEvents::EIP712DomainChanged(_) => true,
    }
}

/// Consents in calls by the patient, and in calls with the patient's signature. What is sent to the registry itself is the sender's own.
fn consents(
    setting: &Setting,
    transaction: &Transaction,
    own: [u8; 4],
    signed: [u8; 4],
) -> impl Iterator<Item = ConsentRegistry::Consent> {
    let direct = transaction.to == Some(setting.consents);
    let found = |selector| calls(&transaction.input, selector).filter_map(consent);
    found(own).filter(move |consent| !direct || consent.patient == transaction.from).chain(found(signed))
}

fn consent(call: &[u8]) -> Option<ConsentRegistry::Consent> {
    ConsentRegistry::Consent::abi_decode(call.get(4..4 + CONSENT)?).ok()
}

fn identity(setting: &Setting, consent: &ConsentRegistry::Consent) -> B256 {
    consent.eip712_signing_hash(&domain(setting.chain_id, setting.consents))
}

fn is_granted(consent: &ConsentRegistry::Consent, event: &ConsentRegistry::ConsentGranted) -> bool {
    (consent.grantee, consent.purpose, consent.scopeKind, consent.scope)
        == (event.grantee, event.purpose, event.scopeKind, event.scope)
        && (consent.record, consent.validFrom, consent.validUntil) == (event.record, event.validFrom, event.validUntil)
}
