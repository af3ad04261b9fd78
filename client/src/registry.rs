//! Keys, models and what authorities say of them. Each function looks first whether what is asked for is done already.

use alloy::primitives::{Address, B256};
use zkdx_contracts::abi::{ModelRegistry, VerifyingKeyStore};
use zkdx_contracts::calldata;
use zkdx_verifier::{Model, VerifyingKey};

use crate::consent::unless;
use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::node::Node;
use crate::session::Session;
use crate::transaction::{Call, Settled};

/// What an authority, owner or admin says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// An authority approves a model.
    Approve {
        /// The model.
        model: B256,
        /// Digest of what the approval rests on.
        evidence: B256,
        /// Where that can be read.
        uri: String,
    },
    /// An authority approves a model no more.
    WithdrawApproval {
        /// The model.
        model: B256,
        /// Why.
        reason: String,
    },
    /// An authority or the owner revokes a model, for good.
    Revoke {
        /// The model.
        model: B256,
        /// Why.
        reason: String,
    },
    /// The owner names the model to use instead.
    Succeed {
        /// The model.
        model: B256,
        /// Its successor.
        successor: B256,
    },
    /// The admin lists an authority.
    List {
        /// The authority.
        authority: Address,
        /// Its name.
        name: String,
    },
    /// The admin strikes an authority off.
    StrikeOff {
        /// The authority.
        authority: Address,
        /// Why.
        reason: String,
    },
}

/// A model as the registry has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its owner.
    pub owner: Address,
    /// When it was registered, in seconds since 1970.
    pub registered_at: u64,
    /// When it was revoked.
    pub revoked_at: Option<u64>,
    /// Authorities that approve it.
    pub approvals: u64,
    /// The model to use instead.
    pub successor: Option<B256>,
}

/// Registers a verification key; none if it is there.
pub async fn register_key(session: Session<'_>, key: &VerifyingKey) -> Result<Option<Settled>> {
    let (store, digest) = (session.deployment.address(Contract::VerifyingKeyStore), B256::from(key.digest()));
    if session.node.view(store, &VerifyingKeyStore::isRegisteredCall { keyDigest: digest }).await? {
        return Ok(None);
    }
    session.send(&Call::new(store, &calldata::register_key(key))).await.map(Some)
}

/// Registers a model, so that the sender owns it; none if the sender does already. Another owner is an error.
pub async fn register_model(session: Session<'_>, model: &Model, card_uri: &str) -> Result<Option<Settled>> {
    let (registry, id) = (session.deployment.address(Contract::ModelRegistry), B256::from(model.id()));
    if let Some(standing) = standing(session.node, session.deployment, id).await? {
        return is_ours(standing.owner, session.wallet.address()).map(|()| None);
    }
    let settled = session.send(&Call::new(registry, &calldata::register_model(model, card_uri))).await?;
    let owner = session.node.view(registry, &ModelRegistry::ownerOfCall { modelId: id }).await?;
    is_ours(owner, session.wallet.address()).map(|()| Some(settled))
}

/// What the registry knows of a model, if it knows it.
pub async fn standing(node: &Node, deployment: &Deployment, id: B256) -> Result<Option<Standing>> {
    let registry = deployment.address(Contract::ModelRegistry);
    let model = match node.view(registry, &ModelRegistry::modelOfCall { modelId: id }).await {
        Ok(model) => model,
        Err(error) if error.is_refusal("UnknownModel") => return Ok(None),
        Err(error) => return Err(error),
    };
    let approvals = node.view(registry, &ModelRegistry::approvalsOfCall { modelId: id }).await?;
    let successor = node.view(registry, &ModelRegistry::successorOfCall { modelId: id }).await?;
    let (registered_at, revoked_at) = (model.registeredAt.to::<u64>(), model.revokedAt.to::<u64>());
    Ok(Some(Standing {
        owner: model.owner,
        registered_at,
        revoked_at: (revoked_at != 0).then_some(revoked_at),
        approvals: approvals.saturating_to(),
        successor: (!successor.is_zero()).then_some(successor),
    }))
}

/// Says a word; none if it was said before.
pub async fn say(session: Session<'_>, word: Word) -> Result<Option<Settled>> {
    let registry = session.deployment.address(Contract::ModelRegistry);
    if let Word::Succeed { model, successor } = word {
        let present = session.node.view(registry, &ModelRegistry::successorOfCall { modelId: model }).await?;
        if present == successor {
            return Ok(None);
        }
    }
    let done = word.said_before();
    unless(session.send(&word.call(registry)).await, done)
}

impl Word {
    fn call(self, registry: Address) -> Call {
        match self {
            Self::Approve { model, evidence, uri } => {
                Call::new(registry, &ModelRegistry::approveCall { modelId: model, evidenceDigest: evidence, uri })
            }
            Self::WithdrawApproval { model, reason } => {
                Call::new(registry, &ModelRegistry::withdrawApprovalCall { modelId: model, reason })
            }
            Self::Revoke { model, reason } => {
                Call::new(registry, &ModelRegistry::revokeCall { modelId: model, reason })
            }
            Self::Succeed { model, successor } => {
                Call::new(registry, &ModelRegistry::setSuccessorCall { modelId: model, successorId: successor })
            }
            Self::List { authority, name } => {
                Call::new(registry, &ModelRegistry::listAuthorityCall { authority, name })
            }
            Self::StrikeOff { authority, reason } => {
                Call::new(registry, &ModelRegistry::strikeOffAuthorityCall { authority, reason })
            }
        }
    }

    /// The error that says that nothing is left to do.
    fn said_before(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "ApprovedAlready",
            Self::WithdrawApproval { .. } => "NotApprovedBy",
            Self::Revoke { .. } => "RevokedModel",
            Self::List { .. } => "AuthorityTaken",
            Self::StrikeOff { .. } => "UnknownAuthority",
            Self::Succeed { .. } => "",
        }
    }
}

fn is_ours(owner: Address, account: Address) -> Result<()> {
    if owner == account {
        return Ok(());
    }
    let what = format!("the model is registered already, by {owner}");
    let next = "if that account is not yours, commit to the weights anew with `zkdx register`: the model gets another identity";
    Err(ClientError::Mismatch { what, next })
}
