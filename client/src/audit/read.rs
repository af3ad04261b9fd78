//! Reads a history from nodes. One block is fixed first and everything is read on it; where several nodes are given, each is asked for everything
//! that does not prove itself, and all must give the same.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;

use alloy::primitives::{Address, B256, U256};
use alloy::sol_types::SolCall;
use zkdx_contracts::abi::{DiagnosisLog, VerifyingKeyStore};

use super::event::read as understand;
use super::examine::recorded;
use super::facts;
use super::history::{Block, Event, Facts, History, Setting, Transaction};
use super::scope::{Selection, Subject};
use crate::deployment::Deployment;
use crate::error::{ClientError, Result};
use crate::node::{At, Found, Header, Node};

/// What to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// About what.
    pub subject: Subject,
    /// On which block; none for the newest one that is deep enough.
    pub block: Option<u64>,
    /// How many blocks must stand on the newest one for that.
    pub confirmations: u64,
}

/// A node, and the block on which it is asked.
#[derive(Clone, Copy)]
pub(super) struct Reader<'n> {
    pub(super) node: &'n Node,
    pub(super) at: At,
}

/// Reads everything about a subject; nodes that differ are an error.
pub async fn read(nodes: &[&Node], deployment: &Deployment, scope: &Scope) -> Result<History> {
    let Some((first, others)) = nodes.split_first() else {
        return Err(ClientError::Url("there is none".into()));
    };
    for node in nodes {
        deployment.check(node).await?;
    }
    let number = choose(nodes, deployment, scope).await?;
    let mut history = told(first, deployment, scope, number).await?;
    for node in others {
        let other = told(node, deployment, scope, number).await?;
        agree(first, &history, node, &other)?;
        history.nodes.push(node.name().to_owned());
    }
    let reader = Reader::on(first, &history.block, &history.setting).await?;
    reader.add_evidence(&mut history, scope).await?;
    for node in nodes {
        still_there(node, &history.block).await?;
    }
    Ok(history)
}

async fn choose(nodes: &[&Node], deployment: &Deployment, scope: &Scope) -> Result<u64> {
    let mut newest = u64::MAX;
    for node in nodes {
        newest = newest.min(node.height().await?);
    }
    let number = scope.block.unwrap_or_else(|| newest.saturating_sub(scope.confirmations));
    let next = "choose a block that the chain has, after the contracts were deployed, or wait";
    match number {
        _ if number > newest => {
            let what = format!("there is no block {number} yet, the newest is {newest}");
            Err(ClientError::Mismatch { what, next })
        }
        _ if number < deployment.first_block => {
            let what =
                format!("in block {number} there were no contracts yet, the first is {}", deployment.first_block);
            Err(ClientError::Mismatch { what, next })
        }
        _ => Ok(number),
    }
}

/// What one node says, without what proves itself.
async fn told(node: &Node, deployment: &Deployment, scope: &Scope, number: u64) -> Result<History> {
    let setting = Setting::from(deployment);
    let block = header(node, number).await?;
    let reader = Reader::on(node, &block, &setting).await?;
    let events = reader.events(&setting, deployment.first_block, number).await?;
    let blocks = reader.blocks(&events).await?;
    let (facts, transactions, keys) = (Facts::default(), BTreeMap::new(), BTreeMap::new());
    let nodes = vec![node.name().to_owned()];
    let mut history = History { setting, block, events, blocks, facts, transactions, keys, nodes };
    let happenings = understand(&history, &mut Vec::new());
    let selection = Selection::of(&scope.subject, &happenings);
    history.facts = facts::read(reader, &history.setting, &happenings, &selection).await?;
    Ok(history)
}

fn agree(one: &Node, first: &History, another: &Node, second: &History) -> Result<()> {
    let differences = [
        ("the block's hash or time", first.block != second.block),
        ("the log's length", first.facts.length != second.facts.length),
        ("the log's head", first.facts.head != second.facts.head),
        ("the contracts' events", first.events != second.events),
        ("the blocks of events", first.blocks != second.blocks),
        ("the contracts' state", first.facts != second.facts),
    ];
    match differences.into_iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((what, _)) => {
            let (one, another) = (one.name().to_owned(), another.name().to_owned());
            let what = format!("{what} in block {}", first.block.number);
            Err(ClientError::Disagreement { one, another, what })
        }
    }
}

