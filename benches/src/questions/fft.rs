//! How long do the two transforms take that carry one side of the constraints from the domain to its coset?
//!
//! A proof takes three such pairs, and one transform back.

use ark_ff::UniformRand;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkdx_circuits::Fr;

use super::{Question, kernel};
use crate::engine::to_coset;
use crate::error::{BenchError, refuse};
use crate::measure::{Answer, Facts, repeated};

pub(super) const QUESTION: Question =
    Question { name: "fft", asks: "values on the domain to values on the coset: two transforms", cases, answer };

/// Makes values the same on every run.
const SEED: u64 = 13;

fn cases() -> Vec<String> {
    (14..=21).map(|power| format!("coset-2^{power}")).collect()
}

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let (kind, length) = kernel(case)?;
    if kind != "coset" {
        return refuse(format!("`{case}` is no transform such as `coset-2^16`"));
    }
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut values: Vec<Fr> = (0..length).map(|_| Fr::rand(&mut rng)).collect();
    let samples = repeated(runs, || to_coset(&mut values))?;
    let facts = Facts { parameters: Some(length as u64), domain: Some(length as u64), ..Facts::default() };
    Ok(Answer { samples, facts, ..Answer::default() })
}
