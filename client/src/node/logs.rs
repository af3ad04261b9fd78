//! Events of a range of blocks. Nodes refuse ranges or answers that are too large, each in its own words, so a refused range is cut in half;
//! and a range that was not refused is followed by one of twice the length, so that no height that a node claims is far away.

use alloy::primitives::{Address, B256, U64};
use alloy::rpc::types::Log;
use serde_json::{Value, json};

use super::Node;
use crate::error::{ClientError, Result};

/// Blocks asked for at once at first.
const SPAN: u64 = 50_000;
/// Most requests for one range: a node that serves a few blocks at a time would be asked for ever.
const MOST_REQUESTS: u32 = 100_000;

/// Topics that an event must have, by position; none at a position is any.
pub type Topics = [Option<B256>; 4];

/// An event with its place on the chain.
#[derive(Clone, Debug)]
pub struct Found {
    /// The event.
    pub log: Log,
    /// Its block.
    pub block: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Its transaction.
    pub transaction: B256,
    /// Its number in the block.
    pub index: u64,
}

impl Node {
    /// Events of the contract at `address` with these topics, from block `from` to block `to` inclusive, in order;
    /// none if `to` is before `from`.
    pub async fn logs(&self, address: Address, topics: &Topics, from: u64, to: u64) -> Result<Vec<Found>> {
        if to < from {
            return Ok(Vec::new());
        }
        let (mut found, mut start, mut span, mut refused) = (Vec::new(), from, SPAN, false);
        for _ in 0..MOST_REQUESTS {
            let end = start.saturating_add(span - 1).min(to);
            match self.logs_once(address, topics, start, end).await {
                Ok(logs) => {
                    found.extend(logs);
                    if end == to {
                        return Ok(found);
                    }
                    (start, span) = (end + 1, if refused { span } else { span.saturating_mul(2) });
                }
                Err(ClientError::Node { .. } | ClientError::Answer { .. }) if end > start => {
                    (span, refused) = ((end - start).div_ceil(2), true);
                }
                Err(error) => return Err(error),
            }
        }
        Err(self.nonsense("eth_getLogs", "it serves too few blocks at a time"))
    }

    async fn logs_once(&self, address: Address, topics: &Topics, from: u64, to: u64) -> Result<Vec<Found>> {
        let wanted = topics.iter().rposition(Option::is_some).map_or(&topics[..0], |last| &topics[..=last]);
        let filter = json!({
            "address": address, "fromBlock": U64::from(from), "toBlock": U64::from(to), "topics": wanted,
        });
        let logs: Vec<Log> = self.ask("eth_getLogs", Value::Array(vec![filter])).await?;
        let found = logs.into_iter().map(|log| self.located(log)).collect::<Result<Vec<_>>>()?;
        let fits =
            |one: &Found| one.log.address() == address && has(&one.log, topics) && (from..=to).contains(&one.block);
        match found.iter().all(fits) && found.is_sorted_by(|a, b| (a.block, a.index) < (b.block, b.index)) {
            true => Ok(found),
            false => Err(self.nonsense("eth_getLogs", "events that were not asked for, or not in their order")),
        }
    }

    fn located(&self, log: Log) -> Result<Found> {
        let place = (log.block_number, log.block_hash, log.transaction_hash, log.log_index);
        match place {
            (Some(block), Some(block_hash), Some(transaction), Some(index)) if !log.removed => {
                Ok(Found { log, block, block_hash, transaction, index })
            }
            _ => Err(self.nonsense("eth_getLogs", "an event without its place on the chain")),
        }
    }
}

fn has(log: &Log, wanted: &Topics) -> bool {
    wanted.iter().enumerate().all(|(at, topic)| topic.is_none() || log.topics().get(at) == topic.as_ref())
}
