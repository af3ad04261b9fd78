//! How long to wait for a node, and when to ask again: pauses double from one try to the next, with some chance in them so that many
//! clients do not come back all at once.

use std::future::Future;
use std::time::{Duration, Instant};

use rand::Rng;

use super::http::Failure;

/// JSON-RPC errors of nodes that count requests (EIP-1474: limit exceeded, and HTTP's number for it).
const LIMIT_EXCEEDED: [i64; 2] = [-32005, 429];

/// How patient to be with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long one request may take.
    pub request: Duration,
    /// How long to ask again while nobody answers.
    pub total: Duration,
    /// The first pause.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            total: Duration::from_secs(60),
            first: Duration::from_millis(250),
            longest: Duration::from_secs(8),
        }
    }
}

impl Patience {
    /// Tries until there is an answer, be it an error, or time is up.
    pub(super) async fn persist<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let (start, mut pause) = (Instant::now(), self.first);
        loop {
            let result = attempt().await;
            match &result {
                Err(failure) if passes(failure) && start.elapsed() + pause < self.total => {}
                _ => return result,
            }
            tokio::time::sleep(pause.mul_f64(rand::thread_rng().gen_range(0.75..1.25))).await;
            pause = (pause * 2).min(self.longest);
        }
    }
}

/// Whether it may be another in a moment.
fn passes(failure: &Failure) -> bool {
    match failure {
        Failure::Silent(_) => true,
        Failure::Status(status) => *status == 429 || *status >= 500,
        Failure::Refused(refusal) => LIMIT_EXCEEDED.contains(&refusal.code),
        Failure::Nonsense(_) => false,
    }
}
