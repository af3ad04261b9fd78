//! JSON-RPC 2.0 over HTTP: one request, one answer of a bounded length, and why there is none.
//!
//! Whatever a node or a proxy in front of it says may echo the address it was asked at, so words are freed of what the address hides.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Response, Url};
use serde_json::{Value, json};

use super::Patience;
use crate::error::{ClientError, Result};

/// How long a node may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer, in bytes: all events of the fullest block, but no flood.
const LONGEST: usize = 16 << 20;
/// Parts of an address that are shorter are no secrets, such as `v3`.
const SHORTEST_SECRET: usize = 6;

/// Where a node is.
pub(super) struct Endpoint {
    http: reqwest::Client,
    url: Url,
    hidden: Vec<String>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// No answer.
    Silent(String),
    /// An HTTP status instead of an answer.
    Status(u16),
    /// An error of the node's own.
    Refused(Refusal),
    /// No JSON-RPC answer.
    Nonsense(String),
}

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    /// Its number.
    pub(super) code: i64,
    /// Its words.
    pub(super) message: String,
    /// What else it says.
    data: Value,
}

impl Endpoint {
    /// An `http` or `https` URL. Without a proxy if the host is this machine.
    pub(super) fn new(url: &str, patience: &Patience) -> Result<Self> {
        // Fails only if another part of the process installed one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url: Url = url.parse().map_err(|_| ClientError::Url("it is no URL".into()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ClientError::Url("it begins with neither http:// nor https://".into()));
        }
        let host = url.host_str().ok_or_else(|| ClientError::Url("it names no host".into()))?;
        let builder = reqwest::Client::builder().timeout(patience.request).connect_timeout(CONNECT_TIMEOUT);
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        let builder = if is_loopback(host) { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| ClientError::Url(error.without_url().to_string()))?;
        let hidden = hidden(&url);
        Ok(Self { http, url, hidden })
    }

    /// Host and port.
    pub(super) fn name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port_or_known_default().map_or(host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// One request; its result.
    pub(super) async fn request(&self, method: &str, params: &Value) -> std::result::Result<Value, Failure> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let sent = self.http.post(self.url.clone()).header("content-type", "application/json").body(request).send();
        let response = sent.await.map_err(|error| Failure::Silent(self.innermost(&error)))?;
        let status = response.status();
        if status == 429 || status.is_server_error() {
            return Err(Failure::Status(status.as_u16()));
        }
        let body = self.body(response).await?;
        match serde_json::from_slice(&body) {
            Ok(answer) if status.is_success() || refusal(&answer).is_some() => result(answer),
            _ if !status.is_success() => Err(Failure::Status(status.as_u16())),
            // The words of a parser that fails would quote a stranger at length.
            _ => Err(Failure::Nonsense("it is no JSON".into())),
        }
    }

    async fn body(&self, mut response: Response) -> std::result::Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Failure::Silent(self.innermost(&error)))? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Failure::Nonsense(format!("it is longer than {} MiB", LONGEST >> 20)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// A stranger's words, short, without control characters and without what the address hides.
    pub(super) fn quoted(&self, words: &str) -> String {
        super::printable(&self.hidden.iter().fold(words.to_owned(), |words, part| words.replace(part, "…")))
    }

    /// The reason of a failed request, for people.
    fn innermost(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return "it does not answer in time".into();
        }
        let mut inner: &dyn Error = error;
        while let Some(source) = inner.source() {
            inner = source;
        }
        // An error of the HTTP library without a source prints the URL.
        match inner.is::<reqwest::Error>() {
            true => "the request failed".into(),
            false => self.quoted(&inner.to_string()),
        }
    }
}

impl Refusal {
    /// What a contract that refused returned, wherever the node puts it; none if no contract refused.
    pub(super) fn revert_data(&self) -> Option<Vec<u8>> {
        let data = hexadecimal(&self.data).unwrap_or_default();
        (!data.is_empty() || self.message.to_ascii_lowercase().contains("revert")).then_some(data)
    }
}

fn hexadecimal(value: &Value) -> Option<Vec<u8>> {
    match value {
        // Some nodes put a word before it.
        Value::String(text) => hex::decode(text.get(text.find("0x")?..)?).ok(),
        Value::Object(fields) => fields.values().find_map(hexadecimal),
        _ => None,
    }
}