async fn still_there(node: &Node, block: &Block) -> Result<()> {
    if header(node, block.number).await?.hash == block.hash {
        return Ok(());
    }
    let what = format!("block {} was replaced by another while it was read from {}", block.number, node.name());
    Err(ClientError::Mismatch { what, next: "run the command again, with more --confirmations" })
}

async fn header(node: &Node, number: u64) -> Result<Block> {
    let method = "eth_getBlockByNumber";
    let nonsense = |why: String| ClientError::Answer { method: method.into(), why };
    let Header { number: got, hash, timestamp, .. } =
        node.header(At::Number(number)).await?.ok_or_else(|| nonsense(format!("block {number} is missing")))?;
    match got.to::<u64>() == number {
        true => Ok(Block { number, hash, time: timestamp.to() }),
        false => Err(nonsense(format!("block {got} instead of {number}"))),
    }
}

impl<'n> Reader<'n> {
    /// Asks by the block's hash if the node can, else by its number: whether the hash is still the chain's is looked at in the end.
    async fn on(node: &'n Node, block: &Block, setting: &Setting) -> Result<Self> {
        let by_hash = Self { node, at: At::Hash(block.hash) };
        match by_hash.call(setting.log, &DiagnosisLog::lengthCall {}).await {
            Ok(_) => Ok(by_hash),
            Err(ClientError::Node { .. }) => Ok(Self { node, at: At::Number(block.number) }),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return> {
        self.node.call(Address::ZERO, to, call, self.at).await
    }

    async fn events(&self, setting: &Setting, from: u64, to: u64) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        for contract in [setting.log, setting.registry, setting.consents, setting.gateway, setting.market] {
            let found = self.node.logs(contract, &[None; 4], from, to).await?;
            events.extend(found.into_iter().map(Event::from));
        }
        events.sort_by_key(|event| (event.block, event.index));
        Ok(events)
    }

    async fn blocks(&self, events: &[Event]) -> Result<BTreeMap<u64, Block>> {
        let mut blocks = BTreeMap::new();
        for event in events {
            if let Vacant(place) = blocks.entry(event.block) {
                place.insert(header(self.node, event.block).await?);
            }
        }
        Ok(blocks)
    }

    /// Transactions of what is shown, and keys of models: both are worth what they prove.
    async fn add_evidence(&self, history: &mut History, scope: &Scope) -> Result<()> {
        let happenings = understand(history, &mut Vec::new());
        let selection = Selection::of(&scope.subject, &happenings);
        for happening in happenings.iter().filter(|one| selection.shows(&one.known)) {
            let hash = happening.place.transaction;
            if !history.transactions.contains_key(&hash) {
                history.transactions.extend(self.transaction(hash).await?.map(|found| (hash, found)));
            }
        }
        for keys in facts::keys(&happenings, &selection) {
            let call = VerifyingKeyStore::keyOfCall { keyDigest: keys };
            match self.call(history.setting.keys, &call).await {
                Ok(bytes) => drop(history.keys.insert(keys, bytes)),
                // Its absence is a finding.
                Err(error) if error.is_refusal("UnknownKey") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn transaction(&self, hash: B256) -> Result<Option<Transaction>> {
        let Some(found) = self.node.transaction(hash).await? else { return Ok(None) };
        let Some(block) = found.block_number.filter(|_| found.hash == hash) else { return Ok(None) };
        Ok(Some(Transaction { from: found.from, to: found.to, input: found.input, block: block.to() }))
    }

    /// Length and head of the log, and what it keeps for the entries selected.
    pub(super) async fn log(
        &self,
        setting: &Setting,
        happenings: &[super::event::Happening],
        selection: &Selection,
        facts: &mut Facts,
    ) -> Result<()> {
        let length: U256 = self.call(setting.log, &DiagnosisLog::lengthCall {}).await?;
        facts.length = length.saturating_to();
        facts.head = self.call(setting.log, &DiagnosisLog::headCall {}).await?;
        for entry in happenings.iter().filter_map(recorded) {
            if selection.entries.contains(&entry.nullifier) {
                let nullifier = entry.nullifier;
                let digest = self.call(setting.log, &DiagnosisLog::recordedCall { nullifier }).await?;
                facts.recorded.insert(nullifier, digest);
            }
        }
        Ok(())
    }
}

impl From<Found> for Event {
    fn from(found: Found) -> Self {
        let Found { log, block, block_hash, transaction, index } = found;
        let contract = log.address();
        let (topics, data) = log.into_inner().data.split();
        Self { contract, topics, data, block, block_hash, transaction, index }
    }
}
