//! What became of the records of a batch, for people and for programs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::jobs::Job;
use crate::error::{CliError, Kind, Result};
use crate::output::{Output, duration};

/// How a record ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Its proof was made, and is here.
    Proven(PathBuf),
    /// Its proof was there, here.
    Skipped(PathBuf),
}

impl Done {
    /// In one word.
    fn name(&self) -> &'static str {
        match self {
            Self::Proven(_) => "proven",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// Records by how they ended.
#[derive(Default)]
pub(super) struct Tally<'t> {
    done: Vec<(&'t Job, Done)>,
    failed: Vec<(&'t Job, CliError)>,
}

impl<'t> Tally<'t> {
    /// Adds a record.
    pub(super) fn add(&mut self, job: &'t Job, end: Result<Done>) {
        match end {
            Ok(done) => self.done.push((job, done)),
            Err(error) => self.failed.push((job, error)),
        }
    }

    fn proven(&self) -> usize {
        self.done.len() - self.skipped()
    }

    fn skipped(&self) -> usize {
        self.done.iter().filter(|(_, done)| matches!(done, Done::Skipped(_))).count()
    }

    /// Prints the summary of `all` records; fails with the kind of the first failure.
    pub(super) fn report(self, all: usize, out: &Path, elapsed: Duration, output: Output) -> Result<()> {
        let value = self.value(all, elapsed);
        let text = self.text(all, out, elapsed);
        let Some((_, first)) = self.failed.first() else {
            output.result(&value, || text);
            return Ok(());
        };
        output.line(text);
        Err(self.error(first.kind, all).done(value))
    }

    fn per_minute(&self, elapsed: Duration) -> f64 {
        60.0 * self.proven() as f64 / elapsed.as_secs_f64().max(1e-9)
    }

    fn left(&self, all: usize) -> usize {
        all - self.done.len() - self.failed.len()
    }

    fn text(&self, all: usize, out: &Path, elapsed: Duration) -> String {
        let (proven, skipped, failed) = (self.proven(), self.skipped(), self.failed.len());
        let left = if self.left(all) == 0 { String::new() } else { format!(", not tried {}", self.left(all)) };
        let (pace, out) = (self.per_minute(elapsed), out.display());
        format!(
            "proven {proven}, skipped {skipped}, failed {failed}{left}; {} in all, {pace:.1} records per minute\n\
             proofs are in `{out}`",
            duration(elapsed)
        )
    }

    /// Failures by name, and what to do.
    fn error(&self, kind: Kind, all: usize) -> CliError {
        let what = format!("{} of {all} records have no proof", self.failed.len() + self.left(all));
        let why: Vec<String> =
            self.failed.iter().map(|(job, error)| format!("{}: {}", job.name, error.line())).collect();
        let next = "set right what is named and run the same command again: it skips the proofs that are complete";
        CliError::new(kind, what).why(why.join("\n")).next(next)
    }

    fn value(&self, all: usize, elapsed: Duration) -> Value {
        let done = self.done.iter().map(|(job, done)| {
            let (Done::Proven(proof) | Done::Skipped(proof)) = done;
            json!({
                "record": job.record, "result": done.name(), "proof": proof, "opening": job.outputs.openings.first(),
            })
        });
        let failed = self.failed.iter().map(|(job, error)| {
            let error = json!({ "kind": error.kind.name(), "what": error.what, "why": error.why, "next": error.next });
            json!({ "record": job.record, "result": "failed", "error": error })
        });
        json!({
            "proven": self.proven(), "skipped": self.skipped(), "failed": self.failed.len(),
            "not_tried": self.left(all), "seconds": elapsed.as_secs_f64(),
            "records_per_minute": self.per_minute(elapsed), "files": done.chain(failed).collect::<Vec<_>>(),
        })
    }
}
