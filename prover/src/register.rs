//! Registering a model, once: a hiding commitment to its weights, and their share of every later proof.
//!
//! ```text
//! D_W = Σ_W W_i·[K_i/δ_W]₁ + ρ·[δ_2]₁      A_W = Σ_W W_i·[u_i]₁      B_W = Σ_W W_i·[v_i]₁ and [v_i]₂
//! ```
//!
//! `ρ` is fresh for every registration, so two registrations of the same weights cannot be told to be of the same weights. `ρ`, `A_W`
//! and `B_W` are as secret as the weights: int8 weights could be found from them by trying.

mod secret;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::CurveGroup;
use ark_ff::UniformRand;
use rand::{CryptoRng, RngCore};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};
use zkdx_circuits::field;
use zkdx_circuits::statement::Digest32;
use zkdx_verifier::{KeyError, Model};

use crate::accelerator::{Accelerator, AcceleratorError};
use crate::key::{ProvingKey, WeightQueries};

pub use secret::RegistrationError;

/// Why a model cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegisterError {
    /// The key is degenerate.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key was stored without the weights' points.
    #[error("this proving key was stored without the points for weights, register with the complete key")]
    NoWeightQueries,
    /// Not one value per weight column.
    #[error("the model has {got} weight columns, the key expects {expected}")]
    Weights {
        /// Weight columns of the key.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// The device failed.
    #[error(transparent)]
    Accelerator(#[from] AcceleratorError),
}

/// The secret half of a registered model. It has no `Debug` and leaves memory when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Registration {
    #[zeroize(skip)]
    pub(crate) model: Model,
    /// `ρ`
    pub(crate) rho: Fr,
    /// `A_W`
    pub(crate) left: G1Affine,
    /// `B_W` in G1.
    pub(crate) right_g1: G1Affine,
    /// `B_W` in G2.
    pub(crate) right_g2: G2Affine,
    /// [`weights_digest`] of what was registered.
    pub(crate) weights: Digest32,
}

impl Registration {
    /// The public half.
    pub fn model(&self) -> &Model {
        &self.model
    }
}

/// Commits to the weight columns `weights` of a model whose card has the digest `metadata`.
pub fn register(
    key: &ProvingKey,
    weights: &[Fr],
    metadata: Digest32,
    device: &dyn Accelerator,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Registration, RegisterError> {
    key.verifying.check()?;
    let queries = key.weights.as_ref().ok_or(RegisterError::NoWeightQueries)?;
    check_length(key.circuit.columns.weight, weights.len())?;
    let rho = Fr::rand(rng);
    let commitment = commit(queries, weights, device)? + key.delta_2_g1 * rho;
    Ok(Registration {
        model: Model { key: key.verifying.digest(), commitment: commitment.into_affine(), metadata },
        rho,
        left: queries.left.combine(device, weights)?.into_affine(),
        right_g1: queries.right_g1.combine(device, weights)?.into_affine(),
        right_g2: queries.right_g2.combine(device, weights)?.into_affine(),
        weights: weights_digest(weights),
    })
}

/// Whether `registration` commits to `weights`: what an auditor with the model file and the registration runs.
pub fn audit(
    key: &ProvingKey,
    registration: &Registration,
    weights: &[Fr],
    device: &dyn Accelerator,
) -> Result<bool, RegisterError> {
    let queries = key.weights.as_ref().ok_or(RegisterError::NoWeightQueries)?;
    check_length(key.circuit.columns.weight, weights.len())?;
    let commitment = commit(queries, weights, device)? + key.delta_2_g1 * registration.rho;
    let model = &registration.model;
    Ok(model.key == key.verifying.digest() && model.commitment == commitment.into_affine())
}

/// `Σ_W W_i·[K_i/δ_W]₁`
fn commit(queries: &WeightQueries, weights: &[Fr], device: &dyn Accelerator) -> Result<G1Projective, AcceleratorError> {
    queries.commitment.combine(device, weights)
}

fn check_length(expected: usize, got: usize) -> Result<(), RegisterError> {
    if expected == got { Ok(()) } else { Err(RegisterError::Weights { expected, got }) }
}

/// BLAKE3 of the weight columns, to tell a wrong model from a wrong device. As secret as the weights.
pub(crate) fn weights_digest(weights: &[Fr]) -> Digest32 {
    let mut hasher = blake3::Hasher::new();
    for weight in weights {
        hasher.update(&*Zeroizing::new(field::to_bytes(weight)));
    }
    hasher.finalize().into()
}
