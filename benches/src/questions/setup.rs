//! How long does a single-party setup take, and how large is the key?
//!
//! No run is left uncounted: one takes long.

use super::{Question, compile, small};
use crate::engine::key_facts;
use crate::error::BenchError;
use crate::measure::{Answer, measured};

pub(super) const QUESTION: Question =
    Question { name: "setup", asks: "one single-party setup, from the compiled circuit", cases: small, answer };

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let engine = compile(case)?;
    let (mut samples, mut facts) = (Vec::new(), engine.facts()?);
    for _ in 0..runs {
        let (key, sample) = measured(|| engine.setup())?;
        facts = key_facts(&key, facts);
        samples.push(sample);
    }
    Ok(Answer { samples, facts, ..Answer::default() })
}
