//! Models, the authorities that approve them, and what became of both.
//!
//! An approval counts while its authority is listed: striking it off ends all its approvals, and listing it again revives none.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256};
use serde::Serialize;
use zkdx_contracts::abi::ModelRegistry::{self, ModelRegistryEvents};
use zkdx_verifier::Model;

use super::{Impossible, Named, require};
use crate::audit::entry::Entry;
use crate::audit::event::Place;
use crate::audit::history::{Facts, ModelFact, Setting};
use crate::audit::scope::Selection;

/// A model's history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelTrail {
    /// Its identity.
    pub id: B256,
    /// Digest of its verification key.
    pub key: B256,
    /// When it was registered.
    pub registered: Place,
    /// Its owner now.
    pub owner: Address,
    /// Who may take it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heir: Option<Address>,
    /// Where its card can be read.
    pub card_uri: String,
    /// Every approval.
    pub approvals: Vec<Approval>,
    /// Its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
    /// The model to use instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<B256>,
    /// Commitment and what it is bound to; none if the identity is not theirs.
    #[serde(skip)]
    pub model: Option<Model>,
}

/// An authority's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Whose.
    #[serde(flatten)]
    pub authority: Named,
    /// When.
    pub given: Place,
    /// Digest of what it rests on.
    pub evidence: B256,
    /// Where that can be read.
    pub uri: String,
    /// When it ceased to count, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<(Place, String)>,
}

/// A model's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revocation {
    /// When.
    pub at: Place,
    /// By whom.
    pub by: Address,
    /// As an authority, or as its owner.
    pub by_authority: bool,
    /// Why.
    pub reason: String,
}

/// All models and authorities.
#[derive(Default)]
pub(in crate::audit) struct Models {
    models: BTreeMap<B256, ModelTrail>,
    listed: BTreeMap<Address, String>,
    ever_listed: BTreeSet<Address>,
}

impl Models {
    pub(in crate::audit) fn get(&self, id: &B256) -> Option<&ModelTrail> {
        self.models.get(id)
    }

    /// Follows an event.
    pub(super) fn apply(&mut self, place: &Place, event: &ModelRegistryEvents) -> Result<(), Impossible> {
        use ModelRegistryEvents as E;
        match event {
            E::ModelRegistered(event) => self.register(place, event),
            E::ModelOffered(event) => {
                let model = self.owned(event.modelId, event.owner)?;
                model.heir = (!event.heir.is_zero()).then_some(event.heir);
                Ok(())
            }
            E::ModelTransferred(event) => {
                let model = self.owned(event.modelId, event.from)?;
                require(
                    model.heir == Some(event.to),
                    event.modelId,
                    "a model was taken over by who it was not offered to",
                )?;
                (model.owner, model.heir) = (event.to, None);
                Ok(())
            }
            E::MetadataMoved(event) => {
                self.existing(event.modelId)?.card_uri.clone_from(&event.metadataUri);
                Ok(())
            }
            E::SuccessorSet(event) => {
                require(event.successorId != event.modelId, event.modelId, "a model was made its own successor")?;
                self.existing(event.successorId)?;
                self.existing(event.modelId)?.successor = Some(event.successorId);
                Ok(())
            }
            E::ModelRevoked(event) => self.revoke(place, event),
            E::ModelApproved(event) => self.approve(place, event),
            E::ApprovalWithdrawn(event) => {
                let model = self.existing(event.modelId)?;
                let ended = model.end_approval(event.authority, place, &event.reason);
                require(ended, event.modelId, "an approval was withdrawn that did not count")
            }
            E::AuthorityListed(event) => self.list(event),
            E::AuthorityStruckOff(event) => self.strike_off(place, event),
            // Roles, and changes of the admin.
            _ => Ok(()),
        }
    }

    fn register(&mut self, place: &Place, event: &ModelRegistry::ModelRegistered) -> Result<(), Impossible> {
        let id = event.modelId;
        require(!self.models.contains_key(&id), id, "a model was registered twice")?;
        let (x, y) = (event.weightCommitment.x.to_be_bytes::<32>(), event.weightCommitment.y.to_be_bytes::<32>());
        let model = native(id, &[&event.keyDigest[..], &x, &y, &event.metadataDigest[..]].concat());
        let known = model.is_some();
        let trail = ModelTrail {
            id,
            key: event.keyDigest,
            registered: *place,
            owner: event.owner,
            heir: None,
            card_uri: event.metadataUri.clone(),
            approvals: Vec::new(),
            revoked: None,
            successor: None,
            model,
        };
        self.models.insert(id, trail);
        require(known, id, "a model's identity is not that of its key, commitment and card")
    }

    fn approve(&mut self, place: &Place, event: &ModelRegistry::ModelApproved) -> Result<(), Impossible> {
        let name = self.listed.get(&event.authority).cloned();
        let model = self.existing(event.modelId)?;
        let twice = model.standing().any(|approval| approval.authority.account == event.authority);
        require(model.revoked.is_none(), event.modelId, "a revoked model was approved")?;
        require(!twice, event.modelId, "an authority approved a model twice")?;
        let Some(name) = name else {
            return require(false, event.modelId, "a model was approved by who is no authority");
        };
        let authority = Named { account: event.authority, name };
        let (given, evidence, uri) = (*place, event.evidenceDigest, event.uri.clone());
        model.approvals.push(Approval { authority, given, evidence, uri, ended: None });
        Ok(())
    }

