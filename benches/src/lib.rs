//! What zkdx costs: one file for each question, workloads in one place, results with date, machine, commit and threads.
//!
//! ```text
//! workload ─ engine ─► question ─ child process ─► answer ─► results/DATE-QUESTION.json ─► report (Markdown, SVG)
//! ```
//!
//! - [`workload`]: networks made in memory or imported
//! - [`engine`]: the only file that calls the prover
//! - [`questions`]: what is measured
//! - [`measure`]: wall and CPU seconds, memory
//! - [`child`]: each case in a process of its own
//! - [`results`]: the files
//! - [`report`]: tables and plots
//! - [`peers`]: the same steps in ezkl
//!
//! `docs/src/benchmarks.md` says how to run and how to read them.

pub mod child;
pub mod engine;
mod error;
pub mod machine;
pub mod measure;
pub mod peers;
pub mod questions;
pub mod report;
pub mod results;
pub mod workload;

pub use engine::{Engine, Ready};
pub use error::BenchError;
pub use workload::{Source, Workload};
