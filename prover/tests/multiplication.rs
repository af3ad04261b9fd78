//! The CPU's multi-scalar multiplication against ark-ec's and the definition, where it could go wrong.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{AdditiveGroup, Field, UniformRand};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkdx_circuits::field::from_int;
use zkdx_prover::{Accelerator, Cpu};

fn points(count: usize) -> Vec<G1Affine> {
    let mut rng = StdRng::seed_from_u64(1);
    let start = G1Projective::rand(&mut rng);
    let points = std::iter::successors(Some(start), |last| Some(*last + G1Affine::generator()));
    G1Projective::normalize_batch(&points.take(count).collect::<Vec<_>>())
}

fn slow(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    bases.iter().zip(scalars).map(|(base, scalar)| *base * scalar).sum()
}

fn agrees(bases: &[G1Affine], scalars: &[Fr]) {
    assert_eq!(Cpu.msm_g1(bases, scalars).unwrap(), slow(bases, scalars));
}

#[test]
fn points_that_meet_themselves_their_negative_and_infinity() {
    let (p, zero) = (points(1)[0], G1Affine::identity());
    let bases = [p, p, -p, zero, p, zero, zero, -p, p];
    let two = Fr::from(2u64);
    for scalars in [vec![Fr::ONE; 9], vec![-two; 9], vec![Fr::default(); 9], (0..9).map(from_int).collect()] {
        agrees(&bases, &scalars);
    }
    agrees(&[], &[]);
    agrees(&[zero], &[two]);
    agrees(&[p, -p], &[two, two]);
}

#[test]
fn scalars_at_the_edges_of_the_field_and_of_windows() {
    let half = -Fr::ONE / Fr::from(2u64);
    let mut scalars = vec![Fr::default(), Fr::ONE, -Fr::ONE, half, half + Fr::ONE, -half];
    let powers = std::iter::successors(Some(Fr::ONE), |power| Some(power.double())).take(254);
    scalars.extend(powers.flat_map(|power| [power, -power, power - Fr::ONE, power + Fr::ONE]));
    agrees(&points(scalars.len()), &scalars);
    for (base, scalar) in points(scalars.len()).iter().zip(&scalars) {
        agrees(&[*base], &[*scalar]);
    }
}

#[test]
fn integers_at_the_edges() {
    let scalars = [0, 1, -1, 127, -128, 255, -256, 1 << 31, i64::MAX, i64::MIN, i64::MIN + 1, -(1 << 62)];
    let (bases, values) = (points(scalars.len()), scalars.map(from_int));
    assert_eq!(Cpu.msm_g1_small(&bases, &scalars).unwrap(), slow(&bases, &values));
    for (base, scalar) in bases.iter().zip(scalars) {
        assert_eq!(Cpu.msm_g1_small(&[*base], &[scalar]).unwrap(), *base * from_int(scalar));
    }
}

#[test]
fn mixed_widths_agree_with_arkworks_in_both_groups() {
    let (bases, mut rng) = (points(1 << 14), StdRng::seed_from_u64(2));
    let value = |index: usize, random: Fr| match index % 4 {
        0 => Fr::ONE,
        1 => from_int(index as i64 % 256 - 128),
        2 => from_int(-((index as i64) << 20)),
        _ => random,
    };
    let scalars: Vec<Fr> = (0..bases.len()).map(|index| value(index, Fr::rand(&mut rng))).collect();
    assert_eq!(Cpu.msm_g1(&bases, &scalars).unwrap(), G1Projective::msm(&bases, &scalars).unwrap());
    let g2: Vec<G2Affine> = (0..100u64).map(|i| (G2Affine::generator() * Fr::from(i)).into_affine()).collect();
    assert_eq!(Cpu.msm_g2(&g2, &scalars[..100]).unwrap(), G2Projective::msm(&g2, &scalars[..100]).unwrap());
    let small: Vec<i64> = (0..100).map(|i| i * i - 700).collect();
    let values: Vec<Fr> = small.iter().map(|&value| from_int(value)).collect();
    assert_eq!(Cpu.msm_g2_small(&g2, &small).unwrap(), G2Projective::msm(&g2, &values).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_integers_over_repeated_points(scalars in prop::collection::vec((any::<i64>(), 0u32..64, 0usize..5), 0..200)) {
        let five = points(5);
        let bases: Vec<G1Affine> = scalars.iter().map(|(.., point)| five[*point]).collect();
        let small: Vec<i64> = scalars.iter().map(|(value, shift, _)| value >> shift).collect();
        let values: Vec<Fr> = small.iter().map(|&value| from_int(value)).collect();
        prop_assert_eq!(Cpu.msm_g1_small(&bases, &small).unwrap(), slow(&bases, &values));
        prop_assert_eq!(Cpu.msm_g1(&bases, &values).unwrap(), slow(&bases, &values));
    }
}
