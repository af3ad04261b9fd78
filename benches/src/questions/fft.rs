//! How long does a number-theoretic transform of a power of two of values take?
//!
//! A proof takes seven of its domain, each made of one, three or nine of these.

use ark_ff::UniformRand;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkdx_circuits::Fr;

use super::{Question, kernel};
use crate::engine::transform;
use crate::error::{BenchError, refuse};
use crate::measure::{Answer, Facts, repeated};

pub(super) const QUESTION: Question =
    Question { name: "fft", asks: "a number-theoretic transform of a power of two of values", cases, answer };

/// Makes values the same on every run.
const SEED: u64 = 13;

fn cases() -> Vec<String> {
    (14..=21).map(|power| format!("radix2-2^{power}")).collect()
}

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let (kind, length) = kernel(case)?;
    if kind != "radix2" {
        return refuse(format!("`{case}` is no transform such as `radix2-2^16`"));
    }
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut values: Vec<Fr> = (0..length).map(|_| Fr::rand(&mut rng)).collect();
    let samples = repeated(runs, || transform(&mut values))?;
    let facts = Facts { parameters: Some(length as u64), domain: Some(length as u64), ..Facts::default() };
    Ok(Answer { samples, facts, ..Answer::default() })
}
