//! Many records under one model, as many in a proof as costs least; what is there already is checked and left alone.

use std::path::{Path, PathBuf};
use std::time::Instant;

use zkdx_circuits::Context as ProofContext;
use zkdx_prover::{Network, Pace};

use super::contexts::Contexts;
use super::existing::Checker;
use super::inputs::{Inputs, Keyed};
use super::jobs::{self, Job};
use super::outputs::Outputs;
use super::session::Session;
use super::tally::{Done, Tally};
use crate::args::ProveArgs;
use crate::error::{CliError, Kind, Result};
use crate::files::Overwrite;
use crate::output::Output;
use crate::progress::Progress;
use crate::store::RecordFile;

/// Proves every record of a directory.
pub(super) fn run(args: &ProveArgs, (records, out): (&Path, &Path), output: Output) -> Result<()> {
    refuse_nonce(args)?;
    jobs::check_directories(records, out)?;
    let start = Instant::now();
    let inputs = Inputs::read(args)?;
    let contexts = Contexts::read(args, &inputs)?;
    let jobs = jobs::list(records, out, inputs.commits())?;
    let networks = inputs.keyed.iter().map(Keyed::network).collect::<Result<Vec<_>>>()?;
    let progress = Progress::new(jobs.len(), output);
    let report = |round: &str| progress.round(round);
    let sessions = sessions(&inputs, &networks, &report)?;
    let checker = Checker::new(&sessions, out)?;
    let batch = Batch { args, inputs: &inputs, sessions: &sessions, contexts, checker, out, progress: &progress };
    let tally = batch.all(&jobs);
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

/// A session for each key, the one that costs least per record first.
fn sessions<'s>(
    inputs: &'s Inputs,
    networks: &'s [Network],
    report: &'s (dyn Fn(&str) + Sync),
) -> Result<Vec<Session<'s>>> {
    let pairs = inputs.keyed.iter().zip(networks);
    let sessions = pairs.map(|pair| Session::new(inputs, pair, Pace::Overlapped, report));
    let mut sessions = sessions.collect::<Result<Vec<_>>>()?;
    sessions.sort_by_key(Session::constraints_per_record);
    Ok(sessions)
}

/// What the records of a batch share.
struct Batch<'b> {
    args: &'b ProveArgs,
    inputs: &'b Inputs,
    sessions: &'b [Session<'b>],
    contexts: Contexts<'b>,
    checker: Checker<'b>,
    out: &'b Path,
    progress: &'b Progress,
}

/// A record whose proof is to be made.
struct Waiting<'j> {
    job: &'j Job,
    record: RecordFile,
    context: ProofContext,
    start: Instant,
}

/// What is to be done for a record.
enum Next<'j> {
    /// Nothing: its proof is here.
    Skip(PathBuf),
    /// Prove it.
    Prove(Box<Waiting<'j>>),
}

/// A proof could not be written: neither can the next.
struct Stop;

