//! How long does it take to compute every column of a proof, without committing to any?

use ark_ff::UniformRand;
use rand::rngs::OsRng;
use zkdx_circuits::Fr;
use zkdx_circuits::gadgets::logup::CHALLENGES;

use super::{Question, compile, small};
use crate::engine::Engine;
use crate::error::{BenchError, refuse};
use crate::measure::{Answer, repeated};

pub(super) const QUESTION: Question =
    Question { name: "witness", asks: "both rounds of the witness, nothing committed", cases: small, answer };

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let engine = compile(case)?;
    check(&engine)?;
    let samples = repeated(runs, || engine.witness(challenges()))?;
    Ok(Answer { samples, facts: engine.facts()?, ..Answer::default() })
}

fn check(engine: &Engine) -> Result<(), BenchError> {
    match engine.witness(challenges())?.violated() {
        Some(row) => refuse(format!("constraint {row} of {} does not hold", engine.workload().name)),
        None => Ok(()),
    }
}

/// Random challenges, as many as a circuit has.
pub(super) fn challenges() -> Vec<Fr> {
    (0..CHALLENGES).map(|_| Fr::rand(&mut OsRng)).collect()
}
