//! The verification key and its 800 + 64·(1 + n + c) bytes (`docs/src/encodings.md`).
//!
//! ```text
//! [α]₁  [β]₂  [γ]₂  [δ_W]₂  [δ_1]₂  [δ_2]₂      IC_i = [(β·u_i(τ) + α·v_i(τ) + w_i(τ))/γ]₁
//! ```
//!
//! Three divisors keep the weights, the first round and the second round apart; a key in which two of them are related lets a prover
//! move a value from one commitment into another (`docs/src/protocol.md`). [`VerifyingKey::check`] refuses such keys.

mod check;
mod encoding;
mod prepared;

use ark_bn254::{G1Affine, G2Affine};
use zkdx_circuits::statement::{Digest32, keccak};

pub use check::KeyError;
pub use encoding::{KEY_FIXED_BYTES, MAX_KEY_BYTES};
pub use prepared::PreparedVerifyingKey;

/// Smallest and largest number of challenges.
pub const CHALLENGES: std::ops::RangeInclusive<usize> = 1..=8;
/// Smallest and largest number of statement words: for each record its commitment and at least one outcome word.
pub const WORDS: std::ops::RangeInclusive<usize> = 2..=64;

/// Who drew the toxic waste.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupKind {
    /// One party, who could forge proofs: for trying things out.
    SingleParty,
    /// A ceremony: one honest contributor suffices.
    Ceremony,
}

/// What a verifier needs to know about a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    /// Who drew the toxic waste.
    pub setup: SetupKind,
    /// Digest of the architecture that the circuit was made from.
    pub architecture: Digest32,
    /// Digest of the ceremony's transcript, zero for a single party.
    pub setup_digest: Digest32,
    /// Number of challenges, `c`.
    pub challenges: usize,
    /// Number of records that a proof is about, `B`; each has `n/B` statement words.
    pub records: usize,
    /// `[α]₁`
    pub alpha_g1: G1Affine,
    /// `[β]₂`
    pub beta_g2: G2Affine,
    /// `[γ]₂`, under which the public inputs stand.
    pub gamma_g2: G2Affine,
    /// `[δ_W]₂`, under which the weights stand.
    pub delta_w_g2: G2Affine,
    /// `[δ_1]₂`, under which the first round stands.
    pub delta_1_g2: G2Affine,
    /// `[δ_2]₂`, under which the second round and all blinding stand.
    pub delta_2_g2: G2Affine,
    /// `[K_i/γ]₁` of the constant 1, the statement words and the challenges.
    pub ic: Vec<G1Affine>,
}

impl VerifyingKey {
    /// Number of statement words, `n`.
    pub fn words(&self) -> usize {
        self.ic.len().saturating_sub(1 + self.challenges)
    }

    /// `keccak` of the key's bytes.
    pub fn digest(&self) -> Digest32 {
        keccak([&self.to_bytes()[..]])
    }
}
