//! Fiat–Shamir for two rounds: the challenges are a hash of everything that was fixed before them.
//!
//! ```text
//! seed        = keccak(TAG_TRANSCRIPT ‖ context_digest ‖ vk_digest ‖ model_id ‖ D_W ‖ D_1 ‖ word_1 ‖ … ‖ word_n)
//! challenge_i = keccak(seed ‖ i) mod r
//! ```

use ark_bn254::G1Affine;
use zkdx_circuits::statement::{Digest32, Tag, challenge, keccak};
use zkdx_circuits::{Fr, field};

use crate::encoding::g1_bytes;
use crate::model::Model;

/// What the challenges bind.
#[derive(Clone, Copy, Debug)]
pub struct Transcript<'t> {
    /// Digest of the context.
    pub context: &'t Digest32,
    /// The model; it holds the verification key's digest.
    pub model: &'t Model,
    /// `D_1`
    pub first_round: &'t G1Affine,
    /// Statement words.
    pub words: &'t [Fr],
}

impl Transcript<'_> {
    /// The seed of all challenges.
    pub fn seed(&self) -> Digest32 {
        let words: Vec<_> = self.words.iter().map(field::to_bytes).collect();
        let (tag, model_id) = (Tag::Transcript.digest(), self.model.id());
        let (d_w, d_1) = (g1_bytes(&self.model.commitment), g1_bytes(self.first_round));
        let head = [&tag[..], self.context, &self.model.key, &model_id, &d_w, &d_1];
        keccak(head.into_iter().chain(words.iter().map(|word| &word[..])))
    }

    /// `count` challenges, each a hash of its own: none is a power of another.
    pub fn challenges(&self, count: usize) -> Vec<Fr> {
        let seed = self.seed();
        (0..count).map(|index| challenge(&seed, index)).collect()
    }
}
