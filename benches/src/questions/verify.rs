//! How long does a verifier take, who has seen the key before?

use super::{Question, compile, small};
use crate::error::BenchError;
use crate::measure::{Answer, Facts, repeated};

pub(super) const QUESTION: Question =
    Question { name: "verify", asks: "one native verification with a prepared key", cases: small, answer };

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let ready = compile(case)?.ready()?;
    let proven = ready.prove(&ready.prover()?)?;
    let key = ready.verifier()?;
    let samples = repeated(runs, || ready.verify(&key, &proven))?;
    let proof_bytes = Some(proven.file.proof.to_bytes().len() as u64);
    Ok(Answer { samples, facts: Facts { proof_bytes, ..ready.facts()? }, ..Answer::default() })
}
