//! Stands between a client and a node, and drops, delays, refuses or rewrites what passes, method by method.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::http;

/// Changes an answer, given the request's parameters.
pub type Rewrite = Arc<dyn Fn(&Value, &mut Value) + Send + Sync>;

/// What happens to a request.
#[derive(Clone)]
pub enum Action {
    /// The connection ends before the node hears of it.
    DropBefore,
    /// The node gets it, and the connection ends before the answer.
    DropAfter,
    /// An HTTP status and a body, and the node hears nothing.
    Status(u16, String),
    /// The node gets it later.
    Delay(Duration),
    /// The node's answer, changed: the whole JSON-RPC object.
    Rewrite(Rewrite),
    /// These bytes instead of the node's answer; the node gets the request.
    Raw(Vec<u8>),
}

struct Rule {
    method: String,
    /// For how many requests.
    left: usize,
    action: Action,
}

#[derive(Default)]
struct Shared {
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<(String, Value)>>,
    over: AtomicBool,
}

/// A proxy in front of a node.
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Action {
    pub fn rewrite(change: impl Fn(&Value, &mut Value) + Send + Sync + 'static) -> Self {
        Self::Rewrite(Arc::new(change))
    }

    /// A result that the node never gave.
    pub fn result(result: Value) -> Self {
        Self::rewrite(move |_, answer| *answer = with_result(answer, &result))
    }

    /// An error that the node never gave.
    pub fn error(code: i64, message: &str) -> Self {
        let error = serde_json::json!({ "code": code, "message": message });
        Self::rewrite(move |_, answer| {
            *answer = serde_json::json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error })
        })
    }
}

fn with_result(answer: &Value, result: &Value) -> Value {
    serde_json::json!({ "jsonrpc": "2.0", "id": answer["id"], "result": result })
}

impl Proxy {
    /// A proxy to a port of this machine.
    pub fn start(node: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::<Shared>::default();
        let served = shared.clone();
        thread::spawn(move || serve(&listener, node, &served));
        Self { port, shared }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Does this to the next `times` requests for `method`; rules for one method take turns in their order.
    pub fn next(&self, method: &str, times: usize, action: Action) {
        let rule = Rule { method: method.into(), left: times, action };
        self.shared.rules.lock().expect("not poisoned").push(rule);
    }

    /// Does this to every request for `method`.
    pub fn always(&self, method: &str, action: Action) {
        self.next(method, usize::MAX, action);
    }

    /// Forgets all rules.
    pub fn be_honest(&self) {
        self.shared.rules.lock().expect("not poisoned").clear();
    }

    /// Parameters of every request for `method` so far.
    pub fn seen(&self, method: &str) -> Vec<Value> {
        let seen = self.shared.seen.lock().expect("not poisoned");
        seen.iter().filter(|(one, _)| one == method).map(|(_, params)| params.clone()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes who waits for a connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn serve(listener: &TcpListener, node: u16, shared: &Arc<Shared>) {
    for stream in listener.incoming().map_while(Result::ok) {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let shared = shared.clone();
        thread::spawn(move || pass(&stream, node, &shared));
    }
}

/// One request and its answer. An error ends the connection, which is what the client is to see of it.
fn pass(stream: &TcpStream, node: u16, shared: &Shared) -> io::Result<()> {
    let request = http::read(stream)?.body;
    let parsed: Value = serde_json::from_slice(&request)?;
    let (method, params) = (parsed["method"].as_str().unwrap_or_default(), &parsed["params"]);
    shared.seen.lock().expect("not poisoned").push((method.into(), params.clone()));
    match shared.action(method) {
        Some(Action::DropBefore) => Ok(()),
        Some(Action::DropAfter) => http::post(node, &request).map(drop),
        Some(Action::Status(status, body)) => http::answer(stream, status, body.as_bytes()),
        Some(Action::Raw(body)) => http::post(node, &request).and_then(|_| http::answer(stream, 200, &body)),
        Some(Action::Rewrite(change)) => {
            let mut answer: Value = serde_json::from_slice(&http::post(node, &request)?.body)?;
            change(params, &mut answer);
            http::answer(stream, 200, answer.to_string().as_bytes())
        }
        Some(Action::Delay(pause)) => {
            thread::sleep(pause);
            forward(stream, node, &request)
        }
        None => forward(stream, node, &request),
    }
}

fn forward(stream: &TcpStream, node: u16, request: &[u8]) -> io::Result<()> {
    let answer = http::post(node, request)?;
    http::answer(stream, answer.status().unwrap_or(502), &answer.body)
}

impl Shared {
    fn action(&self, method: &str) -> Option<Action> {
        let mut rules = self.rules.lock().expect("not poisoned");
        let rule = rules.iter_mut().find(|rule| rule.method == method && rule.left > 0)?;
        rule.left -= 1;
        Some(rule.action.clone())
    }
}
