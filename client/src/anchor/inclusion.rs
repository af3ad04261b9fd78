//! One entry and the way from its leaf to an anchored root: for whoever believes the public chain and has no access to the permissioned one.
//!
//! It discloses that an entry was recorded and when, by hashes alone: who knows a nullifier recognises it, nobody else learns anything.

use alloy::primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi::Anchor;

use super::state::reach;
use super::tree::{leaf, root_of};
use super::{AnchorId, Batch};
use crate::deployment::Deployment;
use crate::error::{ClientError, Result};
use crate::log::Entry;
use crate::node::Node;
use crate::stamp;

/// What an inclusion file says it is.
const FORMAT: &str = "zkdx-inclusion";
/// What is wrong with a file that is none.
const WHAT: &str = "this is no inclusion that can be used";
/// Most siblings: the depth of a tree over more entries than an index can number.
const MOST_SIBLINGS: usize = 64;

/// An entry, and its way to the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionFile {
    format: String,
    version: u32,
    /// Where the root is.
    pub anchor: AnchorId,
    /// The log's chain.
    pub source_chain_id: u64,
    /// The log.
    pub source_log: Address,
    /// The entry.
    pub entry: Entry,
    entry_digest: B256,
    siblings: Vec<B256>,
    root: B256,
}

impl InclusionFile {
    /// An entry of a batch.
    pub(super) fn new(anchor: AnchorId, batch: &Batch, entry: Entry, siblings: Vec<B256>) -> Self {
        let Batch { source_chain_id, source_log, root, .. } = *batch;
        let (format, version, entry_digest) = (FORMAT.into(), stamp::VERSION, entry.entry_digest());
        Self { format, version, anchor, source_chain_id, source_log, entry, entry_digest, siblings, root }
    }

    /// Reads an inclusion file; its entry must lead to its root.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let read: Self = stamp::parse(bytes, WHAT)?;
        stamp::check(&read.format, read.version, FORMAT, WHAT)?;
        let why = match &read {
            _ if read.entry_digest != read.entry.entry_digest() => "its entry was changed",
            _ if read.siblings.len() > MOST_SIBLINGS => "it has too many siblings",
            _ if root_of(read.leaf(), &read.siblings) != read.root => "its entry does not lead to its root",
            _ => return Ok(read),
        };
        Err(ClientError::File { what: WHAT, why: why.into() })
    }

    /// The file.
    pub fn to_json(&self) -> String {
        stamp::write(self)
    }

    /// Root of the batch that the entry is in.
    pub fn root(&self) -> B256 {
        self.root
    }

    /// Fails unless the anchor of this deployment has the entry, by what its contract says.
    pub async fn check(&self, node: &Node, deployment: &Deployment) -> Result<()> {
        self.anchor.require(deployment)?;
        let anchor = reach(node, deployment).await?;
        node.view(anchor.address, &self.call()).await.map(drop)
    }

    /// What asks the contract.
    pub(super) fn call(&self) -> Anchor::verifyInclusionCall {
        Anchor::verifyInclusionCall {
            sourceChainId: U256::from(self.source_chain_id),
            sourceLog: self.source_log,
            index: U256::from(self.entry.index),
            entryDigest: self.entry_digest,
            proof: self.siblings.clone(),
        }
    }

    fn leaf(&self) -> B256 {
        leaf(self.source_chain_id, self.source_log, self.entry.index, self.entry_digest)
    }
}
