//! Points as big-endian coordinates: `x ‖ y` in G1, `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0` in G2 (EIP-196, EIP-197).

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};

use super::DecodeError;

/// Bytes of a G1 point.
pub const G1_BYTES: usize = 64;
/// Bytes of a G2 point.
pub const G2_BYTES: usize = 128;

/// `x ‖ y`, zeros for infinity.
pub fn g1_bytes(point: &G1Affine) -> [u8; G1_BYTES] {
    let mut bytes = [0u8; G1_BYTES];
    if let Some((x, y)) = point.xy() {
        write_coordinates(&mut bytes, [x, y]);
    }
    bytes
}

/// `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`, zeros for infinity.
pub fn g2_bytes(point: &G2Affine) -> [u8; G2_BYTES] {
    let mut bytes = [0u8; G2_BYTES];
    if let Some((x, y)) = point.xy() {
        write_coordinates(&mut bytes, [x.c1, x.c0, y.c1, y.c0]);
    }
    bytes
}

/// Requires that the point lies on the curve; G1 has cofactor 1, so the curve is the subgroup.
pub fn check_g1(point: &G1Affine, what: &'static str) -> Result<(), DecodeError> {
    if point.is_on_curve() { Ok(()) } else { Err(DecodeError::OffCurve { what }) }
}

/// Requires that the point lies on the curve and in the subgroup of order `r`.
pub fn check_g2(point: &G2Affine, what: &'static str) -> Result<(), DecodeError> {
    if !point.is_on_curve() {
        return Err(DecodeError::OffCurve { what });
    }
    let inside = point.is_in_correct_subgroup_assuming_on_curve();
    if inside { Ok(()) } else { Err(DecodeError::OutsideSubgroup { what }) }
}

/// The point with these coordinates, unchecked; zeros for infinity.
pub(super) fn g1_from_coordinates([x, y]: [Fq; 2]) -> G1Affine {
    let infinity = [x, y] == [Fq::from(0u64); 2];
    if infinity { G1Affine::identity() } else { G1Affine::new_unchecked(x, y) }
}

/// The point with these coordinates in encoding order, unchecked; zeros for infinity.
pub(super) fn g2_from_coordinates([x1, x0, y1, y0]: [Fq; 4]) -> G2Affine {
    let infinity = [x1, x0, y1, y0] == [Fq::from(0u64); 4];
    if infinity { G2Affine::identity() } else { G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1)) }
}

/// The coordinate with this big-endian encoding, if it is below `q`.
pub(super) fn coordinate_from_bytes(bytes: &[u8; 32]) -> Option<Fq> {
    let (words, _) = bytes.as_chunks::<8>();
    let mut limbs = [0u64; 4];
    limbs.iter_mut().rev().zip(words).for_each(|(limb, word)| *limb = u64::from_be_bytes(*word));
    Fq::from_bigint(BigInt::new(limbs))
}

fn write_coordinates(bytes: &mut [u8], coordinates: impl IntoIterator<Item = Fq>) {
    for (chunk, coordinate) in bytes.chunks_exact_mut(32).zip(coordinates) {
        let limbs = coordinate.into_bigint().0;
        let words = chunk.chunks_exact_mut(8).zip(limbs.iter().rev());
        words.for_each(|(word, limb)| word.copy_from_slice(&limb.to_be_bytes()));
    }
}
