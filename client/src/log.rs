//! The log's entries as its head binds them, read from a node and replayed (`docs/src/encodings.md`).
//!
//! `entry = keccak(TAG_ENTRY ‖ index ‖ nullifier ‖ digest ‖ version ‖ time)`, `head ← keccak(head ‖ entry)`. Whoever arrives at the contract's
//! length and head has every entry, unchanged and in order, and has started from the right head: a head binds all that was before it.

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::SolEvent;
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi::DiagnosisLog::{self, DiagnosisRecorded};

use crate::audit;
use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::node::{At, Found, Header, Node};

pub use audit::Version;

/// An entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 0.
    pub index: u64,
    /// What cannot be recorded again.
    pub nullifier: B256,
    /// What the log keeps under the nullifier: `keccak(abi.encode(model, context, words))`.
    pub digest: B256,
    /// The verifier that accepted its proof.
    pub version: Version,
    /// When it was recorded, in seconds since 1970.
    pub time: u64,
}

/// How far a log has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Entries so far.
    pub length: u64,
    /// Head of the chain of their digests; zero if there is none.
    pub head: B256,
}

/// Entries from one mark to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Where it starts.
    pub start: Mark,
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Where it ends: what the contract says of itself.
    pub end: Mark,
}

impl Entry {
    /// What the log's head binds of it.
    pub fn entry_digest(&self) -> B256 {
        audit::entry_digest(self.index, self.nullifier, self.digest, self.version, self.time)
    }
}

impl Mark {
    /// One entry further.
    pub fn after(self, entry: &Entry) -> Self {
        Self { length: self.length.saturating_add(1), head: audit::chained(self.head, entry.entry_digest()) }
    }
}

impl Replay {
    /// Without the entries before `index`.
    pub fn skip_to(self, index: u64) -> Result<Self> {
        let skipped = index.checked_sub(self.start.length).and_then(|count| usize::try_from(count).ok());
        match skipped.and_then(|count| self.entries.split_at_checked(count)) {
            Some((before, entries)) => {
                let start = before.iter().fold(self.start, |mark, entry| mark.after(entry));
                Ok(Self { start, entries: entries.to_vec(), ..self })
            }
            None => Err(shorter(self.end.length, index)),
        }
    }
}

/// Replays the log of a deployment from a mark up to the newest block on which `confirmations` blocks stand, itself counted. The mark need
/// not be trusted: from a wrong one nobody arrives at the contract's head.
pub async fn replay(node: &Node, deployment: &Deployment, start: Mark, confirmations: u64) -> Result<Replay> {
    let log = deployment.address(Contract::DiagnosisLog);
    let header = confirmed(node, deployment, confirmations).await?;
    let (block, topics) = (header.number.to::<u64>(), [Some(DiagnosisRecorded::SIGNATURE_HASH), None, None, None]);
    let mut replay = Replay { start, entries: Vec::new(), end: start };
    let mut seen: Option<Header> = None;
    for found in node.logs(log, &topics, deployment.first_block, block).await? {
        let event = decode(&found)?;
        if event.index < U256::from(start.length) {
            continue;
        }
        let time = time(node, &found, &mut seen).await?;
        replay.push(event, time)?;
    }
    // Asked for after the events, by the block's hash: if that block is gone meanwhile, the node says so.
    let said = said(node, log, header.hash).await?;
    if said.length < start.length {
        return Err(shorter(said.length, start.length));
    }
    if said == replay.end { Ok(replay) } else { Err(astray(start, said)) }
}

impl Replay {
    fn push(&mut self, event: DiagnosisRecorded, time: u64) -> Result<()> {
        if event.index != U256::from(self.end.length) {
            return Err(nonsense(format!("entry {} of the log is missing or out of its order", self.end.length)));
        }
        let words: Vec<B256> = [event.recordCommitment].into_iter().chain(event.outcome).map(B256::from).collect();
        let digest = audit::case_digest(event.modelId, event.contextDigest, &words);
        let (index, nullifier, version) = (self.end.length, event.nullifier, event.version);
        let entry = Entry { index, nullifier, digest, version, time };
        self.end = self.end.after(&entry);
        self.entries.push(entry);
        Ok(())
    }
}

/// The newest block that is deep enough, if the log is there by then.
async fn confirmed(node: &Node, deployment: &Deployment, confirmations: u64) -> Result<Header> {
    let height = node.height().await?;
    let number = height.checked_sub(confirmations.saturating_sub(1));
    let Some(number) = number.filter(|number| *number >= deployment.first_block) else {
        return Err(too_new(height, confirmations));
    };
    let header = node.header(At::Number(number)).await?.ok_or_else(moved)?;
    match node.code(deployment.address(Contract::DiagnosisLog), At::Hash(header.hash)).await?.is_empty() {
        true => Err(too_new(height, confirmations)),
        false => Ok(header),
    }
}

async fn said(node: &Node, log: Address, block: B256) -> Result<Mark> {
    let at = At::Hash(block);
    let length = node.call(Address::ZERO, log, &DiagnosisLog::lengthCall {}, at).await?;
    let head = node.call(Address::ZERO, log, &DiagnosisLog::headCall {}, at).await?;
    let length = length.try_into().map_err(|_| nonsense("the log's length does not fit 64 bits"))?;
    Ok(Mark { length, head })
}

fn decode(found: &Found) -> Result<DiagnosisRecorded> {
    let event = DiagnosisRecorded::decode_log_validate(&found.log.inner);
    event.map(|event| event.data).map_err(|error| nonsense(crate::node::printable(&error.to_string())))
}

/// Time of an event's block. Events of one block follow each other, so the last header seen is enough to remember.
async fn time(node: &Node, found: &Found, seen: &mut Option<Header>) -> Result<u64> {
    let known = seen.take().filter(|header| header.hash == found.block_hash);
    let header = match known {
        Some(header) => header,
        None => node.header(At::Hash(found.block_hash)).await?.ok_or_else(moved)?,
    };
    let time = header.timestamp.to();
    *seen = Some(header);
    Ok(time)
}

fn nonsense(why: impl Into<String>) -> ClientError {
    ClientError::Answer { method: "eth_getLogs".into(), why: why.into() }
}

fn too_new(height: u64, confirmations: u64) -> ClientError {
    let what = format!("no block of the log has {confirmations} confirmations, itself counted, at height {height}");
    let next = "wait for more blocks, or ask for fewer with --confirmations where blocks are final";
    ClientError::Mismatch { what, next }
}

fn moved() -> ClientError {
    let what = "the chain was reorganised while it was read".to_owned();
    ClientError::Mismatch { what, next: "run the command again" }
}

/// The log ends before it should.
pub(crate) fn shorter(length: u64, expected: u64) -> ClientError {
    let what = format!("the log has {length} entries in blocks with enough confirmations, not {expected}");
    let next =
        "wait for more blocks; if that does not help, the chain was reorganised below: compare with other members";
    ClientError::Mismatch { what, next }
}

fn astray(start: Mark, said: Mark) -> ClientError {
    let what = format!(
        "the events from entry {} on do not lead from the head {} to the log's length {} and head {}",
        start.length, start.head, said.length, said.head
    );
    let next = "ask another node; if it says the same, entries before were rewritten: compare with other members";
    ClientError::Contradiction { what, next }
}
