//! Errors as a person meets them: what happened, why, what to do next; and the exit code that goes with each kind.

use std::fmt;

/// What kind of failure this is, and so the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A proof, key or statement was checked and refused.
    Refused,
    /// The command line asks for something that makes no sense.
    Usage,
    /// A file given as input is malformed, damaged or does not fit the others.
    Input,
    /// Reading or writing failed.
    Io,
    /// zkdx itself failed where it should not have.
    Internal,
    /// A node, an account's funds, or a chain's state stand in the way.
    Chain,
    /// Nothing was sent because nobody agreed to it.
    Declined,
    /// Nothing was sent because that was asked for: no failure.
    DryRun,
}

impl Kind {
    /// The process exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::DryRun => 0,
            Self::Refused => 1,
            Self::Usage | Self::Declined => 2,
            Self::Input => 3,
            Self::Io => 4,
            Self::Internal => 5,
            Self::Chain => 6,
        }
    }

    /// The word used in JSON output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::Input => "input",
            Self::Io => "io",
            Self::Internal => "internal",
            Self::Chain => "chain",
            Self::Declined => "declined",
            Self::DryRun => "dry_run",
        }
    }
}

/// An error with its reason and the next step.
#[derive(Clone, Debug)]
pub(crate) struct CliError {
    /// Its kind.
    pub(crate) kind: Kind,
    /// What happened, one sentence without a full stop.
    pub(crate) what: String,
    /// Why, if more is known.
    pub(crate) why: Option<String>,
    /// What to do next.
    pub(crate) next: Option<String>,
    /// What was done all the same, for programs: an object.
    pub(crate) done: Option<Box<serde_json::Value>>,
}

/// The result of a command.
pub(crate) type Result<T> = std::result::Result<T, CliError>;

impl CliError {
    /// An error of `kind` that says `what` happened.
    pub(crate) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: None, next: None, done: None }
    }

    /// Adds the reason.
    pub(crate) fn why(mut self, why: impl fmt::Display) -> Self {
        self.why = Some(why.to_string());
        self
    }

    /// Adds the next step.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Adds what was done all the same; only an object says it.
    pub(crate) fn done(mut self, done: serde_json::Value) -> Self {
        let serde_json::Value::Object(mut fields) = done else { return self };
        if let Some(serde_json::Value::Object(before)) = self.done.take().map(|before| *before) {
            fields.extend(before);
        }
        self.done = Some(Box::new(fields.into()));
        self
    }

    /// All of it on one line.
    pub(crate) fn line(&self) -> String {
        let why = self.why.as_ref().map(|why| format!(": {}", why.replace('\n', " "))).unwrap_or_default();
        let next = self.next.as_ref().map(|next| format!("; {}", next.replace('\n', " "))).unwrap_or_default();
        format!("{}{why}{next}", self.what)
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(why) = &self.why {
            write!(f, "\n  why:  {}", why.replace('\n', "\n        "))?;
        }
        if let Some(next) = &self.next {
            write!(f, "\n  next: {}", next.replace('\n', "\n        "))?;
        }
        Ok(())
    }
}

/// Turns library errors into errors for people.
pub(crate) trait Context<T> {
    /// Fails with `kind`, saying `what`; the library's own sentence becomes the reason.
    fn or_fail(self, kind: Kind, what: impl Into<String>) -> Result<T>;

    /// As [`Context::or_fail`], with a next step.
    fn or_fail_with(self, kind: Kind, what: impl Into<String>, next: impl Into<String>) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn or_fail(self, kind: Kind, what: impl Into<String>) -> Result<T> {
        self.map_err(|why| CliError::new(kind, what).why(why))
    }

    fn or_fail_with(self, kind: Kind, what: impl Into<String>, next: impl Into<String>) -> Result<T> {
        self.map_err(|why| CliError::new(kind, what).why(why).next(next))
    }
}
