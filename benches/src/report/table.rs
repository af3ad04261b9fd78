//! The report as Markdown: a table for each result file, with what its numbers mean nothing without.

use std::fmt::Write;

use super::format::{bytes, count, seconds};
use crate::results::{Measurement, ResultFile};

const HEADER: &str = "| workload | threads | runs | wall | min to max | CPU | memory, before | memory, peak | parameters | activations | \
constraints | domain | key | proof | more |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";

/// Every table, then every plot.
pub(super) fn markdown(files: &[ResultFile], plots: &[String]) -> String {
    let mut text = String::from("# Benchmarks\n\nMedians; times in seconds of all threads where they say CPU.\n");
    files.iter().for_each(|file| section(&mut text, file));
    if !plots.is_empty() {
        text.push_str("\n## Plots\n");
    }
    for plot in plots {
        let _ = write!(text, "\n![{}]({plot})\n", plot.trim_end_matches(".svg"));
    }
    text
}

fn section(text: &mut String, file: &ResultFile) {
    let machine = &file.machine;
    let note = machine.note.as_ref().map(|note| format!(", {note}")).unwrap_or_default();
    let _ = write!(text, "\n## {}, {}\n\n", file.question, file.date);
    let _ = write!(
        text,
        "{}, {} cores, {}{note}; commit `{}`; `{}`\n\n{HEADER}",
        machine.cpu,
        machine.cores,
        bytes(machine.memory_bytes as f64),
        file.commit,
        file.command
    );
    file.measurements.iter().for_each(|one| row(text, one));
}

fn row(text: &mut String, one: &Measurement) {
    let (wall, facts) = (&one.wall_seconds, &one.facts);
    let number = |value: Option<u64>| value.map_or(String::new(), count);
    let size = |value: Option<u64>| value.map_or(String::new(), |value| bytes(value as f64));
    let more = one.numbers.iter().map(|(name, value)| format!("{name} {value:.2}"));
    let cells = [
        one.workload.clone(),
        one.threads.to_string(),
        one.runs.to_string(),
        seconds(wall.median),
        format!("{} to {}", seconds(wall.min), seconds(wall.max)),
        seconds(one.cpu_seconds.median),
        bytes(one.base_bytes as f64),
        bytes(one.peak_bytes as f64),
        number(facts.parameters),
        number(facts.activations),
        number(facts.constraints),
        number(facts.domain),
        size(facts.key_bytes),
        size(facts.proof_bytes),
        more.collect::<Vec<_>>().join(", "),
    ];
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}
