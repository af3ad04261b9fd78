//! The same steps in ezkl, as an external harness measured them, beside ours.
//!
//! One JSON object a line: `model` (name of a workload), `step` (name of a question: `setup`, `prove`, `verify`, `witness`), `wall_s`,
//! `cpu_s` (or `null`), `peak_bytes` (or `null`). Other fields are ignored. Ours is the latest result with as many threads as there are.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use crate::error::{BenchError, read, wrong};
use crate::report::format::{bytes, seconds};
use crate::results::{Measurement, ResultFile};

/// One line.
#[derive(Clone, Debug, Deserialize)]
struct Row {
    model: String,
    step: String,
    wall_s: f64,
    #[serde(default)]
    cpu_s: Option<f64>,
    #[serde(default)]
    peak_bytes: Option<u64>,
}

/// A Markdown table of theirs over ours.
pub fn compare(peers: &Path, results: &Path) -> Result<String, BenchError> {
    let rows = rows(peers)?;
    let files = ResultFile::load_all(results)?;
    let mut table = String::from(
        "| model | step | ezkl wall | zkdx wall | ratio | ezkl CPU | zkdx CPU | ratio | ezkl peak | zkdx peak | ratio |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in &rows {
        line(&mut table, row, ours(&files, row));
    }
    let machines = files.iter().map(|file| format!("{}, {} cores", file.machine.cpu, file.machine.cores));
    let mut machines: Vec<String> = machines.collect();
    machines.sort();
    machines.dedup();
    let _ = writeln!(table, "\nRatios are theirs over ours. Ours: {}.", machines.join("; "));
    Ok(table)
}

fn rows(path: &Path) -> Result<Vec<Row>, BenchError> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| wrong(path)(format!("line {}: {error}", index + 1)))
    };
    lines.map(parse).collect()
}

/// The measurement of the latest file, and of the most threads there.
fn ours<'f>(files: &'f [ResultFile], row: &Row) -> Option<&'f Measurement> {
    let asked = files.iter().filter(|file| file.question == row.step);
    let found = asked.flat_map(|file| file.measurements.iter().map(move |one| (&file.date, one)));
    let found = found.filter(|(_, one)| one.workload == row.model);
    found.max_by_key(|(date, one)| (*date, one.threads)).map(|(_, one)| one)
}

fn line(table: &mut String, row: &Row, ours: Option<&Measurement>) {
    let ratio = |theirs: Option<f64>, ours: Option<f64>| match (theirs, ours) {
        (Some(theirs), Some(ours)) if ours > 0.0 => format!("{:.1}", theirs / ours),
        _ => "–".into(),
    };
    let shown = |value: Option<f64>, show: fn(f64) -> String| value.map_or("–".into(), show);
    let cells = [
        (Some(row.wall_s), ours.map(|one| one.wall_seconds.median), seconds as fn(f64) -> String),
        (row.cpu_s, ours.map(|one| one.cpu_seconds.median), seconds),
        (row.peak_bytes.map(|peak| peak as f64), ours.map(|one| one.peak_bytes as f64), bytes),
    ];
    let cells = cells.map(|(theirs, ours, show)| {
        format!("{} | {} | {}", shown(theirs, show), shown(ours, show), ratio(theirs, ours))
    });
    let _ = writeln!(table, "| {} | {} | {} |", row.model, row.step, cells.join(" | "));
}
