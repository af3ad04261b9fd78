//! How long to wait for a node, and when to ask again: pauses double from one try to the next, with some chance in them so that many
//! clients do not come back all at once.

use std::future::Future;
use std::time::{Duration, Instant};

use alloy::rpc::json_rpc::RpcError;
use alloy::transports::TransportErrorKind;
use rand::Rng;

/// JSON-RPC error of nodes that count requests (EIP-1474: limit exceeded).
const LIMIT_EXCEEDED: i64 = -32005;

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
    pub(crate) async fn persist<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, RpcError<TransportErrorKind>>
    where
        F: Future<Output = Result<T, RpcError<TransportErrorKind>>>,
    {
        let (start, mut pause) = (Instant::now(), self.first);
        loop {
            let result = attempt().await;
            match &result {
                Err(error) if passes(error) && start.elapsed() + pause < self.total => {}
                _ => return result,
            }
            tokio::time::sleep(pause.mul_f64(rand::thread_rng().gen_range(0.75..1.25))).await;
            pause = (pause * 2).min(self.longest);
        }
    }
}

/// Whether it may be another in a moment.
fn passes(error: &RpcError<TransportErrorKind>) -> bool {
    match error {
        RpcError::Transport(TransportErrorKind::HttpError(error)) => error.status == 429 || error.status >= 500,
        RpcError::Transport(TransportErrorKind::NonRetryable(_)) => false,
        RpcError::Transport(_) => true,
        RpcError::ErrorResp(payload) => payload.code == LIMIT_EXCEEDED,
        _ => false,
    }
}

/// A transport error for people: the innermost reason, never the URL.
pub(super) fn words(kind: &TransportErrorKind) -> String {
    match kind {
        TransportErrorKind::HttpError(error) => format!("it answers with HTTP status {}", error.status),
        TransportErrorKind::HttpErrorWithRetryAfter { error, .. } => {
            format!("it answers with HTTP status {}", error.status)
        }
        TransportErrorKind::Custom(error) | TransportErrorKind::NonRetryable(error) => innermost(error.as_ref()),
        _ => "the connection broke".into(),
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    if error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout) {
        return "it does not answer in time".into();
    }
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    // An error of the HTTP library without a source prints the URL.
    if inner.downcast_ref::<reqwest::Error>().is_some() {
        return "the request failed".into();
    }
    super::printable(&inner.to_string())
}
