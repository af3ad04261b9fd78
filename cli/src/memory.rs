//! Whether there is memory enough, asked before work begins.
//!
//! ```text
//! m = constraints      p = parameters of the model      k = bytes of the proving key
//! setup, bench: 48 MiB + 1350·m + 60·p      register: 48 MiB + 2·k + 60·p      prove: 48 MiB + k + 600·m + 20·p
//! ```
//!
//! Upper estimates of peak resident memory, calibrated against measurements of `VmHWM` (`docs/src/operations.md`). The mapped key counts,
//! although its pages could be read again. `ZKDX_MEMORY` replaces what is found to be available: a number of
//! bytes, or `unlimited`.

use zkdx_circuits::Architecture;
use zkdx_prover::Network;

use crate::error::{CliError, Context, Kind, Result};
use crate::output::bytes;

const BASE: u64 = 48 << 20;
const VARIABLE: &str = "ZKDX_MEMORY";

/// What is about to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// Making keys.
    Setup,
    /// Committing to a model with a key of so many bytes.
    Register { key: u64 },
    /// Proving with a key of so many bytes.
    Prove { key: u64 },
}

/// The counts that memory depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    constraints: u64,
    parameters: u64,
}

impl Size {
    /// Counts of a network, without building its constraint system.
    pub(crate) fn of(network: &Network) -> Result<Self> {
        let report = network.report().or_fail(Kind::Internal, "cannot count the constraints")?;
        Ok(Self { constraints: report.constraints(), parameters: parameters(network.architecture()) })
    }
}

impl Size {
    fn doubled(self) -> Self {
        Self { constraints: self.constraints.saturating_mul(2), ..self }
    }
}

fn parameters(architecture: &Architecture) -> u64 {
    let count = |shape: &[usize]| shape.iter().fold(1, |count: u64, &extent| count.saturating_mul(extent as u64));
    architecture.parameters.iter().fold(0, |sum: u64, spec| sum.saturating_add(count(&spec.shape)))
}

/// Peak resident memory of `task`, estimated.
pub(crate) fn estimate(task: Task, size: Size) -> u64 {
    let (m, p) = (size.constraints, size.parameters);
    let sum = |terms: [(u64, u64); 3]| {
        terms.iter().fold(BASE, |sum, (factor, count)| sum.saturating_add(factor.saturating_mul(*count)))
    };
    match task {
        Task::Setup => sum([(0, 0), (1350, m), (60, p)]),
        Task::Register { key } => sum([(2, key), (0, 0), (60, p)]),
        Task::Prove { key } => sum([(1, key), (600, m), (20, p)]),
    }
}

/// Peak resident memory of a proof with a key of so many bytes, estimated.
pub(crate) fn prove_estimate(network: &Network, key: u64) -> Result<u64> {
    Ok(estimate(Task::Prove { key }, Size::of(network)?))
}

/// Refuses `task` where its estimate exceeds what is available.
pub(crate) fn check(task: Task, network: &Network, what: impl Into<String>) -> Result<()> {
    let size = Size::of(network)?;
    let needed = estimate(task, size);
    match available()? {
        Some(available) if needed > available => Err(refusal(what.into(), needed, available, size)),
        _ => Ok(()),
    }
}

/// Whether what is available suffices to set up a circuit of twice the size of `network`'s.
pub(crate) fn fits_twice(network: &Network) -> Result<bool> {
    let needed = estimate(Task::Setup, Size::of(network)?.doubled());
    Ok(available()?.is_none_or(|available| needed <= available))
}

fn refusal(what: String, needed: u64, available: u64, size: Size) -> CliError {
    let (needed, available) = (bytes(needed), bytes(available));
    let why = format!(
        "it takes about {needed} of memory ({} constraints, {} parameters), {available} are available",
        size.constraints, size.parameters
    );
    let next = format!(
        "free memory, use a larger machine or a smaller model; {VARIABLE}=unlimited tries all the same and may be killed"
    );
    CliError::new(Kind::Refused, what).why(why).next(next)
}

/// Bytes that this process may still take; `None` if nothing limits it or nothing is known.
fn available() -> Result<Option<u64>> {
    match std::env::var(VARIABLE) {
        Ok(text) if text == "unlimited" => Ok(None),
        Ok(text) => {
            let what = format!("{VARIABLE} is neither a number of bytes nor `unlimited`");
            Ok(Some(text.parse().or_fail(Kind::Usage, what)?))
        }
        Err(_) => Ok([machine(), control_group()].into_iter().flatten().min()),
    }
}

/// `MemAvailable` of the machine.
fn machine() -> Option<u64> {
    field(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
        .map(|kilobytes| kilobytes.saturating_mul(1024))
}

/// What the process's control group has left, page cache that can be dropped included; version 2, then version 1.
fn control_group() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = |prefix: &str| groups.lines().find_map(|line| line.split_once(prefix).map(|(_, path)| path.to_owned()));
    let second = path("0::").and_then(|path| left(&format!("/sys/fs/cgroup{path}"), ["memory.max", "memory.current"]));
    let files = ["memory.limit_in_bytes", "memory.usage_in_bytes"];
    second.or_else(|| left(&format!("/sys/fs/cgroup/memory{}", path(":memory:")?), files))
}

fn left(directory: &str, [limit, usage]: [&str; 2]) -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(format!("{directory}/{name}")).ok();
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let droppable = read("memory.stat").and_then(|stat| field(&stat, "inactive_file")).unwrap_or(0);
    Some(number(limit)?.saturating_sub(number(usage)?.saturating_sub(droppable)))
}

/// The number after `name` at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut words = text.lines().map(str::split_whitespace);
    words.find_map(|mut line| (line.next()? == name).then(|| line.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Peaks of `zkdx setup`, `register` and `prove` in KiB, measured as `VmHWM`: dense networks, ResNet-18 and VGG16.
    #[test]
    fn estimates_are_above_what_was_measured_and_below_twice_that() {
        let measured = [
            (130_339, 1_054_723, 51_800_000, [237_024, 129_664, 122_527]),
            (466_468, 4_206_595, 189_531_488, [799_049, 436_904, 429_005]),
            (2_496_806, 11_242_442, 981_724_032, [3_628_148, 2_171_460, 2_228_108]),
            (3_013_322, 14_785_290, 1_166_018_016, [4_440_244, 2_621_004, 2_413_788]),
        ];
        for (constraints, parameters, key, peaks) in measured {
            let size = Size { constraints, parameters };
            let tasks = [Task::Setup, Task::Register { key }, Task::Prove { key }];
            for (task, peak) in tasks.into_iter().zip(peaks.map(|peak: u64| peak << 10)) {
                let estimate = estimate(task, size);
                assert!((peak..2 * peak).contains(&estimate), "{task:?}: {estimate} for {peak}");
            }
        }
    }

    #[test]
    fn numbers_are_read_by_name() {
        let text = "MemTotal:  10 kB\nMemAvailable:   8 kB\n";
        assert_eq!(field(text, "MemAvailable:"), Some(8));
        assert_eq!(field(text, "Swap:"), None);
        assert_eq!(field("", "Swap:"), None);
    }
}
