//! Whether many points of G2's curve lie in its subgroup of order `r`, at a tenth of the cost of asking each.
//!
//! ```text
//! Σ_i c_i·P_i in the subgroup, for 10 draws of c ∈ [−2^12, 2^12)^N
//! ```
//!
//! The curve has `r·h` points with `h = 10069 · 5864401 · 1875725156269 · 197620364512881247228717050342013327560683201906968909`.
//! A point outside has a component of some prime order `p ≥ 10069` dividing `h`. All `2^13 < p` values of its coefficient give the sum
//! different components, at most one of them zero: each draw misses it with probability at most `2^−13`, ten with `2^−130`. The
//! coefficients are BLAKE3 of the points, so whoever made them did not choose them.

use ark_bn254::{Fq2, G2Affine};
use ark_ec::CurveGroup;

use super::ProvingKeyError;
use crate::accelerator::{Accelerator, AcceleratorError, Cpu};
use zkdx_verifier::encoding::DecodeError;

const DRAWS: u64 = 10;
/// From here on a draw costs less than the points.
const FEW: usize = 64;

/// Refuses points of the curve that are outside the subgroup.
pub(super) fn check(points: &[G2Affine]) -> Result<(), ProvingKeyError> {
    let inside = if points.len() < FEW {
        points.iter().all(G2Affine::is_in_correct_subgroup_assuming_on_curve)
    } else {
        let digest = digest(points);
        (0..DRAWS).all(|draw| {
            combination(points, &digest, draw).is_ok_and(|sum| sum.is_in_correct_subgroup_assuming_on_curve())
        })
    };
    let what = "a point of the proving key";
    if inside { Ok(()) } else { Err(DecodeError::OutsideSubgroup { what }.into()) }
}

fn combination(points: &[G2Affine], digest: &[u8; 32], draw: u64) -> Result<G2Affine, AcceleratorError> {
    let mut bytes = vec![0; 2 * points.len()];
    blake3::Hasher::new_keyed(digest).update(&draw.to_be_bytes()).finalize_xof().fill(&mut bytes);
    let (pairs, _) = bytes.as_chunks::<2>();
    let coefficients: Vec<i64> =
        pairs.iter().map(|pair| i64::from(u16::from_le_bytes(*pair) >> 3) - (1 << 12)).collect();
    Ok(Cpu.msm_g2_small(points, &coefficients)?.into_affine())
}

fn digest(points: &[G2Affine]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let coordinates = |point: &G2Affine| [point.x, point.y];
    let limbs = |Fq2 { c0, c1 }: Fq2| [c0.0.0, c1.0.0].concat();
    for limb in points.iter().flat_map(coordinates).flat_map(limbs) {
        hasher.update(&limb.to_le_bytes());
    }
    hasher.finalize().into()
}
