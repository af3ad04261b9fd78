//! What a command prints: text for people, or one JSON object at the end; progress only on a terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::error::CliError;

/// Where and how a command reports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    /// Text, or JSON with nothing else on standard output.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether the result is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// A line for people; on standard error when JSON goes to standard output.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if self.quiet {
            return;
        }
        if self.json {
            let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
        } else {
            let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
        }
    }

    /// The result: printed by `text` for people, as one line of JSON for programs.
    pub(crate) fn result(&self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            let json = serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
            let _ = writeln!(std::io::stdout(), "{json}");
        } else {
            let _ = writeln!(std::io::stdout(), "{}", text());
        }
    }

    /// Runs `work` as a named step: a spinner on a terminal, a plain line with the time otherwise.
    pub(crate) fn step<T, E>(&self, name: &str, work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), E> {
        let spinner = self.spinner(name);
        let start = Instant::now();
        let result = work();
        self.finish(name, spinner, start, result)
    }

    fn finish<T, E>(
        &self,
        name: &str,
        spinner: Option<ProgressBar>,
        start: Instant,
        result: Result<T, E>,
    ) -> Result<(T, Duration), E> {
        let elapsed = start.elapsed();
        if let Some(spinner) = spinner {
            spinner.finish_and_clear();
        }
        if result.is_ok() {
            self.line(format!("  {name:<44} {:>9}", duration(elapsed)));
        }
        Ok((result?, elapsed))
    }

    /// As [`Self::step`] for work that names its rounds: the spinner shows the present one.
    pub(crate) fn rounds<T, E>(
        &self,
        name: &str,
        work: impl FnOnce(&(dyn Fn(&str) + Sync)) -> Result<T, E>,
    ) -> Result<(T, Duration), E> {
        let spinner = self.spinner(name);
        let start = Instant::now();
        let result = work(&|round| {
            spinner.iter().for_each(|spinner| spinner.set_message(format!("{name}: {round}")));
        });
        self.finish(name, spinner, start, result)
    }

    /// Whether progress can be drawn, and is wanted.
    pub(crate) fn on_terminal(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    fn spinner(&self, name: &str) -> Option<ProgressBar> {
        if !self.on_terminal() {
            return None;
        }
        let style = ProgressStyle::with_template("  {spinner} {msg}… {elapsed}").ok()?;
        let bar = ProgressBar::new_spinner().with_style(style).with_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Some(bar)
    }

    /// The error, for people on standard error or as JSON on standard output.
    pub(crate) fn error(&self, error: &CliError) {
        let _ = writeln!(std::io::stderr(), "{error}");
        if self.json {
            self.json_error(error);
        }
    }

    /// The error as JSON on standard output, beside what was done all the same.
    pub(crate) fn json_error(&self, error: &CliError) {
        let mut value = error.done.as_deref().cloned().unwrap_or_else(|| serde_json::json!({}));
        value["error"] = serde_json::json!({
            "kind": error.kind.name(), "what": error.what, "why": error.why, "next": error.next
        });
        let _ = writeln!(std::io::stdout(), "{value}");
    }
}

/// A duration as people read it.
pub(crate) fn duration(value: Duration) -> String {
    let seconds = value.as_secs_f64();
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

/// A number of bytes as people read it.
pub(crate) fn bytes(value: u64) -> String {
    match value {
        0..1_000 => format!("{value} B"),
        1_000..1_000_000 => format!("{:.1} kB", value as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value as f64 / 1e6),
        _ => format!("{:.2} GB", value as f64 / 1e9),
    }
}
