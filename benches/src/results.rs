//! Results as files: `DATE-QUESTION.json`, one for each question, machine and commit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{BenchError, refuse, wrong};
use crate::machine::Machine;
use crate::measure::{Answer, Facts, Part, Sample};

/// Version of the files.
const SCHEMA: u32 = 1;

/// Everything that was measured for one question on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultFile {
    /// Version of this format.
    pub schema: u32,
    /// `YYYY-MM-DD`, UTC.
    pub date: String,
    /// Commit, with `-dirty` if files were changed.
    pub commit: String,
    /// Where.
    pub machine: Machine,
    /// Name of the question.
    pub question: String,
    /// The command that measured.
    pub command: String,
    /// Case by case.
    pub measurements: Vec<Measurement>,
}

/// One workload, or one case of a kernel, at one number of threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Name of the workload.
    pub workload: String,
    /// Threads.
    pub threads: usize,
    /// Number of runs.
    pub runs: usize,
    /// Wall seconds.
    pub wall_seconds: Spread,
    /// CPU seconds of all threads.
    pub cpu_seconds: Spread,
    /// Least resident bytes with which a run began.
    pub base_bytes: u64,
    /// Most resident bytes in any run.
    pub peak_bytes: u64,
    /// Sizes.
    #[serde(flatten)]
    pub facts: Facts,
    /// Medians of the parts of a run.
    pub parts: Vec<Part>,
    /// Anything else.
    pub numbers: BTreeMap<String, f64>,
}

/// Smallest, middle and largest of some numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Middle; the upper one of two.
    pub median: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of `values`; zeros if there are none.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { min: at(0), median: at(sorted.len() / 2), max: at(sorted.len().saturating_sub(1)) }
    }
}

impl Measurement {
    /// Sums up `answer`.
    pub fn new(workload: &str, threads: usize, answer: Answer) -> Self {
        let Answer { samples, facts, numbers } = answer;
        Self {
            workload: workload.into(),
            threads,
            runs: samples.len(),
            wall_seconds: Spread::of(samples.iter().map(|sample| sample.wall)),
            cpu_seconds: Spread::of(samples.iter().map(|sample| sample.cpu)),
            base_bytes: samples.iter().map(|sample| sample.base_bytes).min().unwrap_or_default(),
            peak_bytes: samples.iter().map(|sample| sample.peak_bytes).max().unwrap_or_default(),
            parts: medians(&samples),
            facts,
            numbers,
        }
    }
}

fn medians(samples: &[Sample]) -> Vec<Part> {
    let names = samples.first().map_or(&[][..], |sample| &sample.parts);
    let median =
        |index: usize| Spread::of(samples.iter().filter_map(|sample| Some(sample.parts.get(index)?.seconds))).median;
    names.iter().enumerate().map(|(index, part)| Part { name: part.name.clone(), seconds: median(index) }).collect()
}

impl ResultFile {
    /// An empty file about `question`, asked now and here.
    pub fn here(question: &str, note: Option<String>) -> Self {
        let quoted = |word: String| if word.contains(' ') { format!("'{word}'") } else { word };
        let command = std::env::args().skip(1).map(quoted).collect::<Vec<_>>().join(" ");
        Self {
            schema: SCHEMA,
            date: crate::machine::today(),
            commit: crate::machine::commit(),
            machine: Machine::here(note),
            question: question.into(),
            command: format!("zkdx-bench {command}"),
            measurements: Vec::new(),
        }
    }

    /// Writes into `folder` beside what is there: never over another result.
    pub fn save(&self, folder: &Path) -> Result<PathBuf, BenchError> {
        std::fs::create_dir_all(folder).map_err(wrong(folder))?;
        let name = |suffix: String| folder.join(format!("{}-{}{suffix}.json", self.date, self.question));
        let mut names = std::iter::once(name(String::new())).chain((2..1_000).map(|n| name(format!("-{n}"))));
        let Some(path) = names.find(|path| !path.exists()) else {
            return refuse(format!("`{}` has a thousand results of today: move them", folder.display()));
        };
        let text = serde_json::to_string_pretty(self).map_err(wrong(&path))?;
        std::fs::write(&path, text + "\n").map_err(wrong(&path))?;
        Ok(path)
    }

    /// Reads one file.
    pub fn load(path: &Path) -> Result<Self, BenchError> {
        let file: Self = serde_json::from_slice(&crate::error::read(path)?).map_err(wrong(path))?;
        if file.schema == SCHEMA { Ok(file) } else { Err(wrong(path)(format!("schema {}, not {SCHEMA}", file.schema))) }
    }

    /// Reads every `.json` of `folder`, in the order of their names.
    pub fn load_all(folder: &Path) -> Result<Vec<Self>, BenchError> {
        let entries = std::fs::read_dir(folder).map_err(wrong(folder))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        paths.iter().map(|path| Self::load(path)).collect()
    }
}
