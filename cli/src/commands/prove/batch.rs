//! Many records under one model: a proof for each, made with one prover; what is there already is checked and left alone.

use std::path::Path;
use std::time::Instant;

use zkdx_prover::{Pace, Proven};

use super::existing::Checker;
use super::inputs::Inputs;
use super::jobs::{self, Job};
use super::session::{Session, context, patient};
use super::tally::{Done, Tally};
use crate::args::ProveArgs;
use crate::error::{CliError, Kind, Result};
use crate::files::Overwrite;
use crate::output::Output;
use crate::progress::Progress;

/// Proves every record of a directory.
pub(super) fn run(args: &ProveArgs, (records, out): (&Path, &Path), output: Output) -> Result<()> {
    refuse_nonce(args)?;
    jobs::check_directories(records, out)?;
    let start = Instant::now();
    let inputs = Inputs::read(args)?;
    let jobs = jobs::list(records, out, inputs.commits())?;
    let network = inputs.network(args)?;
    let progress = Progress::new(jobs.len(), output);
    let report = |round: &str| progress.round(round);
    let session = Session::new(&inputs, &network, Pace::Overlapped, &report)?;
    let checker = Checker::new(session.key(), session.public())?;
    let tally = Batch { args, session: &session, checker, progress: &progress }.all(&jobs);
    progress.finish();
    tally.report(jobs.len(), out, start.elapsed(), output)
}

/// One nonce for many proofs would make contracts take one and refuse the rest.
fn refuse_nonce(args: &ProveArgs) -> Result<()> {
    if args.context.nonce.is_none() {
        return Ok(());
    }
    Err(CliError::new(Kind::Usage, "--nonce cannot be used with --records")
        .why("nonces must not repeat, and this one would be in every proof")
        .next("leave it out: each proof draws a nonce of its own"))
}

/// What the records of a batch share.
struct Batch<'b> {
    args: &'b ProveArgs,
    session: &'b Session<'b>,
    checker: Checker<'b>,
    progress: &'b Progress,
}

/// What is to be done for a record.
enum Next {
    /// Nothing.
    Skip,
    /// Write this proof.
    Write(Box<Proven>, Overwrite),
}

impl Batch<'_> {
    /// One record after the other. A bad record does not stop the rest; a proof that cannot be written does.
    fn all<'j>(&self, jobs: &'j [Job]) -> Tally<'j> {
        let mut tally = Tally::default();
        for job in jobs {
            let start = self.progress.begin(&job.name);
            let next = self.prove(job);
            let proven = matches!(next, Ok(Next::Write(..)));
            let end = next.and_then(|next| self.finish(job, next));
            let stop = proven && end.is_err();
            self.progress.end(&job.name, end.as_ref().map_or("failed", |done| done.name()), start);
            tally.add(job, end);
            if stop {
                break;
            }
        }
        tally
    }

    fn prove(&self, job: &Job) -> Result<Next> {
        let record = self.session.inputs().record(&job.record, self.args)?;
        let commitment = self.session.network().commitment(&patient(&record)).ok_or_else(|| misfit(&job.record))?;
        let context = context(&self.args.context, record.policy);
        let mut overwrite = Overwrite::from(&self.args.force);
        if job.outputs.proof.exists() {
            match self.checker.check(&job.outputs, commitment, &context) {
                Ok(()) => return Ok(Next::Skip),
                Err(error) if overwrite == Overwrite::No => return Err(error),
                Err(_) => overwrite = Overwrite::Yes,
            }
        }
        job.outputs.check(overwrite)?;
        Ok(Next::Write(Box::new(self.session.prove(&record, context)?), overwrite))
    }

    fn finish(&self, job: &Job, next: Next) -> Result<Done> {
        match next {
            Next::Skip => {
                self.progress.skipped();
                Ok(Done::Skipped)
            }
            Next::Write(proven, overwrite) => {
                job.outputs.write(self.session.key(), &proven, overwrite).map(|()| Done::Proven)
            }
        }
    }
}

fn misfit(record: &Path) -> CliError {
    let what = format!("`{}` does not fit the model", record.display());
    CliError::new(Kind::Input, what)
        .why("it has another number of entries")
        .next("commit to the record again with this circuit")
}
