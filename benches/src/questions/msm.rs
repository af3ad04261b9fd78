//! How long does a multi-scalar multiplication take, by length, group and kind of scalars?
//!
//! `random` scalars are field elements, as in `h`; `bytes` are integers of eight bits with a sign, as activations; `mixed` are half
//! bytes, a quarter zeros, a quarter field elements, as in a whole assignment.

use ark_bn254::{G1Projective, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::{UniformRand, Zero};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zkdx_circuits::Fr;
use zkdx_circuits::field::from_int;

use super::{Question, kernel};
use crate::engine::{msm_g1, msm_g1_small, msm_g2, msm_g2_small};
use crate::error::{BenchError, refuse};
use crate::measure::{Answer, Facts, Sample, repeated};

pub(super) const QUESTION: Question =
    Question { name: "msm", asks: "Σ scalar·base in G1 and G2, for random, byte and mixed scalars", cases, answer };

/// Makes bases and scalars the same on every run.
const SEED: u64 = 11;

fn cases() -> Vec<String> {
    let kinds = ["g1-random", "g1-bytes", "g1-mixed", "g2-random", "g2-bytes", "g2-mixed"];
    kinds.iter().flat_map(|kind| (14..=20).step_by(2).map(move |power| format!("{kind}-2^{power}"))).collect()
}

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let (kind, length) = kernel(case)?;
    let mut rng = StdRng::seed_from_u64(SEED);
    let samples = match kind.split_once('-') {
        Some(("g1", kind)) => g1(kind, length, runs, &mut rng)?,
        Some(("g2", kind)) => g2(kind, length, runs, &mut rng)?,
        _ => return refuse(format!("`{case}` names neither g1 nor g2")),
    };
    let facts = Facts { parameters: Some(length as u64), ..Facts::default() };
    Ok(Answer { samples, facts, ..Answer::default() })
}

fn g1(kind: &str, length: usize, runs: usize, rng: &mut StdRng) -> Result<Vec<Sample>, BenchError> {
    let bases = points::<G1Projective>(length, rng);
    if kind == "bytes" {
        let scalars = bytes(length, rng);
        return repeated(runs, || msm_g1_small(&bases, &scalars));
    }
    let scalars = elements(kind, length, rng)?;
    repeated(runs, || msm_g1(&bases, &scalars))
}

fn g2(kind: &str, length: usize, runs: usize, rng: &mut StdRng) -> Result<Vec<Sample>, BenchError> {
    let bases = points::<G2Projective>(length, rng);
    if kind == "bytes" {
        let scalars = bytes(length, rng);
        return repeated(runs, || msm_g2_small(&bases, &scalars));
    }
    let scalars = elements(kind, length, rng)?;
    repeated(runs, || msm_g2(&bases, &scalars))
}

/// Distinct points: multiples of one random point from another on.
fn points<G: CurveGroup>(length: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let (start, step) = (G::rand(rng), G::rand(rng).into_affine());
    let points: Vec<G> = std::iter::successors(Some(start), |last| Some(*last + step)).take(length).collect();
    G::normalize_batch(&points)
}

fn bytes(length: usize, rng: &mut StdRng) -> Vec<i64> {
    (0..length).map(|_| rng.gen_range(-128..128)).collect()
}

fn elements(kind: &str, length: usize, rng: &mut StdRng) -> Result<Vec<Fr>, BenchError> {
    match kind {
        "random" => Ok((0..length).map(|_| Fr::rand(rng)).collect()),
        "mixed" => Ok((0..length).map(|index| mixed(index, rng)).collect()),
        other => refuse(format!("`{other}` scalars are neither random nor bytes nor mixed")),
    }
}

fn mixed(index: usize, rng: &mut StdRng) -> Fr {
    match index % 4 {
        0 => Fr::rand(rng),
        1 => Fr::zero(),
        _ => from_int(rng.gen_range(-128i64..128)),
    }
}
