//! A batch from a node of the permissioned chain, and a batch compared with one: each member asks a node of its own.

use super::{AnchorId, BatchFile};
use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::log::{self, Entry, Mark};
use crate::node::Node;

/// Where a batch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Where what is anchored ends.
    Anchored(Mark),
    /// At the entry with this number.
    Index(u64),
}

/// Every entry of the log of `source` from a start on, in blocks with enough confirmations.
pub async fn make(
    node: &Node,
    source: &Deployment,
    anchor: AnchorId,
    start: Start,
    confirmations: u64,
) -> Result<BatchFile> {
    let replay = match start {
        Start::Anchored(mark) => log::replay(node, source, mark, confirmations).await?,
        // The head before is not known, so the log is replayed from its beginning.
        Start::Index(index) => log::replay(node, source, Mark::default(), confirmations).await?.skip_to(index)?,
    };
    BatchFile::new(anchor, source, &replay).ok_or_else(|| nothing(&replay.end))
}

/// Fails unless the log of `source`, as a node of one's own has it, has exactly the batch's entries in blocks with enough confirmations.
pub async fn confirm(node: &Node, source: &Deployment, file: &BatchFile, confirmations: u64) -> Result<()> {
    require_source(file, source)?;
    let replay = log::replay(node, source, file.start(), confirmations).await?;
    let mut replayed = replay.entries.iter();
    for entry in file.entries() {
        match replayed.next() {
            Some(same) if same == entry => {}
            Some(_) => return Err(other(entry)),
            None => return Err(log::shorter(replay.end.length, file.batch().end())),
        }
    }
    Ok(())
}

fn require_source(file: &BatchFile, source: &Deployment) -> Result<()> {
    let (batch, log) = (file.batch(), source.address(Contract::DiagnosisLog));
    if (batch.source_chain_id, batch.source_log) == (source.chain_id, log) {
        return Ok(());
    }
    let what = format!(
        "the batch is of the log {} on chain {}, not of {log} on chain {}",
        batch.source_log, batch.source_chain_id, source.chain_id
    );
    Err(ClientError::Mismatch { what, next: "give the permissioned chain's deployment with --deployment" })
}

fn nothing(end: &Mark) -> ClientError {
    let what = format!("there is nothing to anchor: the log has {} entries with enough confirmations", end.length);
    ClientError::Mismatch { what, next: "run the command again when there are more" }
}

fn other(entry: &Entry) -> ClientError {
    let what = format!("entry {} of the batch is not the entry {} of the log", entry.index, entry.index);
    ClientError::Contradiction { what, next: "do not sign it: somebody shows you another log than your node does" }
}
