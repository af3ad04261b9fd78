//! A checked key with what every verification shares: `e(α, β)`, the four divisors' Miller lines, the digest.

use ark_bn254::{Bn254, G1Projective, G2Affine};
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ff::Field;
use zkdx_circuits::{Fr, statement::Digest32};

use super::{KeyError, VerifyingKey};

type G2Prepared = <Bn254 as Pairing>::G2Prepared;

/// A verification key that passed [`VerifyingKey::check`], ready for pairings.
#[derive(Clone, Debug)]
pub struct PreparedVerifyingKey {
    key: VerifyingKey,
    digest: Digest32,
    alpha_beta: PairingOutput<Bn254>,
    /// `−γ, −δ_W, −δ_1, −δ_2`.
    negated: [G2Prepared; 4],
}

impl PreparedVerifyingKey {
    /// Checks and prepares `key`.
    pub fn new(key: VerifyingKey) -> Result<Self, KeyError> {
        key.check()?;
        let loops = Bn254::multi_miller_loop([key.alpha_g1], [key.beta_g2]);
        let alpha_beta = Bn254::final_exponentiation(loops).ok_or(KeyError::Infinity { what: "e(α, β)" })?;
        let negated = [key.gamma_g2, key.delta_w_g2, key.delta_1_g2, key.delta_2_g2].map(|g2: G2Affine| (-g2).into());
        Ok(Self { digest: key.digest(), alpha_beta, negated, key })
    }

    /// The key itself.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// `keccak` of the key's bytes.
    pub fn digest(&self) -> &Digest32 {
        &self.digest
    }

    /// `e([α]₁, [β]₂)`
    pub(crate) fn alpha_beta(&self) -> &PairingOutput<Bn254> {
        &self.alpha_beta
    }

    /// `−γ, −δ_W, −δ_1, −δ_2` in G2.
    pub(crate) fn negated_divisors(&self) -> &[G2Prepared; 4] {
        &self.negated
    }

    /// `IC_0 + Σ word_i·IC_i + Σ challenge_j·IC_{n+j}`
    pub(crate) fn public_point(&self, words: &[Fr], challenges: &[Fr]) -> G1Projective {
        let scalars = std::iter::once(Fr::ONE).chain(words.iter().copied()).chain(challenges.iter().copied());
        self.key.ic.iter().zip(scalars).map(|(point, scalar)| *point * scalar).sum()
    }
}
