//! Progress through many records: a bar on a terminal, a line for each record otherwise, nothing where a command is to be quiet.

use std::fmt::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::output::{Output, duration};

const TEMPLATE: &str =
    "  {bar:24} {pos} of {len} records, {per_minute} per minute, {eta} left  {prefix} {msg:.dim} {elapsed:.dim}";

/// Shows how far a batch has come.
pub(crate) struct Progress {
    output: Output,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Progress through `count` records.
    pub(crate) fn new(count: usize, output: Output) -> Self {
        let bar = output.on_terminal().then(|| bar(count)).flatten();
        Self { output, bar }
    }

    /// Says that work on the record `name` begins.
    pub(crate) fn begin(&self, name: &str) -> Instant {
        if let Some(bar) = &self.bar {
            bar.set_prefix(name.to_owned());
        }
        Instant::now()
    }

    /// Says what is being done.
    pub(crate) fn round(&self, round: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(round.to_owned());
        }
    }

    /// Says that the record `name`, begun at `start`, is done and how.
    pub(crate) fn end(&self, name: &str, how: &str, start: Instant) {
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => self.output.line(format!("  {name:<32} {how:<11} {:>9}", duration(start.elapsed()))),
        }
    }

    /// Forgets the pace so far: records that were skipped say nothing of how long others take.
    pub(crate) fn skipped(&self) {
        if let Some(bar) = &self.bar {
            bar.reset_eta();
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(count: usize) -> Option<ProgressBar> {
    let per_minute = |state: &ProgressState, text: &mut dyn Write| {
        let _ = write!(text, "{:.1}", 60.0 * state.per_sec());
    };
    let style = ProgressStyle::with_template(TEMPLATE).ok()?.with_key("per_minute", per_minute);
    let bar = ProgressBar::new(count as u64).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    Some(bar)
}
