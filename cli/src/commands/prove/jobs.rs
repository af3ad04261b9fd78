//! The records of a directory, each with the files of its proof.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::outputs::Outputs;
use crate::error::{CliError, Kind, Result};
use crate::files;

/// How the names of proofs end.
pub(super) const PROOF_END: &str = ".proof.json";

/// One record of a batch.
pub(super) struct Job {
    /// What it is called.
    pub(super) name: String,
    /// The committed record.
    pub(super) record: PathBuf,
    /// Its proof.
    pub(super) outputs: Outputs,
}

/// A job for each file of the directory `records`; the proof of `NAME.*` goes to `NAME.proof.json` in the directory `out`.
pub(super) fn list(records: &Path, out: &Path, commits: bool) -> Result<Vec<Job>> {
    let jobs: Vec<Job> = files::list(records)?.into_iter().map(|record| job(record, out, commits)).collect();
    if jobs.is_empty() {
        let what = format!("there are no records in `{}`", records.display());
        return Err(CliError::new(Kind::Input, what).next("put files there that `zkdx commit` wrote"));
    }
    check_names(&jobs)?;
    Ok(jobs)
}

/// Refuses directories that cannot be what they are named for.
pub(super) fn check_directories(records: &Path, out: &Path) -> Result<()> {
    files::check_directory(out)?;
    let same = matches!((records.canonicalize(), out.canonicalize()), (Ok(records), Ok(out)) if records == out);
    if same {
        let what = format!("`{}` is named for the records and for their proofs", out.display());
        return Err(CliError::new(Kind::Usage, what).next("choose a directory for each"));
    }
    Ok(())
}

/// Where the proof about the record `first` and so many after it goes.
pub(super) fn joint_proof(out: &Path, first: &str, others: usize) -> PathBuf {
    out.join(format!("{first}+{others}{PROOF_END}"))
}

fn job(record: PathBuf, out: &Path, commits: bool) -> Job {
    let stem = record.file_stem().unwrap_or_default();
    let openings = commits.then(|| out.join(with(stem, ".outcome"))).into_iter().collect();
    let outputs = Outputs { proof: out.join(with(stem, PROOF_END)), openings, timings: None };
    Job { name: stem.to_string_lossy().into_owned(), outputs, record }
}

fn with(stem: &OsStr, end: &str) -> PathBuf {
    let mut name = stem.to_os_string();
    name.push(end);
    name.into()
}

/// No two records may share a proof file.
fn check_names(jobs: &[Job]) -> Result<()> {
    let mut by_proof: Vec<&Job> = jobs.iter().collect();
    by_proof.sort_by(|a, b| a.outputs.proof.cmp(&b.outputs.proof));
    let mut pairs = by_proof.iter().zip(by_proof.iter().skip(1));
    let Some((a, b)) = pairs.find(|(a, b)| a.outputs.proof == b.outputs.proof) else {
        return Ok(());
    };
    let what = format!("the proofs of `{}` and `{}` have one name", a.record.display(), b.record.display());
    let why = format!("both are `{}`", a.outputs.proof.display());
    Err(CliError::new(Kind::Input, what).why(why).next("rename one of the records"))
}