fn result(mut answer: Value) -> std::result::Result<Value, Failure> {
    if let Some(refusal) = refusal(&answer) {
        return Err(Failure::Refused(refusal));
    }
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(Failure::Nonsense("it has neither a result nor an error".into())),
    }
}

fn refusal(answer: &Value) -> Option<Refusal> {
    let error = answer.get("error").filter(|error| !error.is_null())?;
    let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
    let words = error.get("message").or(Some(error)).and_then(Value::as_str).unwrap_or("it does not say why");
    Some(Refusal { code, message: words.to_owned(), data: error.get("data").cloned().unwrap_or_default() })
}

/// The parts of an address that may be a key: names, passwords, folders and questions, as they are written and as they are meant; the longest
/// first, so that none is left of which another is a part.
fn hidden(url: &Url) -> Vec<String> {
    let folders = url.path_segments().into_iter().flatten();
    let questions = url.query().into_iter().flat_map(|query| query.split(['&', '=']));
    let written = folders.chain(questions).chain([url.username(), url.password().unwrap_or_default()]);
    let mut parts: Vec<String> = written.flat_map(|part| [vec![part.to_owned()], meant(url, part)].concat()).collect();
    parts.retain(|part| part.len() >= SHORTEST_SECRET);
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    parts
}

/// What the percent signs in a part of an address stand for.
fn meant(url: &Url, part: &str) -> Vec<String> {
    let mut asked = url.clone();
    asked.set_query(Some(part));
    asked.query_pairs().flat_map(|(name, value)| [name.into_owned(), value.into_owned()]).collect()
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverts_are_found_where_nodes_put_them() {
        let of = |message: &str, data: Value| Refusal { code: 3, message: message.into(), data }.revert_data();
        assert_eq!(of("execution reverted", json!("0x01ff")), Some(vec![1, 255]));
        assert_eq!(of("VM execution error.", json!("Reverted 0x01ff")), Some(vec![1, 255]));
        assert_eq!(of("error", json!({ "message": "m", "data": "0x01ff" })), Some(vec![1, 255]));
        assert_eq!(of("Execution reverted", Value::Null), Some(Vec::new()));
        assert_eq!(of("out of gas", json!("0x")), None);
        assert_eq!(of("header not found", json!("ü0y")), None);
    }

    #[test]
    fn answers_that_are_none_are_told() {
        assert_eq!(result(json!({ "result": null })), Ok(Value::Null));
        for answer in [json!({}), json!([]), json!("x"), json!(null), json!([{ "result": 1 }])] {
            assert!(matches!(result(answer), Err(Failure::Nonsense(_))));
        }
        for error in [json!({}), json!("no"), json!(7), json!({ "code": "x", "message": [1] })] {
            assert!(matches!(result(json!({ "error": error, "result": 1 })), Err(Failure::Refused(_))));
        }
    }

    #[test]
    fn the_hidden_parts_of_an_address_are_not_repeated() {
        let url = "https://someone:pass%20word@host.example/v3/0123456789abcdef?token=s3cr3t-key";
        let endpoint = Endpoint::new(url, &Patience::default()).expect("a URL");
        assert_eq!(endpoint.name(), "host.example:443");
        let words = endpoint.quoted("bad key 0123456789abcdef of someone on host.example/v3: s3cr3t-key\u{7}");
        assert_eq!(words, "bad key … of … on host.example/v3: … ");
    }

    #[test]
    fn a_hidden_part_is_not_repeated_in_another_spelling() {
        let url = "https://someone:pass%20word@host.example/fold%2Fer?token=s3cr3t%2Bkey&s3cr3t%2Bkey-and-more";
        let endpoint = Endpoint::new(url, &Patience::default()).expect("a URL");
        for part in
            ["pass word", "pass%20word", "fold/er", "fold%2Fer", "s3cr3t+key", "s3cr3t%2Bkey", "s3cr3t+key-and-more"]
        {
            assert_eq!(endpoint.quoted(&format!("no {part}.")), "no ….", "{part}");
        }
    }
}
