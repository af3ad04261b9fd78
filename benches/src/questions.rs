//! What is measured: one file for each question.
//!
//! To add a question, write a file with a `QUESTION` and add it to [`ALL`]. Its `answer` runs in a child process.

mod ark_groth16;
mod fft;
mod msm;
mod prove;
mod register;
mod setup;
mod sizes;
mod verify;
mod witness;

use crate::engine::Engine;
use crate::error::{BenchError, refuse};
use crate::measure::Answer;
use crate::workload::{Source, Workload};

/// A question.
pub struct Question {
    /// Its name on the command line and in results.
    pub name: &'static str,
    /// What it asks, for people.
    pub asks: &'static str,
    /// What it is asked of where nothing is named.
    pub cases: fn() -> Vec<String>,
    /// Measures one case, this many times.
    pub answer: fn(case: &str, runs: usize) -> Result<Answer, BenchError>,
}

/// Every question.
pub const ALL: [Question; 9] = [
    prove::QUESTION,
    setup::QUESTION,
    register::QUESTION,
    verify::QUESTION,
    witness::QUESTION,
    msm::QUESTION,
    fft::QUESTION,
    ark_groth16::QUESTION,
    sizes::QUESTION,
];

/// The question called `name`.
pub fn named(name: &str) -> Result<&'static Question, BenchError> {
    const QUESTIONS: &[Question] = &ALL;
    let names: Vec<&str> = QUESTIONS.iter().map(|question| question.name).collect();
    let unknown = || refuse(format!("there is no question `{name}`: ask one of {}", names.join(", ")));
    QUESTIONS.iter().find(|question| question.name == name).map_or_else(unknown, Ok)
}

/// Workloads that take seconds.
fn small() -> Vec<String> {
    vec!["mlp".into(), "lenet-5".into()]
}

/// Every workload.
fn all() -> Vec<String> {
    Workload::NAMES.map(str::to_owned).to_vec()
}

fn compile(case: &str) -> Result<Engine, BenchError> {
    let source: Source = case.parse()?;
    Engine::compile(Workload::load(&source)?)
}

/// The `KIND` and the length of a case `KIND-2^k`.
fn kernel(case: &str) -> Result<(&str, usize), BenchError> {
    let parsed = case.rsplit_once("-2^").and_then(|(kind, power)| Some((kind, power.parse::<u32>().ok()?)));
    match parsed {
        Some((kind, power)) if power <= 28 => Ok((kind, 1 << power)),
        _ => refuse(format!("`{case}` is no kernel such as `g1-random-2^16`, with 28 at most")),
    }
}
