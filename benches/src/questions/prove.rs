//! How long does a proof take, and where does the time go?
//!
//! From the integers of the record to the finished file, self-check included. The key is in memory and counts as base.

use super::{Question, compile, small};
use crate::engine::parts;
use crate::error::BenchError;
use crate::measure::{Answer, Sample, measured};

pub(super) const QUESTION: Question =
    Question { name: "prove", asks: "one proof, with the timings of its rounds", cases: small, answer };

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let ready = compile(case)?.ready()?;
    let prover = ready.prover()?;
    if runs > 1 {
        ready.prove(&prover)?;
    }
    let sample = |_| {
        let (proven, sample) = measured(|| ready.prove(&prover))?;
        Ok(Sample { parts: parts(&proven), ..sample })
    };
    let samples = (0..runs).map(sample).collect::<Result<_, BenchError>>()?;
    Ok(Answer { samples, facts: ready.facts()?, ..Answer::default() })
}
