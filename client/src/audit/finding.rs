//! What does not hold: each finding says what kind it is, about which entry, and where.

use alloy::primitives::B256;
use serde::Serialize;

/// Kinds of findings. Their names are part of the report's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// An event that the contract does not have, or that is not encoded as it encodes it.
    ForeignEvent,
    /// Events that are not in their order, or twice.
    Order,
    /// An event whose block is another than the chain's, or later than the block of the audit, or blocks whose times go backwards.
    Block,
    /// An event's transaction is missing, in another block, or from another account.
    Transaction,
    /// Entries are missing, repeated or not numbered one after the other.
    Index,
    /// A nullifier is not that of its entry, or there twice.
    Nullifier,
    /// A context is not that of its entry.
    Context,
    /// An entry's words or policy are none.
    Malformed,
    /// The log has another number of entries.
    Length,
    /// The entries do not lead to the log's head.
    Head,
    /// The log keeps another digest for an entry.
    Digest,
    /// No proof of an entry is in the calldata of its transaction.
    ProofNotFound,
    /// The proof of an entry does not hold.
    ProofRefused,
    /// An entry was accepted by a verifier that this program does not know.
    OtherVersion,
    /// A verification key is missing, or not the one of its digest, or degenerate.
    Key,
    /// A model's identity is not that of its commitment, key and card.
    Model,
    /// An entry under a model that was not registered, not approved or revoked.
    Approval,
    /// An entry under a consent that was not granted, withdrawn, not valid or for something else.
    Consent,
    /// An entry by a verifier that was not there, not active or frozen.
    Version,
    /// A payment that does not fit its entry, or an entry of the market without one.
    Payment,
    /// An event that the contract could not have made after those before it.
    Impossible,
    /// The contracts' state is not what their events lead to.
    State,
    /// No call in the calldata of a transaction says what its event says.
    Unwitnessed,
    /// A proven outcome that cannot be read by the model's public file, or a file that is not the model's.
    Outcome,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// Index of the entry that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// Identity of the model, consent, request or key that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<B256>,
    /// In which block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
    /// In words.
    pub what: String,
}

impl Finding {
    /// A finding about nothing in particular yet.
    pub(super) fn new(kind: FindingKind, what: impl Into<String>) -> Self {
        Self { kind, entry: None, subject: None, block: None, what: what.into() }
    }

    /// About an entry.
    pub(super) fn entry(self, index: u64) -> Self {
        Self { entry: Some(index), ..self }
    }

    /// In a block.
    pub(super) fn at(self, block: u64) -> Self {
        Self { block: Some(block), ..self }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let entry = self.entry.map(|index| format!("entry {index}: ")).unwrap_or_default();
        let block = self.block.map(|block| format!(" (block {block})")).unwrap_or_default();
        let subject = self.subject.map(|id| format!(" [{id}]")).unwrap_or_default();
        format!("{entry}{}{subject}{block}", self.what)
    }
}
