//! The proving key: the polynomials of the circuit at `τ`, in the exponent, sorted by who multiplies them when.
//!
//! ```text
//! K_i = β·u_i(τ) + α·v_i(τ) + w_i(τ)
//! ```
//!
//! A column that does not occur on a side has the point at infinity there; such points are left out and the rest carry their
//! indices. A column that occurs nowhere is therefore in no commitment: it is free, and nothing depends on it. That is sound for every
//! group, and a model may own such a parameter (a kernel tap that only ever meets padding), so it is not refused.

mod encoding;
mod hashing;
mod layout;
mod query;
mod subgroup;

use ark_bn254::{G1Affine, G2Affine};
use zkdx_circuits::field;
use zkdx_circuits::r1cs::{ColumnCounts, Matrix, R1cs};
use zkdx_circuits::statement::Digest32;
use zkdx_verifier::VerifyingKey;

pub use encoding::{ProvingKeyError, Subgroup};
pub use query::{Point, Query, SplitQuery};

/// What is needed to prove, and to register a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvingKey {
    /// What verifiers need.
    pub verifying: VerifyingKey,
    /// Which circuit this key is for.
    pub circuit: CircuitInfo,
    /// `[β]₁`
    pub beta_g1: G1Affine,
    /// `[δ_W]₁`
    pub delta_w_g1: G1Affine,
    /// `[δ_1]₁`
    pub delta_1_g1: G1Affine,
    /// `[δ_2]₁`
    pub delta_2_g1: G1Affine,
    /// `[u_i(τ)]₁` of every column but the weights; its field part runs over public ‖ field ‖ second.
    pub left: SplitQuery<G1Affine>,
    /// `[v_i(τ)]₁`, likewise.
    pub right_g1: SplitQuery<G1Affine>,
    /// `[v_i(τ)]₂`, likewise.
    pub right_g2: SplitQuery<G2Affine>,
    /// `[K_i/δ_1]₁` of the first round; its field part runs over field.
    pub first: SplitQuery<G1Affine>,
    /// `[K_i/δ_2]₁` of the second round.
    pub second: Query<G1Affine>,
    /// `[τ^k·t(τ)/δ_2]₁` for `k ≤ n − 2`.
    pub quotient: Vec<G1Affine>,
    /// Needed only to register models.
    pub weights: Option<WeightQueries>,
}

/// The weight columns' share of the key: used once per model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightQueries {
    /// `[u_i(τ)]₁`
    pub left: Query<G1Affine>,
    /// `[v_i(τ)]₁`
    pub right_g1: Query<G1Affine>,
    /// `[v_i(τ)]₂`
    pub right_g2: Query<G2Affine>,
    /// `[K_i/δ_W]₁`
    pub commitment: Query<G1Affine>,
}

/// Enough about a circuit to refuse another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitInfo {
    /// Number of constraints, without the rows for the public columns.
    pub constraints: usize,
    /// Columns per group.
    pub columns: ColumnCounts,
    /// [`circuit_digest`] of the constraint system.
    pub digest: Digest32,
}

impl CircuitInfo {
    /// Counts and digest of `r1cs`.
    pub fn of(r1cs: &R1cs) -> Self {
        Self { constraints: r1cs.constraints(), columns: r1cs.columns, digest: circuit_digest(r1cs) }
    }

    /// `n`, the length of the domain; 0 where there is none.
    pub fn domain_length(&self) -> usize {
        crate::qap::domain_length(self.constraints, &self.columns).unwrap_or(0)
    }
}

/// BLAKE3 of every count, index and coefficient of `r1cs`.
pub fn circuit_digest(r1cs: &R1cs) -> Digest32 {
    let mut hasher = blake3::Hasher::new();
    let columns = &r1cs.columns;
    let counts = [columns.public, columns.challenges, columns.weight, columns.small, columns.field, columns.second];
    for count in counts {
        hasher.update(&(count as u64).to_be_bytes());
    }
    [&r1cs.a, &r1cs.b, &r1cs.c].into_iter().for_each(|matrix| absorb(&mut hasher, matrix));
    hasher.finalize().into()
}

fn absorb(hasher: &mut blake3::Hasher, matrix: &Matrix) {
    hasher.update(&(matrix.rows() as u64).to_be_bytes());
    for index in matrix.offsets.iter().chain(&matrix.columns) {
        hasher.update(&index.to_be_bytes());
    }
    for coefficient in &matrix.coefficients {
        hasher.update(&field::to_bytes(coefficient));
    }
}
