//! The context of a proof: chain, contract, submitter, consent, nonce, policy.

use serde::{Deserialize, Serialize};

use super::{Digest32, Tag, keccak};
use crate::architecture::Policy;
use crate::field::{self, Fr};

/// What a proof must not be replayed outside of. All zero but the nonce: a proof for use off chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The contract that records the diagnosis.
    #[serde(with = "hex::serde")]
    pub verifier: [u8; 20],
    /// Who may submit the proof.
    #[serde(with = "hex::serde")]
    pub submitter: [u8; 20],
    /// The consent under which the record is used.
    #[serde(with = "hex::serde")]
    pub consent_id: Digest32,
    /// Makes two proofs of one diagnosis distinct.
    #[serde(with = "hex::serde")]
    pub nonce: Digest32,
    /// Whether entries outside the calibrated range were saturated.
    pub policy: Policy,
}

impl Context {
    /// `keccak(TAG_CONTEXT ‖ chain_id ‖ verifier ‖ submitter ‖ consent_id ‖ nonce ‖ policy)`, every field one word.
    pub fn digest(&self) -> Digest32 {
        let chain = number_word(self.chain_id);
        let policy = number_word(self.policy as u64);
        let (verifier, submitter) = (address_word(&self.verifier), address_word(&self.submitter));
        keccak([&Tag::Context.digest()[..], &chain, &verifier, &submitter, &self.consent_id, &self.nonce, &policy])
    }
}

/// What a contract remembers of an accepted diagnosis: no proof bytes, which anyone can re-randomise.
pub fn nullifier(model_id: &Digest32, record_commitment: &Fr, context: &Context) -> Digest32 {
    let record = field::to_bytes(record_commitment);
    keccak([&Tag::Nullifier.digest()[..], model_id, &record, &context.consent_id, &context.nonce])
}

fn number_word(value: u64) -> Digest32 {
    let mut word = [0u8; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

fn address_word(address: &[u8; 20]) -> Digest32 {
    let mut word = [0u8; 32];
    word[12..].copy_from_slice(address);
    word
}
