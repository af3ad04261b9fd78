//! What an anchor on the public chain says: how far a log is anchored, and who may sign.

use alloy::primitives::{Address, U256};
use zkdx_contracts::abi::Anchor;

use super::{AnchorId, Batch};
use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::log::Mark;
use crate::node::{At, Node};

/// How far a log is anchored, and how many must sign what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Entries, and the head after them.
    pub mark: Mark,
    /// Signatures that a batch needs.
    pub threshold: u64,
}

/// What the anchor of `deployment` says of the log of `source`.
pub async fn state(node: &Node, deployment: &Deployment, source: &Deployment) -> Result<State> {
    let anchor = reach(node, deployment).await?;
    let mark = mark(node, &anchor, source.chain_id, source.address(Contract::DiagnosisLog)).await?;
    Ok(State { mark, threshold: threshold(node, &anchor).await? })
}

/// Fails unless an account is a member.
pub(super) async fn require_member(node: &Node, anchor: &AnchorId, account: Address) -> Result<()> {
    match node.view(anchor.address, &Anchor::isMemberCall { account }).await? {
        true => Ok(()),
        false => {
            let what = format!("{account} is no member of the anchor {}", anchor.address);
            let next = "sign with a member's key, take other signatures out of the file, or ask the anchor's admin to add the account";
            Err(ClientError::Mismatch { what, next })
        }
    }
}

/// The anchor of a deployment, once it is sure that it is there, and on this chain: the hash that it computes holds its chain's id.
pub(super) async fn reach(node: &Node, deployment: &Deployment) -> Result<AnchorId> {
    node.require_chain(deployment.chain_id).await?;
    let anchor = AnchorId::of(deployment);
    if node.code(anchor.address, At::Latest).await?.is_empty() {
        let (contract, address) = (Contract::Anchor.name(), anchor.address);
        return Err(ClientError::NoContract { contract, address, chain: anchor.chain_id });
    }
    let sample = Batch::default();
    match node.view(anchor.address, &Anchor::batchHashCall { batch: sample.to_abi() }).await? == sample.hash(&anchor) {
        true => Ok(anchor),
        false => {
            let what = "the anchor there answers as on another chain".to_owned();
            Err(ClientError::ChainLie { said: anchor.chain_id, what })
        }
    }
}

pub(super) async fn mark(node: &Node, anchor: &AnchorId, chain_id: u64, log: Address) -> Result<Mark> {
    let call = Anchor::stateOfCall { sourceChainId: U256::from(chain_id), sourceLog: log };
    let state = node.view(anchor.address, &call).await?;
    Ok(Mark { length: small(state.length)?, head: state.head })
}

pub(super) async fn threshold(node: &Node, anchor: &AnchorId) -> Result<u64> {
    small(node.view(anchor.address, &Anchor::thresholdCall {}).await?)
}

fn small(number: U256) -> Result<u64> {
    let why = || ClientError::Answer { method: "eth_call".into(), why: "a number does not fit 64 bits".into() };
    number.try_into().map_err(|_| why())
}
