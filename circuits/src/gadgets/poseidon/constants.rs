//! Round constants and matrices, from the Grain generator of the Poseidon paper (appendix F).
//!
//! The numbers of rounds are those of circomlib, which fixes the instance: everything else follows from the field and `t`.

use std::sync::OnceLock;

use ark_crypto_primitives::sponge::poseidon::find_poseidon_ark_and_mds;
use ark_ff::PrimeField;

use crate::field::Fr;

/// Full rounds, half before and half after the partial ones.
pub(super) const FULL_ROUNDS: usize = 8;

/// Smallest state.
const MIN_WIDTH: usize = 2;

/// Partial rounds for `t = 2 … 17`, circomlib's `circuits/poseidon.circom`.
const PARTIAL_ROUNDS: [usize; 16] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];

/// One instance of the permutation.
pub(super) struct Constants {
    /// Partial rounds.
    pub(super) partial_rounds: usize,
    /// Added to the state, by round.
    pub(super) round: Vec<Vec<Fr>>,
    /// Multiplied with the state, by row.
    pub(super) matrix: Vec<Vec<Fr>>,
}

impl Constants {
    /// S-boxes in one permutation.
    pub(super) fn sboxes(&self) -> usize {
        FULL_ROUNDS * self.matrix.len() + self.partial_rounds
    }

    fn generate(width: usize) -> Self {
        let partial_rounds = PARTIAL_ROUNDS[width - MIN_WIDTH];
        let bits = u64::from(Fr::MODULUS_BIT_SIZE);
        let (round, matrix) = find_poseidon_ark_and_mds(bits, width - 1, FULL_ROUNDS as u64, partial_rounds as u64, 0);
        Self { partial_rounds, round, matrix }
    }
}

/// The instance with a state of `width` elements, 2 to 17; generated on first use.
pub(super) fn constants(width: usize) -> &'static Constants {
    static INSTANCES: [OnceLock<Constants>; 16] = [const { OnceLock::new() }; 16];
    INSTANCES[width - MIN_WIDTH].get_or_init(|| Constants::generate(width))
}
