//! Where multi-scalar multiplications and transforms are computed.
//!
//! A device computes, it does not decide: it sees bases, scalars and polynomials, never a transcript or blinding, and a proof's bytes
//! do not depend on it. The prover verifies every proof before it lets go of it, so a device that computes wrongly costs a proof and
//! leaks nothing.
//!
//! One file per device below this one. [`Cpu`] is always there; others load their libraries at run time.

mod cpu;

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use thiserror::Error;
use zeroize::Zeroizing;
use zkdx_circuits::Fr;
use zkdx_circuits::field::from_int;

pub use cpu::Cpu;

/// Why a device gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AcceleratorError {
    /// Not one scalar per base.
    #[error("{bases} bases for {scalars} scalars")]
    Length {
        /// Number of bases.
        bases: usize,
        /// Number of scalars.
        scalars: usize,
    },
    /// Not a power of two, or beyond the field's roots of unity.
    #[error("no transform of length {length} exists in the scalar field")]
    TransformLength {
        /// Length asked for.
        length: usize,
    },
    /// The device failed.
    #[error("{device} failed: {reason}")]
    Device {
        /// Which device.
        device: String,
        /// What it said.
        reason: String,
    },
}

/// A device. You only need to write `name`, the two `msm`s over field elements and `transform`.
///
/// Correct only if every result equals [`Cpu`]'s, for every input, including bases at infinity, zero scalars and empty slices.
pub trait Accelerator: Send + Sync {
    /// Name for messages and benchmarks.
    fn name(&self) -> String;

    /// `Σ scalar_i·base_i` in G1.
    fn msm_g1(&self, bases: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, AcceleratorError>;

    /// `Σ scalar_i·base_i` in G2.
    fn msm_g2(&self, bases: &[G2Affine], scalars: &[Fr]) -> Result<G2Projective, AcceleratorError>;

    /// The number-theoretic transform of `values`, whose length `n` is a power of two, in place and in natural order: from coefficients
    /// to values at `1, ω, ω², …` for the field's root of unity `ω` of order `n`.
    fn transform(&self, values: &mut Vec<Fr>) -> Result<(), AcceleratorError>;

    /// `Σ scalar_i·base_i` in G1 over integers. Override it where short scalars are worth a path of their own.
    fn msm_g1_small(&self, bases: &[G1Affine], scalars: &[i64]) -> Result<G1Projective, AcceleratorError> {
        self.msm_g1(bases, &to_field(scalars))
    }

    /// `Σ scalar_i·base_i` in G2 over integers. Override it where short scalars are worth a path of their own.
    fn msm_g2_small(&self, bases: &[G2Affine], scalars: &[i64]) -> Result<G2Projective, AcceleratorError> {
        self.msm_g2(bases, &to_field(scalars))
    }
}

fn to_field(scalars: &[i64]) -> Zeroizing<Vec<Fr>> {
    Zeroizing::new(scalars.iter().map(|&scalar| from_int(scalar)).collect())
}
