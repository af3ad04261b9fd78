//! Wall seconds, CPU seconds of all threads, resident memory.

use std::collections::BTreeMap;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

use crate::error::BenchError;

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Wall seconds.
    pub wall: f64,
    /// CPU seconds, user and system, of all threads.
    pub cpu: f64,
    /// Resident bytes when the run began: what it was given, such as a key.
    pub base_bytes: u64,
    /// Most resident bytes of the process during the run.
    pub peak_bytes: u64,
    /// Where the wall time went.
    pub parts: Vec<Part>,
}

/// A named part of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub name: String,
    /// Wall seconds. Parts may share the cores, then they add up to more than the whole.
    pub seconds: f64,
}

/// Sizes that do not change between runs; absent where a question does not know them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Learned integers of the model, or length of the input of a kernel.
    pub parameters: Option<u64>,
    /// Entries of all values of the network.
    pub activations: Option<u64>,
    /// Constraints, without the rows for public columns.
    pub constraints: Option<u64>,
    /// Length of the domain.
    pub domain: Option<u64>,
    /// Bytes of the proving key.
    pub key_bytes: Option<u64>,
    /// Bytes of a proof.
    pub proof_bytes: Option<u64>,
}

/// What a child process has to say.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Run by run.
    pub samples: Vec<Sample>,
    /// Sizes.
    pub facts: Facts,
    /// Anything else, such as a ratio.
    pub numbers: BTreeMap<String, f64>,
}

/// Runs `work` and measures it.
pub fn measured<T>(work: impl FnOnce() -> Result<T, BenchError>) -> Result<(T, Sample), BenchError> {
    reset_peak();
    let (base_bytes, cpu, start) = (status("VmRSS:"), cpu_seconds(), Instant::now());
    let result = work()?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    Ok((result, Sample { wall, cpu, base_bytes, peak_bytes: status("VmHWM:"), parts: Vec::new() }))
}

/// `work` measured `runs` times, after one run that is not counted where there are several.
pub fn repeated<T>(runs: usize, mut work: impl FnMut() -> Result<T, BenchError>) -> Result<Vec<Sample>, BenchError> {
    if runs > 1 {
        work()?;
    }
    (0..runs).map(|_| measured(&mut work).map(|(_, sample)| sample)).collect()
}

fn cpu_seconds() -> f64 {
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Forgets the peak so far. Linux only; elsewhere there are no bytes to read either.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// A number of kilobytes in `/proc/self/status`, in bytes; 0 where there is none.
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|value| value.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
