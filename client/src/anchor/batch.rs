//! A batch as a file that goes from member to member: the entries, what is signed, and the signatures so far.
//!
//! Nothing in it needs to be believed. Entries lead from `before` to the head and up to the root, the hash follows from batch and anchor; a
//! signature is tried where it counts, on the public chain.

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi::Anchor;

use super::tree::{self, Tree};
use super::{AnchorId, Batch, InclusionFile};
use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::log::{Entry, Mark, Replay};
use crate::stamp;
use crate::transaction::Call;
use crate::wallet::Wallet;

/// What a batch file says it is.
const FORMAT: &str = "zkdx-anchor-batch";
/// What is wrong with a file that is none.
const WHAT: &str = "this is no batch that can be used";

/// A member's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSignature {
    /// Whose.
    pub member: Address,
    /// ECDSA of the member's key over the batch's hash, or what the member's contract accepts (EIP-1271).
    pub signature: Bytes,
}

/// An entry with the digest that its leaf holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    entry: Entry,
    entry_digest: B256,
}

/// A batch with its entries and signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchFile {
    format: String,
    version: u32,
    /// Where it will be posted.
    pub anchor: AnchorId,
    batch: Batch,
    batch_hash: B256,
    /// Head of the log's chain before the first entry.
    before: B256,
    entries: Vec<Row>,
    signatures: Vec<MemberSignature>,
}

impl BatchFile {
    /// The entries of a replay, for an anchor; none without entries.
    pub fn new(anchor: AnchorId, source: &Deployment, replay: &Replay) -> Option<Self> {
        let (source_chain_id, source_log) = (source.chain_id, source.address(Contract::DiagnosisLog));
        let row = |entry: &Entry| Row { entry: *entry, entry_digest: entry.entry_digest() };
        let entries: Vec<Row> = replay.entries.iter().map(row).collect();
        let root = Tree::new(leaves(source_chain_id, source_log, &entries))?.root();
        let (first_index, count) = (replay.start.length, entries.len() as u64);
        let batch = Batch { source_chain_id, source_log, first_index, count, root, head: replay.end.head };
        let (format, version, batch_hash) = (FORMAT.into(), stamp::VERSION, batch.hash(&anchor));
        let (before, signatures) = (replay.start.head, Vec::new());
        Some(Self { format, version, anchor, batch, batch_hash, before, entries, signatures })
    }

    /// Reads a batch file; everything in it but the signatures must fit together.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let read: Self = stamp::parse(bytes, WHAT)?;
        stamp::check(&read.format, read.version, FORMAT, WHAT)?;
        read.check_entries()?;
        read.check_batch()?;
        match read.signatures.is_sorted_by(|a, b| a.member < b.member) {
            true => Ok(read),
            false => Err(bad("its signatures are not in ascending order of the members, each once")),
        }
    }

    /// The file.
    pub fn to_json(&self) -> String {
        stamp::write(self)
    }

    /// Fails unless it is for the anchor of this deployment.
    pub fn check(&self, deployment: &Deployment) -> Result<()> {
        self.anchor.require(deployment)
    }

    /// What is signed.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Its EIP-712 hash.
    pub fn hash(&self) -> B256 {
        self.batch_hash
    }

    /// Where it goes on from.
    pub fn start(&self) -> Mark {
        Mark { length: self.batch.first_index, head: self.before }
    }

    /// Its entries.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|row| &row.entry)
    }

    /// Its signatures, in ascending order of the members.
    pub fn signatures(&self) -> &[MemberSignature] {
        &self.signatures
    }

    /// Has a member sign it. Compare it with the log first: [`super::confirm`].
    pub fn sign(&mut self, member: &Wallet) -> Result<()> {
        let signature = member.sign_typed(&self.batch.to_abi(), &self.anchor.domain())?;
        self.signatures.retain(|one| one.member != member.address());
        self.insert(MemberSignature { member: member.address(), signature })
    }

    /// Takes over the signatures of another copy of the same batch.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if other.batch_hash != self.batch_hash {
            let what = format!("these are two batches, {} and {}", self.batch_hash, other.batch_hash);
            return Err(ClientError::Mismatch { what, next: "post each alone, the one with the lower entries first" });
        }
        other.signatures.iter().try_for_each(|one| self.insert(one.clone()))
    }

    /// The proof that an entry is in it; none if it is not.
    pub fn inclusion(&self, index: u64) -> Option<InclusionFile> {
        let position = usize::try_from(index.checked_sub(self.batch.first_index)?).ok()?;
        let row = self.entries.get(position)?;
        let siblings = self.tree()?.siblings(position);
        Some(InclusionFile::new(self.anchor, &self.batch, row.entry, siblings))
    }

    /// Number of the entry with a nullifier.
    pub fn find(&self, nullifier: B256) -> Option<u64> {
        self.entries().find(|entry| entry.nullifier == nullifier).map(|entry| entry.index)
    }

    /// What posts it.
    pub(super) fn call(&self) -> Call {
        let signature =
            |one: &MemberSignature| Anchor::MemberSignature { member: one.member, signature: one.signature.clone() };
        let signatures = self.signatures.iter().map(signature).collect();
        Call::new(self.anchor.address, &Anchor::postCall { batch: self.batch.to_abi(), signatures })
    }

    fn insert(&mut self, new: MemberSignature) -> Result<()> {
        match self.signatures.binary_search_by_key(&new.member, |one| one.member) {
            Err(place) => self.signatures.insert(place, new),
            Ok(place) if self.signatures.get(place) == Some(&new) => {}
            Ok(_) => {
                let what = format!("there are two different signatures of {}", new.member);
                return Err(ClientError::Mismatch { what, next: "leave out the one that is not the member's" });
            }
        }
        Ok(())
    }

    fn check_entries(&self) -> Result<()> {
        let mut mark = self.start();
        for row in &self.entries {
            if row.entry.index != mark.length || row.entry_digest != row.entry.entry_digest() {
                return Err(bad(&format!("its entry {} is out of place, or was changed", mark.length)));
            }
            mark = mark.after(&row.entry);
        }
        match mark.head == self.batch.head && (self.batch.first_index > 0 || self.before.is_zero()) {
            true => Ok(()),
            false => Err(bad("its entries do not lead from the head before them to the head after them")),
        }
    }

    fn check_batch(&self) -> Result<()> {
        let (root, count) = (self.tree().map(|tree| tree.root()), self.entries.len() as u64);
        if root != Some(self.batch.root) || count != self.batch.count {
            return Err(bad("its entries, of which there must be some, are not those of its root"));
        }
        match self.batch_hash == self.batch.hash(&self.anchor) {
            true => Ok(()),
            false => Err(bad("its hash is not that of its content: it was changed")),
        }
    }

    fn tree(&self) -> Option<Tree> {
        Tree::new(leaves(self.batch.source_chain_id, self.batch.source_log, &self.entries))
    }
}

fn leaves(chain_id: u64, log: Address, rows: &[Row]) -> Vec<B256> {
    rows.iter().map(|row| tree::leaf(chain_id, log, row.entry.index, row.entry_digest)).collect()
}

fn bad(why: &str) -> ClientError {
    ClientError::File { what: WHAT, why: why.into() }
}
