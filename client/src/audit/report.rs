//! The result of an audit. Its JSON is the format `zkdx-audit`; `docs/src/audit.md` lists the fields.

use alloy::primitives::{Address, B256};
use serde::Serialize;

use super::entry::Entry;
use super::event::Place;
use super::finding::Finding;
use super::history::{Block, Setting};
use super::proofs::{ProofState, Setup};
use super::reading::OutcomeReading;
use super::scope::Subject;
use super::trail::Circumstances;
use super::trail::consents::ConsentTrail;
use super::trail::models::ModelTrail;
use super::trail::requests::RequestTrail;
use super::trail::versions::VersionTrail;
use crate::stamp;

/// What the JSON says it is.
const FORMAT: &str = "zkdx-audit";

/// The result of an audit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub(super) format: &'static str,
    pub(super) version: u32,
    /// What it is about.
    pub subject: Subject,
    /// The contracts.
    pub contracts: Setting,
    /// The block on which everything was read.
    pub block: Block,
    /// The nodes that agreed on it.
    pub nodes: Vec<String>,
    /// Entries of the log.
    pub length: u64,
    /// Head of the log.
    pub head: B256,
    /// What happened, in order.
    pub events: Vec<Line>,
    /// The entries asked for.
    pub entries: Vec<EntryReport>,
    /// Their models, or the one asked for.
    pub models: Vec<ModelReport>,
    /// Their consents, or the one asked for.
    pub consents: Vec<ConsentTrail>,
    /// Verifiers of the gateway.
    pub verifiers: Vec<VersionTrail>,
    /// Requests of the market.
    pub requests: Vec<RequestTrail>,
    /// What does not hold.
    pub findings: Vec<Finding>,
    /// In numbers.
    pub summary: Summary,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where and when.
    #[serde(flatten)]
    pub place: Place,
    /// The event's name in the contract.
    pub event: &'static str,
    /// Who did it, if the event says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<Address>,
    /// Identity of what it happened to; of an entry its nullifier, of an account the account.
    pub about: B256,
    /// In words.
    pub what: String,
}

/// An entry, what stood when it was recorded, and what became of its checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryReport {
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
    /// What the log keeps under its nullifier.
    pub digest: B256,
    /// What the log's head binds of it.
    pub entry_digest: B256,
    /// What stood at its time.
    #[serde(flatten)]
    pub circumstances: Circumstances,
    /// Its proof.
    pub proof: ProofState,
    /// What it says.
    pub reading: OutcomeReading,
}

/// A model with what its public file adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelReport {
    /// Its history.
    #[serde(flatten)]
    pub trail: ModelTrail,
    /// Name and version, if its public file was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<(String, String)>,
    /// Who made its key, if the key could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup: Option<Setup>,
}

/// An audit in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Entries replayed: all of the log.
    pub replayed: usize,
    /// Entries asked for.
    pub entries: usize,
    /// Those whose proof was verified.
    pub verified: usize,
    /// Those of these whose key a single party made.
    pub single_party: usize,
    /// What does not hold.
    pub findings: usize,
}

impl Summary {
    /// Counts.
    pub(super) fn new(replayed: usize, entries: &[EntryReport], findings: usize) -> Self {
        let verified = entries.iter().filter(|entry| matches!(entry.proof, ProofState::Verified { .. })).count();
        let single =
            |entry: &&EntryReport| matches!(entry.proof, ProofState::Verified { setup: Setup::SingleParty, .. });
        let single_party = entries.iter().filter(single).count();
        Self { replayed, entries: entries.len(), verified, single_party, findings }
    }
}

/// What a report is made of, beside its lists.
pub(super) struct Heading {
    pub(super) subject: Subject,
    pub(super) contracts: Setting,
    pub(super) block: Block,
    pub(super) nodes: Vec<String>,
    pub(super) length: u64,
    pub(super) head: B256,
}

impl Report {
    /// A report without content.
    pub(super) fn new(heading: Heading, summary: Summary) -> Self {
        let Heading { subject, contracts, block, nodes, length, head } = heading;
        Self {
            format: FORMAT,
            version: stamp::VERSION,
            subject,
            contracts,
            block,
            nodes,
            length,
            head,
            events: Vec::new(),
            entries: Vec::new(),
            models: Vec::new(),
            consents: Vec::new(),
            verifiers: Vec::new(),
            requests: Vec::new(),
            findings: Vec::new(),
            summary,
        }
    }

    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    /// The report as JSON.
    pub fn to_json(&self) -> String {
        stamp::write(self)
    }
}
