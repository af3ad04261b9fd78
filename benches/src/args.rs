//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures zkdx: each case in a process of its own.
#[derive(Parser)]
#[command(name = "zkdx-bench", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Asks a question and writes `DATE-QUESTION.json`
    Run(RunArgs),
    /// Lists the questions
    Questions,
    /// Writes `report.md` and its plots from the results in a folder
    Report {
        /// Folder with results
        results: PathBuf,
        /// Folder to write into, by default that of the results
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Compares ezkl's results, one JSON object a line, with ours
    Peers {
        /// Lines with `model`, `step`, `wall_s`, `cpu_s`, `peak_bytes`
        file: PathBuf,
        /// Folder with our results
        #[arg(long, default_value = "benches/results")]
        results: PathBuf,
    },
    /// Answers one case on standard output, for the process that asked
    #[command(hide = true, name = zkdx_benches::child::SUBCOMMAND)]
    Child {
        /// Which question
        question: String,
        /// Which case
        case: String,
        /// How often
        runs: usize,
    },
}

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct RunArgs {
    /// Which question; `zkdx-bench questions` lists them
    pub(crate) question: String,
    /// Workloads: names, MODEL.onnx:CALIBRATION.csv, or kernels such as g1-random-2^16
    #[arg(long, value_delimiter = ',')]
    pub(crate) workload: Vec<String>,
    /// Numbers of threads, each measured on its own; by default all cores
    #[arg(long, value_delimiter = ',')]
    pub(crate) threads: Vec<usize>,
    /// Runs of each case, after one that is not counted
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: usize,
    /// Folder to write into
    #[arg(long, default_value = "benches/results")]
    pub(crate) out: PathBuf,
    /// What should be known of this machine, such as who else uses it
    #[arg(long)]
    pub(crate) note: Option<String>,
}
