//! Each case of a question in a process of its own: its memory and CPU time are nobody else's, and its number of threads is set
//! before anything starts.

use std::process::{Command, Stdio};

use crate::error::{BenchError, failed, refuse};
use crate::measure::Answer;
use crate::questions::{self, Question};

/// The hidden subcommand that answers.
pub const SUBCOMMAND: &str = "child";

/// Asks `question` of `case` in a child process of this program.
pub fn ask(question: &Question, case: &str, threads: usize, runs: usize) -> Result<Answer, BenchError> {
    let program = std::env::current_exe().map_err(failed("child"))?;
    let mut command = Command::new(program);
    command.args([SUBCOMMAND, question.name, case, &runs.to_string()]);
    command.env("RAYON_NUM_THREADS", threads.to_string()).stderr(Stdio::inherit());
    let output = command.output().map_err(failed("child"))?;
    if !output.status.success() {
        return refuse(format!("{} of {case} gave no answer: {}", question.name, output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(failed("child"))
}

/// The other side: the answer, as JSON.
pub fn answer(question: &str, case: &str, runs: usize) -> Result<String, BenchError> {
    let answer = (questions::named(question)?.answer)(case, runs.max(1))?;
    serde_json::to_string(&answer).map_err(failed("child"))
}