impl Batch<'_> {
    /// One record after the other. A bad record does not stop the rest; a proof that cannot be written does.
    fn all<'j>(&self, jobs: &'j [Job]) -> Tally<'j> {
        let mut tally = Tally::default();
        let mut waiting = Vec::new();
        for job in jobs {
            let start = self.progress.begin(&job.name);
            match self.look(job, start) {
                Ok(Next::Prove(record)) => waiting.push(*record),
                Ok(Next::Skip(proof)) => self.skipped(job, start, proof, &mut tally),
                Err(error) => self.failed(job, start, error, &mut tally),
            }
            if self.prove_full(&self.sessions[..1], &mut waiting, &mut tally).is_err() {
                return tally;
            }
        }
        if self.prove_full(self.sessions, &mut waiting, &mut tally).is_ok() {
            waiting.drain(..).for_each(|left| self.failed(left.job, left.start, self.left_over(), &mut tally));
        }
        tally
    }

    /// Reads a record and looks for its proof.
    fn look<'j>(&self, job: &'j Job, start: Instant) -> Result<Next<'j>> {
        let record = self.inputs.record(&job.record)?;
        let commitment = self.sessions[0].commitment(&record)?;
        let context = self.contexts.of(&job.name, commitment, record.policy)?;
        let overwrite = Overwrite::from(&self.args.force);
        match self.checker.find(&job.outputs, commitment, &context) {
            Ok(Some(proof)) => return Ok(Next::Skip(proof)),
            Err(error) if overwrite == Overwrite::No => return Err(error),
            Ok(None) | Err(_) => {}
        }
        job.outputs.check(overwrite)?;
        Ok(Next::Prove(Box::new(Waiting { job, record, context, start })))
    }

    /// Proves under each key in turn as long as there are records enough.
    fn prove_full<'j>(
        &self,
        sessions: &[Session<'_>],
        waiting: &mut Vec<Waiting<'j>>,
        tally: &mut Tally<'j>,
    ) -> std::result::Result<(), Stop> {
        for session in sessions {
            while waiting.len() >= session.records() {
                let together: Vec<_> = waiting.drain(..session.records()).collect();
                self.prove(session, &together, tally)?;
            }
        }
        Ok(())
    }

    fn prove<'j>(
        &self,
        session: &Session<'_>,
        together: &[Waiting<'j>],
        tally: &mut Tally<'j>,
    ) -> std::result::Result<(), Stop> {
        let outputs = self.outputs(together);
        let overwrite = Overwrite::from(&self.args.force);
        let records = together.iter().map(|waiting| (&waiting.record, waiting.context.clone()));
        let proven = outputs.check(overwrite).and_then(|()| session.prove(records));
        let was_proven = proven.is_ok();
        let end = proven.and_then(|proven| outputs.write(session.key(), &proven, overwrite));
        let end =
            end.and_then(|()| together.iter().try_for_each(|one| remove_stale(&one.job.outputs.proof, &outputs.proof)));
        for one in together {
            match &end {
                Ok(()) => self.done(one, &outputs.proof, tally),
                Err(error) => self.failed(one.job, one.start, error.clone(), tally),
            }
        }
        if was_proven && end.is_err() { Err(Stop) } else { Ok(()) }
    }

    /// One proof file for all, an opening for each.
    fn outputs(&self, together: &[Waiting<'_>]) -> Outputs {
        let openings = together.iter().flat_map(|one| one.job.outputs.openings.clone()).collect();
        let proof = match together {
            [one] => one.job.outputs.proof.clone(),
            [first, others @ ..] => jobs::joint_proof(self.out, &first.job.name, others.len()),
            [] => PathBuf::new(),
        };
        Outputs { proof, openings, timings: None }
    }

    fn done<'j>(&self, one: &Waiting<'j>, proof: &Path, tally: &mut Tally<'j>) {
        self.progress.end(&one.job.name, "proven", one.start);
        tally.add(one.job, Ok(Done::Proven(proof.to_owned())));
    }

    fn skipped<'j>(&self, job: &'j Job, start: Instant, proof: PathBuf, tally: &mut Tally<'j>) {
        self.progress.skipped();
        self.progress.end(&job.name, "skipped", start);
        tally.add(job, Ok(Done::Skipped(proof)));
    }

    fn failed<'j>(&self, job: &'j Job, start: Instant, error: CliError, tally: &mut Tally<'j>) {
        self.progress.end(&job.name, "failed", start);
        tally.add(job, Err(error));
    }

    /// Too few records are left for any key.
    fn left_over(&self) -> CliError {
        let fewest = self.sessions.iter().map(Session::records).min().unwrap_or_default();
        CliError::new(Kind::Input, "too few records were left for another proof")
            .why(format!("the key takes {fewest} records at once"))
            .next("add records, or give a key for one record too: --key with its --registration")
    }
}

/// Removes a record's own proof that another replaces on demand.
fn remove_stale(own: &Path, written: &Path) -> Result<()> {
    if own == written || !own.exists() {
        return Ok(());
    }
    let what = format!("cannot remove `{}`, which `{}` replaces", own.display(), written.display());
    std::fs::remove_file(own).map_err(|error| CliError::new(Kind::Io, what).why(error).next("remove it"))
}
