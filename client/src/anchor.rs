//! The log of a permissioned chain, anchored on a public one: enough members of a consortium sign the Merkle root of its next entries, anyone
//! posts it, and from then on each entry has a short proof that they vouched for it.
//!
//! A batch goes through hands that do not trust each other. [`make`] replays the log and writes a [`BatchFile`]; each member compares it with
//! a replay of its own ([`confirm`]) before it signs; [`post()`] checks everything that the contract will, and what it cannot: that the batch
//! goes on from the head that is anchored. An [`InclusionFile`] shows one entry to whoever believes the public chain.

mod batch;
mod inclusion;
mod post;
mod replay;
mod state;
mod tree;
#[cfg(test)]
mod vectors;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::{Eip712Domain, SolStruct, eip712_domain};
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi;

use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};

pub use batch::{BatchFile, MemberSignature};
pub use inclusion::InclusionFile;
pub use post::{post, require_next};
pub use replay::{Start, confirm, make};
pub use state::{State, state};
pub use tree::{Tree, leaf, root_of};

/// Which anchor: the contract that members sign for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorId {
    /// The public chain.
    pub chain_id: u64,
    /// The contract.
    pub address: Address,
}

/// Consecutive entries of a log on another chain: what members sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The log's chain.
    pub source_chain_id: u64,
    /// The log.
    pub source_log: Address,
    /// Number of the first entry.
    pub first_index: u64,
    /// How many entries.
    pub count: u64,
    /// Root of the tree over their leaves.
    pub root: B256,
    /// Head of the log's chain after the last of them.
    pub head: B256,
}

impl AnchorId {
    /// The anchor of a deployment on the public chain.
    pub fn of(deployment: &Deployment) -> Self {
        Self { chain_id: deployment.chain_id, address: deployment.address(Contract::Anchor) }
    }

    fn domain(&self) -> Eip712Domain {
        eip712_domain! { name: "zkdx anchor", version: "1", chain_id: self.chain_id, verifying_contract: self.address, }
    }

    /// Fails unless this is the anchor of a deployment.
    fn require(&self, deployment: &Deployment) -> Result<()> {
        if *self == Self::of(deployment) {
            return Ok(());
        }
        let what = format!(
            "the file is for the anchor {} on chain {}, not for this deployment's",
            self.address, self.chain_id
        );
        Err(ClientError::Mismatch { what, next: "give the public chain's deployment with --anchor-deployment" })
    }
}

impl Batch {
    /// What members sign: its EIP-712 hash.
    pub fn hash(&self, anchor: &AnchorId) -> B256 {
        self.to_abi().eip712_signing_hash(&anchor.domain())
    }

    /// Number of the first entry behind it.
    pub fn end(&self) -> u64 {
        self.first_index.saturating_add(self.count)
    }

    /// As the contract has it.
    fn to_abi(self) -> abi::Anchor::Batch {
        abi::Anchor::Batch {
            sourceChainId: U256::from(self.source_chain_id),
            sourceLog: self.source_log,
            firstIndex: U256::from(self.first_index),
            count: U256::from(self.count),
            root: self.root,
            head: self.head,
        }
    }
}
