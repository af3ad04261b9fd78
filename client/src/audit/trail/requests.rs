//! Requests of the market: money for an entry, paid out when it is recorded, or given back.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256};
use serde::Serialize;
use zkdx_contracts::abi::InferenceMarket::{self, InferenceMarketEvents};

use super::{Before, Impossible, require};
use crate::audit::event::Place;
use crate::audit::history::Facts;
use crate::audit::scope::Selection;
use crate::market::{identity_of, nonce_of};

/// A request's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestTrail {
    /// Its identity.
    pub id: B256,
    /// When it was made.
    pub asked: Place,
    /// Who paid.
    pub payer: Address,
    /// In what; zero for the chain's own currency.
    pub token: Address,
    /// For the model's owner.
    pub price: U256,
    /// For the prover.
    pub fee: U256,
    /// The model.
    pub model: B256,
    /// Commitment to the record.
    pub record: B256,
    /// The consent.
    pub consent: B256,
    /// The first second at which it cannot be fulfilled any more.
    pub deadline: u64,
    /// When it was fulfilled, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fulfilled: Option<Fulfilment>,
    /// When the money went back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Place>,
    #[serde(skip)]
    most_policy: u64,
}

/// Who was paid for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fulfilment {
    /// When.
    pub at: Place,
    /// Who was paid for the proof.
    pub prover: Address,
    /// Who was paid for the model.
    pub model_owner: Address,
    /// The entry.
    pub nullifier: B256,
}

/// All requests.
#[derive(Default)]
pub(in crate::audit) struct Requests {
    requests: BTreeMap<B256, RequestTrail>,
}

impl Requests {
    pub(in crate::audit) fn get(&self, id: &B256) -> Option<&RequestTrail> {
        self.requests.get(id)
    }

    /// Follows an event. The nullifier of the entry that was paid for, and the request.
    pub(super) fn apply(
        &mut self,
        place: &Place,
        event: &InferenceMarketEvents,
        before: &Before<'_>,
    ) -> Result<Option<(B256, B256)>, Impossible> {
        match event {
            InferenceMarketEvents::DiagnosisRequested(event) => self.ask(place, event, before).map(|()| None),
            InferenceMarketEvents::RequestFulfilled(event) => {
                self.fulfil(place, event, before)?;
                Ok(Some((event.nullifier, event.requestId)))
            }
            InferenceMarketEvents::RequestRefunded(event) => self.refund(place, event).map(|()| None),
            InferenceMarketEvents::Withdrawn(_) => Ok(None),
        }
    }

    fn ask(
        &mut self,
        place: &Place,
        event: &InferenceMarket::DiagnosisRequested,
        before: &Before<'_>,
    ) -> Result<(), Impossible> {
        let (id, request) = (event.requestId, &event.request);
        let setting = before.setting;
        let own = identity_of(setting.chain_id, setting.market, request.clone()) == id;
        require(own, id, "a request's identity is not that of its content")?;
        let same = (event.modelId, event.payer) == (request.modelId, request.payer);
        require(same, id, "a request's event names another model or payer than the request")?;
        require(!self.requests.contains_key(&id), id, "a request was made twice")?;
        let trail = RequestTrail {
            id,
            asked: *place,
            payer: request.payer,
            token: request.token,
            price: request.price,
            fee: request.fee,
            model: request.modelId,
            record: request.recordCommitment.into(),
            consent: request.consentId,
            deadline: request.deadline.saturating_to(),
            fulfilled: None,
            refunded: None,
            most_policy: request.maxPolicy.saturating_to(),
        };
        let open = place.time < trail.deadline;
        self.requests.insert(id, trail);
        require(open, id, "a request was made after its deadline")
    }

    fn fulfil(
        &mut self,
        place: &Place,
        event: &InferenceMarket::RequestFulfilled,
        before: &Before<'_>,
    ) -> Result<(), Impossible> {
        let (id, nullifier) = (event.requestId, event.nullifier);
        let request = self.open(id)?;
        let entry = before.entries.get(&nullifier).filter(|entry| entry.place.transaction == place.transaction);
        let Some(entry) = entry else { return require(false, id, "a request was fulfilled without an entry") };
        let fits = (entry.model, entry.record, entry.consent) == (request.model, request.record, request.consent)
            && entry.nonce == nonce_of(id, event.prover)
            && entry.submitter == before.setting.market
            && entry.policy <= request.most_policy;
        let owner = before.models.get(&request.model).map(|model| model.owner);
        let (prover, model_owner) = (event.prover, event.modelOwner);
        request.fulfilled = Some(Fulfilment { at: *place, prover, model_owner, nullifier });
        require(fits, id, "a request was fulfilled by an entry that is not what it asks for")?;
        require(place.time < request.deadline, id, "a request was fulfilled after its deadline")?;
        require(owner == Some(model_owner), id, "a request paid somebody who did not own the model")
    }

    fn refund(&mut self, place: &Place, event: &InferenceMarket::RequestRefunded) -> Result<(), Impossible> {
        let request = self.open(event.requestId)?;
        request.refunded = Some(*place);
        require(request.payer == event.payer, request.id, "a request was given back to another than its payer")?;
        require(place.time >= request.deadline, request.id, "a request was given back before its deadline")
    }

    fn open(&mut self, id: B256) -> Result<&mut RequestTrail, Impossible> {
        let open = |request: &&mut RequestTrail| request.fulfilled.is_none() && request.refunded.is_none();
        let why = || (Some(id), "something happened to a request that was not open".to_owned());
        self.requests.get_mut(&id).filter(open).ok_or_else(why)
    }

    /// What the market's state says otherwise.
    pub(super) fn confirm(&self, facts: &Facts, selection: &Selection) -> Vec<Impossible> {
        let differs = |id: &&B256| facts.requests.get(*id) != Some(&self.state(id));
        let wrong = |id: &B256| (Some(*id), "the market has another state for a request".to_owned());
        selection.requests.iter().filter(differs).map(wrong).collect()
    }

    fn state(&self, id: &B256) -> u8 {
        match self.requests.get(id) {
            None => 0,
            Some(RequestTrail { fulfilled: Some(_), .. }) => 2,
            Some(RequestTrail { refunded: Some(_), .. }) => 3,
            Some(_) => 1,
        }
    }
}
