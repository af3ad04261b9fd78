//! Tables and plots from result files: `report.md`, and the SVGs it shows.

pub mod format;
mod plot;
mod table;

use std::path::Path;

use crate::error::{BenchError, refuse, wrong};
use crate::results::{Measurement, ResultFile};
use plot::Series;

/// A plot to be: name of the file, title, caption of each axis, series.
struct Curve {
    name: String,
    title: String,
    axes: [&'static str; 2],
    series: Vec<Series>,
}

/// Writes the report on every result in `results` into `out`; the names of the files written.
pub fn write(results: &Path, out: &Path) -> Result<Vec<String>, BenchError> {
    let files = ResultFile::load_all(results)?;
    if files.is_empty() {
        return refuse(format!("`{}` has no results: run some questions first", results.display()));
    }
    std::fs::create_dir_all(out).map_err(wrong(out))?;
    let mut plots = Vec::new();
    for curve in curves(&files).iter().filter(|curve| !curve.series.is_empty()) {
        plot::curve(&out.join(&curve.name), &curve.title, curve.axes, &curve.series)?;
        plots.push(curve.name.clone());
    }
    for (name, measurement) in rounds(&files) {
        plot::bars(&out.join(&name), &format!("one proof of {}", measurement.workload), &measurement.parts)?;
        plots.push(name);
    }
    let path = out.join("report.md");
    std::fs::write(&path, table::markdown(&files, &plots)).map_err(wrong(&path))?;
    plots.push("report.md".into());
    Ok(plots)
}

fn curves(files: &[ResultFile]) -> Vec<Curve> {
    let mut curves = vec![
        cost(files, "prove", "constraints", |one| one.facts.constraints),
        cost(files, "prove", "parameters", |one| one.facts.parameters),
        cost(files, "msm", "length", |one| one.facts.parameters),
        cost(files, "fft", "length", |one| one.facts.parameters),
        sizes(files, "parameters", |one| one.facts.parameters),
        sizes(files, "activations", |one| one.facts.activations),
    ];
    curves.push(threads(files));
    curves
}

/// Seconds by a size, one curve for each number of threads and kind of kernel.
fn cost(files: &[ResultFile], question: &str, by: &'static str, size: fn(&Measurement) -> Option<u64>) -> Curve {
    let kind = |one: &Measurement| match one.workload.rsplit_once("-2^") {
        Some((kind, _)) => format!("{kind}, {} threads", one.threads),
        None => format!("{} threads", one.threads),
    };
    let point = |one: &Measurement| Some((size(one)? as f64, one.wall_seconds.median));
    Curve {
        name: format!("{question}-by-{by}.svg"),
        title: format!("{question}: seconds by {by}"),
        axes: [by, "seconds, wall, median"],
        series: grouped(files, question, kind, point),
    }
}

/// Constraints by a size of the model.
fn sizes(files: &[ResultFile], by: &'static str, size: fn(&Measurement) -> Option<u64>) -> Curve {
    let point = |one: &Measurement| Some((size(one)? as f64, one.facts.constraints? as f64));
    Curve {
        name: format!("constraints-by-{by}.svg"),
        title: format!("constraints by {by}"),
        axes: [by, "constraints"],
        series: grouped(files, "sizes", |_| "constraints".into(), point),
    }
}

/// Seconds by threads, one curve for each workload that was measured at several numbers of them.
fn threads(files: &[ResultFile]) -> Curve {
    let point = |one: &Measurement| Some((one.threads as f64, one.wall_seconds.median));
    let mut series = grouped(files, "prove", |one| one.workload.clone(), point);
    series.retain(|series| series.points.first().map(|first| first.0) != series.points.last().map(|last| last.0));
    let axes = ["threads", "seconds, wall, median"];
    Curve { name: "prove-by-threads.svg".into(), title: "prove: seconds by threads".into(), axes, series }
}

fn grouped(
    files: &[ResultFile],
    question: &str,
    label: impl Fn(&Measurement) -> String,
    point: impl Fn(&Measurement) -> Option<(f64, f64)>,
) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for file in files.iter().filter(|file| file.question == question) {
        let marked = |one: &Measurement| Some((format!("{}, {}", label(one), file.commit), point(one)?));
        for (label, point) in file.measurements.iter().filter_map(marked).filter(|(_, p)| p.0 > 0.0 && p.1 > 0.0) {
            match all.iter_mut().find(|series| series.label == label) {
                Some(series) => series.points.push(point),
                None => all.push(Series { label, points: vec![point] }),
            }
        }
    }
    all.iter_mut().for_each(|series| series.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
    all
}

/// The latest proof of each workload that says where its time went.
fn rounds(files: &[ResultFile]) -> Vec<(String, &Measurement)> {
    let asked = files.iter().filter(|file| file.question == "prove");
    let mut latest: std::collections::BTreeMap<String, &Measurement> = Default::default();
    for one in asked.flat_map(|file| &file.measurements).filter(|one| !one.parts.is_empty()) {
        latest.insert(format!("rounds-{}.svg", file_name(&one.workload)), one);
    }
    latest.into_iter().collect()
}

/// Letters, digits and dashes alone.
fn file_name(workload: &str) -> String {
    workload.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}
