//! Everything that was read of a chain, as plain data: what the checks run on, without a node.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, Bytes, FixedBytes};
use serde::Serialize;

use crate::deployment::{Contract, Deployment};

/// The four bytes that name a verifier.
pub type Version = FixedBytes<4>;

/// The contracts, and what they were told for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The chain.
    pub chain_id: u64,
    /// The log of diagnoses.
    pub log: Address,
    /// Models and authorities.
    pub registry: Address,
    /// Consents.
    pub consents: Address,
    /// Versions of verifiers.
    pub gateway: Address,
    /// Verification keys.
    pub keys: Address,
    /// Requests and payments.
    pub market: Address,
    /// What consents must be for.
    pub purpose: B256,
    /// Authorities that must approve a model.
    pub approvals_required: u64,
    /// Seconds from the day a verifier is added to the day it counts; the first one counts at once.
    pub activation_delay: u64,
}

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// When it was made, in seconds since 1970.
    pub time: u64,
}

/// An event as a node gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The contract.
    pub contract: Address,
    /// Which event it is, and its indexed values.
    pub topics: Vec<B256>,
    /// Its other values.
    pub data: Bytes,
    /// Its block's number.
    pub block: u64,
    /// Its block's hash.
    pub block_hash: B256,
    /// Its transaction.
    pub transaction: B256,
    /// Its number in the block.
    pub index: u64,
}

/// A transaction, as far as it bears witness to events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Who sent it.
    pub from: Address,
    /// To whom; none if it made a contract.
    pub to: Option<Address>,
    /// Its calldata.
    pub input: Bytes,
    /// Its block.
    pub block: u64,
}

/// A model as the registry's state has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFact {
    /// Its owner.
    pub owner: Address,
    /// When it was registered.
    pub registered_at: u64,
    /// When it was revoked; zero if it was not.
    pub revoked_at: u64,
    /// Digest of the key, coordinates of the commitment, digest of the card: what its identity is made of.
    pub bytes: Bytes,
    /// How many approvals count.
    pub approvals: u64,
    /// Whose, among the authorities that are listed.
    pub approved_by: BTreeSet<Address>,
    /// The model to use instead, or zero.
    pub successor: B256,
}

/// A consent as the registry's state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentState {
    /// Neither granted nor withdrawn.
    Unknown,
    /// Granted, and not withdrawn.
    Granted,
    /// Withdrawn.
    Withdrawn,
}

/// A version as the gateway's state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// Not there.
    Unknown,
    /// There, and not active yet.
    Waiting,
    /// Checked by this verifier.
    Active(Address),
    /// Frozen.
    Frozen,
}

/// What the contracts' state says at the block, to be compared with their events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Entries of the log.
    pub length: u64,
    /// Head of the log.
    pub head: B256,
    /// What the log keeps under a nullifier.
    pub recorded: BTreeMap<B256, B256>,
    /// Models.
    pub models: BTreeMap<B256, ModelFact>,
    /// Whether an account is an authority.
    pub authorities: BTreeMap<Address, bool>,
    /// Consents.
    pub consents: BTreeMap<B256, ConsentState>,
    /// Versions.
    pub versions: BTreeMap<Version, VersionState>,
    /// Requests: 0 not made, 1 open, 2 fulfilled, 3 refunded.
    pub requests: BTreeMap<B256, u8>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The contracts.
    pub setting: Setting,
    /// The block on which everything was read.
    pub block: Block,
    /// Events of the contracts, in their order.
    pub events: Vec<Event>,
    /// The blocks of the events.
    pub blocks: BTreeMap<u64, Block>,
    /// The contracts' state.
    pub facts: Facts,
    /// Transactions of the events asked for.
    pub transactions: BTreeMap<B256, Transaction>,
    /// Verification keys of the models asked for, by digest.
    pub keys: BTreeMap<B256, Bytes>,
    /// The nodes that agreed on it: host and port.
    pub nodes: Vec<String>,
}

impl From<&Deployment> for Setting {
    fn from(deployment: &Deployment) -> Self {
        Self {
            chain_id: deployment.chain_id,
            log: deployment.address(Contract::DiagnosisLog),
            registry: deployment.address(Contract::ModelRegistry),
            consents: deployment.address(Contract::ConsentRegistry),
            gateway: deployment.address(Contract::VerifierGateway),
            keys: deployment.address(Contract::VerifyingKeyStore),
            market: deployment.address(Contract::InferenceMarket),
            purpose: deployment.parameters.purpose,
            approvals_required: deployment.parameters.approvals_required.into(),
            activation_delay: deployment.parameters.delay_seconds,
        }
    }
}
