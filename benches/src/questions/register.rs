//! How long does registering a model take, once for all its proofs?

use super::{Question, compile, small};
use crate::engine::key_facts;
use crate::error::BenchError;
use crate::measure::{Answer, repeated};

pub(super) const QUESTION: Question =
    Question { name: "register", asks: "one commitment to a model's weights", cases: small, answer };

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let engine = compile(case)?;
    let key = engine.setup()?;
    let samples = repeated(runs, || engine.register(&key))?;
    Ok(Answer { samples, facts: key_facts(&key, engine.facts()?), ..Answer::default() })
}
