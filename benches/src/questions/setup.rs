//! How long does a single-party setup take, and how large is the key?

use super::{Question, compile, small};
use crate::engine::key_facts;
use crate::error::BenchError;
use crate::measure::{Answer, repeated};

pub(super) const QUESTION: Question =
    Question { name: "setup", asks: "one single-party setup, from the compiled circuit", cases: small, answer };

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let engine = compile(case)?;
    let samples = repeated(runs, || engine.setup())?;
    let facts = key_facts(&engine.setup()?, engine.facts()?);
    Ok(Answer { samples, facts, ..Answer::default() })
}
