//! A key, a model and a proof of well-formed points that prove nothing.
#![allow(dead_code, unreachable_pub, missing_docs)]

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use zkdx_verifier::{Model, Proof, SetupKind, VerifyingKey};

pub fn g1(scalar: u64) -> G1Affine {
    (G1Affine::generator() * Fr::from(scalar)).into_affine()
}

pub fn g2(scalar: i64) -> G2Affine {
    (G2Affine::generator() * zkdx_circuits::field::from_int(scalar)).into_affine()
}

pub fn key() -> VerifyingKey {
    VerifyingKey {
        setup: SetupKind::SingleParty,
        architecture: [0xa5; 32],
        setup_digest: [0; 32],
        challenges: 2,
        records: 1,
        alpha_g1: g1(101),
        beta_g2: g2(102),
        gamma_g2: g2(1),
        delta_w_g2: g2(103),
        delta_1_g2: g2(104),
        delta_2_g2: g2(105),
        ic: (106..111).map(g1).collect(),
    }
}

pub fn model() -> Model {
    Model { key: key().digest(), commitment: g1(200), metadata: [0x5a; 32] }
}

pub fn proof() -> Proof {
    Proof { a: g1(301), b: g2(302), c: g1(303), d_1: g1(304) }
}

/// A point of G2's curve outside the subgroup of order `r`: nearly every point is.
pub fn outside_subgroup() -> G2Affine {
    let candidates = (1u64..).filter_map(|x| G2Affine::get_point_from_x_unchecked(x.into(), true));
    let mut outside = candidates.filter(|point| !point.is_in_correct_subgroup_assuming_on_curve());
    outside.next().unwrap()
}