    fn revoke(&mut self, place: &Place, event: &ModelRegistry::ModelRevoked) -> Result<(), Impossible> {
        let is_authority = self.listed.contains_key(&event.by);
        let model = self.existing(event.modelId)?;
        require(model.revoked.is_none(), event.modelId, "a model was revoked twice")?;
        let by_owner = model.owner == event.by;
        let reason = event.reason.clone();
        let revocation = Revocation { at: *place, by: event.by, by_authority: event.byAuthority, reason };
        model.revoked = Some(revocation);
        let entitled = if event.byAuthority { !by_owner && is_authority } else { by_owner };
        require(entitled, event.modelId, "a model was revoked by neither its owner nor an authority")
    }

    fn list(&mut self, event: &ModelRegistry::AuthorityListed) -> Result<(), Impossible> {
        let account = event.authority.into_word();
        self.ever_listed.insert(event.authority);
        require(!event.name.is_empty(), account, "an authority was listed without a name")?;
        let before = self.listed.insert(event.authority, event.name.clone());
        require(before.is_none(), account, "an authority was listed twice")
    }

    fn strike_off(&mut self, place: &Place, event: &ModelRegistry::AuthorityStruckOff) -> Result<(), Impossible> {
        let reason = format!("the authority was struck off: {}", event.reason);
        for model in self.models.values_mut() {
            model.end_approval(event.authority, place, &reason);
        }
        let listed = self.listed.remove(&event.authority).is_some();
        require(listed, event.authority.into_word(), "an authority was struck off that was not listed")
    }

    fn existing(&mut self, id: B256) -> Result<&mut ModelTrail, Impossible> {
        self.models.get_mut(&id).ok_or((Some(id), "something happened to a model that was not registered".to_owned()))
    }

    fn owned(&mut self, id: B256, owner: Address) -> Result<&mut ModelTrail, Impossible> {
        let model = self.existing(id)?;
        require(model.owner == owner, id, "somebody disposed of a model of another owner")?;
        Ok(model)
    }

    /// Authorities whose approval of a model counts now.
    pub(super) fn approving(&self, id: &B256) -> Vec<Named> {
        let of = |model: &ModelTrail| model.standing().map(|approval| approval.authority.clone()).collect();
        self.models.get(id).map(of).unwrap_or_default()
    }

    /// Why the log should not have accepted an entry under its model.
    pub(super) fn judge(&self, setting: &Setting, entry: &Entry) -> Option<String> {
        let Some(model) = self.models.get(&entry.model) else { return Some("its model was not registered".into()) };
        let (got, required) = (model.standing().count() as u64, setting.approvals_required);
        match &model.revoked {
            Some(_) => Some("its model was revoked".into()),
            None if got < required => Some(format!("its model had {got} approvals, {required} are required")),
            None => None,
        }
    }

    /// What the registry's state says otherwise.
    pub(super) fn confirm(&self, facts: &Facts, selection: &Selection) -> Vec<Impossible> {
        let authority =
            |account: &&Address| facts.authorities.get(*account) != Some(&self.listed.contains_key(*account));
        let words = "whether an account is an authority is not what the events say";
        let authorities = self.ever_listed.iter().filter(authority);
        let mut wrong: Vec<_> = authorities.map(|account| (Some(account.into_word()), words.to_owned())).collect();
        for id in &selection.models {
            let differs = match (self.models.get(id), facts.models.get(id)) {
                (Some(trail), Some(fact)) => trail.differs(fact),
                (None, None) => None,
                _ => Some("registration"),
            };
            wrong.extend(differs.map(|what| (Some(*id), format!("the registry has another {what} for a model"))));
        }
        wrong
    }
}

impl ModelTrail {
    /// The approvals that count.
    pub(in crate::audit) fn standing(&self) -> impl Iterator<Item = &Approval> {
        self.approvals.iter().filter(|approval| approval.ended.is_none())
    }

    fn end_approval(&mut self, authority: Address, place: &Place, reason: &str) -> bool {
        let mut standing = self.approvals.iter_mut().filter(|approval| approval.ended.is_none());
        let Some(approval) = standing.find(|approval| approval.authority.account == authority) else { return false };
        approval.ended = Some((*place, reason.to_owned()));
        true
    }

    fn differs(&self, fact: &ModelFact) -> Option<&'static str> {
        let revoked_at = self.revoked.as_ref().map_or(0, |revocation| revocation.at.time);
        let approved_by: BTreeSet<_> = self.standing().map(|approval| approval.authority.account).collect();
        let commitment = self.model.as_ref().map(Model::to_bytes).unwrap_or_default();
        let differences = [
            ("owner", fact.owner != self.owner),
            ("time of registration", fact.registered_at != self.registered.time),
            ("time of revocation", fact.revoked_at != revoked_at),
            ("commitment", fact.bytes[..] != commitment),
            ("number of approvals", fact.approvals != approved_by.len() as u64),
            ("set of approvals", fact.approved_by != approved_by),
            ("successor", fact.successor != self.successor.unwrap_or_default()),
        ];
        differences.into_iter().find_map(|(what, differs)| differs.then_some(what))
    }
}

/// A model from its 128 bytes, if the identity is theirs.
fn native(id: B256, bytes: &[u8]) -> Option<Model> {
    Model::from_bytes(bytes).ok().filter(|model| id == B256::from(model.id()))
}
