//! What a proof says, in which order, under which tags. The only place that knows.
//!
//! Public inputs of every circuit, after the constant 1: for each case the record commitment and the outcome words, then the
//! challenges (`docs/src/encodings.md`).

mod context;
mod outcome;

use sha3::{Digest, Keccak256};

pub use context::{Context, nullifier};
pub(crate) use outcome::score_position;
pub use outcome::{Outcome, OutcomeError, OutcomeForm, SCORE_INTERVAL, SCORE_OFFSET, SCORES_PER_WORD};

use crate::field::{self, Fr};

/// A 32-byte digest.
pub type Digest32 = [u8; 32];

/// `keccak` of the concatenation of `parts`.
pub fn keccak<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest32 {
    let mut hasher = Keccak256::new();
    parts.into_iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// Domain tags: each digest of zkdx starts with one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Challenges of the two-round argument.
    Transcript,
    /// A model's identity.
    Model,
    /// What a proof must not be replayed outside of.
    Context,
    /// The contexts of several cases under one proof.
    Contexts,
    /// What a contract remembers so as to refuse a replay.
    Nullifier,
    /// A leaf of an anchored tree.
    Anchor,
    /// An architecture's canonical JSON.
    Architecture,
    /// A model card's canonical JSON.
    Card,
    /// Which verifier a proof is for: its first four bytes stand before a proof on chain.
    Verifier,
    /// An entry of a contract's log.
    Entry,
}

impl Tag {
    /// The text whose `keccak` is the tag.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Transcript => "zkdx/two-round-groth16/v1/transcript",
            Self::Model => "zkdx/v1/model",
            Self::Context => "zkdx/v1/context",
            Self::Contexts => "zkdx/v1/contexts",
            Self::Nullifier => "zkdx/v1/nullifier",
            Self::Anchor => "zkdx/v1/anchor",
            Self::Architecture => "zkdx/v1/architecture",
            Self::Card => "zkdx/v1/card",
            Self::Verifier => "zkdx/two-round-groth16/v1/verifier",
            Self::Entry => "zkdx/v1/entry",
        }
    }

    /// The tag itself.
    pub fn digest(self) -> Digest32 {
        keccak([self.text().as_bytes()])
    }
}

/// Everything a proof is about, as the verifier sees it: what one model says of one or more records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Identity of the registered model.
    pub model_id: Digest32,
    /// A case for each record, as many as the circuit was compiled for.
    pub cases: Vec<Case>,
}

/// One record with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Hiding commitment to the record.
    pub record_commitment: Fr,
    /// The outcome as field elements, see [`OutcomeForm`].
    pub outcome: Vec<Fr>,
    /// Where this case may be used.
    pub context: Context,
}

impl Statement {
    /// A statement about one record.
    pub fn single(model_id: Digest32, case: Case) -> Self {
        Self { model_id, cases: vec![case] }
    }

    /// The public inputs before the challenges, in order.
    pub fn words(&self) -> Vec<Fr> {
        self.cases.iter().flat_map(Case::words).collect()
    }

    /// What the challenges bind of the contexts: the one context's digest, or with several cases
    /// `keccak(TAG_CONTEXTS ‖ digest_1 ‖ … ‖ digest_B)`.
    pub fn context_digest(&self) -> Digest32 {
        let digests: Vec<_> = self.cases.iter().map(|case| case.context.digest()).collect();
        match &digests[..] {
            [single] => *single,
            several => keccak([&Tag::Contexts.digest()[..], several.as_flattened()]),
        }
    }
}

impl Case {
    /// The case's share of the public inputs, in order.
    pub fn words(&self) -> Vec<Fr> {
        [&[self.record_commitment], &self.outcome[..]].concat()
    }
}

/// `challenge_i = keccak(seed ‖ i) mod r`.
pub fn challenge(seed: &Digest32, index: usize) -> Fr {
    let mut word = [0u8; 32];
    word[24..].copy_from_slice(&(index as u64).to_be_bytes());
    field::from_hash(&keccak([&seed[..], &word]))
}
