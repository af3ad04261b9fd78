//! Events in words.

use alloy::primitives::{Address, B256};
use zkdx_contracts::abi::ConsentRegistry::ConsentRegistryEvents;
use zkdx_contracts::abi::InferenceMarket::InferenceMarketEvents;
use zkdx_contracts::abi::ModelRegistry::ModelRegistryEvents;
use zkdx_contracts::abi::VerifierGateway::VerifierGatewayEvents;

use super::event::{Happening, Known};
use super::report::Line;
use super::time::iso;
use super::witness::actor;
use crate::node::printable;

/// Name, identity, words.
type Told = (&'static str, B256, String);

/// An event as a line of the report; none for those that a report does not show.
pub(super) fn line(happening: &Happening) -> Option<Line> {
    let (event, about, what) = match &happening.known {
        Known::Recorded(entry) => {
            let what = format!("entry {}: record {}, model {}", entry.index, short(&entry.record), short(&entry.model));
            ("DiagnosisRecorded", entry.nullifier, what)
        }
        Known::Model(event) => model(event)?,
        Known::Consent(event) => consent(event)?,
        Known::Gateway(event) => gateway(event)?,
        Known::Market(event) => market(event)?,
    };
    let who = actor(&happening.known).or_else(|| payer(&happening.known));
    Some(Line { place: happening.place, event, who, about, what: printable(&what) })
}

fn payer(known: &Known) -> Option<Address> {
    match known {
        Known::Market(InferenceMarketEvents::RequestFulfilled(event)) => Some(event.prover),
        Known::Market(InferenceMarketEvents::RequestRefunded(event)) => Some(event.payer),
        _ => None,
    }
}

fn model(event: &ModelRegistryEvents) -> Option<Told> {
    use ModelRegistryEvents as E;
    Some(match event {
        E::ModelRegistered(e) => {
            ("ModelRegistered", e.modelId, format!("model registered, key {}", short(&e.keyDigest)))
        }
        E::ModelOffered(e) => ("ModelOffered", e.modelId, format!("model offered to {}", e.heir)),
        E::ModelTransferred(e) => ("ModelTransferred", e.modelId, format!("model taken over from {}", e.from)),
        E::MetadataMoved(e) => ("MetadataMoved", e.modelId, format!("card moved to {}", e.metadataUri)),
        E::SuccessorSet(e) => ("SuccessorSet", e.modelId, format!("succeeded by {}", short(&e.successorId))),
        E::ModelRevoked(e) => ("ModelRevoked", e.modelId, format!("model revoked: {}", e.reason)),
        E::ModelApproved(e) => ("ModelApproved", e.modelId, format!("model approved {}", e.uri)),
        E::ApprovalWithdrawn(e) => ("ApprovalWithdrawn", e.modelId, format!("approval withdrawn: {}", e.reason)),
        E::AuthorityListed(e) => {
            ("AuthorityListed", e.authority.into_word(), format!("authority {} listed: {}", e.authority, e.name))
        }
        E::AuthorityStruckOff(e) => (
            "AuthorityStruckOff",
            e.authority.into_word(),
            format!("authority {} struck off: {}", e.authority, e.reason),
        ),
        _ => return None,
    })
}

fn consent(event: &ConsentRegistryEvents) -> Option<Told> {
    match event {
        ConsentRegistryEvents::ConsentGranted(e) => {
            let until = iso(e.validUntil.to()).unwrap_or_else(|| "withdrawn".into());
            let grantee = if e.grantee.is_zero() { "anyone".into() } else { e.grantee.to_string() };
            let what = format!("consent granted to {grantee} until {until}");
            Some(("ConsentGranted", e.consentId, what))
        }
        ConsentRegistryEvents::ConsentWithdrawn(e) => {
            Some(("ConsentWithdrawn", e.consentId, "consent withdrawn".into()))
        }
        ConsentRegistryEvents::EIP712DomainChanged(_) => None,
    }
}

fn gateway(event: &VerifierGatewayEvents) -> Option<Told> {
    match event {
        VerifierGatewayEvents::VerifierAdded(e) => {
            let from = iso(e.activeFrom.saturating_to()).unwrap_or_else(|| "never".into());
            let what = format!("verifier {} added, counts from {from}", e.verifier);
            Some(("VerifierAdded", B256::right_padding_from(&e.version[..]), what))
        }
        VerifierGatewayEvents::VersionFrozen(e) => {
            Some(("VersionFrozen", B256::right_padding_from(&e.version[..]), "verifier frozen".into()))
        }
        _ => None,
    }
}

fn market(event: &InferenceMarketEvents) -> Option<Told> {
    match event {
        InferenceMarketEvents::DiagnosisRequested(e) => {
            let (price, fee, token) = (e.request.price, e.request.fee, e.request.token);
            let unit = if token.is_zero() { "wei".to_owned() } else { format!("units of the token {token}") };
            let what = format!("diagnosis requested for {price} and {fee} {unit}");
            Some(("DiagnosisRequested", e.requestId, what))
        }
        InferenceMarketEvents::RequestFulfilled(e) => {
            Some(("RequestFulfilled", e.requestId, format!("request fulfilled by entry {}", short(&e.nullifier))))
        }
        InferenceMarketEvents::RequestRefunded(e) => Some(("RequestRefunded", e.requestId, "money given back".into())),
        InferenceMarketEvents::Withdrawn(_) => None,
    }
}

/// The first and last digits.
pub(super) fn short(id: &B256) -> String {
    let digits = hex::encode(id);
    format!("0x{}…{}", &digits[..8], &digits[60..])
}
